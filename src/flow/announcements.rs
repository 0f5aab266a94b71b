//! What is told of a branch before and after it is read.

use super::branch::ReleaseBranch;
use crate::image::Reference;
use crate::outcome::{Activity, BranchInRemote, Event, Listener};
use crate::request::TargetRequest;

/// Tells that the branch is going to be read, and which images are asked for at the same time.
pub(super) fn tell_reading(branch: &ReleaseBranch, images: Vec<&Reference>, listener: &mut Listener<'_>) {
    let (remote, name) = (branch.remote().map(ToString::to_string), branch.name());
    let branch = remote.as_deref().map(|remote| BranchInRemote { remote, branch: &name });
    if branch.is_some() || !images.is_empty() {
        listener(&Event::Began(Activity::Looking { images, branch }));
    }
}

/// Tells what the connections of a request had to tell since the last call.
pub(super) fn tell_connections(target: &TargetRequest, listener: &mut Listener<'_>) {
    for notice in target.notices.take() {
        listener(&Event::Noted(notice));
    }
}
