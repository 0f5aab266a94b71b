//! OWN COMMIT: judges whether our own releases started a run, which is the loop of a pipeline that releases to the branch
//! that it watches. History decides for each pushed commit, never a name or an address, which can be copied. In doubt the
//! run goes on: a release too many is seen at once, a release too few is not.

use crate::git::{CommitId, CommitRecord, PathChange};
use crate::message::compose;
use crate::message::merged_title::{number_of_request, titles};
use crate::message::trailers::ReleaseTrailers;
use crate::targets::kustomization::is_kustomization_name;

/// How many commits of one push are judged. A push of more is taken for the work of people.
pub const MAX_COMMITS_OF_A_PUSH: usize = 50;

/// A push, as the CI system tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Push {
    pub commit: CommitId,
    /// Where the branch stood before; `None`: not told, or the branch is new.
    pub before: Option<CommitId>,
}

/// A commit of a push, and in what it differs from its parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    pub record: CommitRecord,
    /// `None`: it was not looked at, or is too much to be a release.
    pub changes: Option<Vec<PathChange>>,
    pub arrival: Arrival,
}

/// How a commit came to the branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// Nothing tells, as far as it was looked at.
    Untold,
    /// It did exactly what its trailers say.
    AsSaid,
    /// It brought these commits, the last one first: by a merge, or by a squash whose change is exactly theirs. A merge may bring
    /// a squash.
    Brought(Vec<Pushed>),
    /// It is a squash that kept the title alone, and did exactly what that says.
    AsTitled,
}

impl Pushed {
    /// Returns a commit that need not be looked at any further.
    pub fn unseen(record: CommitRecord) -> Self {
        Self { record, changes: None, arrival: Arrival::Untold }
    }

    /// Returns the commits whose trailers count: those that it brought, else itself.
    fn releases(&self) -> Vec<&Self> {
        match &self.arrival {
            Arrival::Brought(side) => side.iter().flat_map(Self::releases).collect(),
            Arrival::Untold | Arrival::AsSaid | Arrival::AsTitled => vec![self],
        }
    }
}

/// What the commits of a push tell of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushJudgement {
    /// They are releases so far, and this one comes next.
    Next(CommitId),
    /// All of them are releases.
    Own,
    /// At least one of them is not.
    Foreign,
}

/// Returns what is known of `push` by `pushed`, its commits from the last one on, each one's parent next.
pub fn judge(push: Push, pushed: &[Pushed]) -> PushJudgement {
    // A run of what was there already, as a person starts it again.
    if push.before == Some(push.commit) {
        return PushJudgement::Foreign;
    }
    let mut next = push.commit;
    let mut built = Vec::new();
    for commit in pushed {
        match &commit.record.parents[..] {
            [parent, ..] if commit.record.id == next && is_ours(commit) => next = *parent,
            // The push is of unknown length. What came before our releases has been built if one of them was built from it.
            _ if push.before.is_none() && commit.record.id == next && built.contains(&next) => {
                return PushJudgement::Own;
            }
            _ => return PushJudgement::Foreign,
        }
        let said = commit.releases().into_iter().filter_map(|release| ReleaseTrailers::read(&release.record));
        built.extend(said.flat_map(|said| said.sources().map(|source| source.commit).collect::<Vec<_>>()));
    }
    match push.before {
        Some(before) if before == next => PushJudgement::Own,
        _ if pushed.len() < MAX_COMMITS_OF_A_PUSH => PushJudgement::Next(next),
        _ => PushJudgement::Foreign,
    }
}

/// Returns whether a commit says that it is a release. A message can be copied, so its changes must say so too.
pub fn says_release(record: &CommitRecord) -> bool {
    record.parents.len() == 1 && ReleaseTrailers::read(record).is_some()
}

/// Returns whether a commit may be a release, by what costs nothing to look at.
pub fn may_be_ours(record: &CommitRecord) -> bool {
    says_release(record) || record.parents.len() == 2 || may_be_a_squash(record)
}

/// Returns whether a commit may be a squash that lost our trailers: its title is one of ours, or it names a request.
pub fn may_be_a_squash(record: &CommitRecord) -> bool {
    record.parents.len() == 1 && (number_of_request(record).is_some() || has_usual_title(record))
}

/// Returns whether a commit, or the request that it merged, has a title as ours are.
pub(super) fn has_usual_title(record: &CommitRecord) -> bool {
    titles(record).any(compose::is_usual_title)
}

/// Returns whether a commit looks like a squash of a request of ours, and nothing proves it: it edits kustomizations alone.
pub fn is_like_a_squash(commit: &Pushed) -> bool {
    let changes = commit.changes.as_deref().unwrap_or_default();
    may_be_a_squash(&commit.record)
        && !says_release(&commit.record)
        && !is_ours(commit)
        && !changes.is_empty()
        && changes.iter().all(|change| matches!(change, PathChange::Edited(path) if is_kustomization_name(path)))
}

