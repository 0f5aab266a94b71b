//! One commit of a remote, and as much of it as a release needs: the trees along the wanted paths, and the wanted files. The
//! cost depends on the length of the paths, and not on the size of the repository or its history. What a checkout has
//! already costs nothing.

use std::collections::HashSet;

use gix::ObjectId;
use gix::bstr::ByteSlice as _;
use gix::objs::tree::EntryKind;

use super::reader::{Fetched, HISTORY_DEPTH, Reader};
use super::tips::Tips;
use crate::git::checkout::Checkout;
use crate::git::error::GitError;
use crate::git::objects::name::{BranchName, CommitId, RepositoryPath};
use crate::git::objects::record::CommitRecord;
use crate::git::objects::store::Objects;
use crate::git::remotes::remote::Remote;

/// One commit of the remote and what has been loaded of it.
pub struct Snapshot<'r> {
    pub(super) source: ObjectSource<'r>,
    pub(in crate::git) commit: CommitId,
    /// The branch whose tip this is.
    pub(super) branch: Option<BranchName>,
    pub(in crate::git) root: ObjectId,
    pub(in crate::git) objects: Objects,
    pub(super) fetched: Fetched,
    /// How many generations of commits were asked for. It is `usize::MAX` if there is no server, or if it has sent all that it
    /// can.
    pub(super) depth: usize,
}

/// What is at a path.
#[derive(Debug, PartialEq, Eq)]
pub enum TreeEntry<'s> {
    Missing,
    /// A folder, with the names of the files in it. Names that are not UTF-8 are left out.
    Directory(Vec<&'s str>),
    File(&'s [u8]),
}

/// What was read of a commit. Of a later one, a server then sends only what has changed.
pub struct Loaded {
    commit: CommitId,
    objects: Objects,
    fetched: Fetched,
}

/// Gives objects from the checkout if it has them, else from the remote, to which it connects when the first one is missing.
pub struct ObjectSource<'r> {
    /// `None`: objects come from the checkout alone.
    remote: Option<&'r Remote>,
    pub(super) checkout: Option<&'r Checkout>,
    reader: Option<Reader<'r>>,
}

impl<'r> ObjectSource<'r> {
    /// Reads from `remote`, over the conversation of `reader` if there is one.
    pub fn new(remote: &'r Remote, checkout: Option<&'r Checkout>, reader: Option<Reader<'r>>) -> Self {
        Self { remote: Some(remote), checkout, reader }
    }

    /// Reads from `checkout` alone.
    pub fn here(checkout: &'r Checkout) -> Self {
        Self { remote: None, checkout: Some(checkout), reader: None }
    }

