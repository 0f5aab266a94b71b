//! From the errors of a repository to what a person is told: one table, in which every error has its kind and its hint.

use super::{AGAIN, Failure, FailureKind, Retry};
use crate::git::GitError;
use crate::system::connection::ConnectionError;

impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        let (kind, hint) = kind_and_hint(&error);
        let details = error.details().to_vec();
        let hint = hint.map(str::to_owned);
        let retry = match &error {
            GitError::Unsettled { .. } => Retry::AtTheTip,
            _ => Retry::None,
        };
        let failure = |message: String| Self { details, hint, retry, ..Self::new(kind, message) };
        match &error {
            // Its cause says the same again.
            GitError::NoRepository { .. } => failure(error.to_string()),
            _ => failure(format!("{:#}", anyhow::Error::from(error))),
        }
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
        GitError::Redirected { .. } => (
            Target,
            Some(
                "give the URL where the repository is now; a web page to log in at means that `TAGSHIP_GIT_TOKEN` is needed",
            ),
        ),
        GitError::NotFollowed { .. } => (Target, Some("name the file that it leads to")),
        GitError::Unsupported { .. } => {
            (Target, Some("release to another repository; this one needs what tagship does not support"))
        }
        GitError::Unauthorized { login: Some(_), .. } => {
            (Unauthorized, Some("check the token: is it expired, or for another host?"))
        }
        GitError::Unauthorized { login: None, .. } => {
            (Unauthorized, Some("set `TAGSHIP_GIT_TOKEN`, or keep the credentials of actions/checkout"))
        }
        GitError::Unprotected { .. } => {
            (Unauthorized, Some("use https with a certificate that is checked; `--insecure-git` sends it all the same"))
        }
        GitError::NoAccess { .. } => (Unauthorized, Some("check the URL, and that the login may write there")),
        GitError::KeyRefused { .. } => (
            Unauthorized,
            Some("add your public key at the host; `GIT_SSH_COMMAND='ssh -i FILE'` chooses the key to use"),
        ),
        GitError::HostKey { .. } => {
            (Unauthorized, Some("compare the host's key with the published one, and keep it in `~/.ssh/known_hosts`"))
        }
        GitError::Unavailable { source, .. } | GitError::Unsettled { source, .. } => {
            let again = "try again; if it stays so, check the URL, the network and the proxy";
            (Unavailable, Some(source.downcast_ref().map_or(again, ConnectionError::hint)))
        }
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
        GitError::Unsigned { .. } | GitError::SignerFailed { .. } => (
            Unexpected,
            Some(
                "check git's `gpg.format`, `user.signingKey` and `gpg.program`; a key with a passphrase needs its agent",
            ),
        ),
        // Nothing is known that would help.
        GitError::Unexpected { .. } => (Unexpected, None),
    }
}
