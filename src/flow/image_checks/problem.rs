//! Images that are not as they must be: why, and what of it may still come.

use std::collections::HashMap;
use std::time::Duration;

use crate::image::Reference;
use crate::outcome::failure::Failure;
use crate::outcome::{Awaited, Event, Listener, Waiting};

/// An image that is not as it must be.
pub(super) struct Problem<'a> {
    pub(super) reference: &'a Reference,
    pub(super) failures: Vec<Failure>,
    /// What is awaited; `None` if waiting cannot help.
    pub(super) awaited: Option<String>,
    /// The least delay that the registry asked for (`Retry-After`).
    pub(super) pause: Duration,
}

pub(super) fn failures(problems: Vec<Problem<'_>>) -> Vec<Failure> {
    problems.into_iter().flat_map(|problem| problem.failures).collect()
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
            let is_news = told.insert(problem.reference, state.clone()).as_ref() != Some(&state);
            Some(Awaited { reference: problem.reference, state, is_news })
        })
        .collect();
    listener(&Event::Waiting(&Waiting { images, elapsed, limit }));
}
