//! The commit that provenance is compared with: it is known once the branch, or a file on it, was read.

use crate::image::Reference;
use crate::message::trailers::SourceCommit;
use crate::registry::{Claim, ExpectedSource, RequiredClaim, Requirement, Revision};

/// Makes provenance name `source` in all `requirements`. Returns whether that changes one.
pub(super) fn expect(requirements: &mut [Requirement], source: &SourceCommit) -> bool {
    let Some(revision) = Revision::new(&source.commit.to_string()) else { return false };
    let expected = Some(ExpectedSource { repository: source.repository.clone(), revision });
    let mut changes = false;
    for requirement in requirements {
        if let Requirement::Claim(RequiredClaim { claim: Claim::Provenance(wanted), .. }) = requirement
            && *wanted != expected
        {
            wanted.clone_from(&expected);
            changes = true;
        }
    }
    changes
}

/// Returns a warning if provenance is required, and not known of which commit.
pub(super) fn uncompared(requirements: &[Requirement], reference: &Reference) -> Option<String> {
    let is_of_anything = |requirement: &Requirement| {
        matches!(requirement, Requirement::Claim(RequiredClaim { claim: Claim::Provenance(None), .. }))
    };
    let why = "which commit is released is not known; name it with `--expect-revision`, or with `--source` of `tagship release`";
    let warning = || format!("the commit in the provenance of `{reference}` was not compared: {why}");
    requirements.iter().any(is_of_anything).then(warning)
}
