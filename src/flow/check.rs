//! `check`: the registry, and nothing else.

use crate::checks::Checks;
use crate::failure::Failure;
use crate::outcome::{Ending, ImageOutcome, Listener, Outcome};
use crate::plan::Subject;
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
