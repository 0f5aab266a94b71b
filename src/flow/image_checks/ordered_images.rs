//! What the order of releases asks the registry about builds. Without a registry to ask, nothing is known; a registry that
//! cannot be reached now may know it.

use super::checks::Checks;
use crate::guards::order::{Build, Unreachable};
use crate::image::Reference;
use crate::message::SourceCommit;

impl Checks {
    /// Returns the commit that an image says that it was built from.
    ///
    /// # Errors
    /// If the registry cannot be reached now.
    pub(in crate::flow) fn source_of(&self, build: &Build) -> Result<Option<SourceCommit>, Unreachable> {
        let (Some(client), Some(reference)) = (&self.client, build.reference()) else { return Ok(None) };
        let built_from = client.built_from(&reference).map_err(|why| unreachable(&reference, &why))?;
        Ok(built_from.and_then(|said| SourceCommit::of_labels(&said.revision, said.source.as_deref())))
    }

    /// Returns the digest that the tag of a build means now.
    ///
    /// # Errors
    /// If the registry cannot be reached now.
    pub(in crate::flow) fn digest_of(&self, build: &Build) -> Result<Option<String>, Unreachable> {
        let Some(reference) = build.reference() else { return Ok(None) };
        if let Some(checked) = self.of(&reference) {
            return Ok(Some(checked.descriptor.digest.to_string()));
        }
        let Some(client) = &self.client else { return Ok(None) };
        // What is wrong with the image itself is told when it is checked.
        let digest = client.digest_of(&reference).map_err(|why| unreachable(&reference, &why))?;
        Ok(digest.map(|digest| digest.to_string()))
    }
}

fn unreachable(reference: &Reference, why: &str) -> Unreachable {
    Unreachable(format!("cannot ask the registry for `{reference}`: {why}"))
}