/// Returns whether a commit is a release of ours. A merge or a squash is if it brought releases of ours alone, and changes no
/// other file than they do.
pub fn is_ours(commit: &Pushed) -> bool {
    let side = match &commit.arrival {
        Arrival::Brought(side) => side,
        Arrival::AsTitled => return commit.record.parents.len() == 1,
        Arrival::Untold | Arrival::AsSaid => return is_release(commit),
    };
    let changes = commit.changes.as_deref().unwrap_or_default();
    let proposed: Vec<&PathChange> = side.iter().filter_map(|commit| commit.changes.as_ref()).flatten().collect();
    commit.record.parents.len() <= 2
        && !changes.is_empty()
        && side.iter().all(is_ours)
        && changes.iter().all(|change| proposed.contains(&change))
}

/// A release edits files, at least one, and does nothing but what its trailers say.
pub(super) fn is_release(commit: &Pushed) -> bool {
    says_release(&commit.record)
        && commit.arrival == Arrival::AsSaid
        && edits_alone(commit.changes.as_deref().unwrap_or_default())
}

/// Returns whether there are changes, all of them edits of files.
pub(super) fn edits_alone(changes: &[PathChange]) -> bool {
    !changes.is_empty() && changes.iter().all(|change| matches!(change, PathChange::Edited(_)))
}

#[cfg(test)]
mod tests {
    use super::{Arrival, MAX_COMMITS_OF_A_PUSH, Push, PushJudgement, Pushed, is_like_a_squash, judge};
    use crate::git::{CommitId, CommitRecord, PathChange};

    const RELEASE: &str = "Release web:v1 [skip ci]\n\nTagship-Image: web=web:v1\nTagship-Version: 0.1.0\n";

    fn id(number: u32) -> CommitId {
        CommitId::of_number(number)
    }

    fn pushed(number: u32, parents: &[u32], message: &str, changes: &[PathChange]) -> Pushed {
        let parents = parents.iter().map(|parent| id(*parent)).collect();
        Pushed {
            record: CommitRecord::of(id(number), parents, message),
            changes: Some(changes.to_vec()),
            arrival: Arrival::AsSaid,
        }
    }

    fn edited(path: &str) -> PathChange {
        PathChange::Edited(path.to_owned())
    }

    /// Returns a release, number `number`, on the commit before it.
    fn release(number: u32) -> Pushed {
        pushed(number, &[number - 1], RELEASE, &[edited("apps/web/kustomization.yaml")])
    }

    fn verdict(before: Option<u32>, pushed: &[Pushed]) -> PushJudgement {
        judge(Push { commit: id(9), before: before.map(id) }, pushed)
    }

    #[test]
    fn one_commit() {
        let one = &[edited("Kustomization")][..];
        let two = [edited("Kustomization"), edited("a/b/kustomization.yml")];
        let of_another_kind = [edited("prod.yaml")];
        let crlf = RELEASE.replace('\n', "\r\n");
        let amended =
            "Release web:v1\n\nAmended.\n\nTagship-Image: web=web:v1\nTagship-Version: 0.1.0\nSigned-off-by: A\n";
        for (what, parents, message, changes, expected) in [
            ("a release", &[8][..], RELEASE, one, PushJudgement::Own),
            ("of two files", &[8], RELEASE, &two[..], PushJudgement::Own),
            ("of another kind of file", &[8], RELEASE, &of_another_kind, PushJudgement::Own),
            ("line ends of Windows", &[8], &crlf, one, PushJudgement::Own),
            ("amended, with its trailers", &[8], amended, one, PushJudgement::Own),
            ("amended, without them", &[8], "Release web:v1", one, PushJudgement::Foreign),
            ("a person's", &[8], "Add a page", &[edited("index.html")], PushJudgement::Foreign),
            ("a new file", &[8], RELEASE, &[PathChange::Otherwise("Kustomization".to_owned())], PushJudgement::Foreign),
            ("no change", &[8], RELEASE, &[], PushJudgement::Foreign),
            ("one trailer", &[8], "x\n\nTagship-Image: web=web:v1\n", one, PushJudgement::Foreign),
            ("a merge", &[8, 7], RELEASE, one, PushJudgement::Foreign),
            ("the first commit", &[], RELEASE, one, PushJudgement::Foreign),
        ] {
            assert_eq!(verdict(Some(8), &[pushed(9, parents, message, changes)]), expected, "{what}");
        }
        let unseen = Pushed { changes: None, ..release(9) };
        assert_eq!(verdict(Some(8), &[unseen]), PushJudgement::Foreign, "changes that are too many");
        let untold = Pushed { arrival: Arrival::Untold, ..release(9) };
        assert_eq!(verdict(Some(8), &[untold]), PushJudgement::Foreign, "another change than its trailers say");
    }

