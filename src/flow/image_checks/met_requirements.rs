//! What images have met in this run. A digest never changes what it is, so no later attempt of a release asks for the same again.
//! Whether a tag still means the digest is asked right before the push, if it was asked long ago.

use std::collections::HashMap;

use crate::image::Digest;
use crate::outcome::Checked;
use crate::registry::Requirement;

/// The requirements that images have met, by their repositories and digests.
#[derive(Default)]
pub(super) struct MetRequirements(HashMap<(String, Digest), Vec<Requirement>>);

impl MetRequirements {
    pub(super) fn add(&mut self, image: &Checked, requirements: &[Requirement]) {
        let met = self.0.entry(key(image)).or_default();
        for requirement in requirements {
            if !met.contains(requirement) {
                met.push(requirement.clone());
            }
        }
    }

    pub(super) fn has_all(&self, image: &Checked, requirements: &[Requirement]) -> bool {
        let met = self.0.get(&key(image)).map_or(&[][..], Vec::as_slice);
        requirements.iter().all(|requirement| met.contains(requirement))
    }
}

fn key(image: &Checked) -> (String, Digest) {
    (image.reference.pulled_name(), image.descriptor.digest.clone())
}
