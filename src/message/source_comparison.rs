//! What changed in the source of an image, from the build that ran to the one that is released.

use crate::git::CommitId;

/// Two commits of one repository, and the page on which its forge compares them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceComparison {
    /// The commit that what ran before was built from.
    pub old: CommitId,
    pub new: CommitId,
    pub url: String,
}

impl SourceComparison {
    /// Returns both commits for people, as forges write them.
    pub fn range(&self) -> String {
        format!("{}...{}", self.old.short(), self.new.short())
    }
}
