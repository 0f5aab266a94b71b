//! Which changes of an entry went back to what it said before, and which changes these took back.

use std::collections::{HashMap, HashSet};

use super::file_entries::Entries;
use crate::git::CommitId;
use crate::guards::order::{Build, Numbers};
use crate::message::LoggedRelease;
use crate::message::merged_title::titles;
use crate::targets::Fields;

/// The search for builds that a lower tag takes back begins at the newest, and ends after so many that it does not take back.
const MAX_COMPARED: usize = 20;

/// What an entry said, and the change that made it say so; `None` for what it said before all changes.
struct Standing {
    fields: Option<Fields>,
    made_by: Option<usize>,
}

/// Marks the changes that went back to what an entry said before, and what they took back. A release of ours goes back only
/// if it says so; any other change goes back if the entry says again what it said before. If it says what is new, it takes
/// back what its tag is lower than, and the newest build if its title is that of a revert.
pub(super) fn mark_what_went_back(changes: &mut [LoggedRelease], oldest: Entries, numbers: Numbers) {
    let before_all = |fields| vec![Standing { fields, made_by: None }];
    let mut standing: HashMap<String, Vec<Standing>> =
        oldest.into_iter().map(|(name, fields)| (name, before_all(Some(fields)))).collect();
    for index in (0..changes.len()).rev() {
        let change = &changes[index];
        let stack = standing.entry(change.name.clone()).or_insert_with(|| before_all(None));
        let said_before = said_before(change, stack);
        let taken_back: HashSet<usize> = match said_before {
            Some(place) => stack.drain(place + 1..).filter_map(|later| later.made_by).collect(),
            None => {
                let taken_back = taken_back_by(index, changes, stack, numbers);
                stack.retain(|earlier| earlier.made_by.is_none_or(|at| !taken_back.contains(&at)));
                stack.push(Standing { fields: change.fields.clone(), made_by: Some(index) });
                taken_back
            }
        };
        let id = change.record.id;
        changes[index].goes_back = said_before.is_some();
        for at in taken_back {
            changes[at].rolled_back_by = Some(id);
        }
    }
}

/// Returns the place in `stack` of what the entry says again, if this change may go back to it.
fn said_before(change: &LoggedRelease, stack: &[Standing]) -> Option<usize> {
    let is_release = change.trailers.as_ref().is_some_and(|said| !said.is_rollback());
    // An entry that was removed has not gone back to the time before it was added.
    let may_go_back = !is_release && change.fields.is_some();
    stack.iter().rposition(|earlier| may_go_back && earlier.fields == change.fields)
}

/// Returns the changes in `stack` that a change takes back which says what is new.
fn taken_back_by(index: usize, changes: &[LoggedRelease], stack: &[Standing], numbers: Numbers) -> HashSet<usize> {
    let LoggedRelease { file, name, fields, trailers, .. } = &changes[index];
    let standing = stack.iter().rev().filter_map(|earlier| earlier.made_by);
    let is_same = |earlier: &LoggedRelease| earlier.name == *name && earlier.fields == *fields;
    if let Some(said) = trailers {
        // What a rollback goes back to may have been taken back itself, or be older than what was read: then its trailers tell
        // what it takes back. So do those of a promotion of a rollback, which may be of a build that this entry has never had.
        let named: HashSet<CommitId> =
            said.rollback_of.iter().copied().chain(said.still_taken_back(file, name)).collect();
        // After a rewrite the commits that it names are gone; it takes back all since what it goes back to.
        let gone_back_to = (index + 1..changes.len()).find(|at| said.is_rollback() && is_same(&changes[*at]));
        let is_since = |at: usize| gone_back_to.is_some_and(|same| at < same);
        return standing.filter(|at| is_since(*at) || named.contains(&changes[*at].record.id)).collect();
    }
    let Some(fields) = fields else { return HashSet::new() };
    let new = Build::of_entry(name, fields, None);
    let mut taken_back = higher_than(&new, changes, standing, numbers);
    let is_lower = |at: usize| {
        let earlier = changes[at].fields.as_ref();
        earlier.is_some_and(|earlier| Build::of_entry(name, earlier, None).is_older_by_tag_than(&new, numbers))
    };
    let has_title = || titles(&changes[index].record).any(|title| title.starts_with("Revert "));
    if let Some(newest) = stack.last().and_then(|newest| newest.made_by)
        && !is_lower(newest)
        && has_title()
        && !changes[index + 1..].iter().any(is_same)
    {
        taken_back.insert(newest);
    }
    taken_back
}

/// Returns which of the `standing` changes of an entry, the newest first, made a build that has a higher tag than `new`.
fn higher_than(
    new: &Build,
    changes: &[LoggedRelease],
    standing: impl Iterator<Item = usize>,
    numbers: Numbers,
) -> HashSet<usize> {
    let mut others = 0;
    let is_higher = |at: &usize| {
        let LoggedRelease { name, fields, .. } = &changes[*at];
        let said = fields.as_ref().filter(|_| others < MAX_COMPARED);
        let is_higher = said.is_some_and(|said| new.is_older_by_tag_than(&Build::of_entry(name, said, None), numbers));
        others += usize::from(!is_higher);
        is_higher
    };
    standing.filter(is_higher).collect()
}
