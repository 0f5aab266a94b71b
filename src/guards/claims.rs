//! What a commit of the branch claims to have released: by its own trailers, or, if it is a merge without any, by those of the
//! commits that it brought. Claims are untrusted; whether a claim is true is told by what the files became.

use crate::git::{CommitRecord, History};
use crate::message::trailers::ReleaseTrailers;

/// How many commits of a merge's side are read.
const MAX_COMMITS_OF_A_SIDE: usize = 50;

/// Returns the claims of `record`, the newest first, each as one of this commit: it is the one that changed the branch.
pub(super) fn claims_of(record: &CommitRecord, history: &History) -> Vec<ReleaseTrailers> {
    let own = ReleaseTrailers::read(record);
    let (None, [_, head]) = (&own, &record.parents[..]) else {
        return own.into_iter().collect();
    };
    let next = |commit: &&CommitRecord| match commit.parents[..] {
        [parent] => history.get(parent),
        _ => None,
    };
    let side = std::iter::successors(history.get(*head), next).take(MAX_COMMITS_OF_A_SIDE);
    // The side ends where it left the branch.
    let side = side.take_while(|commit| !history.is_first_parent(commit.id));
    let said = side.map_while(ReleaseTrailers::read);
    let of_the_merge = |mut said: ReleaseTrailers| {
        said.commit = record.id;
        said
    };
    said.map(of_the_merge).collect()
}
