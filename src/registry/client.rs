//! The check itself: `HEAD` on the manifest, `GET` where that does not tell enough, and what the answer means.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode, Url};

use super::answer::{Answer, Checked, Outage, Verdict};
use super::auth::authenticator::Auth;
use super::auth::login_sources::Credentials;
use super::context::{Stop, Visit};
use super::descriptor::{ACCEPT, Descriptor, MANIFEST_LIMIT, digest_of, from_body, from_headers};
use super::endpoint::{Store, Target};
use super::error::{CheckError, Nonsense};
use super::http::address::shown_host;
use super::http::sender::{Reply, Request, Transport};
use super::http::trust::Trust;
use super::inspection::Inspection;
use super::manifest::Document;
use super::requirement::{Finding, Requirement};
use crate::image::{Digest, Platform, Reference};

/// The longest time for a check that is a limit at all.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What a client needs to know of the world.
#[derive(Debug)]
pub struct Options {
    /// Registries to be spoken to without TLS, as `host` or `host:port`; loopback names are by themselves, where `trust`
    /// has nothing for them.
    pub plain_http: Vec<String>,
    pub trust: Trust,
    /// For one check in all, with its retries.
    pub timeout: Duration,
    pub credentials: Credentials,
}

/// How much is to be learned of an image that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The registry's own words for it, which cost one request more; and a `HEAD` is not believed alone.
    Full,
    /// That it is not there: enough for one that was absent a moment ago.
    Brief,
}

/// Asks registries about images. Several checks may be made at once: they share connections, logins and tokens.
#[derive(Debug)]
pub struct Client {
    plain_http: Vec<String>,
    trust: Trust,
    timeout: Duration,
    transport: Transport,
    auth: Auth,
}

/// An image that is there, as far as it was read.
struct Found {
    verdict: Verdict,
    findings: Vec<Finding>,
    platforms: Vec<Platform>,
}

impl From<Verdict> for Found {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, findings: Vec::new(), platforms: Vec::new() }
    }
}

impl Client {
    pub fn new(options: Options) -> Self {
        Self {
            plain_http: options.plain_http,
            timeout: options.timeout.min(LONGEST_TIMEOUT),
            transport: Transport::new(options.trust.clone()),
            trust: options.trust,
            auth: Auth::new(options.credentials),
        }
    }

    /// Asks whether `reference` is in its registry and fulfils `requirements`. With a tag and a digest, the tag must mean
    /// that digest.
    pub fn check(
        &self,
        reference: &Reference,
        requirements: &[Requirement],
        detail: Detail,
    ) -> Result<Checked, CheckError> {
        let started = Instant::now();
        let mut visit = Visit::new(Target::new(reference, &self.plain_http, &self.trust)?, started + self.timeout);
        visit.discovery = self.auth.discover(&visit);
        let found = match requirements {
            [] => self.find(detail, &mut visit),
            _ => self.inspect(requirements, &mut visit),
        };
        visit.settle_discovery();
        let Found { verdict, findings, platforms } = match found {
            Ok(found) => found,
            Err(Stop::Verdict(verdict)) => Found::from(verdict),
            Err(Stop::Error(error)) => return Err(error),
        };
        let (requests, source) = (visit.requests, visit.source);
        Ok(Checked { verdict, findings, platforms, requests, elapsed: started.elapsed(), source })
    }

    /// Asks for the image alone: `HEAD` is enough where it tells a digest.
    fn find(&self, detail: Detail, visit: &mut Visit) -> Result<Found, Stop> {
        let (url, wanted) = (visit.target.manifest.clone(), visit.target.wanted.clone());
        self.look(&url, wanted.as_ref(), detail, visit)
    }

    /// Asks for the image and what it leads to. The body is needed, so it is asked for at once.
    fn inspect(&self, requirements: &[Requirement], visit: &mut Visit) -> Result<Found, Stop> {
        let (url, wanted) = (visit.target.manifest.clone(), visit.target.wanted.clone());
        let reply = self.get(&url, ACCEPT, visit)?;
        let found = found_in(&reply, wanted)?;
        let Verdict::Present(descriptor) = &found.verdict else {
            return Ok(found);
        };
        let Some(document) = Document::parse(&reply.body) else {
            return Err(nonsense(&reply, Nonsense::NotAnImage));
        };
        let mut inspection = Inspection::new(self, requirements, visit);
        let findings = inspection.judge(descriptor.digest.clone(), document)?;
        Ok(Found { findings, platforms: inspection.platforms(), ..found })
    }

