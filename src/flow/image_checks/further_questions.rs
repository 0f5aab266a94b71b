//! What registries are asked beyond the check of a run's images: what rules demand, and what the tags of pinned entries mean.

use std::time::Instant;

use super::awaited::WaitedForImages;
use super::checks::{Checks, Look};
use super::compared_source;
use super::problem::Question;
use crate::outcome::failure::Failure;
use crate::outcome::{Activity, Event, Listener};

/// Whether an image is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::flow) enum WaitPolicy {
    AsRequested,
    Never,
}

/// What registries told of each question, in their order, and whether one was waited for.
pub(in crate::flow) struct Answers {
    pub(in crate::flow) answers: Vec<Result<(), Failure>>,
    pub(in crate::flow) waited: WaitedForImages,
}

impl Checks {
    /// Asks all questions at once but for those that were answered in this run, and waits as `wait` says for what is not so yet.
    /// What was found of an image stays, whatever comes of this.
    pub(in crate::flow) fn ask_more(
        &mut self,
        questions: &[Question<'_>],
        wait: WaitPolicy,
        listener: &mut Listener<'_>,
    ) -> Answers {
        let begun = Instant::now();
        let asked: Vec<&Question<'_>> = questions.iter().filter(|question| !self.is_met(question)).collect();
        if !asked.is_empty() {
            let images = asked.iter().map(|question| question.reference).collect();
            listener(&Event::Began(Activity::Looking { images, branch: None }));
        }
        let (problems, ()) = self.look(&asked, Look::first(), listener, || ());
        let (mut problems, waited) = match wait {
            WaitPolicy::AsRequested => self.await_all(problems, begun, listener),
            WaitPolicy::Never => (problems, WaitedForImages::No),
        };
        let answers = questions.iter().map(|question| {
            // The very question: several may be about one image.
            let of_this = problems.iter_mut().find(|problem| std::ptr::eq(problem.question, question));
            Failure::of_all(of_this.map(|problem| std::mem::take(&mut problem.trouble.failures)).unwrap_or_default())
        });
        Answers { answers: answers.collect(), waited }
    }

    /// Returns whether the digest that was found of an image has met all that is asked. If it has not, all of it is asked again:
    /// a tag may mean another digest by then.
    fn is_met(&self, Question { reference, requirements }: &Question<'_>) -> bool {
        let compared = compared_source::of_image(requirements, &self.sources, reference);
        self.of(reference).is_some_and(|image| self.met.has_all(image, &compared))
    }
}
