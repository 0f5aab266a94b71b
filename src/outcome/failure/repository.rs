//! From the errors of a repository to what a person is told: one table, in which every error has its kind and its hint.

use super::{AGAIN, Failure, FailureKind};
use crate::git::{GitError, OutOfTime};
use crate::system::connection::ConnectionError;

impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        let (kind, hint) = kind_and_hint(&error);
        let details = error.details().to_vec();
        let hint = hint.map(str::to_owned);
        let failure = |message: String| Self { details, hint, ..Self::new(kind, message) };
        match &error {
            // Its cause says the same again.
            GitError::NoRepository { .. } => failure(error.to_string()),
            GitError::Unsigned { source } => match signing_program(&format!("{source:#}")) {
                Some((failed, said)) => said.into_iter().fold(failure(format!("{error}: {failed}")), Self::detail),
                None => failure(format!("{error}: {source:#}")),
            },
            _ => failure(format!("{:#}", anyhow::Error::from(error))),
        }
    }
}

/// Returns how a signing program failed, and what it said, from the fields of gix's error, whose values are in the form of
/// Rust's `Debug`.
fn signing_program(text: &str) -> Option<(String, Vec<String>)> {
    let field = |name: &str| {
        let (_, rest) = text.split_once(&format!("{name}=\""))?;
        let mut is_escaped = false;
        let end = rest.find(|c| {
            let is_end = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            is_end
        })?;
        Some(rest[..end].replace("\\n", "\n").replace("\\\"", "\"").replace("\\'", "'").replace("\\\\", "\\"))
    };
    let (program, status) = (field("program")?, field("exit_status")?);
    let said = field("stderr").unwrap_or_default();
    let said = said.lines().filter(|line| !line.is_empty() && !line.starts_with("[GNUPG:]")).map(str::to_owned);
    Some((format!("`{program}` failed ({status})"), said.collect()))
}

fn unavailable_hint(source: &anyhow::Error) -> &'static str {
    match source.downcast_ref::<ConnectionError>() {
        Some(error) => error.hint(),
        None if source.is::<OutOfTime>() => "try again, or allow more time with `--timeout`",
        None => "try again; if it stays so, check the URL, the network and the proxy",
    }
}

fn kind_and_hint(error: &GitError) -> (FailureKind, Option<&'static str>) {
    use FailureKind::{Refused, Target, Unauthorized, Unavailable, Unexpected, Usage};
    match error {
        GitError::Url { .. } => (Usage, Some("write a URL as `git clone` takes it, or the path of a repository")),
        GitError::BranchName(_) => (Usage, Some("check the name with `git check-ref-format --branch NAME`")),
        GitError::Path { .. } => (Usage, Some("name the file or folder by its path from the repository's root")),
        GitError::Setting { .. } => (Usage, Some("correct the setting in git's configuration")),
        GitError::NoRepository { .. } => (Target, Some("name a repository with `--repo`, by URL or path")),
        GitError::Foreign { .. } => {
            let hint = "run as the owner of the checkout, name it in git's `safe.directory`, or use `--repo URL`; in CI, set \
                        the variable `CI`, and run in the workspace";
            (Target, Some(hint))
        }
        GitError::NoRemote(_) => (Target, Some("name another remote with `--remote`")),
        GitError::SeveralUrls(_) => (Target, Some("name one URL with `--repo`")),
        GitError::NoServer { .. } => (Target, Some("check the URL: is it the one to clone from?")),
        GitError::NotFollowed { .. } => (Target, Some("name the file that it leads to")),
        GitError::TooLarge { .. } => (Target, Some("move the files to write into a smaller folder")),
        GitError::Unsupported { .. } => {
            (Target, Some("release to another repository; this one needs what tagship does not support"))
        }
        GitError::Unauthorized { credentials_sent: true, .. } => {
            (Unauthorized, Some("check the token: is it expired, or for another host?"))
        }
        GitError::Unauthorized { credentials_sent: false, .. } => {
            (Unauthorized, Some("set `TAGSHIP_GIT_TOKEN`, or keep the credentials of actions/checkout"))
        }
        GitError::NoAccess { .. } => (Unauthorized, Some("check the URL, and that the login may write there")),
        GitError::KeyRefused { .. } => (
            Unauthorized,
            Some("add your public key at the host; `GIT_SSH_COMMAND='ssh -i FILE'` chooses the key to use"),
        ),
        GitError::HostKey { .. } => {
            (Unauthorized, Some("compare the host's key with the published one, and keep it in `~/.ssh/known_hosts`"))
        }
        GitError::Unavailable { source, .. } => (Unavailable, Some(unavailable_hint(source))),
        GitError::Untrusted { .. } => {
            (Unavailable, Some("name your CA certificate with git's `http.sslCAInfo`, or with `SSL_CERT_FILE`"))
        }
        GitError::Uncertain { .. } => (Unavailable, Some(AGAIN)),
        GitError::Declined { .. } => (Refused, Some("read the server's words above; a retry gets the same answer")),
        GitError::NoProgram { program, .. } if program.starts_with("git") => {
            (Unexpected, Some("install git, which a repository given by its path needs, or give its URL"))
        }
        GitError::NoProgram { .. } => {
            (Unexpected, Some("install OpenSSH's client, or name another with `GIT_SSH_COMMAND`"))
        }
        GitError::ProgramMissing { .. } => (
            Unexpected,
            Some("check that `GIT_SSH_COMMAND` or `core.sshCommand` names a program here, and that the host has git"),
        ),
        GitError::Unsigned { .. } => (
            Unexpected,
            Some(
                "check git's `gpg.format`, `user.signingKey` and `gpg.program`; a key with a passphrase needs its agent",
            ),
        ),
        // Nothing is known that would help.
        GitError::Unexpected { .. } => (Unexpected, None),
    }
}
