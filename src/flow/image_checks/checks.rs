//! Checks the images of a run in their registries: all at once, and each once in a run. It waits for an image that may still
//! come if the user allows it, and tells all problems together. `registry` knows what an answer means.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use super::awaited::{Pace, awaited, pause};
use super::branch_digests::{BranchDigests, RegistryAnswer};
use super::compared_source::{self, ImageSources};
use super::forge_attestations::ForgeAttestations;
use super::image_origins::ImageOrigins;
use super::image_to_check::ImageToCheck;
use super::problem::{Problem, failures, tell};
use crate::forge::Forge;
use crate::image::{Digest, Reference};
use crate::message::Release;
use crate::outcome::failure::Failure;
use crate::outcome::proved::told;
use crate::outcome::{Activity, Checked, Event, Listener};
use crate::registry::{Client, ClientOptions, Credentials, Detail, DigestEvidence, Requirement, Verdict};
use crate::request::RegistryRequest;
use crate::system::backoff::Backoff;
use crate::targets::kustomization::EntryEdit;

/// Between two looks for an image that is awaited: at least a second, and on average half of what grows from the one to
/// the other.
const MIN_PAUSE: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const MAX_PAUSE: Duration = Duration::from_secs(15);

/// Of how many looks one does not believe a `HEAD` alone that the image is not there: some registries have it for `GET` only.
const CONFIRMED_LOOK_EVERY: u32 = 3;

/// The images that were found in their registries, and the way to ask for more.
pub(crate) struct Checks {
    /// `None`: everything passes unasked.
    pub(in crate::flow) client: Option<Client>,
    requirements: Vec<Requirement>,
    /// The commits that the images were built from, as far as a release names them.
    sources: ImageSources,
    wait: Option<Duration>,
    /// For one check; a tag that was asked for longer ago may have moved.
    timeout: Duration,
    attestations: ForgeAttestations,
    found: Vec<Checked>,
    origins: ImageOrigins,
    branch_digests: BranchDigests,
}

/// Whether an image is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::flow) enum Patience {
    AsAsked,
    None,
}

impl Checks {
    /// Without a request, everything passes unasked.
    pub(crate) fn new(request: Option<&RegistryRequest>) -> Self {
        let client = request.map(|request| {
            Client::new(ClientOptions {
                plain_http: request.plain_http.clone(),
                trust: request.trust.clone(),
                proxies: request.proxies.clone(),
                timeout: request.timeout,
                credentials: Credentials::from(request.logins.clone()),
            })
        });
        Self {
            client,
            requirements: request.map(|request| request.requirements.clone()).unwrap_or_default(),
            sources: ImageSources::default(),
            wait: request.and_then(|request| request.wait),
            timeout: request.map(|request| request.timeout).unwrap_or_default(),
            attestations: ForgeAttestations::default(),
            found: Vec::new(),
            origins: ImageOrigins::default(),
            branch_digests: BranchDigests::default(),
        }
    }

    /// Says where the images come from, which is told with what is wrong with one.
    pub(in crate::flow) fn come_from(&mut self, origins: ImageOrigins) {
        self.origins = origins;
    }

    /// Says that the digests of these images come from the branch, so that they count whatever their tags mean now.
    pub(in crate::flow) fn digests_count(&mut self, images: &[ImageToCheck]) {
        self.branch_digests.add(images);
    }

    /// Says which commits provenance must name, from now on. What was found by another one is looked at again.
    pub(in crate::flow) fn expect_sources(&mut self, sources: ImageSources) {
        if compared_source::compares(&self.requirements) {
            let is_expected = |image: &Reference| self.sources.of_image(image) == sources.of_image(image);
            self.found.retain(|checked| is_expected(&checked.reference));
        }
        self.sources = sources;
    }

    /// Makes sure that the images of all subjects are in their registries, or fails with all that is wrong.
    pub(crate) fn require(&mut self, subjects: &[ImageToCheck], listener: &mut Listener<'_>) -> Result<Pace, Failure> {
        let images = self.unasked(subjects);
        if !images.is_empty() {
            listener(&Event::Began(Activity::Looking { images, branch: None }));
        }
        let done = self.require_while(subjects, listener, || Ok(()))?;
        Ok(if done.is_some() { Pace::AtOnce } else { Pace::AfterWaiting })
    }

    /// Returns whether registries are asked at all.
    pub(in crate::flow) fn asks(&self) -> bool {
        self.client.is_some()
    }

    /// Makes sure that an image meets more than the user asks for; only `patience` waits for that. What was found of it stays,
    /// whatever comes of this.
    pub(in crate::flow) fn require_also(
        &mut self,
        reference: &Reference,
        more: &[Requirement],
        patience: Patience,
        listener: &mut Listener<'_>,
    ) -> Result<Pace, Failure> {
        let usual = (self.requirements.clone(), self.wait, std::mem::take(&mut self.origins));
        self.wait = self.wait.filter(|_| patience == Patience::AsAsked);
        self.requirements.extend_from_slice(more);
        let earlier: Vec<Checked> = self.found.extract_if(.., |checked| is_of(checked, reference)).collect();
        let required = self.require(&[ImageToCheck::Known(reference.clone())], listener);
        (self.requirements, self.wait, self.origins) = usual;
        match self.found.iter_mut().find(|checked| is_of(checked, reference)) {
            Some(found) => earlier.into_iter().for_each(|earlier| found.also_proved(earlier)),
            None => self.found.extend(earlier),
        }
        required
    }

