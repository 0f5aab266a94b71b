//! Fast-forwards a checkout that is at the parent of our commit: objects, files, index, HEAD, remote-tracking branch, in this
//! order. The caller writes the files, between [`Checkout::prepare_fast_forward`] and [`FastForward::stage`].
//!
//! Whatever can fail comes first: the index and HEAD are locked before anything is judged, since another release writes its index
//! and then its HEAD; the objects are written, which git does not show, and the new contents of the files are computed. If a
//! signal or a full disk stops it after that, `git status` tells the truth, and the next commit cannot revert the release: files
//! that are written and not staged are shown as changed, staged files before HEAD has moved as staged. In the opposite order, an
//! index behind HEAD would be a staged revert of the release.
//!
//! Only the files of the commit are written, and only if the index and the disk have them as the parent or the commit has.
//! Other files keep their changes. Git's hooks do not run.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gix::ObjectId;
use gix::bstr::ByteSlice as _;
use gix::index::entry::Mode;
use gix::index::fs::Metadata;
use gix::objs::tree::EntryKind;
use gix::objs::{CommitRef, Write as _};

use super::index::LockedIndex;
use super::line_ends::LineEnds;
use super::locked_reference::{LockedReference, end_of};
use super::ownership::hand_over;
use super::reference_log::require_writable;
use super::tracking_branch::{NotTracked, track};
use super::worktree_file::{OnDisk, look};
use super::{Checkout, wait_for_lock};
use crate::git::error::{GitError, io_cause};
use crate::git::objects::commit::{ChangedFile, NewCommit};
use crate::git::objects::name::{BranchName, CommitId, RepositoryPath};
use crate::git::objects::store::HASH;
use crate::system::disk::files::{FileLocation, TEMPORARY};

/// After how long a temporary file is of no run that is still at work.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 60 * 60);

/// The branch of one of the checkout's remotes that a commit was pushed to.
#[derive(Debug, Clone, Copy)]
pub struct RemoteBranch<'a> {
    pub remote: &'a str,
    pub branch: &'a BranchName,
}

/// Why a checkout cannot be fast-forwarded. It then stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FastForwardError {
    /// HEAD is neither at the release branch nor at the commit's parent: the release does not concern this checkout.
    #[error("HEAD is elsewhere")]
    Elsewhere,
    #[error("the local `{branch}` is not at {}, on which the release was made; a `git pull` from there brings it", parent.short())]
    NotAtParent { branch: BranchName, parent: CommitId },
    #[error("a merge, a rebase or the like is not finished there")]
    Busy,
    #[error("`{0}` has uncommitted changes")]
    Changed(RepositoryPath),
    #[error("`{0}` goes through a filter of git")]
    Filtered(RepositoryPath),
    #[error("it has no index")]
    NoIndex,
    #[error("its index is sparse")]
    SparseIndex,
    #[error("{0}")]
    BrokenIndex(String),
    #[error("the server made the commit, and its object is not known here; `git pull` brings it")]
    UnknownCommit,
    /// A partial clone may lack the trees of the parent that the commit replaces.
    #[error("it lacks parts of {}", .0.short())]
    MissingTrees(CommitId),
    /// git takes index and files from what is shown.
    #[error("`git replace` shows something else in the place of {0}")]
    Replaced(ObjectId),
    /// The lock of another process.
    #[error("{0}")]
    Locked(String),
    #[error("{told}")]
    Failed {
        told: String,
        /// What the system says, if it is that.
        kind: Option<io::ErrorKind>,
    },
}

impl From<GitError> for FastForwardError {
    fn from(error: GitError) -> Self {
        if error.is_locked() {
            return Self::Locked(error.told());
        }
        match io_cause(&error) {
            None if matches!(error, GitError::BrokenIndex { .. }) => Self::BrokenIndex(error.to_string()),
            Some(cause) => Self::Failed { told: format!("{error}: {cause}"), kind: Some(cause.kind()) },
            None => Self::Failed { told: error.told(), kind: None },
        }
    }
}

/// A fast-forward of a checkout that is ready to run. It holds the locks of the index and of HEAD; dropped, the
/// checkout stays as it is.
pub struct FastForward<'c> {
    index: LockedIndex,
    files: Vec<NewFile>,
    head: NextHead<'c>,
}

