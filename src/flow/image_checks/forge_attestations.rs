//! Attestations in the own store of a forge: offered to an image for which a claim is still missing after its registry was
//! searched.

use std::sync::LazyLock;

use crate::forge::{Forge, ForgeError, KeptBundle};
use crate::image::Digest;
use crate::message::SourceCommit;
use crate::outcome::failure::Failure;
use crate::registry::{CheckedImage, Unoffered};

/// How many bundles are looked at for one image, as many as the forge lists.
const MAX_OFFERED: usize = 50;

/// The forge of a repository, or why it cannot be asked, which is found out once a claim is missing; `None` if it keeps no
/// attestations.
pub(in crate::flow) type Keeper =
    Option<LazyLock<Result<Forge, Failure>, Box<dyn FnOnce() -> Result<Forge, Failure> + Send>>>;

/// The forges to ask, once they are known.
#[derive(Default)]
pub(in crate::flow) struct ForgeAttestations {
    /// The repositories whose attestations count, and the forge of each.
    known: Vec<(String, Keeper)>,
}

impl ForgeAttestations {
    /// Asks the forge of this repository from now on for the images that were built from it.
    pub(in crate::flow) fn of(&mut self, repository: &str, keeper: impl FnOnce() -> Keeper) {
        if self.known.iter().all(|(known, _)| known != repository) {
            self.known.push((repository.to_owned(), keeper()));
        }
    }

    /// Asks for the attestations of an image for which a claim is missing: one request for the list, and one for each bundle
    /// until nothing is missing. If no repository of the image's `sources` is known, the last forge is asked.
    pub(in crate::flow) fn offer_to(&self, checked: &mut CheckedImage, sources: &[&SourceCommit]) {
        let repositories: Vec<_> = sources.iter().filter_map(|source| source.repository.as_ref()).collect();
        let asked =
            self.known.iter().rev().filter(|(known, _)| repositories.is_empty() || repositories.contains(&known));
        for forge in asked.take(repositories.len().max(1)).filter_map(|(_, forge)| forge.as_ref()) {
            let Some(digest) = checked.unclaimed().cloned() else { return };
            match &**forge {
                Ok(forge) => offer_kept(checked, forge, &digest),
                Err(failure) => note_unasked(checked, failure),
            }
        }
    }
}

/// Offers what a forge keeps of an image for which a claim is missing.
fn offer_kept(checked: &mut CheckedImage, forge: &Forge, digest: &Digest) {
    checked.requests += 1;
    let bundles = match forge.attestations(digest.as_str()) {
        Ok(bundles) => bundles,
        Err(error) => return note(checked, &error),
    };
    let mut offered = 0;
    for KeptBundle { json, is_apart } in bundles.take(MAX_OFFERED) {
        offered += 1;
        checked.requests += u32::from(is_apart);
        match json {
            Ok(bundle) => checked.offer_bundle(&bundle),
            Err(error) => {
                note(checked, &error);
                // The others are in the same place.
                if unoffered(&error) == Unoffered::Unavailable {
                    return;
                }
            }
        }
        if checked.unclaimed().is_none() {
            return;
        }
    }
    if offered == MAX_OFFERED {
        checked.note_unread(&format!("only the newest {MAX_OFFERED} attestations of the forge were looked at"));
    }
}

/// Notes that a forge was not asked. What is missing may be there.
fn note_unasked(checked: &mut CheckedImage, Failure { message, hint, .. }: &Failure) {
    let hint = hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
    checked.note_unoffered(Unoffered::NotAsked, &format!("the forge was not asked for attestations: {message}{hint}"));
}

fn note(checked: &mut CheckedImage, error: &ForgeError) {
    let words = error.words().map(|words| format!(": {words}")).unwrap_or_default();
    checked.note_unoffered(unoffered(error), &format!("{error}{words}"));
}

/// Returns what an error means for what could not be offered.
fn unoffered(error: &ForgeError) -> Unoffered {
    match error {
        ForgeError::NoToken { .. } => Unoffered::NotAsked,
        ForgeError::Unauthorized(_) => Unoffered::LoginRefused,
        ForgeError::NoAnswer { cause, .. } if cause.problem.is_login() => Unoffered::LoginRefused,
        ForgeError::NoAnswer { .. }
        | ForgeError::Busy(_)
        | ForgeError::Damaged { .. }
        | ForgeError::RateLimited { .. } => Unoffered::Unavailable,
        ForgeError::Forbidden { .. } | ForgeError::NotFound { .. } => Unoffered::Forbidden,
        ForgeError::TooLong { .. } => Unoffered::TooLong,
        _ => Unoffered::Unusable,
    }
}
