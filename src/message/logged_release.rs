//! A release as history has it: what an entry became by a commit, whatever made that, and what the commit says of it.

use std::sync::Arc;

use super::source_commit::SourceCommit;
use super::trailers::ReleaseTrailers;
use crate::git::{CommitId, CommitRecord};
use crate::targets::Fields;

/// What an entry became at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRelease {
    /// Where the file was then, from the repository's root.
    pub file: String,
    pub name: String,
    /// What the entry said from then on; `None` if it was removed.
    pub fields: Option<Fields>,
    pub record: Arc<CommitRecord>,
    /// What the commit says of this release, if it is one of ours and its change agrees; `None` if it was made by hand or by
    /// another tool.
    pub trailers: Option<Arc<ReleaseTrailers>>,
    pub rolled_back_by: Option<CommitId>,
    /// Whether this went back to a change that stands, by a rollback, a revert or by hand. What it went back to runs again then.
    pub goes_back: bool,
}

impl LoggedRelease {
    /// Returns whether this is a step on the way back: it was not taken back, and went back to no other change. A rollback to
    /// what had been taken back itself is one.
    pub fn stands(&self) -> bool {
        self.rolled_back_by.is_none() && !self.goes_back
    }

    /// Returns the tag, if there is one for all places.
    pub fn tag(&self) -> Option<&str> {
        self.fields.as_ref()?.new_tag.as_deref()
    }

    /// Returns the commit that the image was built from, as the commit of the release says.
    pub fn source(&self) -> Option<&SourceCommit> {
        self.trailers.as_ref()?.source_of(&self.name)
    }

    /// Returns the name of the image that was released, as the commit says.
    pub fn said_name(&self) -> Option<&str> {
        self.trailers.as_ref()?.said_name(&self.name)
    }

    /// Returns the digest that was released: that of the entry, else the one that the check found, as the commit says.
    pub fn digest(&self) -> Option<&str> {
        let fields = self.fields.as_ref()?;
        let image_name = fields.image_name(&self.name).unwrap_or(&self.name);
        let said = || self.trailers.as_ref()?.image(&self.name, image_name)?.digest.as_deref();
        fields.digest.as_deref().or_else(said)
    }
}
