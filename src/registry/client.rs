//! Checks images: one, or several in parallel.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::attached::AttachedSearch;
use super::auth::authenticator::Authenticator;
use super::auth::login::LoginSource;
use super::auth::login_sources::Credentials;
use super::context::CheckContext;
use super::descriptor::{ACCEPT, Descriptor, DigestEvidence};
use super::early_end::EarlyEnd;
use super::endpoint::{Endpoint, Store};
use super::error::CheckError;
use super::fetch::{Detail, Fetcher, FoundImage, found_in};
use super::http::sender::Sender;
use super::http::trust::Trust;
use super::inspection::{BuiltFrom, Inspection};
use super::manifest::Manifest;
use super::read_parts::ReadParts;
use super::requirement::{Finding, Requirement};
use super::signed_image::SignedImage;
use super::signer_claim::{ProvedClaim, RequiredClaim};
use super::verdict::Verdict;
use crate::image::{Digest, Platform, Reference};
use crate::system::backoff::Backoff;
use crate::system::network::notices::Notices;
use crate::system::network::proxy::Proxies;

/// The longest time for a check; a longer one could not be added to a point in time.
const MAX_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How many images of one registry are checked at once.
const MAX_PARALLEL_CHECKS: usize = 32;

/// How long the first image of a registry is checked alone: longer than a registry that works needs.
const MAX_TIME_ALONE: Duration = Duration::from_secs(3);

/// The longest pause before damaged bytes are asked for again.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// What a client needs to know about registries and logins.
#[derive(Debug)]
pub struct ClientOptions {
    /// Registries without TLS, as `host` or `host:port`. Loopback names are such registries by themselves, unless `trust` has
    /// an authority for them.
    pub plain_http: Vec<String>,
    pub trust: Trust,
    pub proxies: Proxies,
    /// For one check in all, with its retries.
    pub timeout: Duration,
    pub credentials: Credentials,
}

/// Asks registries about images. Several checks may be made at once: they share connections, logins and tokens.
#[derive(Debug)]
pub struct Client {
    plain_http: Vec<String>,
    trust: Trust,
    timeout: Duration,
    fetcher: Fetcher,
}

/// A finished check: its verdict and what it took.
#[derive(Debug)]
pub struct CheckedImage {
    pub verdict: Verdict,
    /// What was found of each requirement, in their order, but of claims last; empty if the image is not present.
    pub findings: Vec<Finding>,
    /// What the image runs on, as far as that was read on the way.
    pub platforms: Vec<Platform>,
    /// The required claims that trusted signers make of it.
    pub claims: Vec<ProvedClaim>,
    /// Requests on the wire, with token exchanges, redirects and retries.
    pub requests: u32,
    pub begun: Instant,
    pub elapsed: Duration,
    /// The source of the login; never the login.
    pub source: LoginSource,
}

impl Client {
    pub fn new(options: ClientOptions) -> Self {
        Self {
            plain_http: options.plain_http,
            timeout: options.timeout.min(MAX_TIMEOUT),
            fetcher: Fetcher {
                sender: Sender::new(options.trust.clone(), options.proxies),
                authenticator: Authenticator::new(options.credentials),
                read_parts: ReadParts::default(),
            },
            trust: options.trust,
        }
    }

    /// Returns what a person should know of the connections that were made.
    pub fn notices(&self) -> &Notices {
        &self.fetcher.sender.notices
    }

    /// Returns what only a person that looks closely wants to know of them.
    pub fn asides(&self) -> &Notices {
        &self.fetcher.sender.asides
    }

    /// Checks several images, each for requirements of its own, and returns the results in the same order. Of each registry the
    /// first image is checked alone: the others then know how the registry asks for logins, and show it what it wants at once.
    pub fn check_each(
        &self,
        questions: &[(&Reference, &[Requirement])],
        detail: Detail,
    ) -> Vec<Result<CheckedImage, CheckError>> {
        let results: Vec<OnceLock<_>> = questions.iter().map(|_| OnceLock::new()).collect();
        let check = |index: usize| {
            let (reference, requirements) = questions[index];
            // Each index is checked once, so its place is free.
            drop(results[index].set(self.check(reference, requirements, detail)));
        };
        let references: Vec<_> = questions.iter().map(|(reference, _)| *reference).collect();
        thread::scope(|scope| {
            for indexes in by_registry(&references) {
                let check = &check;
                scope.spawn(move || first_alone(&indexes, check));
            }
        });
        results.into_iter().filter_map(OnceLock::into_inner).collect()
    }

