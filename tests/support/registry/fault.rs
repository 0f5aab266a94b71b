//! What can go wrong at a registry, on purpose.

use std::time::Duration;

use super::held_answer::HeldAnswer;
use super::{error, tokens};
use crate::support::http::{Head, Reply, Response};

const DIGEST_HEADER: &str = "Docker-Content-Digest";

/// A fault. Which requests it hits, and how often, is said where it is added.
#[derive(Clone)]
pub enum Fault {
    /// Something else answers, before the registry looks at any login.
    Answer(Response),
    /// The answer comes late.
    Delay(Duration),
    /// The answer comes when the test lets it go.
    Hold(HeldAnswer),
    /// No answer comes until the client gives up.
    Hang,
    /// The connection ends without an answer.
    Drop,

    // From here on only what would have been a success is altered and counted: the challenge of a login is not.
    /// Something else answers, after the login was accepted.
    AnswerAfterLogin(Response),
    /// The tag is not there yet.
    Absent,
    /// The token is good, but not for this.
    InsufficientScope,
    /// The connection ends after so many bytes of the body.
    Cut(usize),
    /// Half the body comes, the rest after a pause.
    Stall(Duration),
    OmitDigest,
    WrongDigest,
    /// White space follows the body until it is so long.
    Pad(usize),

    // And only 401 here.
    /// These values of `WWW-Authenticate` come before the registry's own.
    Challenges(Vec<String>),
    /// Something else answers in place of the challenge.
    InPlaceOfChallenge(Response),
}

impl Fault {
    /// Returns a bare status with the registry's form of an error: a 401 has no challenge, a 429 no `Retry-After`.
    pub fn status(status: u16) -> Self {
        Self::Answer(Self::error(status))
    }

    /// Returns a status as an answer that headers can be added to.
    pub fn error(status: u16) -> Response {
        let (code, message) = match status {
            401 => ("UNAUTHORIZED", "authentication required"),
            403 => ("DENIED", "requested access to the resource is denied"),
            404 => ("MANIFEST_UNKNOWN", "manifest unknown"),
            405 => ("UNSUPPORTED", "The operation is unsupported."),
            429 => ("TOOMANYREQUESTS", "too many requests"),
            _ => ("UNKNOWN", "unknown error"),
        };
        error(status, code, message)
    }

    /// Returns a redirect to somewhere else, before or after the login.
    pub fn redirect(url: &str) -> Self {
        Self::Answer(Response::redirect(url))
    }

    pub fn redirect_after_login(url: &str) -> Self {
        Self::AnswerAfterLogin(Response::redirect(url))
    }

    pub(super) fn replaces_everything(&self) -> bool {
        matches!(self, Self::Answer(_) | Self::Hang | Self::Drop)
    }

    pub(super) fn alters_success(&self) -> bool {
        !self.replaces_everything() && !self.replaces_challenge() && !matches!(self, Self::Delay(_) | Self::Hold(_))
    }

    pub(super) fn replaces_challenge(&self) -> bool {
        matches!(self, Self::Challenges(_) | Self::InPlaceOfChallenge(_))
    }

    /// Returns what becomes of a success.
    pub(super) fn alter(self, head: &Head, mut response: Response) -> Reply {
        match self {
            Self::Cut(after) => return Reply::Cut(response, after),
            Self::Stall(pause) => return Reply::Stall(response, pause),
            Self::AnswerAfterLogin(other) => response = other,
            Self::Absent => response = Self::error(404),
            Self::InsufficientScope => response = tokens::insufficient_scope(head),
            Self::OmitDigest => response.headers.retain(|(name, _)| name != DIGEST_HEADER),
            Self::WrongDigest => {
                response.headers.retain(|(name, _)| name != DIGEST_HEADER);
                response = response.header(DIGEST_HEADER, &format!("sha256:{}", "0".repeat(64)));
            }
            Self::Pad(length) => response.body.resize(length.max(response.body.len()), b' '),
            Self::Answer(_)
            | Self::Delay(_)
            | Self::Hold(_)
            | Self::Hang
            | Self::Drop
            | Self::Challenges(_)
            | Self::InPlaceOfChallenge(_) => {}
        }
        Reply::Send(response)
    }
}

/// Returns what becomes of a challenge.
pub(super) fn alter_challenge(mut response: Response, fault: Option<Fault>) -> Response {
    match fault {
        Some(Fault::Challenges(values)) => {
            let headers = values.into_iter().map(|value| ("WWW-Authenticate".to_owned(), value));
            response.headers.splice(..0, headers);
            response
        }
        Some(Fault::InPlaceOfChallenge(other)) => other,
        _ => response,
    }
}
