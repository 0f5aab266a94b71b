//! What a commit of the branch claims to have released: by its own trailers, or, if it is a merge without any, by those of the
//! commits that it brought. Claims are untrusted; whether a claim is true is told by what the files became.

use crate::git::{CommitId, CommitRecord, History};
use crate::message::trailers::ReleaseTrailers;

/// How many commits of a merge's side are read.
const MAX_COMMITS_OF_A_SIDE: usize = 50;

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
