//! The newest commits of a branch, and the content of a path in each of them. Commits come from the checkout if it has
//! them, else in one fetch without trees. The trees along a path come for all commits at once, one request a level.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap, HashSet};

use gix::protocol::handshake::Ref;

use super::reader::{Fetched, HISTORY_DEPTH};
use super::snapshot::{PathEnd, Snapshot};
use crate::git::error::GitError;
use crate::git::objects::name::{BranchName, CommitId, ContentId, RepositoryPath, TagName};
use crate::git::objects::record::CommitRecord;

/// The newest commits of a branch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// From the tip on, the newest first; a commit comes before its parents.
    pub commits: Vec<CommitRecord>,
    /// Whether these are all commits of the branch.
    pub complete: bool,
    /// The branch whose history this is, if it is that of one.
    pub branch: Option<BranchName>,
    /// The place of each commit in `commits`.
    places: HashMap<CommitId, usize>,
}

impl History {
    pub fn get(&self, id: CommitId) -> Option<&CommitRecord> {
        self.commits.get(self.place(id)?)
    }

    /// Returns the place of a commit in `commits`.
    pub fn place(&self, id: CommitId) -> Option<usize> {
        self.places.get(&id).copied()
    }

    /// Returns a history of these commits, all that there are.
    #[cfg(test)]
    pub(crate) fn of(commits: Vec<CommitRecord>, branch: Option<BranchName>) -> Self {
        let places = commits.iter().enumerate().map(|(place, commit)| (commit.id, place)).collect();
        Self { commits, branch, complete: true, places }
    }
}

/// A commit whose parents have not been looked at. The newest comes first; of two with the same time, the one that was found
/// first.
struct Pending {
    record: CommitRecord,
    order: Reverse<u64>,
}

impl Ord for Pending {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.record.seconds, self.order).cmp(&(other.record.seconds, other.order))
    }
}

impl PartialOrd for Pending {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pending {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Pending {}

/// How many commits are read whole, with all their files.
const WHOLE_COMMITS: usize = 100;

/// Up to how many bytes of the newest one: it comes once more with the others, so twice as much must fit into the memory.
const MAX_WHOLE: u64 = 28 << 20;

/// How many commits' trees and files are held at most, while a history is read.
const MAX_COMMITS_HELD: usize = 2_000;

/// How many bytes of them are aimed at. They come in one request.
const BYTES_HELD: u64 = 16 << 20;

/// Up to how many bytes of a snapshot's objects all that was loaded of a history is kept.
const MAX_BYTES_KEPT: u64 = 16 << 20;

/// How many commits of a history are held at a time, with their trees along a path and their files, by what those before took.
#[derive(Debug, Clone, Copy)]
pub struct HistoryWindow {
    commits: usize,
}

impl Default for HistoryWindow {
    fn default() -> Self {
        Self { commits: MAX_COMMITS_HELD }
    }
}

impl HistoryWindow {
    /// Learns that so many commits took so many bytes.
    fn fit(&mut self, commits: usize, bytes: u64) {
        let fitting = (commits as u64).saturating_mul(BYTES_HELD) / bytes.max(1);
        self.commits = fitting.clamp(1, MAX_COMMITS_HELD as u64) as usize;
    }
}

impl Snapshot<'_> {
    /// Returns whether the newest `HISTORY_DEPTH` commits were fetched with this one.
    pub fn came_with_history(&self) -> bool {
        self.depth >= HISTORY_DEPTH
    }

    /// Returns the newest `count` commits, or fewer if the server does not serve them.
    pub fn history(&mut self, count: usize) -> Result<History, GitError> {
        loop {
            let (history, missing) = self.known_history(count)?;
            if !missing || self.depth >= count {
                return Ok(history);
            }
            self.deepen(count)?;
        }
    }

    /// Loads the newest `count` commits without their files. A server without partial fetches is asked once, for the newest
    /// [`WHOLE_COMMITS`] with all their files; if that is more than the limits allow, for half as many, and so on. If the newest
    /// one is too large for that alone, the server is not asked.
    fn deepen(&mut self, count: usize) -> Result<(), GitError> {
        let reader = self.source.reader()?;
        self.depth = count;
        if reader.fetch_history(self.commit.0, count, &mut self.objects)? {
            return Ok(());
        }
        self.depth = usize::MAX;
        let mut count = match self.fetched {
            Fetched::Whole if self.objects.bytes() > MAX_WHOLE => 0,
            _ => WHOLE_COMMITS,
        };
        while count > 1 {
            reader.begin_again()?;
            match reader.fetch_whole(&[self.commit.0], count, &mut self.objects) {
                Err(GitError::Excessive { .. }) => count /= 2,
                // It cannot cut a history either.
                Err(GitError::Unsupported { .. }) => break,
                fetched => {
                    self.fetched = fetched?;
                    break;
                }
            }
        }
        Ok(())
    }

