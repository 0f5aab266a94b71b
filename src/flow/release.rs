//! `release`: the images that the command line names.

use super::delivery::{CheckedEntries, Job, Writing, deliver};
use super::guard::stopped;
use super::image_to_check::ImageToCheck;
use crate::message::compose::Purpose;
use crate::outcome::failure::Failure;
use crate::outcome::{Listener, Outcome};
use crate::request::ReleaseRequest;
use crate::system::signals::Gate;

/// Releases images: all of them in one commit, or nothing.
pub fn release(request: &ReleaseRequest, gate: &Gate, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    let ReleaseRequest { images, delivery, on_own_commit } = request;
    if let Some(outcome) = stopped("release", &delivery.target, *on_own_commit, listener)? {
        return Ok(outcome);
    }
    let known = match delivery.registry {
        Some(_) => images.arguments.iter().map(ImageToCheck::of_argument).collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    let writing = Writing {
        images: images.clone(),
        purpose: Purpose::Release,
        source: delivery.target.run.source().cloned(),
        explained: Vec::new(),
        held_at_source: None,
    };
    let job = Job {
        command: "release",
        delivery,
        gate,
        names: images.arguments.iter().map(|argument| argument.name.clone()).collect(),
        images: known,
        checked: CheckedEntries::All,
    };
    deliver(&job, &mut |_, _| Ok(writing.clone()), listener)
}
