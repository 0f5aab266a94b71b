//! What the entries of one file became, commit by commit along the line of the branch's tips, whatever made the
//! commits. The files decide; what a commit's trailers say counts only if its change agrees with them.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use super::branch_line::BranchLine;
use super::claims::claims_of;
use super::file_entries::{Entries, FileVersions, entries};
use super::moved_file::moved_from;
use super::went_back::mark_what_went_back;
use crate::git::{CommitId, CommitRecord, ContentId, HistoryWindow, RepositoryPath, Snapshot};
use crate::guards::order::Numbers;
use crate::message::LoggedRelease;
use crate::message::trailers::ReleaseTrailers;
use crate::outcome::failure::Failure;
use crate::targets;
use crate::targets::Fields;

/// How many commits are read, one step after another, until it is enough.
const DEPTHS: [usize; 5] = [100, 500, 2_000, 10_000, MAX_COMMITS];

/// How many commits are read at most.
const MAX_COMMITS: usize = 100_000;

/// How many commits in a row must be of a time before the history is taken to be there: some of them have a wrong date.
const COMMITS_OF_A_TIME: usize = 10;

/// How many changes of an entry are read at most to find what those by hand went back to.
const MAX_CHANGES_TOLD: usize = 100;

/// What entries became.
pub(crate) struct EntryHistory {
    /// The newest first.
    pub(crate) changes: Vec<LoggedRelease>,
    /// Whether this is all that there ever was.
    pub(crate) complete: bool,
    pub(crate) commits_read: usize,
    /// The newest time of the commits that were read last, in seconds since 1970: what was not read is older, unless many
    /// dates are wrong.
    pub(crate) read_back_to: i64,
}

impl EntryHistory {
    /// Reads what became of the entry `name`, or of all entries, in the file at `path`, until that `is_enough`. A file
    /// that was moved or renamed is followed to where it was before.
    ///
    /// # Errors
    /// If the repository cannot be read.
    pub(crate) fn read(
        snapshot: &mut Snapshot<'_>,
        path: &RepositoryPath,
        name: Option<&str>,
        versions: &FileVersions,
        numbers: Numbers,
        is_enough: &dyn Fn(&Self) -> bool,
    ) -> Result<Self, Failure> {
        let mut line = Line::new(path, name, versions);
        let mut read = Self { changes: Vec::new(), complete: false, commits_read: 0, read_back_to: i64::MAX };
        for depth in DEPTHS {
            let branch = BranchLine::of(snapshot.history(depth)?);
            let tips: Vec<&CommitRecord> = branch.tips().collect();
            if !line.is_part_of(&tips) {
                line = Line::new(path, name, versions);
            }
            line.brought = merges(&branch).collect();
            line.read(snapshot, &tips)?;
            let history = branch.history();
            let last = &tips[tips.len().saturating_sub(COMMITS_OF_A_TIME)..];
            read = Self {
                changes: line.changes(numbers),
                complete: history.complete,
                commits_read: history.commits.len(),
                read_back_to: last.iter().map(|tip| tip.seconds).max().unwrap_or(i64::MAX),
            };
            // A merge is told by what it brought, which may be older than what was read.
            let is_open = |change: &LoggedRelease| change.trailers.is_none() && !branch.is_side_read(&change.record);
            if read.complete || (is_enough(&read) && !read.changes.iter().any(is_open)) {
                break;
            }
        }
        Ok(read)
    }

    /// Returns whether enough was read to know what each of the `newest` changes went back to, and so what they took back. One by
    /// hand may have gone back to any before it.
    pub(crate) fn tells_what_went_back(&self, newest: usize) -> bool {
        let is_told = |change: &LoggedRelease| change.trailers.is_some() || !change.stands() || change.fields.is_none();
        self.changes.len() >= MAX_CHANGES_TOLD || self.changes[..newest].iter().all(is_told)
    }
}

/// Returns the place of each commit that the branch has been at, the newest first, among its newest `depth` commits. Their dates
/// tell no order: clocks differ.
///
/// # Errors
/// If the repository cannot be read.
pub(crate) fn places_on_branch(snapshot: &mut Snapshot<'_>, depth: usize) -> Result<HashMap<CommitId, usize>, Failure> {
    let branch = BranchLine::of(snapshot.history(depth)?);
    Ok(branch.tips().enumerate().map(|(place, tip)| (tip.id, place)).collect())
}

