//! The line of the commits that a branch has been at, and what each of its merges brought. The commit before a merge is its
//! first parent, but for one that `git pull` made: that one merged the branch itself into work that was not pushed yet, and
//! the branch was at its second parent.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::git::{CommitId, CommitRecord, History};
use crate::message::trailers::ReleaseTrailers;

/// What a merge brought counts as read once this many of its commits are.
const MAX_COMMITS_OF_A_SIDE: usize = 1_000;

/// The commits of a history, in their order on the branch.
#[derive(Default)]
pub(crate) struct BranchLine {
    history: History,
    /// The commits that the branch has been at, the newest first, as far as they are known.
    tips: Vec<CommitId>,
    /// The commits that each merge of the line brought, the newest first.
    brought: HashMap<CommitId, Vec<CommitId>>,
}

impl BranchLine {
    /// Reads the line out of a history that begins at the branch's tip.
    pub(crate) fn of(history: History) -> Self {
        let mut line = Self { history, ..Self::default() };
        let mut next = line.history.commits.first();
        while let Some(tip) = next {
            line.tips.push(tip.id);
            next = before(&line.history, tip).and_then(|id| line.history.get(id));
        }
        line.brought = line.sides();
        line
    }

    /// The commits that were read.
    pub(crate) fn history(&self) -> &History {
        &self.history
    }

    /// Returns the commits that the branch has been at, the newest first.
    pub(crate) fn tips(&self) -> impl Iterator<Item = &CommitRecord> {
        self.tips.iter().filter_map(|id| self.history.get(*id))
    }

    /// Returns where the branch was before a commit of its line; `None` if that was not read.
    pub(crate) fn before(&self, tip: &CommitRecord) -> Option<&CommitRecord> {
        self.tips().skip_while(|commit| commit.id != tip.id).nth(1)
    }

    /// Returns the commits that a merge of the line brought, the newest first.
    pub(crate) fn brought(&self, merge: &CommitRecord) -> impl Iterator<Item = &CommitRecord> {
        self.brought.get(&merge.id).into_iter().flatten().filter_map(|id| self.history.get(*id))
    }

    /// Returns whether all that a merge of the line brought was read, as far as it counts.
    pub(crate) fn is_side_read(&self, merge: &CommitRecord) -> bool {
        let is_read = |commit: &CommitRecord| commit.parents.iter().all(|parent| self.history.get(*parent).is_some());
        let side = self.brought.get(&merge.id).map_or(0, Vec::len);
        side >= MAX_COMMITS_OF_A_SIDE || is_read(merge) && self.brought(merge).all(is_read)
    }

    /// Gives each commit that is not on the line to the oldest merge that it can be reached from.
    fn sides(&self) -> HashMap<CommitId, Vec<CommitId>> {
        let mut known: HashSet<CommitId> = self.tips.iter().copied().collect();
        let mut sides = HashMap::new();
        for merge in self.tips.iter().rev().filter_map(|id| self.history.get(*id)).filter(|tip| tip.parents.len() > 1) {
            let mut side = Vec::new();
            let mut next = merge.parents.clone();
            while let Some(id) = next.pop() {
                if let Some(commit) = self.history.get(id).filter(|_| known.insert(id)) {
                    side.push(id);
                    next.extend(&commit.parents);
                }
            }
            side.sort_unstable_by_key(|id| self.history.place(*id));
            sides.insert(merge.id, side);
        }
        sides
    }
}

/// Returns where the branch was before `tip`.
fn before(history: &History, tip: &CommitRecord) -> Option<CommitId> {
    match tip.parents[..] {
        [first, second] if brings_itself(history, tip) && is_released_on(history, second, first) => Some(second),
        _ => tip.parents.first().copied(),
    }
}

/// Returns whether a merge says, as git writes it, that it merged the branch into something else.
fn brings_itself(history: &History, merge: &CommitRecord) -> bool {
    history.branch.as_ref().is_some_and(|branch| merged_branch(merge.title()) == Some(branch.as_str()))
}

/// Returns the branch that a merge brought, if its title is one that git writes. A remote-tracking branch has the name of the
/// remote before its own.
fn merged_branch(title: &str) -> Option<&str> {
    let (kind, rest) = title.strip_prefix("Merge ")?.split_once(" '")?;
    let (name, _) = rest.split_once('\'')?;
    match kind {
        "branch" => Some(name),
        "remote-tracking branch" => Some(name.split_once('/')?.1),
        _ => None,
    }
}

/// Returns whether there are releases among what is reachable from `one` alone, and none among what is reachable from `other`
/// alone.
fn is_released_on(history: &History, one: CommitId, other: CommitId) -> bool {
    const ONE: u8 = 1;
    const OTHER: u8 = 2;
    const BOTH: u8 = ONE | OTHER;
    let mut reached: HashMap<usize, u8> = HashMap::new();
    let mut pending: BTreeMap<usize, u8> = BTreeMap::new();
    pending.extend(history.place(one).map(|place| (place, ONE)));
    pending.extend(history.place(other).map(|place| (place, OTHER)));
    let mut last_alone = 0;
    // By their places, commits come before their parents, unless a clock was wrong: then a commit comes again.
    while let Some((place, from)) = pending.pop_first() {
        let known = reached.get(&place).copied().unwrap_or_default();
        let from = known | from;
        if from == known {
            continue;
        }
        reached.insert(place, from);
        if from != BOTH {
            last_alone = last_alone.max(place);
        } else if place > last_alone && pending.values().all(|from| *from == BOTH) {
            // What is older can be reached from both.
            break;
        }
        for parent in history.commits[place].parents.iter().filter_map(|parent| history.place(*parent)) {
            *pending.entry(parent).or_default() |= from;
        }
    }
    let alone = reached.iter().filter(|(_, from)| **from != BOTH);
    let released = alone.filter(|(place, _)| ReleaseTrailers::read(&history.commits[**place]).is_some());
    released.fold(0, |released, (_, from)| released | from) == ONE
}

