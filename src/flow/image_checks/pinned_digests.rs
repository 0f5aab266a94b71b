//! Which digests are written beside the tags of a release.

use super::checks::Checks;
use super::image_to_check::ImageToCheck;
use crate::image::{Field, ImageArgument};
use crate::outcome::FileEdit;
use crate::outcome::failure::Failure;
use crate::request::PinDigest;

impl Checks {
    /// Returns the arguments for a file with the digest that the registry has, as far as that is to be pinned. A digest is only
    /// written if the registry has a manifest under it.
    pub(crate) fn pinned(
        &mut self,
        arguments: &[ImageArgument],
        file: &FileEdit,
        pin_digest: PinDigest,
    ) -> Result<Vec<ImageArgument>, Failure> {
        let mut pinned = arguments.to_vec();
        for argument in &mut pinned {
            let entries = || file.edit.entries.iter().filter(|entry| entry.name == argument.name);
            let has_digest = entries().any(|entry| entry.before.digest.is_some());
            let is_concerned = match pin_digest {
                PinDigest::Always => !matches!(argument.change.digest, Field::Set(_)),
                PinDigest::Keep => has_digest && argument.change.digest == Field::Remove,
                PinDigest::Never => false,
            };
            if !is_concerned {
                continue;
            }
            for entry in file.edit.entries.iter().filter(|entry| entry.name == argument.name) {
                let ImageToCheck::Known(reference) = ImageToCheck::of_entry(entry)? else { continue };
                let Some(digest) = self.confirmed(&reference, entry)? else { continue };
                let digest = Field::Set(digest);
                if matches!(argument.change.digest, Field::Set(_)) && argument.change.digest != digest {
                    let message = format!("the entries of `{}` name different images", argument.name);
                    return Err(Failure::target(message)
                        .detail("no one digest fits them")
                        .hint("leave the digests out with `--pin-digest=never`"));
                }
                argument.change.digest = digest;
            }
        }
        Ok(pinned)
    }
}
