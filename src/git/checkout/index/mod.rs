//! The index of a checkout, locked from reading to writing, so that no change of another git process is overwritten. The
//! entries of some files are updated in place; all else is copied as it is, and never in memory as a whole.
//!
//! gix reads and writes a split index, which is rare: the whole of it, into a file without a split.

mod cached_trees;
mod checksum;
mod outline;
mod staged_entry;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use gix::ObjectId;
use gix::index::State;
use gix::index::entry::{Flags, Mode, Stage, Stat};
use gix::index::fs::Metadata;

use self::outline::Outline;
use self::staged_entry::StagedEntry;
use super::wait_for_lock;
use crate::git::error::GitError;
use crate::git::objects::name::RepositoryPath;
use crate::git::objects::store::HASH;

/// The name of files with attributes, in small letters.
const ATTRIBUTES: &[u8] = b".gitattributes";

/// An index that no other process can write.
pub(super) struct LockedIndex {
    lock: gix::lock::File,
    content: IndexContent,
    /// When the index was written.
    written: SystemTime,
    /// The folders above the files that were staged, for whose entries the cached trees are wrong.
    folders: BTreeSet<Vec<u8>>,
}

/// What was read of an index.
enum IndexContent {
    /// The wanted entries, and a state that has those of files with attributes alone.
    InPlace {
        outline: Outline,
        attributes: State,
    },
    Whole(gix::index::File),
}

/// The entry of one file in an index.
pub(super) struct Indexed {
    pub(in crate::git) id: ObjectId,
    pub(in crate::git) mode: Mode,
    /// Whether a sparse checkout leaves the file out of the work tree.
    pub(super) is_skipped: bool,
}

impl LockedIndex {
    /// Reads the entries of `files` in the index of `repository`. Waits a moment if another git process holds the lock.
    pub(super) fn acquire<'a>(
        repository: &gix::Repository,
        files: impl Iterator<Item = &'a RepositoryPath>,
    ) -> Result<Self, GitError> {
        let path = repository.index_path();
        let unreadable = |error: anyhow::Error| GitError::unexpected("the index cannot be read", error);
        // No index is made for a repository that has none.
        path.metadata().map_err(|error| unreadable(error.into()))?;
        let lock = gix::lock::File::acquire_to_update_resource(&path, wait_for_lock(), None, 0)
            .map_err(|error| GitError::unexpected("the index cannot be locked", error))?;
        let file = File::open(&path).map_err(|error| unreadable(error.into()))?;
        let written = file.metadata().and_then(|metadata| metadata.modified()).map_err(|e| unreadable(e.into()))?;
        let files: BTreeSet<_> = files.map(|path| path.in_git().as_bytes().to_vec()).collect();
        let wanted = |path: &[u8]| files.contains(path) || has_attributes(path);
        let outline = Outline::read(file, wanted).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => GitError::BrokenIndex { why: "it is cut off".to_owned() },
            io::ErrorKind::InvalidData => GitError::BrokenIndex { why: error.to_string() },
            _ => unreadable(error.into()),
        })?;
        let content = if outline.is_split() {
            IndexContent::Whole(repository.open_index().map_err(|error| unreadable(error.into()))?)
        } else {
            IndexContent::InPlace { attributes: attributes(&outline), outline }
        };
        Ok(Self { lock, content, written, folders: BTreeSet::new() })
    }

    /// Returns whether the index has entries for whole folders.
    pub(super) fn is_sparse(&self) -> bool {
        match &self.content {
            IndexContent::InPlace { outline, .. } => outline.is_sparse(),
            IndexContent::Whole(file) => file.is_sparse(),
        }
    }

    /// Returns what is staged for one of the files; `None` if nothing is, or if it has a conflict.
    pub(in crate::git) fn find(&self, path: &RepositoryPath) -> Option<Indexed> {
        let path = path.in_git();
        match &self.content {
            IndexContent::InPlace { outline, .. } => {
                let is_it = |entry: &&_| is_staged(entry, path.as_bytes()) && !entry.is_intended();
                let entry = outline.entries.iter().find(is_it)?;
                Some(Indexed { id: entry.head.id(), mode: entry.head.mode(), is_skipped: entry.is_skipped() })
            }
            IndexContent::Whole(file) => {
                let entry = file.entry_by_path_and_stage(path.into(), Stage::Unconflicted)?;
                Some(Indexed { id: entry.id, mode: entry.mode, is_skipped: entry.flags.contains(Flags::SKIP_WORKTREE) })
            }
        }
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
        let absent = || failed(anyhow::Error::msg("it is not in the index"));
        let name = path.in_git();
        match &mut self.content {
            IndexContent::InPlace { outline, .. } => {
                let mut entries = outline.entries.iter_mut();
                let entry = entries.find(|entry| is_staged(entry, name.as_bytes())).ok_or_else(absent)?;
                entry.head.stage(id, &stat);
            }
            IndexContent::Whole(file) => {
                let entry = file.entry_mut_by_path_and_stage(name.into(), Stage::Unconflicted);
                let entry = entry.ok_or_else(absent)?;
                entry.id = id;
                entry.stat = stat;
            }
        }
        self.folders.extend(path.folders().iter().map(|folder| folder.in_git().as_bytes().to_vec()));
        Ok(())
    }

    /// Replaces the index and keeps the time of the old one. git compares files by content if they changed at or after the
    /// time of the index (racy entries), and that must still hold for those of the old index.
    pub(in crate::git) fn write(self) -> Result<PathBuf, GitError> {
        let failed = |error: anyhow::Error| GitError::unexpected("the index cannot be written", error);
        let Self { mut lock, content, written, folders } = self;
        match content {
            IndexContent::InPlace { outline, .. } => outline.write(&folders, &mut lock).map_err(anyhow::Error::from),
            IndexContent::Whole(file) => write_whole(file, &mut lock),
        }
        .map_err(failed)?;
        lock.with_mut(|file| file.set_modified(written)).map_err(|error| failed(error.into()))?;
        let placed = lock.commit().map_err(|refused| failed(refused.error.into()))?;
        Ok(placed.0)
    }
}

