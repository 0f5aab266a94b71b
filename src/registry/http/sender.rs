//! Sends one request and reads its response, with redirects, retries, and limits of time and size. Redirects are followed
//! here and not by reqwest, because the rules for the realm of a challenge hold for them too, and because a login must not
//! follow them to another host. Of the registry's statuses it knows only which ones a retry may change.

use std::collections::HashMap;
use std::error::Error;
use std::io::Read as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::blocking::{Client, ClientBuilder};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION};
use reqwest::{Method, StatusCode, Url, redirect};

use super::address::{is_same_place, shown_host};
use super::error_response::ErrorResponse;
use super::requests::{HttpRequest, HttpResponse};
use super::trust::Trust;
use crate::registry::context::{CheckContext, misdirected};
use crate::registry::early_end::EarlyEnd;
use crate::registry::error::{CheckError, InvalidResponse, LocationError};
use crate::registry::limits::MAX_ERROR_SIZE;
use crate::registry::verdict::{Outage, Verdict};
use crate::system::backoff::Backoff;
use crate::system::connection::{ConnectionError, ConnectionProblem};
use crate::system::http::{self, Security, is_loopback};

/// How often a request is made in all if it gets no answer, or one that a retry may change.
const MAX_ATTEMPTS: u32 = 3;
const FIRST_RETRY_DELAY: Duration = Duration::from_secs(1);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(30);

/// The longest that one request may take with its answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How many redirects are followed for one request.
const MAX_REDIRECTS: usize = 5;

/// What became of one request.
enum Attempt {
    Response(HttpResponse),
    NoAnswer {
        outage: Outage,
        /// Whether a retry can succeed.
        retryable: bool,
    },
}

/// The HTTP clients, each made when it is first needed: reading the CA certificates takes longer than a whole check
/// without TLS.
#[derive(Debug, Default)]
pub(in crate::registry) struct Sender {
    trust: Trust,
    /// By host, for hosts that have authorities of their own; `None` for all others, which share one.
    tls: Mutex<HashMap<Option<String>, Client>>,
    plain: Mutex<Option<Client>>,
    loopback: Mutex<Option<Client>>,
}

impl Sender {
    pub(in crate::registry) fn new(trust: Trust) -> Self {
        Self { trust, ..Self::default() }
    }

    /// Makes a request until it gets an answer to go by, within the deadline of the check. The last attempt of a `HEAD` is a
    /// `GET`: some servers fail at `HEAD` alone, and an answer to `GET` has the server's words.
    pub(in crate::registry) fn send(
        &self,
        request: &HttpRequest<'_>,
        context: &mut CheckContext,
    ) -> Result<HttpResponse, EarlyEnd> {
        let mut backoff = Backoff::new(MAX_ATTEMPTS, FIRST_RETRY_DELAY, MAX_RETRY_DELAY).until(context.deadline);
        let mut attempts = 0;
        loop {
            attempts += 1;
            let is_last_head = attempts == MAX_ATTEMPTS && request.method == Method::HEAD;
            let method = if is_last_head { Method::GET } else { request.method.clone() };
            let request = HttpRequest { method, ..request.clone() };
            let (verdict, at_least) = match self.follow(&request, context)? {
                Attempt::Response(response) if !is_retryable(response.status) => return Ok(response),
                Attempt::Response(response) => {
                    let answer = ErrorResponse::of(&response);
                    let at_least = answer.retry_after.unwrap_or_default();
                    (busy(answer), at_least)
                }
                Attempt::NoAnswer { outage, retryable: true } => (Verdict::Unavailable(outage), Duration::ZERO),
                Attempt::NoAnswer { outage, retryable: false } => {
                    return Err(EarlyEnd::Verdict(Verdict::Unavailable(outage)));
                }
            };
            if !backoff.wait(at_least) {
                return Err(EarlyEnd::Verdict(verdict));
            }
        }
    }

