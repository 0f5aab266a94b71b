//! Settings of git that forbid something. A release does not do what git would refuse to do: a setting is obeyed, or the release
//! ends before anything is sent.

use gix::bstr::ByteSlice as _;
use gix::config::File;
use gix::url::Scheme;

use super::http_config::RemoteUse;
use crate::git::error::GitError;

/// What git's variables say of protocols.
#[derive(Debug, Clone, Default)]
pub struct ProtocolVariables {
    /// `GIT_ALLOW_PROTOCOL`, which counts before all settings: the protocols that are allowed, with colons between them.
    pub allowed: Option<String>,
    /// Whether `GIT_PROTOCOL_FROM_USER` says that no person gave the URL.
    pub not_from_user: bool,
}

/// Fails if a setting forbids to use `url`.
pub(in crate::git) fn refuse_forbidden(
    url: &gix::Url,
    remote_use: RemoteUse,
    config: &File,
    variables: &ProtocolVariables,
) -> Result<(), GitError> {
    refuse_protocol(&url.scheme, config, variables)?;
    let says =
        |key: &str, value: &str| config.string(key).is_some_and(|set| set.eq_ignore_ascii_case(value.as_bytes()));
    if url.password().is_some() && says("transfer.credentialsInUrl", "die") {
        let setting = "transfer.credentialsInUrl".to_owned();
        return Err(GitError::Forbidden { setting, what: "a password in the URL of a repository".to_owned() });
    }
    let is_signed = || !says("push.gpgSign", "if-asked") && matches!(config.boolean("push.gpgSign"), Ok(Some(true)));
    if remote_use == RemoteUse::Push && is_signed() {
        let why = anyhow::Error::msg("a signed push is not supported; `--sign` signs the commit");
        return Err(GitError::setting("push.gpgSign", why));
    }
    Ok(())
}

/// Fails if a protocol is not allowed, as git's `transport.c` has it.
fn refuse_protocol(scheme: &Scheme, config: &File, variables: &ProtocolVariables) -> Result<(), GitError> {
    let protocol = scheme.as_str();
    let forbidden = |setting| GitError::Forbidden { setting, what: format!("`{protocol}`") };
    if let Some(allowed) = &variables.allowed {
        let is_allowed = allowed.split(':').any(|allowed| allowed == protocol);
        return if is_allowed { Ok(()) } else { Err(forbidden("GIT_ALLOW_PROTOCOL".to_owned())) };
    }
    let own = format!("protocol.{protocol}.allow");
    let (setting, value) = match (config.string(&own), config.string("protocol.allow")) {
        (Some(value), _) => (own, value),
        (None, Some(value)) => ("protocol.allow".to_owned(), value),
        (None, None) if *scheme == Scheme::File => (own, "user".into()),
        (None, None) => return Ok(()),
    };
    match value.to_str_lossy().to_ascii_lowercase().as_str() {
        "always" => Ok(()),
        "user" if !variables.not_from_user => Ok(()),
        "user" | "never" => Err(forbidden(setting)),
        _ => Err(GitError::setting("protocol.allow", anyhow::Error::msg("it is none of `always`, `never` and `user`"))),
    }
}