    /// Asks whether `reference` is in its registry and fulfils `requirements`. With a tag and a digest, the tag must mean
    /// that digest.
    pub fn check(
        &self,
        reference: &Reference,
        requirements: &[Requirement],
        detail: Detail,
    ) -> Result<CheckedImage, CheckError> {
        self.run(reference, |context| match requirements {
            [] => self.find(detail, context),
            _ => self.inspect(requirements, context),
        })
    }

    /// Makes sure that the registry has a manifest under the digest of an image that was found, which a header may name
    /// wrongly. The manifest is asked for by this digest; if it is not there, that of the tag is read, and its digest counts.
    pub fn confirm(&self, reference: &Reference, found: &Descriptor) -> Result<CheckedImage, CheckError> {
        self.run(reference, |context| match self.fetcher.find_by_digest(&found.digest, context) {
            Ok(Verdict::Present(_)) => {
                Ok(Verdict::Present(Descriptor { evidence: DigestEvidence::Manifest, ..found.clone() }).into())
            }
            Ok(_) | Err(EarlyEnd::Verdict(Verdict::Absent(_))) => {
                let (url, wanted) = (context.endpoint.manifest.clone(), context.endpoint.wanted.clone());
                let response = self.fetcher.get(&url, ACCEPT, context)?;
                self.fetcher.found_at(&url, &response, wanted.as_ref(), context)
            }
            Err(end) => Err(end),
        })
    }

    /// Returns the digest that a reference means now; `None` if it means no image that can be asked for.
    ///
    /// # Errors
    /// If the registry could not tell now: why, in words.
    pub fn digest_of(&self, reference: &Reference) -> Result<Option<Digest>, String> {
        let end = match self.check(reference, &[], Detail::Brief) {
            Ok(CheckedImage { verdict: Verdict::Present(descriptor), .. }) => return Ok(Some(descriptor.digest)),
            Ok(checked) => EarlyEnd::Verdict(checked.verdict),
            Err(error) => EarlyEnd::Error(error),
        };
        end.outage().map_or(Ok(None), Err)
    }

    /// Returns what an image says that it was built from; `None` if it says nothing, or is none that can be read.
    ///
    /// # Errors
    /// If the registry could not tell now: why, in words.
    pub fn built_from(&self, reference: &Reference) -> Result<Option<BuiltFrom>, String> {
        let context = self.context(reference).map_err(EarlyEnd::from);
        let read = context.and_then(|mut context| twice(&mut context, |context| self.read_built_from(context)));
        read.or_else(|end| end.outage().map_or(Ok(None), Err))
    }

    fn read_built_from(&self, context: &mut CheckContext) -> Result<Option<BuiltFrom>, EarlyEnd> {
        let (url, wanted) = (context.endpoint.manifest.clone(), context.endpoint.wanted.clone());
        let response = match &wanted {
            // What runs is what the digest says, whatever the tag means now.
            Some(digest) => self.fetcher.read_part(Store::Manifests, digest, context)?,
            None => self.fetcher.read_manifest(&url, context)?,
        };
        let verdict = found_in(&response, wanted)?.verdict;
        let (Verdict::Present(descriptor), Some(manifest)) = (verdict, Manifest::parse(&response.body)) else {
            return Ok(None);
        };
        Inspection::new(&self.fetcher, &[], context).built_from(descriptor.digest, manifest)
    }

    /// Begins a check.
    fn context(&self, reference: &Reference) -> Result<CheckContext, CheckError> {
        let endpoint = Endpoint::new(reference, &self.plain_http, &self.trust)?;
        Ok(CheckContext::new(endpoint, Instant::now() + self.timeout))
    }

