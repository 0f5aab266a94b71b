//! Images that are not as they must be: why, and what of it may still come.

use std::collections::HashMap;
use std::time::Duration;

use super::question::Question;
use crate::image::Reference;
use crate::outcome::failure::Failure;
use crate::outcome::{Awaited, Event, Listener, Waiting};

const ENDED_BY_ANOTHER: &str =
    "solve the other problem first: `--wait` ended because of it, and this image may still come";

/// An image that is not as it must be.
pub(super) struct Problem<'a> {
    pub(super) question: &'a Question<'a>,
    pub(super) failures: Vec<Failure>,
    /// What is awaited; `None` if waiting cannot help.
    pub(super) awaited: Option<String>,
    /// The least delay that the registry asked for (`Retry-After`).
    pub(super) pause: Duration,
}

/// What was found wrong with an image that is not required yet.
pub(super) struct SeenProblem {
    pub(super) image: Reference,
    pub(super) failures: Vec<Failure>,
    pub(super) awaited: Option<String>,
    pause: Duration,
}

impl SeenProblem {
    pub(super) fn of(Problem { question, failures, awaited, pause }: Problem<'_>) -> Self {
        Self { image: question.reference.clone(), failures, awaited, pause }
    }

    pub(super) fn with_question<'q>(self, question: &'q Question<'q>) -> Problem<'q> {
        let Self { failures, awaited, pause, .. } = self;
        Problem { question, failures, awaited, pause }
    }
}

/// Returns whether something is missing, and all of it may still come.
pub(super) fn can_come(problems: &[Problem<'_>]) -> bool {
    !problems.is_empty() && problems.iter().all(|problem| problem.awaited.is_some())
}

/// Says of what may still come why it was not waited for, if something else cannot come.
pub(super) fn not_waited_for(mut problems: Vec<Problem<'_>>) -> Vec<Problem<'_>> {
    if problems.iter().any(|problem| problem.awaited.is_none()) {
        for problem in problems.iter_mut().filter(|problem| problem.awaited.is_some()) {
            let failures = std::mem::take(&mut problem.failures).into_iter();
            problem.failures = failures.map(|failure| failure.hint(ENDED_BY_ANOTHER)).collect();
        }
    }
    problems
}

/// Tells what is awaited, if that is news.
pub(super) fn tell<'r>(
    problems: &[Problem<'r>],
    elapsed: Duration,
    limit: Duration,
    told: &mut HashMap<&'r Reference, String>,
    listener: &mut Listener<'_>,
) {
    let images: Vec<_> = problems
        .iter()
        .filter_map(|problem| {
            let state = problem.awaited.clone()?;
            let reference = problem.question.reference;
            let is_news = told.insert(reference, state.clone()).as_ref() != Some(&state);
            Some(Awaited { reference, state, is_news })
        })
        .collect();
    listener(&Event::Waiting(&Waiting { images, elapsed, limit }));
}
