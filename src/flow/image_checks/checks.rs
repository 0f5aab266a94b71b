//! Checks the images of a run in their registries: all at once, and each once in a run. It waits for an image that may still
//! come if the user allows it, and tells all problems together. `registry` knows what an answer means.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use super::awaited::{WaitedForImages, awaited, awaited_without_verdict, pause};
use super::branch_digests::{BranchDigests, RegistryAnswer};
use super::compared_source::{self, ImageSources};
use super::forge_attestations::{ForgeAttestations, Keeper};
use super::image_origins::ImageOrigins;
use super::image_to_check::ImageToCheck;
use super::met_requirements::MetRequirements;
use super::problem::{Problem, Question, Trouble, can_come, not_waited_for, tell};
use crate::image::Reference;
use crate::message::{Release, each_once};
use crate::outcome::failure::Failure;
use crate::outcome::proved::told;
use crate::outcome::{Checked, Event, FileEdit, Listener};
use crate::registry::{Client, ClientOptions, Credentials, Detail, Requirement, Verdict};
use crate::request::RegistryRequest;
use crate::system::backoff::Backoff;

/// Between two looks for an image that is awaited: at least a second, and on average half of what grows from the one to
/// the other.
const MIN_PAUSE: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const MAX_PAUSE: Duration = Duration::from_secs(15);

/// Of how many looks one does not believe a `HEAD` alone that the image is not there: some registries have it for `GET` only.
const CONFIRMED_LOOK_EVERY: u32 = 3;

/// How images are looked at.
pub(super) struct Look {
    detail: Detail,
    waited: WaitedForImages,
}

impl Look {
    pub(super) fn first() -> Self {
        Self { detail: Detail::Full, waited: WaitedForImages::No }
    }
}

/// The images that were found in their registries, and the way to ask for more.
#[derive(Default)]
pub(crate) struct Checks {
    /// `None`: everything passes unasked.
    pub(in crate::flow) client: Option<Client>,
    pub(super) requirements: Vec<Requirement>,
    /// The commits that the images were built from, as far as a release names them.
    pub(super) sources: ImageSources,
    /// How long to wait for images, and since when: all waits of a run are one.
    pub(super) wait: Option<Duration>,
    waiting_since: Option<Instant>,
    /// For one check; a tag that was asked for longer ago may have moved.
    timeout: Duration,
    attestations: ForgeAttestations,
    pub(super) found: Vec<Checked>,
    /// What is wrong with images that were looked for and are not required yet.
    pub(super) problems: Vec<(Reference, Trouble)>,
    pub(super) met: MetRequirements,
    pub(super) origins: ImageOrigins,
    branch_digests: BranchDigests,
    /// What earlier looks for an image took, which did not find it as it must be.
    spent: HashMap<Reference, (u32, Duration)>,
}

impl Checks {
    /// Without a request, everything passes unasked.
    pub(crate) fn new(request: Option<&RegistryRequest>) -> Self {
        let Some(request) = request else { return Self::default() };
        let client = Client::new(ClientOptions {
            plain_http: request.plain_http.clone(),
            trust: request.trust.clone(),
            proxies: request.proxies.clone(),
            timeout: request.timeout,
            credentials: Credentials::from(request.logins.clone()),
        });
        Self {
            client: Some(client),
            requirements: request.requirements.clone(),
            wait: request.wait,
            timeout: request.timeout,
            ..Self::default()
        }
    }

    /// Says where the images come from, which is told with what is wrong with one.
    pub(in crate::flow) fn set_origins(&mut self, origins: ImageOrigins) {
        self.origins = origins;
    }

    /// Says for which entries other images are pulled than they say.
    pub(in crate::flow) fn add_origins_made_by_others(&mut self, files: &[FileEdit]) {
        self.origins.add_made(files);
    }

    /// Says that the digests of these images come from the branch, so that they count whatever their tags mean now.
    pub(in crate::flow) fn trust_digests_of_branch(&mut self, images: &[ImageToCheck]) {
        self.branch_digests.add(images);
    }

    /// Says which commits provenance must name, from now on. What was found by another one is looked at again.
    pub(in crate::flow) fn expect_sources(&mut self, sources: ImageSources) {
        if compared_source::compares(&self.requirements) {
            let is_expected = |image: &Reference| self.sources.of_image(image) == sources.of_image(image);
            self.found.retain(|checked| is_expected(&checked.reference));
            self.problems.retain(|(image, _)| is_expected(image));
        }
        self.sources = sources;
    }