/// Returns how much of a history was read, for a message.
pub(crate) fn newest_commits(count: usize) -> String {
    match count {
        1 => "the newest commit".to_owned(),
        count => format!("the newest {count} commits"),
    }
}

/// Returns what the merges of a branch claim to have brought.
fn merges(branch: &BranchLine) -> impl Iterator<Item = (CommitId, Vec<Arc<ReleaseTrailers>>)> {
    let merges = branch.tips().filter(|tip| tip.parents.len() > 1);
    merges.map(|merge| (merge.id, claims_of(merge, branch).into_iter().map(Arc::new).collect()))
}

/// A file: what identifies its content, the content, and what its entries say.
type ReadVersion = (Option<ContentId>, Rc<[u8]>, Option<Entries>);

/// The line of the branch's tips, read from the newest commit back.
struct Line<'a> {
    /// Where the file is in the commits that come next.
    path: RepositoryPath,
    name: Option<&'a str>,
    versions: &'a FileVersions,
    window: HistoryWindow,
    commits_read: usize,
    /// The commit that was read last.
    last_read: Option<CommitId>,
    /// Whether the branch's first commit was read.
    is_at_end: bool,
    /// What merges claim to have brought.
    brought: HashMap<CommitId, Vec<Arc<ReleaseTrailers>>>,
    /// Each commit against the one before it, the newest first.
    changes: Vec<LoggedRelease>,
    /// By which other names the commits of changes call the entries that they changed.
    spellings: HashMap<(CommitId, String), BTreeSet<String>>,
    /// The oldest commit so far in which the file could be read, what its entries say there, and the file.
    later: Option<(Arc<CommitRecord>, Entries, Rc<[u8]>)>,
    /// The oldest commit so far, if the file is in it.
    has_file: Option<Arc<CommitRecord>>,
    /// The file of the oldest commit so far, which need not be read again if it is the same in the next one.
    last_version: Option<ReadVersion>,
}

impl<'a> Line<'a> {
    fn new(path: &RepositoryPath, name: Option<&'a str>, versions: &'a FileVersions) -> Self {
        let path = path.clone();
        Self {
            path,
            name,
            versions,
            window: HistoryWindow::default(),
            commits_read: 0,
            last_read: None,
            is_at_end: false,
            brought: HashMap::new(),
            changes: Vec::new(),
            spellings: HashMap::new(),
            later: None,
            has_file: None,
            last_version: None,
        }
    }

    /// Returns whether `tips` begin with what was read. What comes with a greater depth may show that a merge took the branch
    /// another way.
    fn is_part_of(&self, tips: &[&CommitRecord]) -> bool {
        let last = self.commits_read.checked_sub(1).and_then(|last| tips.get(last));
        self.last_read == last.map(|last| last.id)
    }

    /// Reads on in `commits`, which begin with those that were read already.
    fn read(&mut self, snapshot: &mut Snapshot<'_>, commits: &[&CommitRecord]) -> Result<(), Failure> {
        while let Some(rest @ [_, ..]) = commits.get(self.commits_read..) {
            let (mut window, path) = (self.window, self.path.clone());
            snapshot.with_history(&mut window, rest, &path, |snapshot, part| self.read_loaded(snapshot, part))?;
            self.window = window;
        }
        Ok(())
    }

    /// Reads on as far as the file stays where it is.
    fn read_loaded(&mut self, snapshot: &mut Snapshot<'_>, commits: &[&CommitRecord]) -> Result<(), Failure> {
        for commit in commits {
            let is_there = snapshot.file_at(commit, &self.path)?.is_some();
            if let (false, Some(after), Some((_, _, text))) = (is_there, self.has_file.take(), &self.later)
                && let Some(path) = moved_from(snapshot, commit, &after, &self.path, text, self.name)?
            {
                self.path = path;
                return Ok(());
            }
            let record = Arc::new((*commit).clone());
            self.read_commit(snapshot, &record)?;
            self.has_file = is_there.then_some(record);
            self.is_at_end = commit.parents.is_empty();
            self.commits_read += 1;
            self.last_read = Some(commit.id);
        }
        Ok(())
    }

