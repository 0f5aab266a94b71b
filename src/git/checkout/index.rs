//! The index of a checkout, locked from reading to writing, so that no change of another git process is overwritten. gix
//! reads and writes it; here the entry of a file is updated.
//!
//! The extensions of an index (cached trees, untracked files, the file system monitor, a split) are not written again: git
//! makes them anew when it needs them.

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use gix::ObjectId;
use gix::bstr::BString;
use gix::index::entry::{Flags, Mode, Stage, Stat};
use gix::index::fs::Metadata;
use gix::lock::acquire::Fail;

use crate::git::error::GitError;
use crate::git::objects::name::RepositoryPath;

/// An index that no other process can write.
pub(super) struct LockedIndex {
    lock: gix::lock::File,
    file: gix::index::File,
    /// When the index was written.
    written: SystemTime,
}

/// The entry of one file in an index.
pub(super) struct Indexed {
    pub(in crate::git) id: ObjectId,
    pub(in crate::git) mode: Mode,
    /// Whether a sparse checkout leaves the file out of the work tree.
    pub(super) is_skipped: bool,
}

impl LockedIndex {
    /// Reads the index of `repository`. Fails at once if another git process holds the lock.
    pub(super) fn acquire(repository: &gix::Repository) -> Result<Self, GitError> {
        let path = repository.index_path();
        let unreadable = |error: anyhow::Error| GitError::unexpected("the index cannot be read", error);
        let written = path.metadata().and_then(|metadata| metadata.modified()).map_err(|e| unreadable(e.into()))?;
        let lock = gix::lock::File::acquire_to_update_resource(&path, Fail::Immediately, None, 0)
            .map_err(|error| GitError::unexpected("the index cannot be locked", error))?;
        let file = repository.open_index().map_err(|error| unreadable(error.into()))?;
        Ok(Self { lock, file, written })
    }

    /// Returns whether the index has entries for whole folders.
    pub(super) fn is_sparse(&self) -> bool {
        self.file.is_sparse()
    }

    /// Returns what is staged for the file at `path`; `None` if nothing is, or if it has a conflict.
    pub(in crate::git) fn find(&self, path: &RepositoryPath) -> Option<Indexed> {
        let path = BString::from(path.to_string());
        let entry = self.file.entry_by_path_and_stage(path.as_ref(), Stage::Unconflicted)?;
        Some(Indexed { id: entry.id, mode: entry.mode, is_skipped: entry.flags.contains(Flags::SKIP_WORKTREE) })
    }

    /// Stages `id` for the file at `path`, which has an entry. `on_disk` is `None` if the work tree does not have the file.
    pub(super) fn stage(
        &mut self,
        path: &RepositoryPath,
        id: ObjectId,
        on_disk: Option<&Path>,
    ) -> Result<(), GitError> {
        let failed = |error: anyhow::Error| GitError::unexpected(format!("`{path}` cannot be staged"), error);
        let stat = match on_disk {
            Some(file) => {
                let metadata = Metadata::from_path_no_follow(file).map_err(|error| failed(error.into()))?;
                Stat::from_fs(&metadata).map_err(|error| failed(error.into()))?
            }
            None => Stat::default(),
        };
        let path = BString::from(path.to_string());
        let entry = self.file.entry_mut_by_path_and_stage(path.as_ref(), Stage::Unconflicted);
        let entry = entry.ok_or_else(|| failed(anyhow::Error::msg("it is not in the index")))?;
        entry.id = id;
        entry.stat = stat;
        Ok(())
    }

    /// Replaces the index and keeps the time of the old one. git compares files by content if they changed at or after the
    /// time of the index (racy entries), and that must still hold for those of the old index.
    pub(in crate::git) fn write(mut self) -> Result<PathBuf, GitError> {
        let failed = |error: anyhow::Error| GitError::unexpected("the index cannot be written", error);
        // The cached trees are those of the old entries, and git would commit them.
        self.file.remove_tree();
        let mut buffer = BufWriter::new(&mut self.lock);
        self.file.write_to(&mut buffer, gix::index::write::Options::default()).map_err(|error| failed(error.into()))?;
        buffer.flush().map_err(|error| failed(error.into()))?;
        drop(buffer);
        let written = self.written;
        self.lock.with_mut(|file| file.set_modified(written)).map_err(|error| failed(error.into()))?;
        let placed = self.lock.commit().map_err(|refused| failed(refused.error.into()))?;
        Ok(placed.0)
    }
}

/// Attributes are read from the index if the work tree has none.
impl AsRef<gix::index::State> for LockedIndex {
    fn as_ref(&self) -> &gix::index::State {
        &self.file
    }
}
