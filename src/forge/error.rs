//! Why a forge did not do what it was asked for: a variant for each case in which the user must do something else.

use std::time::Duration;

use super::address::ForgeKind;
use super::server_words::ServerWords;
use crate::system::network::connection::ConnectionError;

/// Why a forge did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForgeError {
    /// There is no login to take a token from.
    #[error("no token for the API of `{host}` was found")]
    NoToken { host: String },

    /// No answer came. What was asked for may have been done.
    #[error("`{host}` did not answer: {cause}")]
    NoAnswer { host: String, cause: ConnectionError },

    /// The server is busy, or a gateway before it is.
    #[error("`{}` is unavailable", .0.host)]
    Busy(ServerWords),

    /// An answer of JSON arrived, and is none: it was damaged on its way. What was asked for may have been done.
    #[error("the answer of `{host}` is damaged: it says that it is JSON, and is not")]
    Damaged { host: String },

    #[error("`{}` limits the rate of requests", words.host)]
    RateLimited {
        words: ServerWords,
        /// How long the server wants to be left alone.
        pause: Option<Duration>,
    },

    /// The token is wrong, or has expired.
    #[error("`{}` does not accept the token", .0.host)]
    Unauthorized(ServerWords),

    /// The token lacks a permission, or a setting forbids it.
    #[error("{kind} does not allow this login to {what}")]
    Forbidden {
        kind: ForgeKind,
        /// What was to be done: a verb and its object.
        what: &'static str,
        /// The permission or the setting, in the forge's words.
        needs: &'static str,
        words: ServerWords,
    },

    /// The repository is not there, or the token may not see it.
    #[error("`{project}` is not at `{}`, or this login may not see it", words.host)]
    NotFound { project: String, words: ServerWords },

    /// The server does not do it, and a retry gets the same answer.
    #[error("{kind} refused to {what}")]
    Rejected { kind: ForgeKind, what: &'static str, words: ServerWords },

    /// The head branch has another commit by now.
    #[error("the branch of the pull request has moved")]
    HeadMoved,

    /// The base has moved since the commit was made on it, and changes the same lines, or has to be an ancestor.
    #[error("the pull request conflicts with its base")]
    Conflicts,

    /// The request that was open before the push was merged or closed in the meantime.
    #[error("pull request #{number} is not open any more")]
    NoLongerOpen { number: u64 },

    /// A merge was to be armed, and is not.
    #[error("the pull request will not be merged by itself: {why}")]
    NotArmed {
        why: String,
        /// The setting to change, in the forge's words.
        setting: Option<&'static str>,
        words: Option<ServerWords>,
    },

    /// The forge did not get to know in time what a request waits for. A later run may find out.
    #[error("{kind} does not tell yet whether the pull request can be merged")]
    NotYet { kind: ForgeKind, words: Option<ServerWords> },

    /// The commit that the forge made is not verified.
    #[error("{kind} did not sign the commit ({reason})")]
    Unverified { kind: ForgeKind, reason: String },

    /// The commit that the forge made is not the one that was asked for.
    #[error("{kind} did not make the commit that was asked for: {difference}")]
    OtherCommit { kind: ForgeKind, difference: &'static str },

    /// This forge cannot do it.
    #[error("{kind} cannot {what}")]
    Unsupported { kind: ForgeKind, what: &'static str, why: &'static str },

    /// The answer is none of this API.
    #[error("the answer of `{host}` cannot be used: {why}")]
    InvalidAnswer { host: String, why: String },

    /// A file is too long to be read, however often it is asked for.
    #[error("the answer of `{host}` cannot be used: it is too long")]
    TooLong { host: String },
}

impl ForgeError {
    /// Returns whether what was asked for may have been done, although this came of it.
    pub fn is_unsettled(&self) -> bool {
        matches!(self, Self::NoAnswer { .. } | Self::Busy(_) | Self::Damaged { .. })
    }

    /// Returns whether the state of a request tells what to do about this. A missing permission does not show there.
    pub(super) fn is_told_by_the_state(&self) -> bool {
        matches!(self, Self::Rejected { .. }) || self.is_unsettled()
    }

    /// Returns what the server said.
    pub fn words(&self) -> Option<&ServerWords> {
        match self {
            Self::Busy(words)
            | Self::Unauthorized(words)
            | Self::RateLimited { words, .. }
            | Self::Forbidden { words, .. }
            | Self::NotFound { words, .. }
            | Self::Rejected { words, .. } => Some(words),
            Self::NotArmed { words, .. } | Self::NotYet { words, .. } => words.as_ref(),
            Self::NoToken { .. }
            | Self::NoAnswer { .. }
            | Self::Damaged { .. }
            | Self::HeadMoved
            | Self::Conflicts
            | Self::NoLongerOpen { .. }
            | Self::Unverified { .. }
            | Self::OtherCommit { .. }
            | Self::Unsupported { .. }
            | Self::InvalidAnswer { .. }
            | Self::TooLong { .. } => None,
        }
    }
}
