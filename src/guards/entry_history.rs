//! What the entries of one kustomization became, commit by commit along the line of the branch's tips, whatever made the
//! commits. The files decide; what a commit's trailers say counts only if its change agrees with them.

use std::collections::{BTreeMap, HashMap};

use crate::git::{CommitRecord, RepositoryPath, Snapshot};
use crate::message::trailers::ReleaseTrailers;
use crate::outcome::LoggedRelease;
use crate::outcome::failure::Failure;
use crate::targets::kustomization::{self, Fields};

/// How many commits are read, one step after another, until it is enough.
const DEPTHS: [usize; 3] = [100, 500, MAX_COMMITS];

/// How many commits are read at most: the trees along the path are held for each of them.
pub(crate) const MAX_COMMITS: usize = 2_000;

/// The entries of a file by their names, the first of each.
type Entries = BTreeMap<String, Fields>;

/// What entries became.
pub(crate) struct EntryHistory {
    /// The newest first.
    pub(crate) changes: Vec<LoggedRelease>,
    /// Whether this is all that there ever was.
    pub(crate) complete: bool,
    pub(crate) commits_read: usize,
}

impl EntryHistory {
    /// Reads what became of the entry `name`, or of all entries, in the kustomization at `path`, until that `is_enough`.
    ///
    /// # Errors
    /// If the repository cannot be read.
    pub(crate) fn read(
        snapshot: &mut Snapshot<'_>,
        path: &RepositoryPath,
        name: Option<&str>,
        is_enough: impl Fn(&[LoggedRelease]) -> bool,
    ) -> Result<Self, Failure> {
        let mut read = Self { changes: Vec::new(), complete: false, commits_read: 0 };
        for depth in DEPTHS {
            let history = snapshot.history(depth)?;
            let commits: Vec<&CommitRecord> = history.first_parents().collect();
            snapshot.load_history(&commits, path)?;
            let (mut changes, oldest) = changes(snapshot, &commits, path, name)?;
            mark_what_went_back(&mut changes, oldest);
            read = Self { changes, complete: history.complete, commits_read: history.commits.len() };
            if read.complete || is_enough(&read.changes) {
                break;
            }
        }
        Ok(read)
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
) -> Result<Option<Fields>, Failure> {
    let bytes = snapshot.file_at(commit, path)?.unwrap_or_default();
    Ok(entries(bytes, Some(name)).and_then(|entries| entries.into_values().next()))
}

/// Returns the changes of entries, each commit against the one before it, and what the oldest commit said. What that commit
/// changed is not known, unless it is the first of all.
fn changes(
    snapshot: &Snapshot<'_>,
    commits: &[&CommitRecord],
    path: &RepositoryPath,
    name: Option<&str>,
) -> Result<(Vec<LoggedRelease>, Entries), Failure> {
    let mut changes = Vec::new();
    let mut last: Option<(&[u8], Option<Entries>)> = None;
    let mut later: Option<(&CommitRecord, Entries)> = None;
    for commit in commits {
        let bytes = snapshot.file_at(commit, path)?.unwrap_or_default();
        // Most commits leave the file alone, and then it need not be parsed again.
        let entries = match &last {
            Some((same, entries)) if *same == bytes => entries.clone(),
            _ => entries(bytes, name),
        };
        last = Some((bytes, entries.clone()));
        // A file that was broken for a while tells nothing of its entries, and could not be deployed.
        let Some(entries) = entries else { continue };
        if let Some((later, after)) = later {
            changes.extend(differences(later, path, &after, &entries));
        }
        later = Some((commit, entries));
    }
    let Some((first, oldest)) = later else { return Ok((changes, Entries::new())) };
    if first.parents.is_empty() {
        changes.extend(differences(first, path, &oldest, &Entries::new()));
        return Ok((changes, Entries::new()));
    }
    Ok((changes, oldest))
}

/// Returns what the entries of a file say; `None` if it cannot be read.
fn entries(bytes: &[u8], name: Option<&str>) -> Option<Entries> {
    let mut found = BTreeMap::new();
    for (entry, fields) in kustomization::entries(bytes).ok()? {
        if name.is_none_or(|name| name == entry) {
            found.entry(entry).or_insert(fields);
        }
    }
    Some(found)
}

fn differences(record: &CommitRecord, path: &RepositoryPath, after: &Entries, before: &Entries) -> Vec<LoggedRelease> {
    let trailers = ReleaseTrailers::read(record).filter(|said| said.names_file(&path.to_string()));
    let names = before.keys().filter(|name| !after.contains_key(*name)).chain(after.keys());
    let changed = names.filter(|name| before.get(*name) != after.get(*name));
    let change = |name: &String| {
        let fields = after.get(name).cloned();
        let is_true = |said: &ReleaseTrailers| fields.as_ref().is_some_and(|fields| said.released(name, fields));
        LoggedRelease {
            name: name.clone(),
            trailers: trailers.clone().filter(is_true),
            fields,
            record: record.clone(),
            rolled_back_by: None,
            goes_back: false,
        }
    };
    changed.map(change).collect()
}

/// Marks the changes that went back to what an entry said before, and what they took back. A release of ours goes back only
/// if it says so; any other change goes back if the entry says again what it said before.
fn mark_what_went_back(changes: &mut [LoggedRelease], oldest: Entries) {
    /// What an entry said, and the change that made it say so; `None` for what it said before all changes.
    type Said = (Option<Fields>, Option<usize>);
    let mut standing: HashMap<String, Vec<Said>> =
        oldest.into_iter().map(|(name, fields)| (name, vec![(Some(fields), None)])).collect();
    let mut taken_back = Vec::new();
    for index in (0..changes.len()).rev() {
        let (name, fields) = (changes[index].name.clone(), changes[index].fields.clone());
        let stack = standing.entry(name).or_insert_with(|| vec![(None, None)]);
        let rollback_of = changes[index].trailers.as_ref().map(|said| said.rollback_of.clone());
        let earlier = stack.iter().rposition(|(said, _)| *said == fields);
        let goes_back = match (&rollback_of, earlier) {
            (Some(rollback_of), _) => !rollback_of.is_empty(),
            // An entry that was removed has not gone back to the time before it was added.
            (None, earlier) => earlier.is_some() && fields.is_some(),
        };
        changes[index].goes_back = goes_back;
        if !goes_back {
            stack.push((fields, Some(index)));
            continue;
        }
        // What a rollback goes back to may be older than what was read, or may have been taken back itself: then its
        // trailers tell what it takes back.
        let kept = earlier.map_or(0, |earlier| earlier + 1);
        let names = |change: usize| rollback_of.iter().flatten().any(|id| *id == changes[change].record.id);
        let is_taken = |at: usize, change: usize| if earlier.is_some() { at >= kept } else { names(change) };
        let mut kept_stack = Vec::new();
        for (at, said) in std::mem::take(stack).into_iter().enumerate() {
            match said.1 {
                Some(change) if is_taken(at, change) => taken_back.push((change, index)),
                _ => kept_stack.push(said),
            }
        }
        if earlier.is_none() {
            kept_stack.push((fields, None));
        }
        *stack = kept_stack;
    }
    for (taken, by) in taken_back {
        changes[taken].rolled_back_by = Some(changes[by].record.id);
    }
}
