//! Sends one request and reads its response, with redirects, retries, and limits of time and size. Redirects are followed
//! here and not by reqwest, because the rules for the realm of a challenge hold for them too, and because a login must not
//! follow them to another host. Of the registry's statuses it knows only which ones a retry may change.

use std::error::Error;
use std::io::Read as _;
use std::time::{Duration, Instant};

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION,
};
use reqwest::{Method, StatusCode, Url};

use super::address::{AddressScope, is_same_place, shown_host};
use super::clients::Clients;
use super::error_response::ErrorResponse;
use super::requests::{HttpRequest, HttpResponse};
use super::resolver::AddressRefused;
use super::trust::Trust;
use crate::registry::context::{CheckContext, misdirected};
use crate::registry::early_end::EarlyEnd;
use crate::registry::error::{CheckError, InvalidResponse, LocationError};
use crate::registry::limits::{MAX_ERROR_SIZE, REQUEST_TIMEOUT};
use crate::registry::verdict::{Outage, Verdict};
use crate::system::backoff::Backoff;
use crate::system::network::connection::{ConnectionError, ConnectionProblem, causes};
use crate::system::network::http::{is_loopback, is_passing};
use crate::system::network::notices::Notices;
use crate::system::network::proxy::Proxies;
use crate::system::network::proxy_route::ProxyRoute;
use crate::system::network::sent_logins;

const FIRST_RETRY_DELAY: Duration = Duration::from_secs(1);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(30);

/// How many redirects are followed for one request.
const MAX_REDIRECTS: usize = 5;

/// What became of one request.
enum RequestEnd {
    Response(HttpResponse),
    NoAnswer {
        outage: Outage,
        /// Whether a retry can succeed.
        retryable: bool,
    },
}

/// What makes requests, for all checks of a client.
#[derive(Debug, Default)]
pub(in crate::registry) struct Sender {
    clients: Clients,
    /// What a person should know of the connections.
    pub(in crate::registry) notices: Notices,
    /// Details, which are shown with `-v`.
    pub(in crate::registry) asides: Notices,
}

impl Sender {
    pub(in crate::registry) fn new(trust: Trust, proxies: Proxies) -> Self {
        Self { clients: Clients::new(trust, proxies), ..Self::default() }
    }

    /// Makes a request until it gets an answer to go by, within the deadline of the check. The last attempt of a `HEAD` is a
    /// `GET`: some servers fail at `HEAD` alone, and an answer to `GET` has the server's words. A registry that limits the
    /// rate and says for how long is asked again then, as often as it says so: many images of one registry may need several
    /// turns.
    pub(in crate::registry) fn send(
        &self,
        request: &HttpRequest<'_>,
        context: &mut CheckContext,
    ) -> Result<HttpResponse, EarlyEnd> {
        let mut backoff = Backoff::new(u32::MAX, FIRST_RETRY_DELAY, MAX_RETRY_DELAY).until(context.deadline);
        let mut attempts_left = request.attempts;
        loop {
            attempts_left = attempts_left.saturating_sub(1);
            let is_last_head = attempts_left == 0 && request.method == Method::HEAD;
            let method = if is_last_head { Method::GET } else { request.method.clone() };
            let request = HttpRequest { method, ..request.clone() };
            let (verdict, at_least) = match self.follow(&request, context)? {
                RequestEnd::Response(response) if !is_passing(response.status) => return Ok(response),
                RequestEnd::Response(response) => {
                    let answer = ErrorResponse::of(&response);
                    let at_least = answer.retry_after.unwrap_or_default();
                    (busy(answer), at_least)
                }
                RequestEnd::NoAnswer { outage, retryable: true } => (Verdict::Unavailable(outage), Duration::ZERO),
                RequestEnd::NoAnswer { outage, retryable: false } => {
                    return Err(Verdict::Unavailable(outage).into());
                }
            };
            if matches!(verdict, Verdict::RateLimited(_)) && !at_least.is_zero() {
                attempts_left += 1;
                backoff.narrow(at_least.saturating_mul(2));
            }
            if attempts_left == 0 || !backoff.wait(at_least) {
                return Err(verdict.into());
            }
        }
    }

    /// Returns where the registry of a check is, which its first answer tells.
    pub(in crate::registry) fn place(&self, context: &CheckContext) -> AddressScope {
        self.clients.address_scope(&context.endpoint.base)
    }

    /// Makes a request, and follows its redirects.
    fn follow(&self, request: &HttpRequest<'_>, context: &mut CheckContext) -> Result<RequestEnd, CheckError> {
        let mut url = request.url.clone();
        let mut visited = Vec::new();
        let mut authorization = request.authorization;
        for _ in 0..=MAX_REDIRECTS {
            let attempt = self.send_once(request, &url, authorization, context)?;
            let RequestEnd::Response(response) = &attempt else {
                return Ok(attempt);
            };
            // A form is a login, and stays where it was sent.
            let (Some(location), None) = (redirection(response), request.form) else {
                return Ok(attempt);
            };
            let Ok(next) = url.join(location) else {
                return Err(misdirected(&url, "nowhere".to_owned(), LocationError::Malformed));
            };
            context.allow(&url, &next, self.place(context))?;
            if !is_same_place(&url, &next) {
                authorization = None;
            }
            visited.push(std::mem::replace(&mut url, next));
            if visited.contains(&url) {
                return Err(misdirected(request.url, shown_host(&url), LocationError::Circle));
            }
        }
        Err(misdirected(request.url, shown_host(&url), LocationError::Endless))
    }