    /// Returns whether the newest `count` commits are loaded, or all if there are fewer.
    pub(super) fn has_history(&mut self, count: usize) -> Result<bool, GitError> {
        let (history, missing) = self.known_history(count)?;
        Ok(!missing || history.commits.len() == count)
    }

    /// Returns the history as far as it is loaded, and whether one of the `count` commits is missing.
    fn known_history(&mut self, count: usize) -> Result<(History, bool), GitError> {
        let mut history = History { complete: true, branch: self.branch.clone(), ..History::default() };
        let mut missing = false;
        let mut found = HashSet::from([self.commit]);
        let mut queue = BinaryHeap::new();
        let mut order = 0_u64;
        let mut news = vec![self.commit];
        loop {
            for id in news {
                if !self.objects.contains(&id.0) && !self.objects.have_room_for_history() {
                    history.complete = false;
                    continue;
                }
                let Some(record) = self.record(id)? else {
                    (missing, history.complete) = (true, false);
                    continue;
                };
                order += 1;
                queue.push(Pending { order: Reverse(order), record });
            }
            let Some(Pending { record, .. }) = queue.pop() else {
                return Ok((history, missing));
            };
            if history.commits.len() == count {
                history.complete = false;
                return Ok((history, missing));
            }
            news = record.parents.iter().copied().filter(|parent| found.insert(*parent)).collect();
            history.places.insert(record.id, history.commits.len());
            history.commits.push(record);
        }
    }

    /// Returns a commit that is loaded or in the checkout. One that is malformed counts as missing, so that an old fault in
    /// the history fails no release.
    fn record(&mut self, id: CommitId) -> Result<Option<CommitRecord>, GitError> {
        if !self.objects.contains(&id.0) && !self.source.copy_local(id.0, &mut self.objects)? {
            return Ok(None);
        }
        Ok(CommitRecord::read(id, &self.objects).ok())
    }

