//! Requests to a forge's API: JSON both ways, within a deadline and limits of size. A token goes to the origin of its own API
//! and to no other place, whatever a redirect says.

use std::io::Read as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reqwest::blocking::Client;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Method, StatusCode, Url};
use serde_json::Value;

use super::api_token::ApiToken;
use super::error::ForgeError;
use super::server_words::ServerWords;
use crate::system::backoff::Backoff;
use crate::system::bounded_json;
use crate::system::network::connection::{ConnectionError, ConnectionProblem};
use crate::system::network::http::shown_host;
use crate::system::network::proxy_route::ProxyRoute;
use crate::system::network::{retry_after, sent_logins};

/// How often a request is made in all.
const MAX_ATTEMPTS: u32 = 3;
const FIRST_RETRY_DELAY: Duration = Duration::from_secs(1);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(30);

/// How long GitHub asks to wait if a limit is told without a time.
const UNTIMED_LIMIT: Duration = Duration::from_secs(60);

const MAX_REDIRECTS: usize = 3;

/// The longest body of a success, and of an error. A page of Gitea's list has the whole texts of fifty requests.
const MAX_BODY: u64 = 16 << 20;
const MAX_ERROR_BODY: u64 = 64 << 10;

/// How the API of a forge is reached.
pub struct ForgeConnection {
    /// It must not follow redirects by itself.
    pub client: Client,
    pub token: ApiToken,
    /// The limit of one call, with its retries.
    pub timeout: Duration,
    /// The proxy that the API is reached through.
    pub proxy: Option<ProxyRoute>,
}

/// What requests are made with.
#[derive(Clone)]
pub(super) struct JsonClient {
    /// It must not follow redirects by itself.
    pub(super) client: Client,
    /// What goes with every request, the token among it.
    pub(super) headers: HeaderMap,
    /// The limit of one call, with its retries.
    pub(super) timeout: Duration,
    /// The proxy that the API is reached through.
    pub(super) proxy: Option<ProxyRoute>,
}

/// Whether a request may be made again if it is not known what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Twice is the same as once.
    Safe,
    /// Only if the server did not take it.
    IfNotTaken,
}

/// One request.
#[derive(Debug, Clone)]
pub(super) struct ApiCall {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Option<Value>,
    pub(super) repeat: Repeat,
}

/// An answer to go by.
#[derive(Debug, Clone)]
pub(super) struct ApiAnswer {
    pub(super) status: u16,
    /// `Null` if there is none, or none of JSON.
    pub(super) body: Value,
    /// What the server says, if it is no success.
    pub(super) words: ServerWords,
    /// Whether another address answered: the repository has another name now.
    pub(super) was_redirected: bool,
}

impl ApiAnswer {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// What became of one attempt.
enum RequestEnd {
    Answered(ApiAnswer),
    /// The server did not take the request: it is busy, or was not reached.
    NotTaken(ForgeError, Duration),
    /// It is not known whether the server took it.
    Unsettled(ForgeError),
}

impl JsonClient {
    /// Makes a request until there is an answer to go by, within the time limit.
    pub(super) fn call(&self, call: &ApiCall) -> Result<ApiAnswer, ForgeError> {
        let deadline = Instant::now() + self.timeout;
        let mut backoff = Backoff::new(MAX_ATTEMPTS, FIRST_RETRY_DELAY, MAX_RETRY_DELAY).until(deadline);
        loop {
            let (error, pause) = match self.follow(call, deadline)? {
                RequestEnd::Answered(answer) => return Ok(answer),
                RequestEnd::NotTaken(error, pause) => (error, pause),
                RequestEnd::Unsettled(error) if call.repeat == Repeat::Safe => (error, Duration::ZERO),
                RequestEnd::Unsettled(error) => return Err(error),
            };
            if !backoff.wait(pause) {
                return Err(error);
            }
        }
    }

    /// Makes a request once, and follows its redirects at the same origin.
    fn follow(&self, call: &ApiCall, deadline: Instant) -> Result<RequestEnd, ForgeError> {
        let mut url = call.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let (mut attempt, location) = self.send(call, &url, deadline)?;
            let Some(location) = location else {
                if let RequestEnd::Answered(answer) = &mut attempt {
                    answer.was_redirected = url != call.url;
                }
                return Ok(attempt);
            };
            let invalid = |why: String| ForgeError::InvalidAnswer { host: shown_host(&call.url), why };
            let next = url.join(&location).map_err(|_unparsed| invalid("its redirect leads nowhere".to_owned()))?;
            if next.origin() != call.url.origin() {
                let place = next.origin().ascii_serialization();
                return Err(invalid(format!("it redirects to `{place}`, which gets no token")));
            }
            url = next;
        }
        let why = format!("it redirects more than {MAX_REDIRECTS} times");
        Err(ForgeError::InvalidAnswer { host: shown_host(&call.url), why })
    }

