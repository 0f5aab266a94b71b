//! Why a repository could not be read or written: a variant for each case in which the user must do something else. Lost
//! races and refused pushes are endings of a push, see `PushOutcome`.

use std::path::PathBuf;

/// Why a repository could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("`{url}` is not the URL of a repository: {why}")]
    Url { url: String, why: String },

    #[error("there is no git repository at `{}`", path.display())]
    NoRepository { path: PathBuf, source: anyhow::Error },

    #[error("the repository `{}` belongs to another user", path.display())]
    Foreign { path: PathBuf },

    #[error("the repository has no remote `{0}`")]
    NoRemote(String),

    /// git would push to all of them. If one push failed, the two branches would differ.
    #[error("the remote `{0}` has several URLs to push to")]
    SeveralUrls(String),

    #[error("`{0}` is not the name of a branch")]
    BranchName(String),

    #[error("`{path}` is not a path inside the repository: {why}")]
    Path { path: String, why: &'static str },

    #[error("`{path}` leads through a {what}, which is not followed")]
    NotFollowed { path: String, what: &'static str },

    /// The remote requires a login, or does not accept ours.
    #[error("{remote} {}", if *.credentials_sent { "does not accept the login" } else { "requires a login, and none was found" })]
    Unauthorized { remote: String, credentials_sent: bool, details: Vec<String> },

    /// The remote accepted the login and refuses access, or says that the repository does not exist, which may mean the same.
    #[error("{remote} is not there, or this login may not use it")]
    NoAccess { remote: String, details: Vec<String> },

    /// The host accepts none of the keys that `ssh` has.
    #[error("{remote} does not accept the key")]
    KeyRefused { remote: String, details: Vec<String> },

    /// `ssh` does not know the host's key, or knows a different one.
    #[error("the host key of {remote} is unknown, or it has changed")]
    HostKey { remote: String, details: Vec<String> },

    /// The remote refused the request; a retry cannot succeed.
    #[error("{remote} refused the request")]
    Declined { remote: String, details: Vec<String> },

    #[error("{remote} cannot be reached")]
    Unavailable {
        remote: String,
        /// Whether the remote itself answered. A gateway before it may have given up while the remote was still at work.
        answered: bool,
        source: anyhow::Error,
        /// The stderr of the program that connects to it, a line each.
        details: Vec<String>,
    },

    /// The server's certificate does not prove that it is the remote.
    #[error("{remote} is not trusted: {cause}")]
    Untrusted { remote: String, cause: String },

    /// A value in git's configuration cannot be used.
    #[error("git's `{key}` cannot be used")]
    Setting { key: &'static str, source: anyhow::Error },

    /// `ssh`, or git's own server for a local path, is not on this machine.
    #[error("cannot start `{program}`")]
    NoProgram { program: String, source: std::io::Error },

    /// A shell, here or on the host, did not find a program.
    #[error("a program on the way to {remote} is missing")]
    ProgramMissing { remote: String, details: Vec<String> },

    /// The server that answers does not speak git.
    #[error("{remote} cannot be used: {what}")]
    NoServer { remote: String, what: &'static str },

    /// Memory is bounded, whatever a repository has.
    #[error("{what} is larger than 4 MiB")]
    TooLarge { what: &'static str },

    #[error("{remote} cannot be used: {what}")]
    Unsupported { remote: String, what: &'static str },

    /// The push may or may not have taken effect, and the branch does not tell.
    #[error("the connection was lost during the push to {remote}, which may still take effect")]
    Uncertain { remote: String, source: Box<Self> },

    #[error("the commit cannot be signed")]
    Unsigned { source: anyhow::Error },

    #[error("{context}")]
    Unexpected { context: String, source: anyhow::Error },
}

impl GitError {
    /// Returns whether the remote itself answered this; a connection that broke is no answer.
    pub(super) fn is_an_answer(&self) -> bool {
        match self {
            Self::Unauthorized { .. } | Self::NoAccess { .. } | Self::Declined { .. } => true,
            Self::Unavailable { answered, .. } => *answered,
            _ => false,
        }
    }

    /// Returns what the server or the program said about the error, a line each. Untrusted text.
    pub fn details(&self) -> &[String] {
        match self {
            Self::Unauthorized { details, .. }
            | Self::NoAccess { details, .. }
            | Self::Declined { details, .. }
            | Self::KeyRefused { details, .. }
            | Self::HostKey { details, .. }
            | Self::Unavailable { details, .. }
            | Self::ProgramMissing { details, .. } => details,
            Self::Uncertain { source, .. } => source.details(),
            _ => &[],
        }
    }

    pub(super) fn setting(key: &'static str, source: impl Into<anyhow::Error>) -> Self {
        Self::Setting { key, source: source.into() }
    }

    pub(super) fn unexpected(context: impl Into<String>, source: impl Into<anyhow::Error>) -> Self {
        Self::Unexpected { context: context.into(), source: source.into() }
    }
}