    /// The same, while something else is done here. Its result is `None` if it may be out of date.
    pub(crate) fn require_while<T>(
        &mut self,
        subjects: &[ImageToCheck],
        listener: &mut Listener<'_>,
        meanwhile: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        let begun = Instant::now();
        let pending = self.unasked(subjects);
        let (answers, done) = self.ask(&pending, Detail::Full, meanwhile);
        self.tell_connections(listener);
        let problems = self.sort(&pending, answers, Pace::AtOnce, listener);
        match done {
            Ok(done) => match self.await_all(problems, begun, listener)? {
                Pace::AtOnce => Ok(Some(done)),
                Pace::AfterWaiting => Ok(None),
            },
            Err(failure) => Err(failure.and(failures(problems))),
        }
    }

    /// Asks again and again for what is not there, as long as the user waits and it may still come.
    fn await_all(
        &mut self,
        mut problems: Vec<Problem<'_>>,
        begun: Instant,
        listener: &mut Listener<'_>,
    ) -> Result<Pace, Failure> {
        let limit = self.wait.unwrap_or_default();
        let deadline = begun + limit;
        let mut backoff = Backoff::new(u32::MAX, FIRST_PAUSE, MAX_PAUSE).until(deadline);
        let mut told = HashMap::new();
        let mut pace = Pace::AtOnce;
        let mut looks = 0;
        loop {
            let can_come = !problems.is_empty() && problems.iter().all(|problem| problem.awaited.is_some());
            if self.wait.is_some() && can_come {
                tell(&problems, begun.elapsed(), limit, &mut told, listener);
            }
            let pause = problems.iter().map(|problem| problem.pause).fold(MIN_PAUSE, Duration::max);
            if self.wait.is_none() || !can_come || !backoff.wait_to_deadline(pause) {
                return Failure::of_all(failures(problems)).map(|()| pace);
            }
            pace = Pace::AfterWaiting;
            let pending: Vec<_> = problems.iter().map(|problem| problem.reference).collect();
            looks += 1;
            let is_last = Instant::now() >= deadline;
            let detail = match looks % CONFIRMED_LOOK_EVERY {
                _ if is_last => Detail::Full,
                0 => Detail::Confirmed,
                _ => Detail::Brief,
            };
            let (answers, ()) = self.ask(&pending, detail, || ());
            self.tell_connections(listener);
            problems = self.sort(&pending, answers, pace, listener);
        }
    }

