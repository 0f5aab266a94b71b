//! `release`: the images that the command line names.

use super::delivery::{Shipment, Writing, deliver};
use super::guard::stopped;
use super::subject;
use crate::message::compose::Purpose;
use crate::message::trailers::SourceCommit;
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
    let subjects = match delivery.registry {
        Some(_) => images.arguments.iter().map(subject::subject).collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    let source = delivery.target.ci.as_ref().and_then(|ci| SourceCommit::parse(ci.source.as_deref()?));
    let writing = Writing { images: images.clone(), purpose: Purpose::Release, source };
    let shipment = Shipment { command: "release", delivery, gate, subjects, checks_unchanged: true };
    deliver(&shipment, &mut |_, _| Ok(writing.clone()), listener)
}
