//! What is told of a branch before and after it is read.

use super::branch::ReleaseBranch;
use crate::git::{Remote, Snapshot};
use crate::image::Reference;
use crate::outcome::{Activity, BranchInRemote, Event, Listener};
use crate::request::RepositoryRequest;

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

/// Tells that more was downloaded than was asked for.
pub(in crate::flow) fn tell_whole_download(
    branch: &ReleaseBranch,
    snapshot: &Snapshot<'_>,
    listener: &mut Listener<'_>,
) {
    if let (true, Some(remote)) = (snapshot.is_whole(), branch.remote()) {
        listener(&Event::Noted(format!("{remote} does not support partial fetches; downloaded whole commits")));
    }
}

/// Reports the notices that the connections of a request have left since the last call.
pub(in crate::flow) fn tell_connections(repository: &RepositoryRequest, listener: &mut Listener<'_>) {
    for notice in repository.remote_options.notices.take() {
        listener(&Event::Noted(notice));
    }
}
