//! `check`: the registry, and nothing else.

use super::subject::Subject;
use crate::flow::checks::Checks;
use crate::outcome::failure::Failure;
use crate::outcome::{Ending, ImageOutcome, Listener, Outcome};
use crate::request::CheckRequest;

/// Checks that images are in their registries.
pub fn check(request: &CheckRequest, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    let mut checks = Checks::new(Some(&request.registry));
    let subjects: Vec<_> = request.references.iter().cloned().map(Subject::Known).collect();
    checks.require(&subjects, listener)?;
    let mut outcome = Outcome::new("check", Ending::Present);
    outcome.images = request.references.iter().filter_map(|r| checks.of(r)).map(ImageOutcome::of_reference).collect();
    Ok(outcome)
}
