//! What the order of releases asks the registry about builds. Without a registry to ask, nothing is known.

use super::checks::Checks;
use crate::guards::order::Build;
use crate::message::SourceCommit;
use crate::registry::{Detail, Verdict};

impl Checks {
    /// Returns the commit that an image says that it was built from.
    pub(in crate::flow) fn source_of(&self, build: &Build) -> Option<SourceCommit> {
        let reference = build.reference()?;
        let built_from = self.client.as_ref()?.built_from(&reference)?;
        SourceCommit::of_labels(&built_from.revision, built_from.source.as_deref())
    }

    /// Returns the digest that the tag of a build means now.
    pub(in crate::flow) fn digest_of(&self, build: &Build) -> Option<String> {
        let reference = build.reference()?;
        if let Some(checked) = self.of(&reference) {
            return Some(checked.descriptor.digest.to_string());
        }
        match self.client.as_ref()?.check(&reference, &[], Detail::Brief).ok()?.verdict {
            Verdict::Present(descriptor) => Some(descriptor.digest.to_string()),
            _ => None,
        }
    }
}