    fn read_commit(&mut self, snapshot: &Snapshot<'_>, commit: &Arc<CommitRecord>) -> Result<(), Failure> {
        let content = snapshot.content_at(commit, &self.path)?;
        let id = content.map(|(id, _)| id);
        // Most commits leave the file alone.
        if self.last_version.as_ref().is_none_or(|(last, ..)| *last != id) {
            let (path, bytes) = (self.path.as_str(), content.map(|(_, bytes)| bytes).unwrap_or_default());
            let entries = match (content, self.name) {
                (Some(content), Some(name)) => self.versions.entries(path, content, name),
                _ => entries(path, bytes, self.name),
            };
            self.last_version = Some((id, bytes.into(), entries));
        }
        // A file that was broken for a while tells nothing of its entries, and could not be deployed.
        let Some((_, bytes, Some(entries))) = &self.last_version else { return Ok(()) };
        let later = self.later.replace((commit.clone(), entries.clone(), bytes.clone()));
        if let Some((later, after, text)) = later {
            let changes = differences(&later, &self.path, &after, entries);
            let claims = self.claims(&later);
            let names: BTreeSet<&str> = claims.iter().flat_map(|said| said.entries()).collect();
            for change in &changes {
                let spellings = targets::spellings(&change.file, &text, &change.name, &names);
                if !spellings.is_empty() {
                    self.spellings.insert((later.id, change.name.clone()), spellings);
                }
            }
            self.changes.extend(changes);
        }
        Ok(())
    }

    /// Returns what a commit of the line claims to have released.
    fn claims(&self, commit: &CommitRecord) -> Vec<Arc<ReleaseTrailers>> {
        match self.brought.get(&commit.id) {
            Some(brought) => brought.clone(),
            None => ReleaseTrailers::read_all(commit).map(Arc::new).collect(),
        }
    }

    /// Returns which of the `claims` of a change's commit is true: that the entry became what it did.
    fn true_claim(&self, change: &LoggedRelease, claims: &[Arc<ReleaseTrailers>]) -> Option<Arc<ReleaseTrailers>> {
        let fields = change.fields.as_ref()?;
        let spellings = self.spellings.get(&(change.record.id, change.name.clone()));
        let in_terms_of_name = |said: &Arc<ReleaseTrailers>| match spellings {
            Some(spellings) => Arc::new(ReleaseTrailers::clone(said).renamed(spellings, &change.name)),
            None => said.clone(),
        };
        let is_true =
            |said: &Arc<ReleaseTrailers>| said.names_file(&change.file) && said.released(&change.name, fields);
        claims.iter().map(in_terms_of_name).find(is_true)
    }

    /// Returns the changes so far. What the oldest commit changed is not known, unless there is none before it that can be
    /// read.
    fn changes(&self, numbers: Numbers) -> Vec<LoggedRelease> {
        let mut changes = self.changes.clone();
        let oldest = match &self.later {
            Some((first, oldest, _)) if self.is_at_end => {
                changes.extend(differences(first, &self.path, oldest, &Entries::new()));
                Entries::new()
            }
            Some((_, oldest, _)) => oldest.clone(),
            None => Entries::new(),
        };
        // What a merge brought may have been read after what it changed.
        let mut claims = (None, Vec::new());
        for change in &mut changes {
            if claims.0 != Some(change.record.id) {
                claims = (Some(change.record.id), self.claims(&change.record));
            }
            change.trailers = self.true_claim(change, &claims.1);
        }
        mark_what_went_back(&mut changes, oldest, numbers);
        changes
    }
}

/// Returns what the entry `name` said in a commit for which the file was loaded; `None` if there was none, or if the file
/// could not be read.
///
/// # Errors
/// If the file was not loaded.
pub(crate) fn fields_at(
    snapshot: &Snapshot<'_>,
    commit: &CommitRecord,
    path: &RepositoryPath,
    name: &str,
    versions: &FileVersions,
) -> Result<Option<Fields>, Failure> {
    let entries = match snapshot.content_at(commit, path)? {
        Some(content) => versions.entries(path.as_str(), content, name),
        None => entries(path.as_str(), &[], Some(name)),
    };
    Ok(entries.and_then(|entries| entries.into_values().next()))
}

/// Returns the entries that differ, as changes by `record` of which no claim is known yet.
fn differences(
    record: &Arc<CommitRecord>,
    path: &RepositoryPath,
    after: &Entries,
    before: &Entries,
) -> Vec<LoggedRelease> {
    let names = before.keys().filter(|name| !after.contains_key(*name)).chain(after.keys());
    let changed = names.filter(|name| before.get(*name) != after.get(*name));
    let change = |name: &String| LoggedRelease {
        file: path.to_string(),
        name: name.clone(),
        trailers: None,
        fields: after.get(name).cloned(),
        record: record.clone(),
        rolled_back_by: None,
        goes_back: false,
    };
    changed.map(change).collect()
}