    #[test]
    fn what_a_merge_or_a_squash_brought() {
        let file = edited("apps/web/kustomization.yaml");
        let other = edited("apps/api/kustomization.yaml");
        let person = pushed(7, &[6], "Edit", std::slice::from_ref(&file));
        let squash = Pushed { arrival: Arrival::Brought(vec![release(6)]), ..person.clone() };
        for (what, parents, changes, side, expected) in [
            ("a merge", &[8, 7][..], vec![file.clone()], vec![release(7)], PushJudgement::Own),
            ("a squash", &[8], vec![file.clone()], vec![release(7)], PushJudgement::Own),
            ("of two releases", &[8, 7], vec![file.clone()], vec![release(7), release(6)], PushJudgement::Own),
            ("one of them a person's", &[8, 7], vec![file.clone()], vec![release(7), person], PushJudgement::Foreign),
            ("a squash of a release", &[8, 7], vec![file.clone()], vec![squash], PushJudgement::Own),
            ("a file more", &[8, 7], vec![file.clone(), other], vec![release(7)], PushJudgement::Foreign),
            ("no change", &[8, 7], Vec::new(), vec![release(7)], PushJudgement::Foreign),
            ("nothing", &[8, 7], vec![file.clone()], Vec::new(), PushJudgement::Foreign),
            ("three lines", &[8, 7, 6], vec![file], vec![release(7)], PushJudgement::Foreign),
        ] {
            let merge = Pushed { arrival: Arrival::Brought(side), ..pushed(9, parents, "Merge", &changes) };
            assert_eq!(verdict(Some(8), &[merge]), expected, "{what}");
        }
    }

    #[test]
    fn what_a_title_says() {
        let file = edited("apps/web/kustomization.yaml");
        let squash = |title: &str, arrival| Pushed { arrival, ..pushed(9, &[8], title, std::slice::from_ref(&file)) };
        let titled = squash("Release web:v2 (#7)", Arrival::AsTitled);
        assert_eq!(verdict(Some(8), std::slice::from_ref(&titled)), PushJudgement::Own);
        assert!(!is_like_a_squash(&titled));
        assert!(is_like_a_squash(&squash("Bump web (#7)", Arrival::Untold)));
        assert!(!is_like_a_squash(&squash("Bump web", Arrival::Untold)), "a title of its own");
        let page = pushed(9, &[8], "Bump web (#7)", &[edited("index.html")]);
        assert!(!is_like_a_squash(&page), "another file");
    }

    /// If it is not told where the branch stood, only what was built already may lie below our releases.
    #[test]
    fn a_push_of_unknown_length() {
        let person = |number| pushed(number, &[number - 1], "Add a page", &[edited("index.html")]);
        let source = format!("{RELEASE}Tagship-Source: o/r@{}\n", id(8));
        let of_person = pushed(9, &[8], &source, &[edited("Kustomization")]);
        assert_eq!(verdict(None, std::slice::from_ref(&of_person)), PushJudgement::Next(id(8)));
        assert_eq!(verdict(None, &[of_person.clone(), person(8)]), PushJudgement::Own);
        assert_eq!(
            verdict(Some(7), &[of_person, person(8)]),
            PushJudgement::Foreign,
            "a person's commit was pushed too"
        );
        assert_eq!(verdict(None, &[release(9)]), PushJudgement::Next(id(8)));
        assert_eq!(verdict(None, &[release(9), person(8)]), PushJudgement::Foreign);
    }

    #[test]
    fn several_commits() {
        let person = pushed(8, &[7], "Add a page", &[edited("index.html")]);
        assert_eq!(verdict(None, &[]), PushJudgement::Next(id(9)));
        assert_eq!(verdict(Some(9), &[]), PushJudgement::Foreign, "nothing was pushed");
        assert_eq!(verdict(Some(8), &[release(9)]), PushJudgement::Own);
        assert_eq!(verdict(Some(7), &[release(9)]), PushJudgement::Next(id(8)));
        assert_eq!(verdict(Some(7), &[release(9), release(8)]), PushJudgement::Own, "two releases in one push");
        assert_eq!(
            verdict(Some(7), &[release(9), person.clone()]),
            PushJudgement::Foreign,
            "a release upon a person's work"
        );
        assert_eq!(verdict(None, &[release(9), person]), PushJudgement::Foreign);
        assert_eq!(verdict(Some(6), &[release(9), release(7)]), PushJudgement::Foreign, "not its parent");
        let pushed: Vec<Pushed> = (0..MAX_COMMITS_OF_A_PUSH as u32).map(|back| release(100 - back)).collect();
        let push = Push { commit: id(100), before: Some(id(1)) };
        assert_eq!(judge(push, &pushed[1..]), PushJudgement::Foreign, "it begins with another one");
        assert_eq!(
            judge(push, &pushed[..MAX_COMMITS_OF_A_PUSH - 1]),
            PushJudgement::Next(id(100 - MAX_COMMITS_OF_A_PUSH as u32 + 1))
        );
        assert_eq!(
            judge(push, &pushed),
            PushJudgement::Foreign,
            "more than is looked at, or a history that has diverged"
        );
    }
}