    /// Returns whether registries are asked at all.
    pub(in crate::flow) fn asks(&self) -> bool {
        self.client.is_some()
    }

    /// Returns a question for an image: whether it is what the user asks for, and meets `more`.
    pub(in crate::flow) fn question<'q>(
        &self,
        reference: &'q Reference,
        more: impl IntoIterator<Item = Requirement>,
    ) -> Question<'q> {
        Question { reference, requirements: self.requirements.iter().cloned().chain(more).collect() }
    }

    /// Returns how long the user waits for what is missing; `None` if some of it cannot come.
    fn limit(&self, problems: &[Problem<'_>]) -> Option<Duration> {
        self.wait.filter(|_| can_come(problems))
    }

    /// Asks again and again for what is not there, as long as the user waits and it may still come. Returns what did not come. A
    /// first wait counts from `begun`.
    pub(super) fn await_all<'q>(
        &mut self,
        mut problems: Vec<Problem<'q>>,
        begun: Instant,
        listener: &mut Listener<'_>,
    ) -> (Vec<Problem<'q>>, WaitedForImages) {
        let Some(limit) = self.limit(&problems) else {
            let problems = if self.wait.is_some() { not_waited_for(problems) } else { problems };
            return (problems, WaitedForImages::No);
        };
        let begun = *self.waiting_since.get_or_insert(begun);
        let deadline = begun + limit;
        let mut backoff = Backoff::new(u32::MAX, FIRST_PAUSE, MAX_PAUSE).until(deadline);
        let mut told = HashMap::new();
        let mut waited = WaitedForImages::No;
        let mut looks = 0;
        while can_come(&problems) {
            tell(&problems, begun.elapsed(), limit, &mut told, listener);
            let pause = problems.iter().map(|problem| problem.trouble.pause).fold(MIN_PAUSE, Duration::max);
            if !backoff.wait_to_deadline(pause) {
                break;
            }
            waited = WaitedForImages::Yes;
            looks += 1;
            let is_last = Instant::now() >= deadline;
            let detail = match looks % CONFIRMED_LOOK_EVERY {
                _ if is_last => Detail::Full,
                0 => Detail::Confirmed,
                _ => Detail::Brief,
            };
            let pending: Vec<_> = problems.iter().map(|problem| problem.question).collect();
            (problems, ()) = self.look(&pending, Look { detail, waited }, listener, || ());
        }
        (not_waited_for(problems), waited)
    }

    /// Returns those of the images that are known and were not found yet, each once.
    pub(in crate::flow) fn not_found<'s>(&self, images: &'s [ImageToCheck]) -> Vec<&'s Reference> {
        let known = images.iter().filter_map(ImageToCheck::known).filter(|_| self.asks());
        each_once(known.filter(|image| self.of(image).is_none()))
    }

    /// Asks all questions at once, while something else is done here. Keeps and tells what was found, and returns the rest.
    pub(super) fn look<'q, T>(
        &mut self,
        questions: &[&'q Question<'q>],
        Look { detail, waited }: Look,
        listener: &mut Listener<'_>,
        meanwhile: impl FnOnce() -> T,
    ) -> (Vec<Problem<'q>>, T) {
        let (answers, done) = self.ask(questions, detail, meanwhile);
        if let Some(client) = &self.client {
            client.notices().take().into_iter().for_each(|notice| listener(&Event::Warned(notice)));
            client.asides().take().into_iter().for_each(|aside| listener(&Event::Aside(aside)));
        }
        let answers = questions.iter().zip(answers);
        (answers.filter_map(|(question, answer)| self.keep(question, answer, waited, listener).err()).collect(), done)
    }

    /// Returns the answers in the order of the questions.
    fn ask<T>(
        &self,
        questions: &[&Question<'_>],
        detail: Detail,
        meanwhile: impl FnOnce() -> T,
    ) -> (Vec<RegistryAnswer>, T) {
        let Some(client) = &self.client else {
            return (Vec::new(), meanwhile());
        };
        thread::scope(|scope| {
            let checking = scope.spawn(|| {
                let mut answers = self.branch_digests.check(client, questions, &self.sources, detail);
                for (question, answer) in questions.iter().zip(&mut answers) {
                    if let Ok(checked) = &mut answer.checked {
                        self.attestations.offer_to(checked, &self.sources.of_image(question.reference));
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
    pub(in crate::flow) fn ask_forge_of(&mut self, repository: &str, keeper: impl FnOnce() -> Keeper) {
        self.attestations.of(repository, keeper);
    }

    /// Keeps and tells what was found, if it is as it must be.
    fn keep<'q>(
        &mut self,
        question: &'q Question<'q>,
        RegistryAnswer { checked, tag }: RegistryAnswer,
        waited: WaitedForImages,
        listener: &mut Listener<'_>,
    ) -> Result<(), Problem<'q>> {
        let reference = question.reference;
        let answer = checked.map_err(|error| {
            let awaited = awaited_without_verdict(&error, waited);
            let trouble = Trouble { failures: vec![Failure::check(reference, error)], awaited, pause: Duration::ZERO };
            Problem { question, trouble }
        })?;
        let (requests, elapsed) = self.spent.remove(reference).unwrap_or_default();
        let (requests, elapsed) = (requests + answer.requests, elapsed + answer.elapsed);
        let failures = Failure::of_check(reference, &answer, self.wait);
        let descriptor = match answer.verdict {
            Verdict::Present(descriptor) if failures.is_empty() => descriptor,
            verdict => {
                self.spent.insert(reference.clone(), (requests, elapsed));
                let awaited = awaited(&verdict, &answer.findings, &answer.source, waited);
                return Err(Problem { question, trouble: Trouble { failures, awaited, pause: pause(&verdict) } });
            }
        };
        let mut checked = Checked {
            reference: reference.clone(),
            descriptor,
            platforms: answer.platforms,
            verified: each_once(answer.claims.into_iter().map(told)),
            requests,
            elapsed,
            source: answer.source,
            at: answer.begun,
            tag_moved: tag.is_some(),
        };
        match self.of(reference).filter(|found| found.descriptor.digest == checked.descriptor.digest) {
            Some(found) => {
                checked.verified.retain(|claim| !found.verified.contains(claim));
                listener(&Event::Learned(&checked));
            }
            None => listener(&Event::Checked(&checked)),
        }
        let moved = tag.and_then(|tag| tag.warning(reference));
        let compared = compared_source::of_image(&question.requirements, &self.sources, reference);
        self.met.add(&checked, &compared);
        let uncompared = compared_source::uncompared(&compared, reference);
        moved.into_iter().chain(uncompared).for_each(|warning| listener(&Event::Warned(warning)));
        let digest = checked.descriptor.digest.clone();
        let is_same = |earlier: &mut Checked| {
            earlier.reference.is_same(reference) || is_of(earlier, reference) && earlier.descriptor.digest == digest
        };
        for earlier in self.found.extract_if(.., is_same) {
            checked.also_proved(earlier);
        }
        self.found.push(checked);
        Ok(())
    }

    /// Returns what was found of an image.
    pub(crate) fn of(&self, reference: &Reference) -> Option<&Checked> {
        self.found.iter().find(|checked| is_of(checked, reference))
    }

    /// Returns the image by which this run has found a digest: by its tag alone, if the digest in `reference` comes from here.
    pub(in crate::flow) fn as_found(&self, reference: &Reference) -> Reference {
        self.of(reference).map_or(reference, |checked| &checked.reference).clone()
    }

    /// Makes sure that the tags by which the `releases` are deployed still mean what was checked, if that was longer ago than
    /// one check may take: one request for each. A digest in the entry means the same for ever.
    pub(crate) fn require_unmoved(&mut self, releases: &[Release]) -> Result<(), Failure> {
        let Some(client) = &self.client else { return Ok(()) };
        let by_tag =
            releases.iter().filter(|release| release.entry.changed() && release.entry.pulled().digest.is_none());
        let references: Vec<&Reference> = by_tag.filter_map(|release| release.reference.as_ref()).collect();
        let is_old = |checked: &&mut Checked| {
            checked.at.elapsed() > self.timeout && references.iter().any(|reference| is_of(checked, reference))
        };
        let old: Vec<&mut Checked> = self.found.iter_mut().filter(is_old).collect();
        let pinned: Vec<Reference> = old.iter().map(|checked| checked.pinned()).collect();
        let questions: Vec<_> = pinned.iter().map(|reference| (reference, &[][..])).collect();
        // No later look follows that would not believe `HEAD` alone.
        let answers = client.check_each(&questions, Detail::Confirmed);
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
pub(super) fn is_of(checked: &Checked, reference: &Reference) -> bool {
    let is_same_tag = checked.reference.is_same_repository(reference) && checked.reference.tag() == reference.tag();
    is_same_tag
        && match reference.digest() {
            Some(digest) => *digest == checked.descriptor.digest,
            None => !checked.tag_moved,
        }
}