    /// Returns whether the folder of the file at `path` is loaded for each of `commits`, so that loading their history costs
    /// at most one request.
    pub fn has_folders(&self, commits: &[&CommitRecord], path: &RepositoryPath) -> Result<bool, GitError> {
        let folder = path.folder();
        for commit in commits {
            if let PathEnd::Unloaded(_) = self.step_at(commit, &folder)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns the commit `id` if it was loaded already; no request is made.
    pub fn loaded_commit(&self, id: CommitId) -> Result<Option<CommitRecord>, GitError> {
        let is_loaded = self.objects.contains(&id.0);
        is_loaded.then(|| CommitRecord::read(id, &self.objects)).transpose()
    }

    /// Returns the commit `id` of the repository, of whatever branch; `None` if the repository does not have it, or does not
    /// serve it.
    pub fn load_commit(&mut self, id: CommitId) -> Result<Option<CommitRecord>, GitError> {
        self.load_commits(&[id])?;
        self.record(id)
    }

    /// Loads those of the commits `ids` that the repository has, by one request; none of them if it does not serve one.
    pub fn load_commits(&mut self, ids: &[CommitId]) -> Result<(), GitError> {
        let mut missing = Vec::new();
        for id in ids {
            if self.record(*id)?.is_none() && !missing.contains(&id.0) {
                missing.push(id.0);
            }
        }
        if missing.is_empty() || !self.source.has_remote() {
            return Ok(());
        }
        self.source.reader()?.fetch_commits(&missing, &mut self.objects)
    }

    /// Returns the commits of the remote's refs whose full names begin with one of `prefixes`; none without a remote.
    pub fn tips_below(&mut self, prefixes: &[String]) -> Result<Vec<CommitId>, GitError> {
        if !self.source.has_remote() {
            return Ok(Vec::new());
        }
        let refs = self.source.reader()?.refs(prefixes.iter().cloned())?;
        let is_below = |name: &[u8]| prefixes.iter().any(|prefix| name.starts_with(prefix.as_bytes()));
        let named = refs.iter().map(Ref::unpack).filter(|(name, ..)| is_below(name));
        Ok(named.filter_map(|(_, id, _)| id.map(|id| CommitId(id.to_owned()))).collect())
    }

    /// Returns whether the remote has a tag of this name, as far as a server tells it that is asked for single references.
    pub fn remote_has_tag(&mut self, name: &TagName) -> Result<bool, GitError> {
        let full = name.full();
        let refs = self.source.reader()?.refs([full.clone()].into_iter())?;
        Ok(refs.iter().any(|reference| reference.unpack().0 == full.as_str()))
    }

    /// Loads what changed since the commit `before`, an ancestor, in one request, if that is little. It makes none if there is a
    /// checkout, which has most of it, if the folders of `paths` are at hand, or if the server has no partial fetches.
    pub fn load_changes(&mut self, paths: &[RepositoryPath], before: CommitId) -> Result<(), GitError> {
        let steps = paths.iter().map(|path| self.walk(self.root, &path.folder()));
        let steps = steps.collect::<Result<Vec<_>, _>>()?;
        let is_missing = steps.iter().any(|step| matches!(step, PathEnd::Unloaded(_)));
        if !is_missing || self.source.checkout.is_some() {
            return Ok(());
        }
        match self.source.reader()? {
            reader if reader.serves_parts() => reader.fetch_changes(self.commit, before, &mut self.objects),
            _ => Ok(()),
        }
    }

    /// Loads what is at `paths` in this commit and in each of `earlier`, one request for each level of folders; in this commit
    /// with what is `beside` them, which is asked again as folders come.
    pub fn load_with_history(
        &mut self,
        paths: &[RepositoryPath],
        earlier: &[CommitRecord],
        beside: impl Fn(&Self) -> Vec<RepositoryPath>,
    ) -> Result<(), GitError> {
        let root = self.root;
        self.load_all(|snapshot| {
            let beside = beside(snapshot);
            let now = paths.iter().chain(&beside).map(|path| snapshot.walk(root, path));
            let then = earlier.iter().flat_map(|commit| paths.iter().map(move |path| snapshot.step_at(commit, path)));
            now.chain(then).collect()
        })
    }

    /// Loads what is at `path` in each of `commits`.
    pub fn load_history(&mut self, commits: &[&CommitRecord], path: &RepositoryPath) -> Result<(), GitError> {
        self.load_files(commits, std::slice::from_ref(path))
    }

    /// Loads what is at each of `paths` in each of `commits`.
    pub fn load_files(&mut self, commits: &[&CommitRecord], paths: &[RepositoryPath]) -> Result<(), GitError> {
        self.load_all(|snapshot| {
            let steps = commits.iter().flat_map(|commit| paths.iter().map(|path| snapshot.step_at(commit, path)));
            steps.collect()
        })
    }

    /// Returns whether all of `paths` are files in `commit`, whose content is not loaded: one request for each level of folders.
    pub fn has_files(&mut self, commit: &CommitRecord, paths: &[RepositoryPath]) -> Result<bool, GitError> {
        let folders: Vec<_> = paths.iter().map(RepositoryPath::folder).collect();
        self.load_files(&[commit], &folders)?;
        for (path, folder) in paths.iter().zip(&folders) {
            let PathEnd::Tree(folder) = self.step_at(commit, folder)? else { return Ok(false) };
            let Some(name) = path.parts().last() else { return Ok(false) };
            if !self.objects.tree_entry(&folder, name)?.is_some_and(|entry| entry.mode.is_blob()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Loads what is at `path` in the first of `commits`, as many as there is memory for, and lets `read` look at these. What was
    /// loaded stays if it is small: the next entry may be in the same file.
    pub fn with_history<T, E: From<GitError>>(
        &mut self,
        window: &mut HistoryWindow,
        commits: &[&CommitRecord],
        path: &RepositoryPath,
        read: impl FnOnce(&mut Self, &[&CommitRecord]) -> Result<T, E>,
    ) -> Result<T, E> {
        let held = self.objects.trees_and_files();
        let before = self.objects.bytes();
        let part = loop {
            let part = &commits[..commits.len().min(window.commits)];
            match self.load_history(part, path) {
                Err(GitError::Excessive { .. }) if part.len() > 1 => {
                    self.objects.forget_all_but(&held);
                    window.commits = part.len() / 2;
                }
                loaded => {
                    loaded?;
                    break part;
                }
            }
        };
        window.fit(part.len(), self.objects.bytes() - before);
        let result = read(self, part);
        if self.objects.bytes() > MAX_BYTES_KEPT {
            self.objects.forget_all_but(&held);
        }
        result
    }

    /// Returns the file at `path` in a commit for which it was loaded; `None` if there is none.
    pub fn file_at(&self, commit: &CommitRecord, path: &RepositoryPath) -> Result<Option<&[u8]>, GitError> {
        Ok(self.content_at(commit, path)?.map(|(_, bytes)| bytes))
    }

    /// Returns the same with the id of what the file says.
    pub fn content_at(
        &self,
        commit: &CommitRecord,
        path: &RepositoryPath,
    ) -> Result<Option<(ContentId, &[u8])>, GitError> {
        match self.step_at(commit, path)? {
            PathEnd::Missing | PathEnd::Tree(_) => Ok(None),
            PathEnd::File { id, .. } => Ok(Some((ContentId(id), self.objects.blob(&id)?))),
            // This tells which object was not loaded.
            PathEnd::Unloaded(_) => self.entry_at(commit.tree, path).map(|_| None),
        }
    }

    /// Follows `path` in an earlier commit. A symbolic link or a submodule on the way counts as missing there.
    fn step_at(&self, commit: &CommitRecord, path: &RepositoryPath) -> Result<PathEnd, GitError> {
        match self.walk(commit.tree, path) {
            Err(GitError::NotFollowed { .. }) => Ok(PathEnd::Missing),
            step => step,
        }
    }
}
