//! Why a request to a git server over HTTP has no answer to go by, as a value that an error of gix cannot carry.

use std::error::Error;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use super::allowance::{Excess, OutOfTime};
use crate::system::network::connection::{ConnectionError, ConnectionProblem};
use crate::system::network::sent_logins::hidden;

/// Why an exchange failed.
pub(super) enum ExchangeFailure {
    /// The server refused the request.
    Answered(Refusal),
    /// There was no answer, because of the connection.
    Connection(ConnectionError),
    /// The connection ended in the middle of the answer.
    CutOff(ConnectionError),
    /// The server redirected us to where we do not go, for this reason.
    Redirected(String),
    /// The server that answered the first request does not speak git.
    NotGit(&'static str),
    /// Something else answered a later request, such as a gateway.
    ElsewhereAnswered(&'static str),
    /// The server sends too much.
    Excessive(Excess),
    /// The server takes too long.
    OutOfTime(OutOfTime),
}

/// What a server says in place of the answer that was asked for.
#[derive(Clone)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// Its words, without markup.
    pub(super) text: String,
    /// When it takes the next request (`Retry-After`).
    pub(super) pause: Option<Duration>,
    /// The values of `WWW-Authenticate`.
    pub(super) challenges: Vec<String>,
}

impl Refusal {
    /// Returns the schemes by which the server takes a login, if none of them is supported; empty if one is, or if it names none.
    pub(super) fn unsupported_schemes(&self) -> Vec<&str> {
        let parts = self.challenges.iter().flat_map(|challenge| challenge.split(','));
        let words = parts.filter_map(|part| part.split_whitespace().next());
        // What else is in a challenge is `name=value`.
        let schemes = words.filter(|word| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
        let schemes: Vec<_> = schemes.collect();
        let is_supported = |scheme: &&str| ["basic", "bearer"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
        if schemes.iter().any(is_supported) { Vec::new() } else { schemes }
    }
}

impl ExchangeFailure {
    /// Returns what an error of a request means. `limit` is that of each wait.
    pub(super) fn of(error: &(dyn Error + 'static), limit: Duration) -> Self {
        let is_to_connect = error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_connect);
        match ConnectionError::of(error) {
            error if error.problem == ConnectionProblem::TimedOut && !is_to_connect => {
                Self::OutOfTime(OutOfTime::Silent(limit))
            }
            error => Self::Connection(error),
        }
    }

    /// Returns what it means that the body of an answer cannot be read.
    pub(super) fn of_body(error: &(dyn Error + 'static), limit: Duration) -> Self {
        match Self::of(error, limit) {
            Self::Connection(error) if error.problem == ConnectionProblem::Closed => Self::CutOff(error),
            failure => failure,
        }
    }
}

/// Returns what answered a first request or a push, by its content type; `None` if it is a git server.
pub(super) fn foreign(headers: &HeaderMap) -> Option<&'static str> {
    match headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default() {
        kind if kind.starts_with(b"application/x-git-") => None,
        _ => page(headers).or(Some("the server that answered is no git server")),
    }
}

/// Returns what answered a fetch, if it is a web page. A gateway may change the type, at which git does not look there.
pub(super) fn page(headers: &HeaderMap) -> Option<&'static str> {
    let kind = headers.get(CONTENT_TYPE)?.as_bytes();
    let is_page = kind.get(..9).is_some_and(|start| start.eq_ignore_ascii_case(b"text/html"));
    is_page.then_some("a web page answered, and no git server")
}

/// Returns the words of a refusal: plain text, the message of a JSON object, or the title of a page.
pub(super) fn refusal_text(kind: &[u8], body: &str) -> String {
    let text = match kind {
        kind if kind.starts_with(b"text/plain") => Some(body.to_owned()),
        kind if kind.starts_with(b"application/json") || kind.starts_with(b"application/problem+json") => {
            let document: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
            let named = ["message", "error_description", "detail", "error"].map(|name| document[name].as_str());
            named.into_iter().flatten().next().map(str::to_owned)
        }
        kind if kind.starts_with(b"text/html") => {
            let title = |tag| Some(body.split_once(tag)?.1.split_once("</")?.0.to_owned());
            title("<title>").or_else(|| title("<TITLE>"))
        }
        _ => None,
    };
    hidden(text.unwrap_or_default().trim()).into_owned()
}