#[cfg(test)]
mod tests {
    use super::{BranchLine, merged_branch};
    use crate::git::{CommitId, CommitRecord, History};

    fn id(number: u32) -> CommitId {
        CommitId::of_number(number)
    }

    /// Returns the line of `main` through these commits, the newest first: number, parents, and message.
    fn line(commits: &[(u32, &[u32], &str)]) -> BranchLine {
        let record = |(number, parents, message): &(u32, &[u32], &str)| {
            CommitRecord::of(id(*number), parents.iter().map(|parent| id(*parent)).collect(), message)
        };
        BranchLine::of(History::of(commits.iter().map(record).collect(), Some("main".parse().unwrap())))
    }

    const RELEASE: &str = "Release\n\nTagship-Image: web=web:v1\nTagship-Version: 0.1.0\n";

    #[test]
    fn where_the_branch_was_before_a_merge() {
        let pull = "Merge branch 'main' of https://host/org/config";
        for (title, ours, theirs, expected) in [
            (pull, "Local work", RELEASE, 2),
            ("Merge branch 'main' into tagship/main/web", "Local work", RELEASE, 2),
            ("Merge remote-tracking branch 'origin/main'", "Local work", RELEASE, 2),
            ("Merge branch 'staging' into main", "Local work", RELEASE, 3),
            ("Merge pull request #1 from org/tagship/main/web", "Local work", RELEASE, 3),
            (pull, RELEASE, "Work of a fork", 3),
            (pull, RELEASE, RELEASE, 3),
            (pull, "Local work", "Other work", 3),
        ] {
            let line = line(&[(4, &[3, 2], title), (3, &[1], ours), (2, &[1], theirs), (1, &[], RELEASE)]);
            let tips: Vec<_> = line.tips().map(|commit| commit.id).collect();
            assert_eq!(tips, [id(4), id(expected), id(1)], "{title}, {ours}, {theirs}");
            let merge = line.tips().next().unwrap();
            let brought: Vec<_> = line.brought(merge).map(|commit| commit.id).collect();
            assert_eq!(brought, [id(5 - expected)], "{title}");
        }
    }

    /// The second push of two was rejected as the first one was, so the branch was merged twice into the work that was not
    /// pushed.
    #[test]
    fn a_branch_that_was_merged_into_work_twice() {
        let pull = "Merge branch 'main' of https://host/org/config";
        let line = line(&[
            (8, &[7, 6], pull),
            (7, &[4, 5], pull),
            (6, &[5], RELEASE),
            (5, &[3], RELEASE),
            (4, &[2], "Local work"),
            (3, &[2], RELEASE),
            (2, &[1], RELEASE),
            (1, &[], RELEASE),
        ]);
        let tips: Vec<_> = line.tips().map(|commit| commit.id).collect();
        assert_eq!(tips, [8, 6, 5, 3, 2, 1].map(id));
    }

    #[test]
    fn what_each_merge_brought() {
        let line = line(&[
            (9, &[8, 7], "Merge pull request #2"),
            (8, &[5, 6], "Merge pull request #1"),
            (7, &[6, 4], "Merge branch 'topic'"),
            (6, &[3], RELEASE),
            (5, &[2], "On the branch"),
            (4, &[3], "On a topic"),
            (3, &[2], "Where both began"),
            (2, &[1], "On the branch"),
        ]);
        let brought = |number: u32| {
            let merge = line.tips().find(|tip| tip.id == id(number)).unwrap();
            line.brought(merge).map(|commit| commit.id).collect::<Vec<_>>()
        };
        assert_eq!(brought(8), [id(6), id(3)]);
        assert_eq!(brought(9), [id(7), id(4)]);
        let merges: Vec<_> = line.tips().filter(|tip| tip.parents.len() > 1).collect();
        assert!(merges.iter().all(|merge| line.is_side_read(merge)));
    }

    #[test]
    fn titles_of_merges() {
        for (title, expected) in [
            ("Merge branch 'main' of github.com:org/config", Some("main")),
            ("Merge branch 'env/prod' of host:config into env/prod", Some("env/prod")),
            ("Merge remote-tracking branch 'origin/main' into x", Some("main")),
            ("Merge remote-tracking branch 'origin/env/prod'", Some("env/prod")),
            ("Merge branch 'feature/main'", Some("feature/main")),
            ("Merge pull request #1 from org/x", None),
            ("Merge branch main", None),
        ] {
            assert_eq!(merged_branch(title), expected, "{title}");
        }
    }
}