/// The new state of a file of the commit.
struct NewFile {
    path: RepositoryPath,
    id: ObjectId,
    /// `None` if a sparse checkout leaves it out of the work tree.
    on_disk: Option<FileOnDisk>,
}

/// A file of the work tree, with its present content and the one that it is to have.
pub struct FileOnDisk {
    pub path: PathBuf,
    pub old: Vec<u8>,
    pub new: Vec<u8>,
}

/// A fast-forward whose files and index are done, and whose HEAD has not moved yet.
#[must_use]
pub struct Staged<'c>(NextHead<'c>);

/// HEAD with its branch, locked, and the update that waits for them.
struct NextHead<'c> {
    repository: &'c gix::Repository,
    head: LockedReference<'c>,
    committer: gix::actor::Signature,
    /// The line in the logs.
    message: String,
    commit: ObjectId,
    tracking: Option<String>,
}

impl Checkout {
    /// Prepares to fast-forward this checkout to `commit`. HEAD must be at the commit's parent. If the commit was pushed,
    /// HEAD must be on the branch of that name, or detached.
    pub fn prepare_fast_forward(
        &self,
        commit: &NewCommit,
        pushed_to: Option<RemoteBranch<'_>>,
    ) -> Result<FastForward<'_>, FastForwardError> {
        let fast_forward = self.judge_fast_forward(commit, pushed_to)?;
        remove_leftovers(fast_forward.workshop());
        self.write_objects(commit)?;
        Ok(fast_forward)
    }

    /// Fails if this checkout cannot be fast-forwarded to `commit`, which is not pushed. Writes nothing, and holds the locks for
    /// that time.
    pub fn require_fast_forward(&self, commit: &NewCommit) -> Result<(), FastForwardError> {
        self.judge_fast_forward(commit, None).map(drop)
    }

    /// Locks the index and HEAD, and computes the files. The objects of the commit are not written yet.
    fn judge_fast_forward(
        &self,
        commit: &NewCommit,
        pushed_to: Option<RemoteBranch<'_>>,
    ) -> Result<FastForward<'_>, FastForwardError> {
        self.require_head(commit, pushed_to)?;
        if !commit.is_known() {
            return Err(FastForwardError::UnknownCommit);
        }
        let repository = self.repository();
        let root = repository.workdir().ok_or(FastForwardError::Elsewhere)?;
        if !repository.index_path().exists() {
            return Err(FastForwardError::NoIndex);
        }
        let index = LockedIndex::acquire(repository, commit.files.iter().map(|file| &file.path))?;
        let head = self.next_head(commit, pushed_to);
        // Once more: while both are locked, HEAD does not move. It may have moved before, which is then why it cannot be locked.
        self.require_head(commit, pushed_to)?;
        let head = head?;
        if repository.state().is_some() {
            return Err(FastForwardError::Busy);
        }
        if index.is_sparse() {
            return Err(FastForwardError::SparseIndex);
        }
        let is_replaced = |id: &ObjectId| {
            let name = format!("refs/replace/{id}");
            end_of(repository, name.as_bytes().as_bstr()).is_ok_and(|(_, shown)| shown.is_some())
        };
        let mut seen = [commit.parent.0].into_iter().chain(commit.replaced_trees.iter().copied());
        if let Some(id) = seen.find(is_replaced) {
            return Err(FastForwardError::Replaced(id));
        }
        let files = commit.files.iter().map(|file| new_file(repository, root, file, &index));
        let files = files.collect::<Result<_, _>>()?;
        if !commit.replaced_trees.iter().all(|tree| repository.has_object(tree)) {
            return Err(FastForwardError::MissingTrees(commit.parent));
        }
        Ok(FastForward { index, files, head })
    }

    fn require_head(&self, commit: &NewCommit, pushed_to: Option<RemoteBranch<'_>>) -> Result<(), FastForwardError> {
        let head = end_of(self.repository(), "HEAD".into());
        let (name, id) = head.map_err(|error| GitError::unexpected("HEAD cannot be read", error))?;
        let parent = commit.parent;
        let is_there = id == Some(parent.0);
        let is_on = |branch: &BranchName| name.as_bstr() == branch.full().as_str();
        match pushed_to.map(|to| to.branch) {
            Some(branch) if is_on(branch) && !is_there => {
                Err(FastForwardError::NotAtParent { branch: branch.clone(), parent })
            }
            // HEAD is detached if it leads to no branch.
            Some(branch) if !is_on(branch) && name.as_bstr() != "HEAD" => Err(FastForwardError::Elsewhere),
            _ if is_there => Ok(()),
            _ => Err(FastForwardError::Elsewhere),
        }
    }

    /// Writes the commit's objects. The trees that they replace are here. What else the new trees name is here too, or the
    /// remote of a partial clone has it.
    fn write_objects(&self, commit: &NewCommit) -> Result<(), FastForwardError> {
        let repository = self.repository();
        let failed = |error: gix::Error| GitError::unexpected("the commit cannot be written", error);
        let store = repository.objects.store_ref().path().to_owned();
        for object in &commit.objects {
            let write = || repository.write_buf(object.kind, &object.bytes);
            let id = again_if_gone(write).map_err(failed)?.to_string();
            hand_over(repository, &store, &store.join(&id[..2]).join(&id[2..]));
        }
        Ok(())
    }

    /// Locks HEAD with its branch, to move them to `commit`. The remote-tracking branch is no part of that: the commit is in the
    /// files by then, and must be in HEAD, whatever is in that one's way.
    fn next_head(&self, commit: &NewCommit, pushed_to: Option<RemoteBranch<'_>>) -> Result<NextHead<'_>, GitError> {
        let repository = self.repository();
        let failed = |error: gix::Error| GitError::unexpected("HEAD cannot be moved", error);
        let written = commit.objects.last().map_or(&[][..], |object| &object.bytes);
        let written = CommitRef::from_bytes(written, HASH).map_err(failed)?;
        let committer = written.committer().and_then(|committer| committer.to_owned()).map_err(failed)?;
        let title = written.message.lines().next().unwrap_or_default().to_str_lossy();
        let head = LockedReference::acquire(repository, "HEAD".into(), commit.id, wait_for_lock()).map_err(failed)?;
        head.names().try_for_each(|name| require_writable(repository, name))?;
        let tracking = pushed_to.and_then(|RemoteBranch { remote, branch }| self.tracking(remote, branch));
        let message = format!("tagship: {title}");
        Ok(NextHead { repository, head, committer, message, commit: commit.id, tracking })
    }
}

