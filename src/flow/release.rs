//! `release`: the images that the command line names.

use super::delivery::{CheckedEntries, Job, Tip, Writing, deliver};
use super::guard::stopped;
use super::image_to_check::ImageToCheck;
use crate::git::Remote;
use crate::guards::order::{Agreement, agreement};
use crate::image::Tag;
use crate::message::compose::Purpose;
use crate::message::trailers::SourceCommit;
use crate::outcome::failure::Failure;
use crate::outcome::{Listener, Outcome};
use crate::request::ReleaseRequest;
use crate::system::signals::Gate;

/// Releases images: all of them in one commit, or nothing.
pub fn release(request: &ReleaseRequest, gate: &Gate, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    let ReleaseRequest { images, delivery, on_own_commit, source: _ } = request;
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
        source: None,
        explained: Vec::new(),
        held_at_source: None,
    };
    let names: Vec<_> = images.arguments.iter().map(|argument| argument.name.clone()).collect();
    let job = Job {
        command: "release",
        delivery,
        gate,
        released: names.clone(),
        names,
        arguments: images.arguments.clone(),
        images: known,
        checked: CheckedEntries::All,
        source: &|branch| source_of(request, branch.remote()),
    };
    let mut decide = |tip: Tip<'_, '_>, _: &mut Listener<'_>| {
        Ok(Writing { source: source_of(request, tip.branch.remote()), ..writing.clone() })
    };
    deliver(&job, &mut decide, listener)
}

/// Returns the commit that the images were built from: the one that is named, else the commit of the CI run, unless a tag
/// says that the image is of another commit. A run that was not begun by a push, in the repository that is released to,
/// releases what was built elsewhere; then only a tag that names the run's commit shows that it is the image's.
fn source_of(request: &ReleaseRequest, target: Option<&Remote>) -> Option<SourceCommit> {
    if let Some(source) = &request.source {
        return Some(source.clone());
    }
    let run = &request.delivery.target.run;
    let source = run.source()?;
    let tags = request.images.arguments.iter().filter_map(|argument| argument.change.new_tag.set()).map(Tag::as_str);
    let is_here = || {
        let built = Remote::at(run.repository_url()?, &request.delivery.target.remote_options()).ok()?;
        Some(built.is(target?))
    };
    let is_of_run = match run.may_be_of_a_push() {
        true => tags.clone().all(|tag| agreement(tag, source) != Agreement::Disagrees),
        false if is_here() == Some(true) => tags.clone().all(|tag| agreement(tag, source) == Agreement::Agrees),
        false => tags.clone().all(|tag| agreement(tag, source) != Agreement::Disagrees),
    };
    is_of_run.then(|| source.clone())
}