    /// Sends a request, and returns what came of it, and where it leads if it is a redirect.
    fn send(&self, call: &ApiCall, url: &Url, deadline: Instant) -> Result<(RequestEnd, Option<String>), ForgeError> {
        let time_left = deadline.saturating_duration_since(Instant::now());
        if time_left.is_zero() {
            return self.silent(url, ConnectionError::out_of_time(), deadline);
        }
        self.headers.values().filter(|value| value.is_sensitive()).for_each(sent_logins::note_header);
        let mut request = self.client.request(call.method.clone(), url.clone()).timeout(time_left);
        request = request.headers(self.headers.clone()).header(ACCEPT_ENCODING, "identity");
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let response = match request.send() {
            Ok(response) => response,
            Err(error) => return self.silent(url, ConnectionError::of(&error.without_url()), deadline),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED && self.proxy.is_some() {
            return self.silent(url, ConnectionError::proxy_login(), deadline);
        }
        let limit = if status.is_success() { MAX_BODY } else { MAX_ERROR_BODY };
        let mut body = Vec::new();
        if let Err(error) = response.take(limit + 1).read_to_end(&mut body) {
            return self.silent(url, ConnectionError::of(&error), deadline);
        }
        if let Some(cause) = ConnectionError::of_page(url, &body).filter(|_| !status.is_success()) {
            return self.silent(url, cause, deadline);
        }
        let invalid = |why: &str| ForgeError::InvalidAnswer { host: shown_host(url), why: why.to_owned() };
        if status.is_success() && body.len() as u64 > limit {
            return Err(invalid("it is too long"));
        }
        if !bounded_json::fits(&body) {
            return Err(invalid("it has too many values"));
        }
        let parsed: Option<Value> = serde_json::from_slice(&body).ok();
        let is_damaged = parsed.is_none() && !body.is_empty() && says_json(&headers);
        let answer = ApiAnswer {
            status: status.as_u16(),
            words: ServerWords::of(&shown_host(url), status.as_u16(), parsed.as_ref(), &body),
            body: parsed.unwrap_or_default(),
            was_redirected: false,
        };
        let location = headers.get(LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        if let (301 | 302 | 307 | 308, Some(location)) = (status.as_u16(), location) {
            return Ok((RequestEnd::Answered(answer), Some(location)));
        }
        if status.is_success() && is_damaged {
            return Ok((RequestEnd::Unsettled(ForgeError::Damaged { host: shown_host(url) }), None));
        }
        Ok((judged(answer, &headers), None))
    }

    /// Returns what it means that no answer came, by how far the request got. A login or a certificate that the other end wants
    /// is final: no retry helps.
    fn silent(
        &self,
        url: &Url,
        cause: ConnectionError,
        deadline: Instant,
    ) -> Result<(RequestEnd, Option<String>), ForgeError> {
        let cause = cause.through(self.proxy.as_ref(), deadline);
        let problem = cause.problem;
        let error = ForgeError::NoAnswer { host: shown_host(url), cause };
        match problem {
            problem if problem.is_login() => Err(error),
            ConnectionProblem::NameNotResolved | ConnectionProblem::Refused | ConnectionProblem::Proxy => {
                Ok((RequestEnd::NotTaken(error, Duration::ZERO), None))
            }
            _ => Ok((RequestEnd::Unsettled(error), None)),
        }
    }
}

fn says_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Returns whether an answer is one to go by. A 403 is a limit of requests, and no lack of permission, if its headers say so, or
/// if it refers to GitHub's page about these limits.
fn judged(answer: ApiAnswer, headers: &HeaderMap) -> RequestEnd {
    let refers_to_limits = answer.body["documentation_url"].as_str().is_some_and(|page| page.contains("rate-limit"));
    let pause = pause(headers, SystemTime::now()).or(refers_to_limits.then_some(UNTIMED_LIMIT));
    let words = answer.words.clone();
    match answer.status {
        429 => RequestEnd::NotTaken(ForgeError::RateLimited { words, pause }, pause.unwrap_or_default()),
        403 if pause.is_some() => {
            RequestEnd::NotTaken(ForgeError::RateLimited { words, pause }, pause.unwrap_or_default())
        }
        503 if headers.contains_key(RETRY_AFTER) => {
            RequestEnd::NotTaken(ForgeError::Busy(words), pause.unwrap_or_default())
        }
        408 | 499 | 500 | 502..=504 | 520..=524 => RequestEnd::Unsettled(ForgeError::Busy(words)),
        _ => RequestEnd::Answered(answer),
    }
}

/// Returns how long a server wants to be left alone: by `Retry-After`, or, if no request is left, until the limit begins anew.
pub(super) fn pause(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let header = |name: &str| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(pause) = header("retry-after").and_then(|value| retry_after::parse(value, now)) {
        return Some(pause);
    }
    if header("x-ratelimit-remaining") != Some("0") {
        return None;
    }
    let reset = header("x-ratelimit-reset").and_then(|value| value.parse::<u64>().ok());
    let at = reset.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds.min(u32::MAX.into())));
    Some(at.and_then(|at| at.duration_since(now).ok()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{HeaderMap, HeaderValue, pause};
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn how_long_to_wait() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        for (headers, expected) in [
            (&[][..], None),
            (&[("retry-after", "7")], Some(7)),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1000060")], Some(60)),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "999")], Some(0)),
            (&[("x-ratelimit-remaining", "0")], Some(0)),
            (&[("x-ratelimit-remaining", "17"), ("x-ratelimit-reset", "1000060")], None),
            (&[("retry-after", "7"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1000060")], Some(7)),
        ] {
            let headers: HeaderMap =
                headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect();
            assert_eq!(pause(&headers, now), expected.map(Duration::from_secs), "{headers:?}");
        }
    }
}
