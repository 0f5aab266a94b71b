//! The sources that tell how one commit stands to another: the checkout's own history if it reaches far enough, else one
//! fetch of the commits between the two, without their trees.

use super::lineage::{Lineage, at_hand};
use super::reader::Reader;
use super::snapshot::Snapshot;
use crate::git::checkout::Checkout;
use crate::git::error::GitError;
use crate::git::objects::name::CommitId;
use crate::git::objects::record::CommitRecord;
use crate::git::remotes::remote::Remote;

/// Returns how `commit` stands to `other`, by the checkout's history.
pub fn lineage_in(checkout: &Checkout, commit: CommitId, other: CommitId) -> Lineage {
    at_hand(&|id| checkout.record(id), commit, other).unwrap_or(Lineage::Unknown)
}

/// Returns how `commit` stands to `other`, by the history of `remote`.
pub fn lineage_at(remote: &Remote, commit: CommitId, other: CommitId) -> Result<Lineage, GitError> {
    // The server would send nothing, as for an ancestor.
    if commit == other {
        return Ok(Lineage::Same);
    }
    Reader::open(remote, None)?.lineage(commit, other)
}

impl Snapshot<'_> {
    /// Returns how `commit` stands to `other`, both of this repository. Asks the remote if what is at hand does not tell.
    pub fn lineage(&mut self, commit: CommitId, other: CommitId) -> Result<Lineage, GitError> {
        match self.known_lineage(commit, other) {
            Lineage::Unknown => self.source.reader()?.lineage(commit, other),
            known => Ok(known),
        }
    }

    /// Returns how `commit` stands to `other`, as far as the commits at hand tell; no request is made.
    pub fn known_lineage(&self, commit: CommitId, other: CommitId) -> Lineage {
        let checkout = self.source.checkout;
        let known = |id: CommitId| {
            let fetched = self.objects.contains(&id.0).then(|| CommitRecord::read(id, &self.objects).ok());
            fetched.flatten().or_else(|| checkout?.record(id))
        };
        at_hand(&known, commit, other).unwrap_or(Lineage::Unknown)
    }
}
