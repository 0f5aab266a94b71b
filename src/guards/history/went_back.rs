//! Which changes of an entry went back to what it said before, and which changes these took back.

use std::collections::{HashMap, HashSet};

use super::file_entries::Entries;
use crate::git::CommitId;
use crate::guards::order::{Build, Numbers};
use crate::message::LoggedRelease;
use crate::message::merged_title::titles;
use crate::message::trailers::ReleaseTrailers;
use crate::targets::Fields;

/// The search for builds that a lower tag takes back begins at the newest, and ends after so many that it does not take back.
const MAX_COMPARED: usize = 20;

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

/// Marks the changes that went back to what an entry said before, and what they took back. A release of ours goes back only
/// if it says so; any other change goes back if the entry says again what it said before. If it says what is new, it takes
/// back what its tag is lower than, and the newest build if its title is that of a revert.
pub(super) fn mark_what_went_back(changes: &mut [LoggedRelease], oldest: Entries, numbers: Numbers) {
    /// What an entry said, and the change that made it say so; `None` for what it said before all changes.
    type Said = (Option<Fields>, Option<usize>);
    let mut standing: HashMap<String, Vec<Said>> =
        oldest.into_iter().map(|(name, fields)| (name, vec![(Some(fields), None)])).collect();
    let mut taken_back = Vec::new();
    for index in (0..changes.len()).rev() {
        let LoggedRelease { file, name, fields, trailers, .. } = &changes[index];
        let stack = standing.entry(name.clone()).or_insert_with(|| vec![(None, None)]);
        let is_release = trailers.as_ref().is_some_and(|said| !said.is_rollback());
        // An entry that was removed has not gone back to the time before it was added.
        let may_go_back = !is_release && fields.is_some();
        let earlier = stack.iter().rposition(|(said, _)| may_go_back && said == fields);
        // What a rollback goes back to may have been taken back itself, or be older than what was read: then its trailers tell
        // what it takes back. So do those of a promotion of a rollback, which may be of a build that this entry has never had.
        let mut named: Vec<CommitId> = Vec::new();
        if let Some(said) = trailers {
            named.extend(&said.rollback_of);
            named.extend(said.still_taken_back(file, name));
        }
        // After a rewrite the commits that it names are gone; it takes back all since what it goes back to.
        let is_same = |earlier: &LoggedRelease| earlier.name == *name && earlier.fields == *fields;
        let is_rollback = trailers.as_deref().is_some_and(ReleaseTrailers::is_rollback) && earlier.is_none();
        let gone_back_to = (index + 1..changes.len()).find(|at| is_rollback && is_same(&changes[*at]));
        let build = |fields: &Fields| Build::of_entry(name, fields, None);
        let by_hand = fields.as_ref().filter(|_| trailers.is_none()).map(build);
        let is_lower =
            |said: &Fields| by_hand.as_ref().is_some_and(|new| build(said).is_older_by_tag_than(new, numbers));
        let has_title = || titles(&changes[index].record).any(|title| title.starts_with("Revert "));
        let reverts = by_hand.is_some() && has_title() && !changes[index + 1..].iter().any(is_same);
        let newest = stack.len().saturating_sub(1);
        let standing_changes = stack.iter().rev().filter_map(|(_, change)| *change);
        let higher = match &by_hand {
            Some(new) if earlier.is_none() => higher_than(new, changes, standing_changes, numbers),
            _ => HashSet::new(),
        };
        let is_taken = |at: usize, change: usize| match earlier {
            Some(earlier) => at > earlier,
            None => {
                gone_back_to.is_some_and(|same| change < same)
                    || named.contains(&changes[change].record.id)
                    || (reverts && at == newest && !changes[change].fields.as_ref().is_some_and(is_lower))
                    || higher.contains(&change)
            }
        };
        let mut kept = Vec::new();
        for (at, said) in std::mem::take(stack).into_iter().enumerate() {
            match said.1 {
                Some(change) if is_taken(at, change) => taken_back.push((change, index)),
                _ => kept.push(said),
            }
        }
        if earlier.is_none() {
            kept.push((fields.clone(), Some(index)));
        }
        *stack = kept;
        changes[index].goes_back = earlier.is_some();
    }
    for (taken, by) in taken_back {
        changes[taken].rolled_back_by = Some(changes[by].record.id);
    }
}