/// Removes the temporary files that killed runs have left in the folder of [`FastForward::workshop`]. The locks are held, so that
/// no other run is at work there; the day is for one that has just given them back.
fn remove_leftovers(git_dir: &Path) {
    for entry in std::fs::read_dir(git_dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let random = name.to_str().and_then(|name| name.strip_prefix(TEMPORARY));
        let is_ours =
            random.is_some_and(|random| random.len() == 6 && random.bytes().all(|b| b.is_ascii_alphanumeric()));
        let written = entry.metadata().ok().filter(std::fs::Metadata::is_file).and_then(|found| found.modified().ok());
        let age = written.and_then(|written| written.elapsed().ok());
        if is_ours && age.is_some_and(|age| age > LEFT_BEHIND) {
            // One that cannot be removed does no harm.
            std::fs::remove_file(entry.path()).ok();
        }
    }
}

/// Returns the new state of a file of the commit, if its present state is that of the parent, or the new one already.
fn new_file(
    repository: &gix::Repository,
    root: &Path,
    file: &ChangedFile,
    index: &LockedIndex,
) -> Result<NewFile, FastForwardError> {
    let changed = || FastForwardError::Changed(file.path.clone());
    let failed = |error: io::Error| GitError::unexpected(format!("`{}` cannot be read", file.path), error);
    let mode = if file.kind == EntryKind::BlobExecutable { Mode::FILE_EXECUTABLE } else { Mode::FILE };
    let indexed = index.find(&file.path).ok_or_else(changed)?;
    // A run that was killed may have written the file, and staged it.
    let is_staged = indexed.id == file.new.id;
    if !(is_staged || indexed.id == file.old.id) || indexed.mode != mode {
        return Err(changed());
    }
    let on_disk = match look(root, &file.path).map_err(failed)? {
        OnDisk::Absent if indexed.is_skipped => None,
        OnDisk::Absent | OnDisk::Other => return Err(changed()),
        OnDisk::File(path) => {
            let metadata = Metadata::from_path_no_follow(&path).map_err(failed)?;
            let counts_modes = repository.config_snapshot().boolean("core.fileMode").unwrap_or(true);
            let old = FileLocation::at(&path).and_then(|place| place.read()).map_err(failed)?;
            let line_ends = LineEnds::at(repository, index.as_ref(), &file.path)?;
            let line_ends = line_ends.ok_or_else(|| FastForwardError::Filtered(file.path.clone()))?;
            let has_mode = mode.change_to_match_fs(&metadata, true, counts_modes).is_none();
            let has = |bytes: &[u8]| line_ends.is_unchanged(&old, bytes);
            if !has_mode || !(has(&file.new.bytes)? || !is_staged && has(&file.old.bytes)?) {
                return Err(changed());
            }
            let new = line_ends.content_of(&file.new.bytes)?;
            Some(FileOnDisk { path, old, new })
        }
    };
    Ok(NewFile { path: file.path.clone(), id: file.new.id, on_disk })
}