    /// Reads the commit `at`, the tip of a branch, whose files can then be loaded. The tip of another branch, `beside`, comes
    /// with it, unless the checkout has `at`. What was `loaded` of an earlier tip is not read again.
    pub fn snapshot(
        mut self,
        at: CommitId,
        beside: Option<CommitId>,
        loaded: Option<Loaded>,
    ) -> Result<Snapshot<'r>, GitError> {
        // Without partial fetches, the whole commit comes again.
        let loaded = loaded.filter(|loaded| loaded.fetched == Fetched::Partial);
        let (before, objects) = loaded.map(|loaded| (loaded.commit, loaded.objects)).unzip();
        let mut objects = objects.unwrap_or_default();
        // Without a remote, there is no more history than the checkout has.
        let (mut fetched, mut depth) = (Fetched::Partial, if self.remote.is_none() { usize::MAX } else { 0 });
        if !objects.contains(&at.0) && !self.copy_local(at.0, &mut objects)? {
            let tips: Vec<ObjectId> = [at].into_iter().chain(beside).map(|tip| tip.0).collect();
            fetched = self.reader()?.fetch_tips(&tips, before, &mut objects)?;
            if !objects.contains(&at.0) && before.is_some() {
                // It is older than what was read before, of which it need not be a part that was read.
                fetched = self.reader()?.fetch_tips(&tips, None, &mut objects)?;
            }
            depth = if fetched == Fetched::Partial { HISTORY_DEPTH } else { 1 };
        }
        let root = objects.commit(&at.0)?.tree;
        let mut snapshot = Snapshot { source: self, commit: at, branch: None, root, objects, fetched, depth };
        // What was read before and what came now are a history, but for a branch that was forced back: then a part is missing.
        if before.is_some() {
            snapshot.depth = if snapshot.has_history(HISTORY_DEPTH)? { HISTORY_DEPTH } else { 0 };
        }
        Ok(snapshot)
    }

    /// Reads the commit `at` for its history. If the checkout lacks it, it is fetched with its parents, and without trees if the
    /// server supports that. If it does not, they are fetched too if the checkout lacks one of the parents.
    pub fn commits(mut self, at: CommitId) -> Result<Snapshot<'r>, GitError> {
        const WITH_PARENTS: usize = 2;
        let mut objects = Objects::default();
        let (mut fetched, mut depth) = (Fetched::Partial, 0);
        let is_here = self.copy_local(at.0, &mut objects)?;
        if !is_here || !self.has_here(&CommitRecord::read(at, &objects)?.parents) {
            let reader = self.reader()?;
            if !is_here || !reader.serves_parts() {
                if !reader.fetch_history(at.0, WITH_PARENTS, &mut objects)? {
                    fetched = reader.fetch_whole(&[at.0], WITH_PARENTS, &mut objects)?;
                }
                depth = WITH_PARENTS;
            }
        }
        let root = objects.commit(&at.0)?.tree;
        Ok(Snapshot { source: self, commit: at, branch: None, root, objects, fetched, depth })
    }

    fn has_here(&self, commits: &[CommitId]) -> bool {
        commits.iter().all(|id| self.checkout.is_some_and(|checkout| checkout.record(*id).is_some()))
    }

    fn fetch(&mut self, wants: Vec<ObjectId>, objects: &mut Objects) -> Result<(), GitError> {
        let mut missing = Vec::new();
        for want in wants {
            if !self.copy_local(want, objects)? {
                missing.push(want);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        self.reader()?.fetch(&missing, objects)
    }

    pub(super) fn has_remote(&self) -> bool {
        self.remote.is_some()
    }

    pub(super) fn copy_local(&self, id: ObjectId, objects: &mut Objects) -> Result<bool, GitError> {
        let Some((kind, bytes)) = self.checkout.and_then(|checkout| checkout.object(id)) else {
            return Ok(false);
        };
        objects.insert_copied(kind, bytes).map(|read| read == id)
    }

    pub(super) fn reader(&mut self) -> Result<&mut Reader<'r>, GitError> {
        let remote = self.remote.ok_or(GitError::IncompleteCheckout)?;
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => Reader::open(remote, None)?,
        };
        Ok(self.reader.insert(reader))
    }
}

