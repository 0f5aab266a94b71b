//! What a commit of the branch claims to have released: by its own trailers, or, if it is a merge without any, by those of the
//! commits that it brought. Claims are untrusted; whether a claim is true is told by what the files became.

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::git::{CommitId, CommitRecord, GitError, History, Snapshot};
use crate::message::trailers::ReleaseTrailers;

/// How many commits of a merge's side are read.
const MAX_COMMITS_OF_A_SIDE: usize = 50;

/// What the newest commits of a branch claim. Each of them is read once, for however many entries.
#[derive(Default)]
pub struct BranchClaims {
    history: History,
    /// How many commits were asked for.
    depth: usize,
    by_commit: HashMap<CommitId, OnceCell<Vec<ReleaseTrailers>>>,
}

impl BranchClaims {
    /// Returns the newest `depth` commits of the branch of `snapshot`, or more if more were asked for before.
    pub(super) fn search(&mut self, snapshot: &mut Snapshot<'_>, depth: usize) -> Result<&History, GitError> {
        if self.depth < depth {
            self.history = snapshot.history(depth)?;
            self.depth = depth;
            self.by_commit = self.history.first_parents().map(|commit| (commit.id, OnceCell::new())).collect();
        }
        Ok(&self.history)
    }

    /// The commits that were searched.
    pub(super) fn history(&self) -> &History {
        &self.history
    }

    /// Returns what each commit that the branch has been at claims, the newest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&CommitRecord, &[ReleaseTrailers])> {
        self.history.first_parents().filter_map(|commit| {
            let claims = self.by_commit.get(&commit.id)?;
            Some((commit, claims.get_or_init(|| claims_of(commit, &self.history)).as_slice()))
        })
    }
}

/// Returns the claims of `record`, the newest first, each as one of this commit: it is the one that changed the branch.
pub(super) fn claims_of(record: &CommitRecord, history: &History) -> Vec<ReleaseTrailers> {
    let own = ReleaseTrailers::read(record);
    let (None, [_, head]) = (&own, &record.parents[..]) else {
        return own.into_iter().collect();
    };
    let of_the_merge = |(_, mut said): (_, ReleaseTrailers)| {
        said.commit = record.id;
        said
    };
    releases_of_side(*head, history).map(of_the_merge).collect()
}

/// Returns whether all that a merge brought is in `history`, as far as it counts for its claims.
pub(super) fn is_side_read(merge: &CommitRecord, history: &History) -> bool {
    let [_, head] = merge.parents[..] else { return true };
    match releases_of_side(head, history).last() {
        Some((oldest, _)) => oldest.parents.iter().all(|parent| history.get(*parent).is_some()),
        None => history.get(head).is_some(),
    }
}

/// Returns the releases from the head of a merge's side back, each the parent of the one before it, to where the side left the
/// branch.
fn releases_of_side(head: CommitId, history: &History) -> impl Iterator<Item = (&CommitRecord, ReleaseTrailers)> {
    let next = |commit: &&CommitRecord| match commit.parents[..] {
        [parent] => history.get(parent),
        _ => None,
    };
    let side = std::iter::successors(history.get(head), next).take(MAX_COMMITS_OF_A_SIDE);
    let side = side.take_while(|commit| !history.is_first_parent(commit.id));
    side.map_while(|commit| Some((commit, ReleaseTrailers::read(commit)?)))
}