    /// Makes one check, within its time.
    fn run(
        &self,
        reference: &Reference,
        check: impl Fn(&mut CheckContext) -> Result<FoundImage, EarlyEnd>,
    ) -> Result<CheckedImage, CheckError> {
        let begun = Instant::now();
        let mut context = self.context(reference)?;
        let FoundImage { verdict, findings, platforms, claims } = match twice(&mut context, check) {
            Ok(found) => found,
            Err(EarlyEnd::Verdict(verdict)) => FoundImage::from(verdict),
            Err(EarlyEnd::Error(error)) => return Err(error),
        };
        let (requests, source) = (context.requests, context.source);
        Ok(CheckedImage { verdict, findings, platforms, claims, requests, begun, elapsed: begun.elapsed(), source })
    }

    /// Asks for the image alone: `HEAD` is enough if it names a digest.
    fn find(&self, detail: Detail, context: &mut CheckContext) -> Result<FoundImage, EarlyEnd> {
        let (url, wanted) = (context.endpoint.manifest.clone(), context.endpoint.wanted.clone());
        self.fetcher.find_manifest(&url, wanted.as_ref(), detail, context)
    }

    /// Asks for the image and what it leads to. The body is needed, so it is asked for at once, unless it was read before.
    fn inspect(&self, requirements: &[Requirement], context: &mut CheckContext) -> Result<FoundImage, EarlyEnd> {
        let (url, wanted) = (context.endpoint.manifest.clone(), context.endpoint.wanted.clone());
        let response = self.fetcher.read_manifest(&url, context)?;
        let found = self.fetcher.found_at(&url, &response, wanted.as_ref(), context)?;
        let (Verdict::Present(descriptor), Some(manifest)) = (&found.verdict, Manifest::parse(&response.body)) else {
            return Ok(found);
        };
        let claims: Vec<&RequiredClaim> = requirements.iter().filter_map(Requirement::claim).collect();
        let (mut findings, mut platforms) = (Vec::new(), found.platforms.clone());
        if claims.len() < requirements.len() {
            let mut inspection = Inspection::new(&self.fetcher, requirements, context);
            findings = inspection.judge(descriptor.digest.clone(), manifest)?;
            platforms = inspection.platforms();
        }
        let mut proved = Vec::new();
        if !claims.is_empty() {
            let search = AttachedSearch::new(&self.fetcher, context, &descriptor.digest);
            let judged = SignedImage::new(search, &descriptor.digest, &response.body, claims).judge()?;
            findings.extend(judged.findings);
            proved = judged.proved;
        }
        Ok(FoundImage { findings, platforms, claims: proved, ..found })
    }
}

/// Reads, and once more if bytes were damaged. What was read whole is not read again.
fn twice<T>(
    context: &mut CheckContext,
    read: impl Fn(&mut CheckContext) -> Result<T, EarlyEnd>,
) -> Result<T, EarlyEnd> {
    let mut backoff = Backoff::new(2, RETRY_DELAY, RETRY_DELAY).until(context.deadline);
    match read(context) {
        Err(end) if end.is_damaged() && backoff.wait(Duration::ZERO) => read(context),
        ended => ended,
    }
}

/// Returns the indexes of the references, grouped by registry.
fn by_registry(references: &[&Reference]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (index, reference) in references.iter().enumerate() {
        match groups.iter_mut().find(|group| references[group[0]].registry() == reference.registry()) {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    groups
}

/// Runs `check` for the first index alone, and then for the others in parallel.
fn first_alone(indexes: &[usize], check: &(impl Fn(usize) + Sync)) {
    let Some((&first, others)) = indexes.split_first() else { return };
    let next = AtomicUsize::new(0);
    let (done, first_is_done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            check(first);
            drop(done);
        });
        // Ends when `done` is dropped, or if the first takes too long.
        first_is_done.recv_timeout(MAX_TIME_ALONE).ok();
        for _ in 0..others.len().min(MAX_PARALLEL_CHECKS) {
            scope.spawn(|| {
                while let Some(&index) = others.get(next.fetch_add(1, Ordering::Relaxed)) {
                    check(index);
                }
            });
        }
    });
}
