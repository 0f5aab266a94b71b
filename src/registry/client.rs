//! The check itself: `HEAD` on the manifest, `GET` where that does not tell enough, and what the answer means.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};

use super::address::shown_host;
use super::answer::{Answer, Checked, Outage, Verdict};
use super::auth::Auth;
use super::credentials::Credentials;
use super::error::{CheckError, Nonsense};
use super::manifest::{ACCEPT, MANIFEST_LIMIT, from_body, from_headers};
use super::target::Target;
use super::transport::{Reply, Request, Transport};
use super::visit::{Stop, Visit};
use crate::image::Reference;

/// The longest time for a check that is a limit at all.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What a client needs to know of the world.
#[derive(Debug)]
pub struct Options {
    /// Registries to be spoken to without TLS, as `host` or `host:port`; loopback names are by themselves.
    pub plain_http: Vec<String>,
    /// For one check in all, with its retries.
    pub timeout: Duration,
    pub credentials: Credentials,
}

/// Asks registries about images. Several checks may be made at once: they share connections, logins and tokens.
#[derive(Debug)]
pub struct Client {
    plain_http: Vec<String>,
    timeout: Duration,
    transport: Transport,
    auth: Auth,
}

impl Client {
    pub fn new(options: Options) -> Self {
        Self {
            plain_http: options.plain_http,
            timeout: options.timeout.min(LONGEST_TIMEOUT),
            transport: Transport::default(),
            auth: Auth::new(options.credentials),
        }
    }

    /// Asks whether `reference` is in its registry. With a tag and a digest, whether the tag means that digest.
    pub fn check(&self, reference: &Reference) -> Result<Checked, CheckError> {
        let started = Instant::now();
        let mut visit = Visit::new(Target::new(reference, &self.plain_http)?, started + self.timeout);
        let verdict = match self.look(&mut visit) {
            Ok(verdict) | Err(Stop::Verdict(verdict)) => verdict,
            Err(Stop::Error(error)) => return Err(error),
        };
        Ok(Checked { verdict, requests: visit.requests, elapsed: started.elapsed(), source: visit.source })
    }

    /// `HEAD` is enough where it names a digest that is the wanted one. All else needs the body: an absent tag its code,
    /// a digest that is missing or another the bytes to compute it from, because headers are known to be wrong.
    fn look(&self, visit: &mut Visit) -> Result<Verdict, Stop> {
        let head = self.ask(Method::HEAD, visit)?;
        if head.status == StatusCode::OK
            && let Some(found) = from_headers(&head)
            && visit.target.wanted.as_ref().is_none_or(|wanted| *wanted == found.digest)
        {
            return Ok(Verdict::Present(found));
        }
        let reply = self.ask(Method::GET, visit)?;
        if reply.status != StatusCode::OK {
            return Ok(meaning(Answer::of(&reply)));
        }
        let Some(found) = from_body(&reply, visit.target.wanted.as_ref()) else {
            let host = shown_host(&reply.url);
            return Err(Stop::Error(CheckError::Nonsense { host, source: Nonsense::NotAManifest }));
        };
        Ok(match visit.target.wanted.take() {
            Some(wanted) if wanted != found.digest => Verdict::Mismatch { wanted, found },
            _ => Verdict::Present(found),
        })
    }

    /// Asks for the manifest, with what the registry wants to see.
    fn ask(&self, method: Method, visit: &mut Visit) -> Result<Reply, Stop> {
        if visit.proof.is_none() {
            visit.proof = self.auth.recall(&self.transport, visit)?;
        }
        loop {
            let (url, proof) = (visit.target.manifest.clone(), visit.proof.clone());
            let request = Request {
                method: method.clone(),
                url: &url,
                accept: ACCEPT,
                authorization: proof.as_ref().map(|proof| &proof.header),
                form: None,
                limit: MANIFEST_LIMIT,
            };
            let reply = self.transport.send(&request, visit)?;
            if reply.status != StatusCode::UNAUTHORIZED {
                return Ok(reply);
            }
            visit.proof = Some(self.auth.answer(&reply, &self.transport, visit)?);
        }
    }
}

/// Returns what a failure means: its status decides, and its code where the status leaves it open, because bodies may
/// have any form.
fn meaning(answer: Answer) -> Verdict {
    match answer.status {
        404 | 410 => Verdict::Absent(answer),
        401 | 402 | 403 | 451 => Verdict::NoAccess(answer),
        _ if answer.says(&["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NAME_INVALID", "TAG_INVALID"]) => {
            Verdict::Absent(answer)
        }
        _ if answer.says(&["DENIED", "UNAUTHORIZED"]) => Verdict::NoAccess(answer),
        _ if answer.says(&["TOOMANYREQUESTS"]) => Verdict::RateLimited(answer),
        _ => Verdict::Unavailable(Outage::Answered(answer)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Outage, Verdict, meaning};

    #[test]
    fn the_status_decides_and_then_the_code() {
        for (status, code, expected) in [
            (404, None, "absent"),
            (404, Some("DENIED"), "absent"),
            (410, None, "absent"),
            (403, Some("MANIFEST_UNKNOWN"), "no access"),
            (451, None, "no access"),
            (400, Some("NAME_INVALID"), "absent"),
            (400, Some("denied"), "no access"),
            (400, Some("TOOMANYREQUESTS"), "rate limited"),
            (400, None, "unavailable"),
            (302, None, "unavailable"),
            (501, None, "unavailable"),
        ] {
            let code = code.map(str::to_owned);
            let answer = Answer { host: "h".to_owned(), status, code, message: None, retry_after: None };
            let shown = match meaning(answer.clone()) {
                Verdict::Absent(_) => "absent",
                Verdict::NoAccess(_) => "no access",
                Verdict::RateLimited(_) => "rate limited",
                Verdict::Unavailable(Outage::Answered(_)) => "unavailable",
                other => panic!("{other:?}"),
            };
            assert_eq!(shown, expected, "{answer}");
        }
    }
}
