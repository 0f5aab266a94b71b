//! From the errors of a repository to what a person is told.

use super::{AGAIN, Failure, FailureKind};
use crate::git::GitError;

impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        let (kind, hint) = (kind(&error), hint(&error));
        let details = error.details().to_vec();
        let message = format!("{:#}", anyhow::Error::from(error));
        Self { details, hint: hint.map(str::to_owned), ..Self::new(kind, message) }
    }
}

fn kind(error: &GitError) -> FailureKind {
    match error {
        GitError::Url { .. } | GitError::BranchName(_) | GitError::Path { .. } | GitError::Setting { .. } => {
            FailureKind::Usage
        }
        GitError::NoRepository { .. }
        | GitError::Foreign { .. }
        | GitError::NoRemote(_)
        | GitError::SeveralUrls(_)
        | GitError::NoServer { .. }
        | GitError::NotFollowed { .. }
        | GitError::Unsupported { .. } => FailureKind::Target,
        GitError::Unauthorized { .. }
        | GitError::NoAccess { .. }
        | GitError::KeyRefused { .. }
        | GitError::HostKey { .. } => FailureKind::Unauthorized,
        GitError::Unavailable { .. } | GitError::Untrusted { .. } | GitError::Uncertain { .. } => {
            FailureKind::Unavailable
        }
        GitError::Declined { .. } => FailureKind::Refused,
        GitError::NoProgram { .. }
        | GitError::ProgramMissing { .. }
        | GitError::Unsigned { .. }
        | GitError::Unexpected { .. } => FailureKind::Unexpected,
    }
}

fn hint(error: &GitError) -> Option<&'static str> {
    match error {
        GitError::NoRepository { .. } => Some("`--repo` names a repository, by URL or path"),
        GitError::Foreign { .. } => {
            Some("its configuration is trusted where `CI` is set; else run as its owner, or use `--repo URL`")
        }
        GitError::NoRemote(_) => Some("`--remote` names another one"),
        GitError::SeveralUrls(_) => Some("`--repo` names one"),
        GitError::NoServer { .. } => Some("is the URL the one to clone from?"),
        GitError::Unauthorized { credentials_sent: true, .. } => Some("is the token expired, or for another host?"),
        GitError::Unauthorized { credentials_sent: false, .. } => {
            Some("set `TAGSHIP_GIT_TOKEN`, or keep the credentials of actions/checkout")
        }
        GitError::NoAccess { .. } => Some("check the URL, and that this login may write to the repository"),
        GitError::Untrusted { .. } => {
            Some("`http.sslCAInfo` of git's configuration, or `SSL_CERT_FILE`, names an authority of your own")
        }
        GitError::KeyRefused { .. } => {
            Some("give the host the public half of your key; `GIT_SSH_COMMAND='ssh -i FILE'` names the key to use")
        }
        GitError::HostKey { .. } => {
            Some("compare the host's key with the one that it publishes, and keep that in `~/.ssh/known_hosts`")
        }
        GitError::NoProgram { program, .. } if program.starts_with("git") => {
            Some("a repository that is given by its path is reached through git, which must be installed")
        }
        GitError::NoProgram { .. } => Some("install OpenSSH's client, or name another with `GIT_SSH_COMMAND`"),
        GitError::ProgramMissing { .. } => {
            Some("does `GIT_SSH_COMMAND` or `core.sshCommand` name a program that is here, and has the host git?")
        }
        GitError::NotFollowed { .. } => Some("name the file that it leads to"),
        GitError::Unsigned { .. } => Some(
            "git's `gpg.format`, `user.signingKey` and `gpg.program` say how; a key with a passphrase needs its agent",
        ),
        GitError::Uncertain { .. } => Some(AGAIN),
        _ => None,
    }
}