impl Snapshot<'_> {
    /// Ends the reading, and keeps what was read.
    pub fn into_loaded(self) -> Loaded {
        Loaded { commit: self.commit, objects: self.objects, fetched: self.fetched }
    }

    /// Says whose tip this is.
    pub fn of_branch(self, branch: Option<BranchName>) -> Self {
        Self { branch, ..self }
    }

    /// Returns the commit that this is a snapshot of.
    pub fn commit_id(&self) -> CommitId {
        self.commit
    }

    /// Lets `read` look at the tip of another branch in place of this one.
    pub fn beside<T, E: From<GitError>>(
        &mut self,
        tip: CommitId,
        read: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        if !self.objects.contains(&tip.0) && !self.source.copy_local(tip.0, &mut self.objects)? {
            self.source.reader()?.fetch_tips(&[tip.0], None, &mut self.objects)?;
        }
        let root = self.objects.commit(&tip.0)?.tree;
        let here = (std::mem::replace(&mut self.commit, tip), std::mem::replace(&mut self.root, root));
        let result = read(self);
        (self.commit, self.root) = here;
        result
    }

    /// Asks where `branch` is now, over the conversation that objects came over: one small request. Returns `None` if there was
    /// none, or if it tells nothing; the push will tell then.
    pub fn tip_now(&mut self, branch: &BranchName) -> Option<Tips> {
        self.source.reader.as_mut()?.tips_of(branch).ok()?
    }

    /// Returns whether the server does not support partial fetches, so that the whole commit was downloaded.
    pub fn is_whole(&self) -> bool {
        self.fetched == Fetched::Whole
    }

    /// Loads what is at `paths`, one request for each level of folders.
    pub fn load(&mut self, paths: &[RepositoryPath]) -> Result<(), GitError> {
        let root = self.root;
        self.load_all(|snapshot| paths.iter().map(|path| snapshot.walk(root, path)).collect())
    }

    /// Loads files, if there is room for all of them in memory. Returns whether there is.
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub fn load_if_room(&mut self, paths: &[RepositoryPath]) -> Result<bool, GitError> {
        let held = self.objects.trees_and_files();
        match self.load(paths) {
            Err(GitError::Excessive { .. }) => {
                self.objects.forget_all_but(&held);
                Ok(false)
            }
            loaded => loaded.map(|()| true),
        }
    }

    /// Loads the objects that `steps` report as not loaded, until none is missing.
    pub(super) fn load_all(&mut self, steps: impl Fn(&Self) -> Result<Vec<PathEnd>, GitError>) -> Result<(), GitError> {
        loop {
            let mut wants = Vec::new();
            let mut wanted = HashSet::new();
            for step in steps(self)? {
                if let PathEnd::Unloaded(id) = step
                    && wanted.insert(id)
                {
                    wants.push(id);
                }
            }
            if wants.is_empty() {
                return Ok(());
            }
            self.source.fetch(wants.clone(), &mut self.objects)?;
            if self.first_missing(&wants).is_some() {
                self.load_whole()?;
            }
            if let Some(missing) = self.first_missing(&wants) {
                return Err(GitError::unexpected(
                    format!("the object {missing} cannot be read"),
                    anyhow::anyhow!("the server did not send it"),
                ));
            }
        }
    }

    fn first_missing(&self, wanted: &[ObjectId]) -> Option<ObjectId> {
        wanted.iter().find(|id| !self.objects.contains(id)).copied()
    }

    /// Fetches the whole commit from a server that does not support partial fetches. A checkout that has the commit may lack
    /// parts of it.
    fn load_whole(&mut self) -> Result<(), GitError> {
        let reader = self.source.reader()?;
        if self.fetched == Fetched::Partial && !reader.serves_parts() {
            self.fetched = reader.fetch_tips(&[self.commit.0], None, &mut self.objects)?;
        }
        Ok(())
    }

    /// Returns what is at `path`, which must have been loaded.
    pub fn entry(&self, path: &RepositoryPath) -> Result<TreeEntry<'_>, GitError> {
        self.entry_at(self.root, path)
    }

    pub(super) fn entry_at(&self, root: ObjectId, path: &RepositoryPath) -> Result<TreeEntry<'_>, GitError> {
        match self.walk(root, path)? {
            PathEnd::Missing => Ok(TreeEntry::Missing),
            PathEnd::Unloaded(id) => Err(GitError::unexpected(
                format!("`{path}` cannot be read"),
                anyhow::anyhow!("the object {id} was not loaded"),
            )),
            PathEnd::Tree(id) => {
                let entries = self.objects.tree(&id)?.entries;
                let files = entries.iter().filter(|entry| !entry.mode.is_tree());
                Ok(TreeEntry::Directory(files.filter_map(|entry| entry.filename.to_str().ok()).collect()))
            }
            PathEnd::File { id, .. } => Ok(TreeEntry::File(self.objects.blob(&id)?)),
        }
    }

    /// Returns the content of the file at `path`, which must have been loaded.
    pub fn file(&self, path: &RepositoryPath) -> Result<&[u8], GitError> {
        match self.entry(path)? {
            TreeEntry::File(bytes) => Ok(bytes),
            TreeEntry::Missing | TreeEntry::Directory(_) => {
                Err(GitError::NotFollowed { path: path.to_string(), what: "folder that should be a file" })
            }
        }
    }

    /// Follows `path` from the tree `root` as far as objects are loaded.
    pub(in crate::git) fn walk(&self, root: ObjectId, path: &RepositoryPath) -> Result<PathEnd, GitError> {
        let not_followed = |what| GitError::NotFollowed { path: path.to_string(), what };
        let mut at = PathEnd::Tree(root);
        for part in path.parts() {
            let PathEnd::Tree(id) = at else {
                return Ok(PathEnd::Missing);
            };
            if !self.objects.contains(&id) {
                return Ok(PathEnd::Unloaded(id));
            }
            let Some(entry) = self.objects.tree_entry(&id, part)? else {
                return Ok(PathEnd::Missing);
            };
            let id = entry.oid.to_owned();
            at = match entry.mode.kind() {
                EntryKind::Tree => PathEnd::Tree(id),
                EntryKind::Link => return Err(not_followed("symbolic link")),
                EntryKind::Commit => return Err(not_followed("submodule")),
                kind @ (EntryKind::Blob | EntryKind::BlobExecutable) => PathEnd::File { id, kind },
            };
        }
        match at {
            PathEnd::Tree(id) | PathEnd::File { id, .. } if !self.objects.contains(&id) => Ok(PathEnd::Unloaded(id)),
            at => Ok(at),
        }
    }
}

/// What a path leads to, or the object at which following it stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::git) enum PathEnd {
    Missing,
    Unloaded(ObjectId),
    Tree(ObjectId),
    File { id: ObjectId, kind: EntryKind },
}
