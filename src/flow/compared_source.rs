//! The commit that provenance is compared with: it is known once the branch, or a file on it, was read. If nothing else names
//! one, a tag that is a whole commit id does.

use std::borrow::Cow;

use crate::image::Reference;
use crate::message::trailers::SourceCommit;
use crate::registry::{Claim, ExpectedSource, RequiredClaim, Requirement, Revision, SourceNaming};

/// Makes provenance name `source` in all `requirements`. Returns whether that changes one.
pub(super) fn expect(requirements: &mut [Requirement], source: &SourceCommit) -> bool {
    let Some(expected) = expected(source, SourceNaming::Release) else { return false };
    let mut changes = false;
    for wanted in requirements.iter_mut().filter_map(compared) {
        changes |= wanted.as_ref() != Some(&expected);
        *wanted = Some(expected.clone());
    }
    changes
}

/// Returns the requirements of one image: provenance that may be of any commit must name the one that the image's tag is.
pub(super) fn of_image<'r>(requirements: &'r [Requirement], reference: &Reference) -> Cow<'r, [Requirement]> {
    let tagged = reference.tag().and_then(|tag| SourceCommit::of_tag(tag.as_str()));
    let expected = tagged.and_then(|source| expected(&source, SourceNaming::Tag));
    if expected.is_none() || !requirements.iter().any(is_of_any_commit) {
        return Cow::Borrowed(requirements);
    }
    let mut requirements = requirements.to_vec();
    for wanted in requirements.iter_mut().filter_map(compared).filter(|wanted| wanted.is_none()) {
        wanted.clone_from(&expected);
    }
    Cow::Owned(requirements)
}

/// Returns a warning if provenance is required, and not known of which commit.
pub(super) fn uncompared(requirements: &[Requirement], reference: &Reference) -> Option<String> {
    let why = "which commit is released is not known; name it with `--expect-revision`, or with `--source` of `tagship release`";
    let warning = || format!("the commit in the provenance of `{reference}` was not compared: {why}");
    of_image(requirements, reference).iter().any(is_of_any_commit).then(warning)
}

fn expected(source: &SourceCommit, named_by: SourceNaming) -> Option<ExpectedSource> {
    let revision = Revision::new(&source.commit.to_string())?;
    Some(ExpectedSource { repository: source.repository.clone(), revision, named_by })
}

/// Returns the place of the commit that a requirement compares; `None` if it compares none.
fn compared(requirement: &mut Requirement) -> Option<&mut Option<ExpectedSource>> {
    match requirement {
        Requirement::Claim(RequiredClaim { claim: Claim::Provenance(wanted), .. }) => Some(wanted),
        _ => None,
    }
}

fn is_of_any_commit(requirement: &Requirement) -> bool {
    matches!(requirement, Requirement::Claim(RequiredClaim { claim: Claim::Provenance(None), .. }))
}
