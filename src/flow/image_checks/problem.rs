//! What a registry is asked of an image, and what is wrong with one: why, and what of it may still come.

use std::collections::HashMap;
use std::time::Duration;

use crate::image::Reference;
use crate::outcome::failure::Failure;
use crate::outcome::{Awaited, Event, Listener, Waiting};
use crate::registry::Requirement;

const ENDED_BY_ANOTHER: &str =
    "solve the other problem first: `--wait` ended because of it, and this image may still come";

/// Whether an image is there and meets these requirements.
pub(in crate::flow) struct Question<'q> {
    pub(super) reference: &'q Reference,
    pub(super) requirements: Vec<Requirement>,
}

/// An image that is not as it must be.
pub(super) struct Problem<'q> {
    pub(super) question: &'q Question<'q>,
    pub(super) trouble: Trouble,
}

/// What is wrong with an image.
pub(super) struct Trouble {
    pub(super) failures: Vec<Failure>,
    /// What is awaited; `None` if waiting cannot help.
    pub(super) awaited: Option<String>,
    /// The least delay that the registry asked for (`Retry-After`).
    pub(super) pause: Duration,
}

/// Returns whether something is missing, and all of it may still come.
pub(super) fn can_come(problems: &[Problem<'_>]) -> bool {
    !problems.is_empty() && problems.iter().all(|problem| problem.trouble.awaited.is_some())
}

/// Says of what may still come why it was not waited for, if something else cannot come.
pub(super) fn not_waited_for(mut problems: Vec<Problem<'_>>) -> Vec<Problem<'_>> {
    if problems.iter().any(|problem| problem.trouble.awaited.is_none()) {
        for Problem { trouble, .. } in problems.iter_mut().filter(|problem| problem.trouble.awaited.is_some()) {
            let failures = std::mem::take(&mut trouble.failures).into_iter();
            trouble.failures = failures.map(|failure| failure.hint(ENDED_BY_ANOTHER)).collect();
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
            let state = problem.trouble.awaited.clone()?;
            let reference = problem.question.reference;
            let is_news = told.insert(reference, state.clone()).as_ref() != Some(&state);
            Some(Awaited { reference, state, is_news })
        })
        .collect();
    listener(&Event::Waiting(&Waiting { images, elapsed, limit }));
}