    /// Makes a request, and follows its redirects.
    fn follow(&self, request: &HttpRequest<'_>, context: &mut CheckContext) -> Result<Attempt, CheckError> {
        let mut url = request.url.clone();
        let mut authorization = request.authorization;
        for _ in 0..=MAX_REDIRECTS {
            let attempt = self.send_once(request, &url, authorization, context)?;
            let Attempt::Response(response) = &attempt else {
                return Ok(attempt);
            };
            // A form is a login, and stays where it was sent.
            let (Some(location), None) = (redirection(response), request.form) else {
                return Ok(attempt);
            };
            let Ok(next) = url.join(location) else {
                return Err(misdirected(&url, "nowhere".to_owned(), LocationError::Malformed));
            };
            context.allow(&url, &next)?;
            if !is_same_place(&url, &next) {
                authorization = None;
            }
            url = next;
        }
        Err(misdirected(request.url, shown_host(&url), LocationError::Endless))
    }

    fn send_once(
        &self,
        request: &HttpRequest<'_>,
        url: &Url,
        authorization: Option<&HeaderValue>,
        context: &mut CheckContext,
    ) -> Result<Attempt, CheckError> {
        let time_left = context.time_left(REQUEST_TIMEOUT);
        if time_left.is_zero() {
            return Ok(Attempt::NoAnswer { outage: late(url), retryable: false });
        }
        let mut builder = self.client(url)?.request(request.method.clone(), url.clone()).timeout(time_left);
        builder = builder.header(ACCEPT, request.accept);
        if let Some(authorization) = authorization {
            builder = builder.header(AUTHORIZATION, authorization);
        }
        if let Some(form) = request.form {
            let urlencoded = HeaderValue::from_static("application/x-www-form-urlencoded");
            builder = builder.header(CONTENT_TYPE, urlencoded).body(form.expose().to_owned());
        }
        context.requests += 1;
        let response = match builder.send() {
            Ok(response) => response,
            Err(error) => return Ok(no_answer(url, &error.without_url())),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        let limit = if status.is_success() { request.limit } else { MAX_ERROR_SIZE };
        let mut body = Vec::new();
        if let Err(error) = response.take(limit + 1).read_to_end(&mut body) {
            return Ok(no_answer(url, &error));
        }
        if status.is_success() && body.len() as u64 > limit {
            return Err(CheckError::InvalidResponse { host: shown_host(url), source: InvalidResponse::TooLong });
        }
        let (method, url) = (request.method.clone(), url.clone());
        Ok(Attempt::Response(HttpResponse { method, url, status, headers, body }))
    }

    /// Returns the client for `url`.
    fn client(&self, url: &Url) -> Result<Client, CheckError> {
        let slot = match url.scheme() {
            "https" => return self.tls_client(url),
            _ if is_loopback(url) => &self.loopback,
            _ => &self.plain,
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*slot {
            return Ok(client.clone());
        }
        let client = builder(Security::Plain, url).build().map_err(CheckError::Setup)?;
        Ok(slot.insert(client).clone())
    }

    fn tls_client(&self, url: &Url) -> Result<Client, CheckError> {
        let host = shown_host(url);
        let key = (is_loopback(url) || self.trust.is_for(&host)).then(|| host.clone());
        let mut clients = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let authorities = self.trust.authorities(&host)?;
        let client = builder(Security::Tls, url).tls_certs_merge(authorities).build().map_err(CheckError::Setup)?;
        clients.insert(key, client.clone());
        Ok(client)
    }
}

/// Returns a builder of clients for `url`. Behind a proxy, loopback would be the proxy's own: it is always gone to
/// directly, as Go's programs do.
fn builder(security: Security, url: &Url) -> ClientBuilder {
    let builder = http::client(security, REQUEST_TIMEOUT).redirect(redirect::Policy::none()).referer(false);
    if is_loopback(url) { builder.no_proxy() } else { builder }
}

/// Whether a retry may get another answer. 501 is left out: it means that `HEAD` is not spoken.
fn is_retryable(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 499 | 500 | 502 | 503 | 504 | 520..=524)
}

fn late(url: &Url) -> Outage {
    Outage::NoAnswer { host: shown_host(url), cause: ConnectionError::out_of_time() }
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

/// Returns why no answer came. A certificate that is not trusted is final: no retry mends that.
fn no_answer(url: &Url, error: &(dyn Error + 'static)) -> Attempt {
    let (host, cause) = (shown_host(url), ConnectionError::of(error));
    match cause.problem {
        ConnectionProblem::Untrusted => {
            Attempt::NoAnswer { outage: Outage::Untrusted { host, cause }, retryable: false }
        }
        _ => Attempt::NoAnswer { outage: Outage::NoAnswer { host, cause }, retryable: true },
    }
}