    /// Asks for a manifest. `HEAD` is enough where it names a digest that is the wanted one. All else needs the body: an
    /// absent tag its code, a digest that is missing or another the bytes to compute it from, because headers are known
    /// to be wrong.
    fn look(&self, url: &Url, wanted: Option<&Digest>, detail: Detail, visit: &mut Visit) -> Result<Found, Stop> {
        let head = self.ask(Method::HEAD, url, ACCEPT, visit)?;
        if head.status == StatusCode::OK
            && let Some(found) = from_headers(&head)
            && wanted.is_none_or(|wanted| *wanted == found.digest)
        {
            return Ok(Verdict::Present(found).into());
        }
        if head.status == StatusCode::NOT_FOUND && detail == Detail::Brief {
            return Ok(meaning(Answer::of(&head)).into());
        }
        let reply = self.get(url, ACCEPT, visit)?;
        found_in(&reply, wanted.cloned())
    }

    /// Asks whether the manifest of this digest is there.
    pub(super) fn look_at(&self, digest: &Digest, visit: &mut Visit) -> Result<Verdict, Stop> {
        let url = visit.target.part(Store::Manifests, digest)?;
        Ok(self.look(&url, Some(digest), Detail::Full, visit)?.verdict)
    }

    /// Reads a part of an image, which must be what its digest says.
    pub(super) fn read(&self, store: Store, digest: &Digest, visit: &mut Visit) -> Result<Vec<u8>, Stop> {
        let url = visit.target.part(store, digest)?;
        let accept = match store {
            Store::Manifests => ACCEPT,
            Store::Blobs => "*/*",
        };
        let reply = self.get(&url, accept, visit)?;
        match digest_of(&reply.body, Some(digest)) {
            Some(found) if found == *digest => Ok(reply.body),
            Some(found) => {
                let found = Descriptor { digest: found, media_type: None, size: None };
                Err(Stop::Verdict(Verdict::Mismatch { wanted: digest.clone(), found }))
            }
            None => Err(nonsense(&reply, Nonsense::NotAnImage)),
        }
    }

    /// Gets something, or the verdict that a refusal means.
    fn get(&self, url: &Url, accept: &'static str, visit: &mut Visit) -> Result<Reply, Stop> {
        let reply = self.ask(Method::GET, url, accept, visit)?;
        if reply.status == StatusCode::OK { Ok(reply) } else { Err(Stop::Verdict(meaning(Answer::of(&reply)))) }
    }

    /// Makes a request, with what the registry wants to see.
    fn ask(&self, method: Method, url: &Url, accept: &'static str, visit: &mut Visit) -> Result<Reply, Stop> {
        if visit.proof.is_none() {
            visit.proof = self.auth.recall(&self.transport, visit)?;
        }
        loop {
            let trial = self.auth.begin_trial(visit)?;
            let proof = visit.proof.clone();
            let request = Request {
                method: method.clone(),
                url,
                accept,
                authorization: proof.as_ref().map(|proof| &proof.header),
                form: None,
                limit: MANIFEST_LIMIT,
            };
            let reply = self.transport.send(&request, visit)?;
            if reply.status != StatusCode::UNAUTHORIZED {
                visit.settle_discovery();
                if let Some(trial) = trial {
                    trial.settle(Ok(()));
                }
                return Ok(reply);
            }
            let answered = self.auth.answer(&reply, &self.transport, visit);
            if let (Some(trial), Err(Stop::Verdict(Verdict::LoginRejected(answer)))) = (trial, &answered) {
                trial.settle(Err(answer.clone()));
            }
            visit.proof = Some(answered?);
        }
    }
}

/// Returns what the body of a manifest is, and whether it is the wanted one.
fn found_in(reply: &Reply, wanted: Option<Digest>) -> Result<Found, Stop> {
    let Some(found) = from_body(reply, wanted.as_ref()) else {
        return Err(nonsense(reply, Nonsense::NotAManifest));
    };
    let platforms = Document::parse(&reply.body).map(|document| document.platforms()).unwrap_or_default();
    let verdict = match wanted {
        Some(wanted) if wanted != found.digest => Verdict::Mismatch { wanted, found },
        _ => Verdict::Present(found),
    };
    Ok(Found { platforms, ..Found::from(verdict) })
}

fn nonsense(reply: &Reply, source: Nonsense) -> Stop {
    Stop::Error(CheckError::Nonsense { host: shown_host(&reply.url), source })
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
