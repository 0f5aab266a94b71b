//! What a release needs to know of the branch before it can edit: the tip, and the files to write. It is read while the
//! registries are asked for the images.

use super::authorship::signing_forge;
use super::job::Job;
use super::way::Way;
use crate::flow::publish::Publisher;
use crate::flow::release_branch::branch::{LoadedAlong, LocatedFiles, ReleaseBranch};
use crate::flow::release_branch::branch_tip::OpenBranch;
use crate::flow::target_files::manifests_set_again::all_beside;
use crate::forge::Forge;
use crate::git::{Loaded, Snapshot};
use crate::guards::order::{HistoryToRead, history_to_read};
use crate::image::ImageName;
use crate::outcome::failure::Failure;
use crate::request::{Delivery, Effect, OrderBy};

/// The tip of the branch, with the files to write.
pub(super) struct LocatedTip<'b> {
    pub(super) open: OpenBranch<'b>,
    /// A file that is not there is told after what the registries say.
    pub(super) files: Result<LocatedFiles, Failure>,
    /// The forge that makes the commit and signs it; `None`: the commit is made here, or none is made.
    pub(super) signer: Option<Forge>,
}

impl<'b> LocatedTip<'b> {
    /// Reads the tip, and loads the files with what the guards will read of their history, and of the head branch. What an
    /// earlier attempt has `loaded` is not read again.
    ///
    /// # Errors
    /// If the tip cannot be read.
    pub(super) fn read(
        job: &Job<'_>,
        branch: &'b ReleaseBranch,
        way: &Way<'_>,
        loaded: Option<Loaded>,
    ) -> Result<Self, Failure> {
        let delivery = job.delivery;
        let mut open = branch.read_tip(delivery.effect, &delivery.new_branch, way.aim(job), loaded)?;
        // The login is known by now, which may be one that opens no API.
        let signer = match delivery.effect {
            Effect::Full => signing_forge(delivery, branch)?,
            Effect::DryRun => None,
        };
        let files = locate(job, branch, &mut open);
        Ok(Self { open, files, signer })
    }
}

fn locate(job: &Job<'_>, branch: &ReleaseBranch, open: &mut OpenBranch<'_>) -> Result<LocatedFiles, Failure> {
    let snapshot = &mut open.snapshot;
    let names: Vec<&str> = job.ordered.iter().map(ImageName::as_str).collect();
    let mut read = HistoryToRead::default();
    if reads_order(job.delivery, snapshot) {
        read = history_to_read(snapshot, &names, |path| branch.may_be_named(path, &job.delivery.files))?;
    }
    let HistoryToRead { commits: mut earlier, before: changed_since } = read;
    if let Some(head) = open.publisher.as_ref().and_then(Publisher::head_tip) {
        earlier.extend(snapshot.loaded_commit(head)?);
    }
    branch.locate(snapshot, &job.delivery.files, LoadedAlong { earlier: &earlier, changed_since, beside: all_beside })
}

/// Returns whether history is read. If order does not count, it is read only if it came with the tip: what was taken back
/// before should not be forgotten by the way.
pub(super) fn reads_order(delivery: &Delivery, snapshot: &Snapshot<'_>) -> bool {
    delivery.order.by != OrderBy::Nothing || snapshot.came_with_history()
}
