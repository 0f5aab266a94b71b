//! One request and its answer, whatever lies between: redirects, retries, limits of time and size. Redirects are
//! followed by hand, because they obey the same rules as the place of a login, and because a login must not follow them
//! to another host. It knows the registry's statuses only as far as "ask again".

use std::collections::HashMap;
use std::error::Error;
use std::io::{self, Read as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::blocking::{Client, ClientBuilder};
use reqwest::header::{ACCEPT, AUTHORIZATION, AsHeaderName, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, StatusCode, Url, redirect};

use super::address::{is_loopback, is_same_place, shown_host};
use super::trust::Trust;
use crate::registry::answer::{Answer, Outage, Verdict};
use crate::registry::auth::secret::Secret;
use crate::registry::context::{Stop, Visit, misdirected};
use crate::registry::error::{CheckError, Nonsense, Refusal};
use crate::system::backoff::Backoff;
use crate::system::http::{self, Security};

/// How often a request is made that gets no answer, or one that may be better the next time.
const ATTEMPTS: u32 = 3;
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// The longest that one request may take with its answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How much is read of an answer that is no success: enough for any code and message.
const ERROR_LIMIT: u64 = 64 << 10;

const REDIRECTS: usize = 5;

/// A request, with all that it may show. Not `Debug`: a form holds a secret.
pub(in crate::registry) struct Request<'a> {
    pub(in crate::registry) method: Method,
    pub(in crate::registry) url: &'a Url,
    pub(in crate::registry) accept: &'static str,
    pub(in crate::registry) authorization: Option<&'a HeaderValue>,
    pub(in crate::registry) form: Option<&'a Secret>,
    /// The longest body of a success.
    pub(in crate::registry) limit: u64,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(in crate::registry) struct Reply {
    /// Where it came from at last.
    pub(in crate::registry) url: Url,
    pub(in crate::registry) status: StatusCode,
    pub(in crate::registry) headers: HeaderMap,
    pub(in crate::registry) body: Vec<u8>,
}

impl Reply {
    /// Returns a header's text; one that is not ASCII counts as none.
    pub(in crate::registry) fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What became of one request.
enum Heard {
    Reply(Reply),
    /// And whether the next try may be luckier.
    Silence {
        outage: Outage,
        passing: bool,
    },
}

/// The HTTP clients, each made when it is first needed: reading the CA certificates takes longer than a whole check
/// without TLS.
#[derive(Debug, Default)]
pub(in crate::registry) struct Transport {
    trust: Trust,
    /// By the host, where it has authorities of its own; all others share one.
    tls: Mutex<HashMap<Option<String>, Client>>,
    plain: Mutex<Option<Client>>,
    loopback: Mutex<Option<Client>>,
}

impl Transport {
    pub(in crate::registry) fn new(trust: Trust) -> Self {
        Self { trust, ..Self::default() }
    }

    /// Makes a request until it gets an answer to go by, within the deadline of the check.
    pub(in crate::registry) fn send(&self, request: &Request<'_>, visit: &mut Visit) -> Result<Reply, Stop> {
        let mut backoff = Backoff::new(ATTEMPTS, FIRST_DELAY, LONGEST_DELAY).until(visit.deadline);
        loop {
            let (verdict, at_least) = match self.follow(request, visit)? {
                Heard::Reply(reply) if !is_passing(reply.status) => return Ok(reply),
                Heard::Reply(reply) => {
                    let answer = Answer::of(&reply);
                    let at_least = answer.retry_after.unwrap_or_default();
                    (overload(answer), at_least)
                }
                Heard::Silence { outage, passing: true } => (Verdict::Unavailable(outage), Duration::ZERO),
                Heard::Silence { outage, passing: false } => return Err(Stop::Verdict(Verdict::Unavailable(outage))),
            };
            if !backoff.wait(at_least) {
                return Err(Stop::Verdict(verdict));
            }
        }
    }

    /// Makes a request, and again where an answer says that it is answered elsewhere.
    fn follow(&self, request: &Request<'_>, visit: &mut Visit) -> Result<Heard, CheckError> {
        let mut url = request.url.clone();
        let mut authorization = request.authorization;
        for _ in 0..=REDIRECTS {
            let heard = self.once(request, &url, authorization, visit)?;
            let Heard::Reply(reply) = &heard else {
                return Ok(heard);
            };
            // A form is a login, and stays where it was sent.
            let (Some(location), None) = (redirection(reply), request.form) else {
                return Ok(heard);
            };
            let Ok(next) = url.join(location) else {
                return Err(misdirected(&url, "nowhere".to_owned(), Refusal::Malformed));
            };
            visit.allow(&url, &next)?;
            if !is_same_place(&url, &next) {
                authorization = None;
            }
            url = next;
        }
        Err(misdirected(request.url, shown_host(&url), Refusal::Endless))
    }

    fn once(
        &self,
        request: &Request<'_>,
        url: &Url,
        authorization: Option<&HeaderValue>,
        visit: &mut Visit,
    ) -> Result<Heard, CheckError> {
        let time_left = visit.time_left(REQUEST_TIMEOUT);
        if time_left.is_zero() {
            return Ok(Heard::Silence { outage: late(url), passing: false });
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
        visit.requests += 1;
        let response = match builder.send() {
            Ok(response) => response,
            Err(error) => return Ok(silence(url, &error.without_url())),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        let limit = if status.is_success() { request.limit } else { ERROR_LIMIT };
        let mut body = Vec::new();
        if let Err(error) = response.take(limit + 1).read_to_end(&mut body) {
            return Ok(silence(url, &error));
        }
        if status.is_success() && body.len() as u64 > limit {
            return Err(CheckError::Nonsense { host: shown_host(url), source: Nonsense::TooLong });
        }
        Ok(Heard::Reply(Reply { url: url.clone(), status, headers, body }))
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

/// Whether the same request may well get another answer. 501 is left out: it means that `HEAD` is not spoken.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 499 | 500 | 502 | 503 | 504 | 520..=524)
}

/// Returns the verdict where the deadline passed before the server at `url` could be asked.
pub(in crate::registry) fn out_of_time(url: &Url) -> Verdict {
    Verdict::Unavailable(late(url))
}

fn late(url: &Url) -> Outage {
    Outage::Silent { host: shown_host(url), cause: "no time left".to_owned() }
}

fn overload(answer: Answer) -> Verdict {
    match answer.status {
        429 => Verdict::RateLimited(answer),
        _ => Verdict::Unavailable(Outage::Answered(answer)),
    }
}

fn redirection(reply: &Reply) -> Option<&str> {
    match reply.status.as_u16() {
        301 | 302 | 303 | 307 | 308 => reply.header(LOCATION),
        _ => None,
    }
}

/// Tells why no answer came, by the innermost cause: the outer ones only repeat that there was none, and name the URL.
fn silence(url: &Url, error: &(dyn Error + 'static)) -> Heard {
    let mut cause = error;
    // How a certificate that is not trusted is reported; no retry mends that.
    let mut untrusted = false;
    loop {
        let wrapper = cause.downcast_ref::<io::Error>();
        untrusted |= wrapper.is_some_and(|error| error.kind() == io::ErrorKind::InvalidData);
        // An I/O error passes over what it wraps when it is asked for its source.
        let wrapped = wrapper.and_then(io::Error::get_ref).map(|error| error as &(dyn Error + 'static));
        match wrapped.or_else(|| cause.source()) {
            Some(inner) => cause = inner,
            None => break,
        }
    }
    let (host, cause) = (shown_host(url), cause.to_string());
    let outage = if untrusted { Outage::Untrusted { host, cause } } else { Outage::Silent { host, cause } };
    Heard::Silence { outage, passing: !untrusted }
}

#[cfg(test)]
mod tests {
    use super::{Heard, io, silence};
    use reqwest::Url;

    #[test]
    fn a_certificate_that_is_not_trusted_is_final() {
        let url = Url::parse("https://registry.example.org/v2/app/manifests/v1?signature=s3cret").unwrap();
        for (kind, expected) in [
            (io::ErrorKind::InvalidData, "registry.example.org is not trusted: inmost"),
            (io::ErrorKind::ConnectionReset, "registry.example.org did not answer: inmost"),
        ] {
            // As the connector wraps it.
            let error = io::Error::other(io::Error::new(kind, "inmost"));
            let Heard::Silence { outage, passing } = silence(&url, &error) else { panic!() };
            assert_eq!((outage.to_string().as_str(), passing), (expected, kind != io::ErrorKind::InvalidData));
        }
    }
}
