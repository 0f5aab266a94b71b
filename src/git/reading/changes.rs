//! The paths in which two commits differ. Only trees that differ are read, so the cost depends on the size of the change:
//! at most one request for each level of folders.

use std::collections::{BTreeMap, HashMap};

use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice as _};
use gix::objs::tree::EntryRef;

use super::snapshot::{PathEnd, Snapshot};
use crate::git::error::GitError;
use crate::git::objects::name::RepositoryPath;
use crate::git::objects::record::CommitRecord;

/// The most differing entries that are compared; more are reported as too many.
const MAX_CHANGED_ENTRIES: usize = 1_000;

/// A path in which two commits differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathChange {
    /// A file has another content; its mode is the same.
    Edited(String),
    /// Anything else: a file or a whole folder was added or removed, or became something else.
    Otherwise(String),
}

/// A file that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedFile {
    pub path: RepositoryPath,
    /// Whether it had, to the byte, the content of the file that it is looked at beside.
    pub is_same: bool,
}

/// A folder whose trees differ.
struct ChangedFolder {
    path: String,
    before: ObjectId,
    after: ObjectId,
}

impl Snapshot<'_> {
    /// Returns the paths in which two commits of the history differ; `None` if there are more than `MAX_CHANGED_ENTRIES`.
    pub fn changes(
        &mut self,
        before: &CommitRecord,
        after: &CommitRecord,
    ) -> Result<Option<Vec<PathChange>>, GitError> {
        let mut changes = Vec::new();
        let mut level = Vec::new();
        if before.tree != after.tree {
            level.push(ChangedFolder { path: String::new(), before: before.tree, after: after.tree });
        }
        while !level.is_empty() {
            self.load_all(|snapshot| {
                let trees = level.iter().flat_map(|folder| [folder.before, folder.after]);
                Ok(trees.filter(|id| !snapshot.objects.contains(id)).map(PathEnd::Unloaded).collect())
            })?;
            let mut deeper = Vec::new();
            for folder in &level {
                self.compare(folder, &mut changes, &mut deeper)?;
                if changes.len() + deeper.len() > MAX_CHANGED_ENTRIES {
                    return Ok(None);
                }
            }
            level = deeper;
        }
        Ok(Some(changes))
    }

    /// Returns the files of the commit `before` that are gone in `after`, each beside the file at `path` of `after`; `None` if
    /// more than `MAX_CHANGED_ENTRIES` folders of one level differ.
    pub fn removed_files(
        &mut self,
        before: &CommitRecord,
        after: &CommitRecord,
        path: &RepositoryPath,
    ) -> Result<Option<Vec<RemovedFile>>, GitError> {
        self.load_history(&[after], path)?;
        let id = match self.walk(after.tree, path)? {
            PathEnd::File { id, .. } => Some(id),
            _ => None,
        };
        let mut removed = Vec::new();
        let mut level = vec![(RepositoryPath::root(), before.tree, Some(after.tree))];
        while !level.is_empty() {
            self.load_all(|snapshot| {
                let trees = level.iter().flat_map(|(_, before, after)| [Some(*before), *after]).flatten();
                Ok(trees.filter(|id| !snapshot.objects.contains(id)).map(PathEnd::Unloaded).collect())
            })?;
            let mut deeper = Vec::new();
            for (folder, before, after) in &level {
                let after = after.map(|after| self.objects.tree(&after)).transpose()?;
                let after: HashMap<&BStr, EntryRef<'_>> =
                    after.into_iter().flat_map(|tree| tree.entries).map(|entry| (entry.filename, entry)).collect();
                for entry in self.objects.tree(before)?.entries {
                    let Ok(name) = entry.filename.to_str() else { continue };
                    let same = after.get(entry.filename);
                    if entry.mode.is_tree() {
                        let same = same.filter(|same| same.mode.is_tree()).map(|same| same.oid.to_owned());
                        if same.as_deref() != Some(entry.oid) {
                            deeper.push((folder.join(name), entry.oid.to_owned(), same));
                        }
                    } else if entry.mode.is_blob() && same.is_none() {
                        let is_same = id.as_deref() == Some(entry.oid);
                        removed.push(RemovedFile { path: folder.join(name), is_same });
                    }
                }
            }
            if deeper.len() > MAX_CHANGED_ENTRIES {
                return Ok(None);
            }
            level = deeper;
        }
        Ok(Some(removed))
    }

    fn compare(
        &self,
        folder: &ChangedFolder,
        changes: &mut Vec<PathChange>,
        deeper: &mut Vec<ChangedFolder>,
    ) -> Result<(), GitError> {
        let (before, after) = (self.objects.tree(&folder.before)?, self.objects.tree(&folder.after)?);
        let mut entries: BTreeMap<&BStr, [Option<&EntryRef<'_>>; 2]> = BTreeMap::new();
        for (side, tree) in [&before, &after].into_iter().enumerate() {
            for entry in &tree.entries {
                entries.entry(entry.filename).or_default()[side] = Some(entry);
            }
        }
        for (name, sides) in entries {
            let path = format!("{}{}", folder.path, name.to_str_lossy());
            match sides {
                [Some(before), Some(after)] if before == after => {}
                [Some(before), Some(after)] if before.mode.is_tree() && after.mode.is_tree() => {
                    let (before, after) = (before.oid.to_owned(), after.oid.to_owned());
                    deeper.push(ChangedFolder { path: path + "/", before, after });
                }
                [Some(before), Some(after)] if before.mode == after.mode && before.mode.is_blob() => {
                    changes.push(PathChange::Edited(path));
                }
                _ => changes.push(PathChange::Otherwise(path)),
            }
        }
        Ok(())
    }
}
