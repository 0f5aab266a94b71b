//! Which files of a commit a pattern matches, and what is in a folder. Of a pattern, only folders that it leads into are looked
//! at.

use gix::bstr::ByteSlice as _;
use gix::objs::tree::EntryKind;

use super::glob_pattern::GlobPattern;
use super::snapshot::{PathEnd, Snapshot};
use crate::git::error::GitError;
use crate::git::objects::name::{RepositoryPath, is_refused_by_git};

/// How many folders a pattern may lead into.
const MAX_FOLDERS: usize = 10_000;

/// What kind of entry a folder has under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreeEntryKind {
    Missing,
    File,
    /// A folder, a symbolic link, a submodule.
    Other,
}

impl Snapshot<'_> {
    /// Returns the names of all that is in a folder, without those that are not UTF-8; none if the folder is not loaded.
    pub fn names(&self, folder: &RepositoryPath) -> Vec<String> {
        let Ok(PathEnd::Tree(id)) = self.walk(self.root, folder) else { return Vec::new() };
        let entries = self.objects.tree(&id).map(|tree| tree.entries).unwrap_or_default();
        entries.iter().filter_map(|entry| entry.filename.to_str().ok().map(str::to_owned)).collect()
    }

    /// Returns the files that `pattern` matches, and those in the folders that it matches, in the order of their paths.
    /// Symbolic links are among them, so that the caller cannot miss that one is not followed. What git does not check out is
    /// not among them. The folders are loaded, one request for each level that is not there yet.
    pub fn files_matching(&mut self, pattern: &GlobPattern) -> Result<Vec<RepositoryPath>, GitError> {
        let mut files = Vec::new();
        let mut level = vec![RepositoryPath::root()];
        let mut looked_at = 0;
        while !level.is_empty() {
            looked_at += level.len();
            if looked_at > MAX_FOLDERS {
                return Err(GitError::TooManyFolders { pattern: pattern.to_string(), limit: MAX_FOLDERS });
            }
            self.load(&level)?;
            let mut next = Vec::new();
            for folder in level {
                let PathEnd::Tree(id) = self.walk(self.root, &folder)? else { continue };
                for entry in self.objects.tree(&id)?.entries {
                    let Ok(name) = entry.filename.to_str() else { continue };
                    if is_refused_by_git(name) {
                        continue;
                    }
                    let path = folder.join(name);
                    match entry.mode.kind() {
                        EntryKind::Tree if pattern.leads_into(path.as_str()) => next.push(path),
                        EntryKind::Blob | EntryKind::BlobExecutable | EntryKind::Link
                            if pattern.matches_path(&path) || pattern.matches_path(&folder) =>
                        {
                            files.push(path);
                        }
                        _ => {}
                    }
                }
            }
            level = next;
        }
        files.sort_unstable();
        Ok(files)
    }

    /// Returns the files below `folder` whose names are wanted; `None` if not all folders there are loaded.
    pub fn files_below(
        &self,
        folder: &RepositoryPath,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Result<Option<Vec<RepositoryPath>>, GitError> {
        let mut files = Vec::new();
        let mut folders = vec![folder.clone()];
        while let Some(folder) = folders.pop() {
            let id = match self.walk(self.root, &folder)? {
                PathEnd::Tree(id) => id,
                PathEnd::Unloaded(_) => return Ok(None),
                PathEnd::Missing | PathEnd::File { .. } => continue,
            };
            for entry in self.objects.tree(&id)?.entries {
                let Ok(name) = entry.filename.to_str() else { continue };
                match entry.mode.kind() {
                    EntryKind::Tree => folders.push(folder.join(name)),
                    EntryKind::Blob | EntryKind::BlobExecutable if is_wanted(name) => {
                        files.push(folder.join(name));
                    }
                    _ => {}
                }
            }
        }
        Ok(Some(files))
    }

    /// Loads the folders below `folder` that the checkout has, at most `max` of them. It costs no request.
    pub fn copy_folders_of_checkout(&mut self, folder: &RepositoryPath, max: usize) -> Result<(), GitError> {
        let mut folders = vec![folder.clone()];
        let mut read = 0;
        while let Some(folder) = folders.pop().filter(|_| read < max) {
            read += 1;
            let id = match self.walk(self.root, &folder)? {
                PathEnd::Tree(id) => id,
                PathEnd::Unloaded(id) if self.source.copy_local(id, &mut self.objects)? => id,
                PathEnd::Unloaded(_) | PathEnd::Missing | PathEnd::File { .. } => continue,
            };
            let entries = self.objects.tree(&id)?.entries;
            let trees = entries.iter().filter(|entry| entry.mode.is_tree());
            folders.extend(trees.filter_map(|entry| Some(folder.join(entry.filename.to_str().ok()?))));
        }
        Ok(())
    }

    /// Returns the kind of the entry `name` of `folder`. The folder must have been loaded, the entry need not.
    pub fn kind(&self, folder: &RepositoryPath, name: &str) -> Result<TreeEntryKind, GitError> {
        let PathEnd::Tree(id) = self.walk(self.root, folder)? else {
            return Ok(TreeEntryKind::Missing);
        };
        Ok(match self.objects.tree_entry(&id, name)?.map(|entry| entry.mode.kind()) {
            None => TreeEntryKind::Missing,
            Some(EntryKind::Blob | EntryKind::BlobExecutable) => TreeEntryKind::File,
            Some(EntryKind::Tree | EntryKind::Link | EntryKind::Commit) => TreeEntryKind::Other,
        })
    }
}

impl GlobPattern {
    /// Returns whether the whole of a path fits.
    pub fn matches_path(&self, path: &RepositoryPath) -> bool {
        self.matches_parts(&path.parts().collect::<Vec<_>>())
    }
}