impl<'c> FastForward<'c> {
    /// Returns the folder for what is to become a file: inside of `.git`, where nothing is taken for a file of the work tree.
    pub fn workshop(&self) -> &Path {
        self.head.repository.git_dir()
    }

    /// Returns the files that the caller has to write now.
    pub fn files(&self) -> impl Iterator<Item = &FileOnDisk> {
        self.files.iter().filter_map(|file| file.on_disk.as_ref())
    }

    /// Stages the files, which must have been written. If this fails, nothing is staged, and they should be restored.
    pub fn stage(mut self) -> Result<Staged<'c>, GitError> {
        for file in &self.files {
            let on_disk = file.on_disk.as_ref().map(|file| file.path.as_path());
            self.index.stage(&file.path, file.id, on_disk)?;
        }
        let placed = self.index.write()?;
        if let Some(folder) = placed.parent() {
            hand_over(self.head.repository, folder, &placed);
        }
        Ok(Staged(self.head))
    }
}

impl Staged<'_> {
    /// Moves HEAD to the commit, and then the remote-tracking branch. Returns why that one was not moved.
    pub fn move_head(self) -> Result<Option<NotTracked>, GitError> {
        let NextHead { repository, head, committer, message, commit, tracking } = self.0;
        let mut time = gix::date::parse::TimeBuf::default();
        let committer = committer.to_ref(&mut time);
        head.move_it(committer, &message).map_err(|error| GitError::unexpected("HEAD cannot be moved", error))?;
        Ok(tracking.and_then(|tracking| track(repository, &tracking, commit, committer).err()))
    }
}

/// Writes an object again if its folder was removed meanwhile: git's own clean-up removes those whose objects it has packed.
fn again_if_gone<T>(write: impl Fn() -> Result<T, gix::Error>) -> Result<T, gix::Error> {
    const TRIES: usize = 5;
    let is_gone = |error: &gix::Error| {
        error.downcast_any_ref::<io::Error>().is_some_and(|cause| cause.kind() == io::ErrorKind::NotFound)
    };
    let mut written = write();
    for _ in 1..TRIES {
        if !written.as_ref().is_err_and(is_gone) {
            break;
        }
        written = write();
    }
    written
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io;

    use super::again_if_gone;

    #[test]
    fn an_object_is_written_again_if_its_folder_was_removed() {
        for (kind, failures, tries, is_written) in [
            (io::ErrorKind::NotFound, 1, 2, true),
            (io::ErrorKind::NotFound, 9, 5, false),
            (io::ErrorKind::StorageFull, 1, 1, false),
        ] {
            let tried = Cell::new(0);
            let written = again_if_gone(|| {
                tried.set(tried.get() + 1);
                match tried.get() <= failures {
                    true => Err(gix::Error::from_error(io::Error::from(kind))),
                    false => Ok(()),
                }
            });
            assert_eq!((tried.get(), written.is_ok()), (tries, is_written), "{kind}");
        }
    }
}
