//! Why a repository could not be read or written: a variant for each case in which the user must do something else. Lost
//! races and refused pushes are endings of a push, see `PushOutcome`.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use super::wire::known_login::{LoginOrigin, Withheld};
use crate::system::network::connection::{ConnectionError, causes};
use crate::system::network::tls::{MisnamedAuthorities, TlsError};

/// Why a repository could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("`{url}` is not the URL of a repository: {why}")]
    Url { url: String, why: String },

    #[error("there is no git repository at `{}`", path.display())]
    NoRepository { path: PathBuf, source: anyhow::Error },

    #[error("the repository `{}` belongs to another user", path.display())]
    Foreign { path: PathBuf },

    /// In CI, where the commit may be of a pull request.
    #[error("`{}` is in a submodule, whose repository a commit chose", path.display())]
    Submodule { path: PathBuf },

    #[error("the repository `{}` cannot be used: {why}", path.display())]
    Format { path: PathBuf, why: String },

    /// The index of a checkout is damaged, or in a format that is not known.
    #[error("the index cannot be read: {why}")]
    BrokenIndex { why: String },

    /// A file of a repository on disk is there and cannot be read. It counts as no empty one.
    #[error("`{}` cannot be read", path.display())]
    Unread { path: PathBuf, source: io::Error },

    /// There is no such remote; or it is among the `others`, and has no URL.
    #[error("{}", no_remote(name, others))]
    NoRemote { name: String, others: Vec<String> },

    /// git would push to all of them. If one push failed, the two branches would differ.
    #[error("the remote `{0}` has several URLs to push to")]
    SeveralUrls(String),

    #[error("`{0}` is not the name of a branch")]
    BranchName(String),

    #[error("`{0}` is not the name of a tag")]
    TagName(String),

    /// A name with an unfilled place would say less than the user means, and be taken by the next release.
    #[error("the {text} of the tag has a `{{{place}}}`, and {why}")]
    TagPlace { text: &'static str, place: &'static str, why: String },

    /// A tag is never moved.
    #[error("{remote} has a tag `{tag}` already, on another commit")]
    TagTaken { remote: String, tag: String },

    #[error("`{path}` is not a path inside the repository: {why}")]
    Path { path: String, why: &'static str },

    #[error("`{path}` leads through a {what}, which is not followed")]
    NotFollowed { path: String, what: &'static str },

    #[error("`{pattern}` leads into more than {limit} folders")]
    TooManyFolders { pattern: String, limit: usize },

    /// The remote requires a login, or does not accept ours.
    #[error("{remote} {}", refused_login(*.login))]
    Unauthorized {
        remote: String,
        /// `None`: none was sent.
        login: Option<LoginOrigin>,
        details: Vec<String>,
    },

    /// The remote takes no login by `Basic`.
    #[error("{remote} takes a login only by {schemes}, which is not supported")]
    LoginSchemes { remote: String, schemes: String, details: Vec<String> },

    /// The remote requires a login. The checkout's configuration may have one for another folder.
    #[error("{remote} requires a login, and none was found for this folder")]
    Unincluded { remote: String, details: Vec<String> },

    /// The remote accepted the login and refuses access, or says that the repository does not exist, which may mean the same.
    #[error("{remote} is not there, or {}", powerless_login(*.login))]
    NoAccess {
        remote: String,
        /// `None`: no login was sent over HTTP.
        login: Option<LoginOrigin>,
        details: Vec<String>,
    },

    /// The remote refuses the push to this login, or without one.
    #[error("{remote} takes no push {}", pushing_login(*.login))]
    NoPush {
        remote: String,
        /// `None`: no login was sent.
        login: Option<LoginOrigin>,
        details: Vec<String>,
    },

    /// The remote requires a login, and there is one that must not go over this connection.
    #[error("{remote} requires a login, and {withheld}")]
    Unprotected { remote: String, withheld: Withheld, details: Vec<String> },

    /// The host accepts none of the keys that `ssh` has.
    #[error("{remote} does not accept the key")]
    KeyRefused { remote: String, details: Vec<String> },

    /// `ssh` does not know the host's key, or knows a different one.
    #[error("the host key of {remote} is unknown, or it has changed")]
    HostKey { remote: String, details: Vec<String> },

    /// The remote refused the request; a retry cannot succeed.
    #[error("{remote} refused the request")]
    Declined {
        remote: String,
        details: Vec<String>,
        /// Whether the details are more than the status of the answer.
        has_words: bool,
    },

    #[error("{remote} cannot be reached")]
    Unavailable {
        remote: String,
        /// Whether the remote itself answered. A gateway before it may have given up while the remote was still at work.
        answered: bool,
        source: anyhow::Error,
        /// The stderr of the program that connects to it, a line each.
        details: Vec<String>,
    },

    /// The answer was cut off. Nothing was pushed, and another attempt may get it.
    #[error("{remote} cannot be reached")]
    Unsettled { remote: String, source: anyhow::Error },

    /// The server refuses to send what the same host has just announced, or what the CI system names: the part of the host that
    /// answers may not have it yet. Nothing was pushed, and another attempt may get it.
    #[error("{remote} does not send what was asked for")]
    Lacking { remote: String, source: anyhow::Error },

    /// The server's certificate does not prove that it is the remote.
    #[error("{remote} is not trusted: {cause}")]
    Untrusted { remote: String, cause: ConnectionError },

    /// The machine has no CA certificates.
    #[error(transparent)]
    NoAuthorities(TlsError),

    /// A variable names certificates in place of the system's, and there are none.
    #[error(transparent)]
    MisnamedAuthorities(MisnamedAuthorities),

    /// git's configuration has a mistake in its syntax. What is there may be a secret, and is not told.
    #[error("git's configuration has a mistake in {place}")]
    Configuration { place: String },

    /// A value in git's configuration cannot be used.
    #[error("git's `{key}` cannot be used")]
    Setting { key: &'static str, source: anyhow::Error },

    /// A setting or a variable of git forbids what is to be done.
    #[error("git's `{setting}` forbids {what}")]
    Forbidden { setting: String, what: String },

    /// git's configuration has no format, key or program to sign with, or one that is unknown.
    #[error("cannot sign as git's configuration says")]
    SigningSettings { source: anyhow::Error },

    /// `ssh`, or git's own server for a local path, is not on this machine.
    #[error("cannot start `{program}`")]
    NoProgram { program: String, source: io::Error },

    /// A shell, here or on the host, did not find a program.
    #[error("a program on the way to {remote} is missing")]
    ProgramMissing { remote: String, details: Vec<String> },

    /// The server redirected us to where we do not go.
    #[error("{remote} cannot be used: {why}")]
    Redirected { remote: String, why: String },

    /// The server that answers does not speak git.
    #[error("{remote} cannot be used: {what}")]
    NoServer { remote: String, what: &'static str },

    /// Memory is bounded, whatever a repository has.
    #[error("{what} is larger than 4 MiB")]
    TooLarge { what: &'static str },

    /// More is needed of a repository than memory is used for. A checkout need not be sent what it has: `is_sent` is false.
    #[error("{remote} cannot be used: {what}")]
    Excessive { remote: String, what: &'static str, is_sent: bool },

    /// Of a folder that is not sorted, an edit would find another entry than a reader, and add a second one of its name.
    #[error("the folder with the tree {tree} is not sorted as git sorts it")]
    Unsorted { tree: String },

    /// An object of the repository is named in the place of another kind.
    #[error("the object {id} cannot be read: it is a {kind}, not a {wanted}")]
    OtherKind { id: String, kind: String, wanted: String },

    /// A release that asks no remote needs objects that a partial clone or a sparse checkout left out.
    #[error("the checkout cannot be used: it lacks objects that the release reads")]
    IncompleteCheckout,

    #[error("{remote} cannot be used: {what}")]
    Unsupported { remote: String, what: &'static str },

    /// The push may or may not have taken effect, and the branch does not tell.
    #[error("no answer confirms the push to {remote}, which may still take effect{unread}")]
    Uncertain {
        remote: String,
        /// What is told after a semicolon, if the branch could not be read again.
        unread: String,
        source: Box<Self>,
    },

    /// The signer could not be started, or what it made is no signature.
    #[error("the commit cannot be signed")]
    Unsigned { source: anyhow::Error },

    #[error("the commit cannot be signed: `{program}` {how}")]
    SignerFailed {
        program: String,
        how: String,
        /// What it wrote to stderr.
        details: Vec<String>,
    },

    #[error("{context}")]
    Unexpected { context: String, source: anyhow::Error },
}

/// What gix says before the path of a lock that is there already. Nothing but its text has the path.
const LOCK_AT: &str = "The lockfile at \"";

/// How gix calls another failure of a lock, before its cause.
const LOCK_FAILED: &str = "Another IO error occurred while obtaining the lock";

/// Returns the first I/O error among an error and its causes. gix keeps its own causes in one error.
pub(super) fn io_cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    causes(error).find_map(|cause| {
        let of_gix = || cause.downcast_ref::<gix::Error>()?.downcast_any_ref();
        cause.downcast_ref().or_else(of_gix)
    })
}

fn no_remote(name: &str, others: &[String]) -> String {
    match others {
        [] => format!("the repository has no remote `{name}`"),
        others if others.iter().any(|other| other == name) => format!("the remote `{name}` has no URL"),
        others => format!("the repository has no remote `{name}`; it has `{}`", others.join("`, `")),
    }
}

fn refused_login(origin: Option<LoginOrigin>) -> String {
    match origin {
        Some(origin) => format!("does not accept the login from {origin}"),
        None => "requires a login, and none was found".to_owned(),
    }
}

fn powerless_login(origin: Option<LoginOrigin>) -> String {
    match origin {
        Some(origin) => format!("the login from {origin} may not use it"),
        None => "this login may not use it".to_owned(),
    }
}

fn pushing_login(origin: Option<LoginOrigin>) -> String {
    match origin {
        Some(origin) => format!("with the login from {origin}"),
        None => "without a login".to_owned(),
    }
}

impl GitError {
    /// Returns whether the remote itself answered this; a connection that broke is no answer.
    pub(super) fn is_an_answer(&self) -> bool {
        match self {
            Self::Unavailable { answered, .. } => *answered,
            Self::Declined { .. }
            | Self::Unauthorized { .. }
            | Self::LoginSchemes { .. }
            | Self::Unincluded { .. }
            | Self::NoAccess { .. }
            | Self::NoPush { .. }
            | Self::Unprotected { .. } => true,
            _ => false,
        }
    }

    /// Returns what the server or the program said about the error, a line each. Untrusted text.
    pub fn details(&self) -> &[String] {
        match self {
            Self::Unauthorized { details, .. }
            | Self::LoginSchemes { details, .. }
            | Self::Unincluded { details, .. }
            | Self::NoAccess { details, .. }
            | Self::NoPush { details, .. }
            | Self::Unprotected { details, .. }
            | Self::Declined { details, .. }
            | Self::KeyRefused { details, .. }
            | Self::HostKey { details, .. }
            | Self::Unavailable { details, .. }
            | Self::SignerFailed { details, .. }
            | Self::ProgramMissing { details, .. } => details,
            Self::Uncertain { source, .. } => source.details(),
            _ => &[],
        }
    }

    /// Returns the error and its causes as one text, without what a cause repeats. A lock that is in the way is named once.
    pub fn told(&self) -> String {
        let mut told: Vec<String> = Vec::new();
        for cause in causes(self) {
            let text = cause.to_string();
            if let Some(lock) = text.split_once(LOCK_AT).and_then(|(_, rest)| rest.split('"').next()) {
                told.push(format!("`{lock}` is there already; delete it if no other git is at work"));
                break;
            }
            if text != LOCK_FAILED && !told.iter().any(|before| before.contains(&text)) {
                told.push(text);
            }
        }
        told.join(": ")
    }

    /// Returns whether a lock that is there already is in the way of a checkout: gix calls nothing else there retryable.
    pub(super) fn is_locked(&self) -> bool {
        causes(self).any(|cause| cause.downcast_ref().is_some_and(gix::Error::is_retryable))
    }

    pub(super) fn setting(key: &'static str, source: impl Into<anyhow::Error>) -> Self {
        Self::Setting { key, source: source.into() }
    }

    /// Returns whether the server says that it does not have the object of this id.
    pub fn lacks(&self, id: &str) -> bool {
        matches!(self, Self::Lacking { source, .. } if source.to_string().contains(id))
    }

    /// Returns whether another try may succeed without a change by a person: the remote cannot be reached now.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Unsettled { .. } | Self::Lacking { .. })
    }

    /// Returns the error of a push of which it is not known whether it took effect, with why the branch could not be read again.
    pub(super) fn uncertain(remote: String, source: Self, unread: Option<&Self>) -> Self {
        let told = |error: &Self| [&[error.told()], error.details()].concat().join("; ");
        let unread = unread.map(|error| format!("; the branch cannot be read again ({})", told(error)));
        Self::Uncertain { remote, unread: unread.unwrap_or_default(), source: Box::new(source) }
    }

    pub(super) fn unexpected(context: impl Into<String>, source: impl Into<anyhow::Error>) -> Self {
        Self::Unexpected { context: context.into(), source: source.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::GitError;

    #[test]
    fn a_lock_that_cannot_be_made_is_told_in_few_words() {
        let denied = anyhow::Error::msg("Permission denied (os error 13)");
        let cause = denied.context("Another IO error occurred while obtaining the lock");
        let error = GitError::unexpected("the index cannot be locked", cause);
        assert_eq!(error.told(), "the index cannot be locked: Permission denied (os error 13)");
    }
}