    fn send_once(
        &self,
        request: &HttpRequest<'_>,
        url: &Url,
        authorization: Option<&HeaderValue>,
        context: &mut CheckContext,
    ) -> Result<RequestEnd, CheckError> {
        let time_left = context.time_left(REQUEST_TIMEOUT);
        if time_left.is_zero() {
            return Ok(silent(url, ConnectionError::out_of_time()));
        }
        let (proxy, deadline) = (self.clients.proxy(url), context.deadline);
        if url.scheme() == "http" && !is_loopback(url) {
            let host = shown_host(url);
            let is_login = request.form.is_some() || (authorization.is_some() && context.source.is_shown());
            if let (true, Some(proxy)) = (is_login, &proxy) {
                return Err(CheckError::LoginInClear { host, proxy: proxy.to_string() });
            }
            let risk = "a machine in between can read and change all of it";
            self.notices.add(format!("`{host}` is reached over plain HTTP: {risk}"));
        }
        let client = self.clients.client(url, &context.endpoint)?;
        let mut builder = client.request(request.method.clone(), url.clone()).timeout(time_left);
        builder = builder.header(ACCEPT, request.accept).header(ACCEPT_ENCODING, "identity");
        if let Some(authorization) = authorization {
            sent_logins::note_header(authorization);
            builder = builder.header(AUTHORIZATION, authorization);
        }
        if let Some(form) = request.form {
            let urlencoded = HeaderValue::from_static("application/x-www-form-urlencoded");
            builder = builder.header(CONTENT_TYPE, urlencoded).body(form.expose().to_owned());
        }
        context.requests += 1;
        let response = match builder.send() {
            Ok(response) => response,
            Err(error) if is_refused(&error) => {
                return Err(misdirected(&context.endpoint.base, shown_host(url), LocationError::Local));
            }
            Err(error) => return Ok(no_answer(url, proxy.as_ref(), deadline, &error.without_url())),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        if let (StatusCode::PROXY_AUTHENTICATION_REQUIRED, Some(_)) = (status, &proxy) {
            return Ok(silent(url, ConnectionError::proxy_login().through(proxy.as_ref(), deadline)));
        }
        let limit = if status.is_success() { request.limit } else { MAX_ERROR_SIZE };
        let mut body = Vec::new();
        if let Err(error) = response.take(limit + 1).read_to_end(&mut body) {
            return Ok(no_answer(url, proxy.as_ref(), deadline, &error));
        }
        if url.scheme() == "http" && status == StatusCode::BAD_REQUEST && wants_tls(&body) {
            return Ok(silent(url, ConnectionError::speaks_tls()));
        }
        if let Some(cause) = ConnectionError::of_page(url, &body).filter(|_| !status.is_success()) {
            return Ok(silent(url, cause.through(proxy.as_ref(), deadline)));
        }
        let unusable = |source| CheckError::InvalidResponse { host: shown_host(url), source };
        if status.is_success() && body.len() as u64 > limit {
            return Err(unusable(InvalidResponse::TooLong { limit }));
        }
        if status.is_success() && !body.is_empty() && is_encoded(&headers) {
            return Err(unusable(InvalidResponse::Encoded));
        }
        let (method, url) = (request.method.clone(), url.clone());
        Ok(RequestEnd::Response(HttpResponse { method, url, status, headers, body }))
    }
}

/// Returns whether a body is not sent as it is, although that was asked for.
fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_ENCODING).is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Returns whether a server says that it speaks TLS: in the words of Go, nginx or Apache.
fn wants_tls(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    ["HTTP request to an HTTPS server", "HTTP request was sent to HTTPS port", "speaking plain HTTP to an SSL-enabled"]
        .iter()
        .any(|words| text.contains(words))
}

/// Returns whether an error says that a name was resolved to where the registry may not lead.
fn is_refused(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| cause.is::<AddressRefused>())
}

/// Returns a request without an answer that no retry helps.
fn silent(url: &Url, cause: ConnectionError) -> RequestEnd {
    RequestEnd::NoAnswer { outage: Outage::NoAnswer { host: shown_host(url), cause }, retryable: false }
}

fn busy(answer: ErrorResponse) -> Verdict {
    match answer.status {
        429 => Verdict::RateLimited(answer),
        _ => Verdict::Unavailable(Outage::Answered(answer)),
    }
}

fn redirection(response: &HttpResponse) -> Option<&str> {
    match response.status.as_u16() {
        301 | 302 | 303 | 307 | 308 => response.header(LOCATION),
        _ => None,
    }
}

/// Returns why no answer came. A certificate that is not trusted is final, and so is a login or a certificate that the other end
/// wants: no retry helps.
fn no_answer(url: &Url, proxy: Option<&ProxyRoute>, deadline: Instant, error: &(dyn Error + 'static)) -> RequestEnd {
    let (host, cause) = (shown_host(url), ConnectionError::of(error).through(proxy, deadline));
    let (outage, retryable) = match cause.problem {
        ConnectionProblem::Untrusted(_) => (Outage::Untrusted { host, cause }, false),
        problem => (Outage::NoAnswer { host, cause }, !problem.is_login()),
    };
    RequestEnd::NoAnswer { outage, retryable }
}
