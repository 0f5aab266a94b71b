//! What is told of a branch before and after it is read.

use crate::git::Remote;
use crate::image::Reference;
use crate::outcome::{Activity, BranchInRemote, Event, Listener};
use crate::request::TargetRequest;

/// Tells that `branch` is going to be read, if it is in a remote, and which images are asked for at the same time.
pub(in crate::flow) fn tell_reading(
    remote: Option<&Remote>,
    branch: &str,
    images: Vec<&Reference>,
    listener: &mut Listener<'_>,
) {
    let remote = remote.map(ToString::to_string);
    let branch = remote.as_deref().map(|remote| BranchInRemote { remote, branch });
    if branch.is_some() || !images.is_empty() {
        listener(&Event::Began(Activity::Looking { images, branch }));
    }
}

/// Tells what the connections of a request had to tell since the last call.
pub(in crate::flow) fn tell_connections(target: &TargetRequest, listener: &mut Listener<'_>) {
    for notice in target.notices.take() {
        listener(&Event::Noted(notice));
    }
}
