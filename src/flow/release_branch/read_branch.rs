//! The way to a branch that is only read: the same for each command that lists, checks or promotes what is there.

use super::announcements::{tell_connections, tell_whole_download};
use super::branch::{LoadedAlong, LocatedFiles, ReleaseBranch};
use super::rereads::Rereads;
use crate::flow::target_files::manifests_set_again::kustomizations_beside;
use crate::flow::target_files::size_of_all::require_size;
use crate::git::Snapshot;
use crate::outcome::Listener;
use crate::outcome::failure::Failure;
use crate::request::{RepositoryRequest, TargetFile};

/// The tip of a branch, with the files that are meant.
pub(in crate::flow) struct Tip<'t, 's> {
    pub(in crate::flow) branch: &'t ReleaseBranch,
    pub(in crate::flow) snapshot: &'t mut Snapshot<'s>,
    pub(in crate::flow) files: &'t LocatedFiles,
}

/// Returns what `read` makes of the branch's tip and of the `files` there. All is read again if an answer was cut off.
///
/// # Errors
/// The branch cannot be read, a file is not there, the files are too large together, or `read` fails.
pub(in crate::flow) fn read_branch<T>(
    repository: &RepositoryRequest,
    files: &[TargetFile],
    listener: &mut Listener<'_>,
    mut read: impl FnMut(Tip<'_, '_>, &mut Listener<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let read = Rereads::new(repository.remote_options.timeout).run(listener, |listener| {
        let branch = ReleaseBranch::open(repository)?;
        let mut snapshot = branch.look_at_tip(listener)?;
        tell_whole_download(&branch, &snapshot, listener);
        let along = LoadedAlong { beside: kustomizations_beside, ..LoadedAlong::NOTHING };
        let files = branch.locate(&mut snapshot, files, along)?;
        files.never_edited.tell(listener);
        let paths = &files.paths;
        require_size(paths.len(), paths.iter().map(|path| Ok(snapshot.file(path)?.len())))?;
        read(Tip { branch: &branch, snapshot: &mut snapshot, files: &files }, listener)
    });
    tell_connections(repository, listener);
    read
}
