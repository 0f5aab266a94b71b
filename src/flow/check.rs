//! `check`: the registry, and nothing else.

use super::image_to_check::ImageToCheck;
use crate::flow::checks::Checks;
use crate::flow::source_attestations::look_at_forge;
use crate::outcome::failure::Failure;
use crate::outcome::{Ending, Listener, Outcome};
use crate::request::CheckRequest;

/// Checks that images are in their registries.
pub fn check(request: &CheckRequest, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    let mut checks = Checks::new(Some(&request.registry));
    look_at_forge(&mut checks, &request.target, None, request.target.run.source());
    let subjects: Vec<_> = request.references.iter().cloned().map(ImageToCheck::Known).collect();
    checks.require(&subjects, listener)?;
    let mut outcome = Outcome::new("check", Ending::Present);
    outcome.present = checks.into_found();
    Ok(outcome)
}
