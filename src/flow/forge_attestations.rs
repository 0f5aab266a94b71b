//! Attestations in the own store of a forge: offered to an image for which a claim is still missing after its registry was
//! searched.

use crate::forge::Forge;
use crate::registry::CheckedImage;

/// The forge to ask, once it is known.
#[derive(Default)]
pub(super) struct ForgeAttestations {
    /// The repository whose attestations count, and its forge; `None` if that keeps none.
    known: Option<(String, Option<Forge>)>,
}

impl ForgeAttestations {
    /// Asks the forge of this repository from now on.
    pub(super) fn of(&mut self, repository: &str, forge: impl FnOnce() -> Option<Forge>) {
        if self.known.as_ref().is_none_or(|(known, _)| known != repository) {
            self.known = Some((repository.to_owned(), forge()));
        }
    }

    /// Asks for the attestations of an image for which a claim is missing: one request.
    pub(super) fn offer_to(&self, checked: &mut CheckedImage) {
        let Some((_, Some(forge))) = &self.known else { return };
        let Some(digest) = checked.unclaimed() else { return };
        match forge.attestations(digest.as_str()) {
            Ok(bundles) => checked.offer_bundles(&bundles),
            Err(error) => checked.note_unoffered(&format!("{:#}", anyhow::Error::from(error))),
        }
        checked.requests += 1;
    }
}