/// Attributes are read from the index if the work tree has none.
impl AsRef<State> for LockedIndex {
    fn as_ref(&self) -> &State {
        match &self.content {
            IndexContent::InPlace { attributes, .. } => attributes,
            IndexContent::Whole(file) => file,
        }
    }
}

fn is_staged(entry: &StagedEntry, path: &[u8]) -> bool {
    entry.path == path && entry.stage() == 0
}

/// Returns whether the file at `path` has attributes; on some disks names are equal whatever the case of their letters.
fn has_attributes(path: &[u8]) -> bool {
    path.len().checked_sub(ATTRIBUTES.len()).is_some_and(|begin| path[begin..].eq_ignore_ascii_case(ATTRIBUTES))
}

/// Returns the state in which gix looks files with attributes up.
fn attributes(outline: &Outline) -> State {
    let mut state = State::new(HASH);
    for entry in outline.entries.iter().filter(|entry| has_attributes(&entry.path)) {
        let flags = Flags::from_bits_retain(u32::from(entry.stage()) << 12);
        state.dangerously_push_entry(
            Stat::default(),
            entry.head.id(),
            flags,
            entry.head.mode(),
            entry.path.as_slice().into(),
        );
    }
    state
}

/// Writes an index as one file, without its extensions: git makes them anew when it needs them.
fn write_whole(mut file: gix::index::File, lock: &mut gix::lock::File) -> anyhow::Result<()> {
    // The cached trees are those of the old entries, and git would commit them.
    file.remove_tree();
    let mut buffer = BufWriter::new(lock);
    file.write_to(&mut buffer, gix::index::write::Options::default())?;
    Ok(buffer.flush()?)
}