    /// Returns the images of which the subjects tell and that were not found yet, each once.
    pub(in crate::flow) fn unasked<'s>(&self, subjects: &'s [ImageToCheck]) -> Vec<&'s Reference> {
        let mut references = Vec::new();
        for subject in subjects {
            if let ImageToCheck::Known(reference) = subject
                && self.asks()
                && self.of(reference).is_none()
                && !references.contains(&reference)
            {
                references.push(reference);
            }
        }
        references
    }

    /// Tells what there is to know of the connections since the last call.
    fn tell_connections(&self, listener: &mut Listener<'_>) {
        if let Some(client) = &self.client {
            client.notices().take().into_iter().for_each(|notice| listener(&Event::Warned(notice)));
            client.asides().take().into_iter().for_each(|aside| listener(&Event::Aside(aside)));
        }
    }

    /// Asks for all of them at once, while something else is done here. Returns the answers in the same order.
    fn ask<T>(
        &self,
        references: &[&Reference],
        detail: Detail,
        meanwhile: impl FnOnce() -> T,
    ) -> (Vec<RegistryAnswer>, T) {
        let Some(client) = &self.client else {
            return (Vec::new(), meanwhile());
        };
        thread::scope(|scope| {
            let checking = scope.spawn(|| {
                let (requirements, sources) = (&self.requirements, &self.sources);
                let mut answers = self.branch_digests.check(client, references, requirements, sources, detail);
                for (reference, answer) in references.iter().zip(&mut answers) {
                    if let Ok(checked) = &mut answer.checked {
                        self.attestations.offer_to(checked, &sources.of_image(reference));
                    }
                }
                answers
            });
            let done = meanwhile();
            match checking.join() {
                Ok(answers) => (answers, done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    /// Returns whether claims of signers are required of every image.
    pub(in crate::flow) fn requires_claims(&self) -> bool {
        self.requirements.iter().any(|requirement| matches!(requirement, Requirement::Claim(_)))
    }

    /// Lets the forge of a repository be asked for attestations.
    pub(in crate::flow) fn ask_forge_of(&mut self, repository: &str, forge: impl FnOnce() -> Option<Forge>) {
        self.attestations.of(repository, forge);
    }

    /// Keeps and tells of what was found, and returns the rest.
    fn sort<'r>(
        &mut self,
        references: &[&'r Reference],
        answers: Vec<RegistryAnswer>,
        pace: Pace,
        listener: &mut Listener<'_>,
    ) -> Vec<Problem<'r>> {
        let mut problems = Vec::new();
        for (&reference, RegistryAnswer { checked, tag }) in references.iter().zip(answers) {
            let answer = match checked {
                Ok(answer) => answer,
                Err(error) => {
                    let failures = self.origins.add_to(vec![Failure::check(reference, error)], reference);
                    problems.push(Problem { reference, failures, awaited: None, pause: Duration::ZERO });
                    continue;
                }
            };
            let failures = Failure::of_check(reference, &answer, self.wait);
            match answer.verdict {
                Verdict::Present(descriptor) if failures.is_empty() => {
                    let checked = Checked {
                        reference: reference.clone(),
                        descriptor,
                        platforms: answer.platforms,
                        verified: answer.claims.into_iter().map(told).collect(),
                        requests: answer.requests,
                        elapsed: answer.elapsed,
                        source: answer.source,
                        at: answer.begun,
                        tag_strayed: tag.is_some(),
                    };
                    listener(&Event::Checked(&checked));
                    let strayed = tag.and_then(|tag| self.branch_digests.warning(reference, &tag));
                    let uncompared = compared_source::uncompared(&self.requirements, &self.sources, reference);
                    for warning in strayed.into_iter().chain(uncompared) {
                        listener(&Event::Warned(warning));
                    }
                    self.found.push(checked);
                }
                _ => problems.push(Problem {
                    reference,
                    failures: self.origins.add_to(failures, reference),
                    awaited: awaited(&answer.verdict, &answer.findings, &answer.source, pace),
                    pause: pause(&answer.verdict),
                }),
            }
        }
        problems
    }

    /// Returns what was found of an image.
    pub(crate) fn of(&self, reference: &Reference) -> Option<&Checked> {
        self.found.iter().find(|checked| is_of(checked, reference))
    }

    /// Returns the digest of an image that was found, once it is certain that the registry has a manifest under it. What the
    /// entry has already is not asked for again.
    pub(in crate::flow) fn confirmed(
        &mut self,
        reference: &Reference,
        entry: &EntryEdit,
    ) -> Result<Option<Digest>, Failure> {
        let found = self.found.iter_mut().find(|checked| is_of(checked, reference));
        let (Some(client), Some(checked)) = (&self.client, found) else { return Ok(None) };
        let has_digest = entry.before.digest.as_deref() == Some(checked.descriptor.digest.as_str());
        if checked.descriptor.evidence == DigestEvidence::Header && !has_digest {
            let answer = client.confirm(&checked.reference, &checked.descriptor);
            let answer = answer.map_err(|error| Failure::check(reference, error))?;
            Failure::of_all(Failure::of_check(reference, &answer, self.wait))?;
            if let Verdict::Present(descriptor) = answer.verdict {
                checked.descriptor = descriptor;
            }
            checked.requests += answer.requests;
        }
        Ok(Some(checked.descriptor.digest.clone()))
    }

    /// Makes sure that the tags by which the `releases` are deployed still mean what was checked, if that was longer ago than
    /// one check may take: one request for each. A digest in the entry means the same for ever.
    pub(crate) fn require_unmoved(&mut self, releases: &[Release]) -> Result<(), Failure> {
        let Some(client) = &self.client else { return Ok(()) };
        let by_tag = releases.iter().filter(|release| release.entry.changed() && release.entry.after.digest.is_none());
        let references: Vec<&Reference> = by_tag.filter_map(|release| release.reference.as_ref()).collect();
        let is_old = |checked: &&mut Checked| {
            checked.at.elapsed() > self.timeout && references.iter().any(|reference| is_of(checked, reference))
        };
        let old: Vec<&mut Checked> = self.found.iter_mut().filter(is_old).collect();
        let pinned: Vec<Reference> = old.iter().map(|checked| checked.pinned()).collect();
        let answers = client.check_all(&pinned.iter().collect::<Vec<_>>(), &[], Detail::Brief);
        let mut failures = Vec::new();
        for (checked, answer) in old.into_iter().zip(answers) {
            let answer = answer.map_err(|error| Failure::check(&checked.reference, error))?;
            checked.requests += answer.requests;
            checked.at = answer.begun;
            failures.extend(Failure::of_second_check(&checked.reference, &checked.descriptor.digest, &answer));
        }
        Failure::of_all(failures)
    }

    /// Returns everything that was found, in the order in which it was asked for.
    pub(crate) fn into_found(self) -> Vec<Checked> {
        self.found
    }
}

/// Whether what was found is what a reference names.
fn is_of(checked: &Checked, reference: &Reference) -> bool {
    let same = checked.reference.name() == reference.name() && checked.reference.tag() == reference.tag();
    same && match reference.digest() {
        Some(digest) => *digest == checked.descriptor.digest,
        None => !checked.tag_strayed,
    }
}
