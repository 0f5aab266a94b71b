//! Which digests are written beside the tags of a release.

use super::checks::{Checks, is_of};
use super::image_to_check::ImageToCheck;
use crate::image::{Digest, Field, ImageArgument, Reference};
use crate::message::compose::Purpose;
use crate::outcome::FileEdit;
use crate::outcome::failure::Failure;
use crate::registry::{DigestEvidence, Verdict};
use crate::request::PinDigest;
use crate::targets::EntryEdit;

impl Checks {
    /// Returns the arguments for a file with the digest that the registry has, as far as that is to be pinned. A digest is only
    /// written if the registry has a manifest under it. The arguments of a rollback or a promotion may name one that a release
    /// was checked by, which a header may have named wrongly.
    pub(crate) fn pinned(
        &mut self,
        arguments: &[ImageArgument],
        file: &FileEdit,
        pin_digest: PinDigest,
        purpose: &Purpose,
    ) -> Result<Vec<ImageArgument>, Failure> {
        let mut pinned = arguments.to_vec();
        for argument in &mut pinned {
            let entries = || file.edit.entries.iter().filter(|entry| entry.name == argument.name);
            let has_digest = entries().any(|entry| entry.before.digest.is_some());
            let is_concerned = match pin_digest {
                PinDigest::Always => *purpose != Purpose::Release || argument.change.digest.set().is_none(),
                PinDigest::Keep => has_digest && argument.change.digest == Field::Remove,
                PinDigest::Never => false,
            };
            if !is_concerned {
                continue;
            }
            // A digest of another version than the entry has does not belong beside its tag.
            for entry in entries().filter(|entry| entry.version_counts()) {
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

    /// Returns the digest of an image that was found, once it is certain that the registry has a manifest under it. What the
    /// entry has already is not asked for again.
    fn confirmed(&mut self, reference: &Reference, entry: &EntryEdit) -> Result<Option<Digest>, Failure> {
        let found = self.found.iter_mut().find(|checked| is_of(checked, reference));
        let (Some(client), Some(checked)) = (&self.client, found) else { return Ok(None) };
        let has_digest = entry.before.digest.as_deref() == Some(checked.descriptor.digest.as_str());
        if checked.descriptor.evidence == DigestEvidence::Header && !has_digest {
            let answer = client.confirm(&checked.reference, &checked.descriptor);
            let answer = answer.map_err(|error| Failure::check(reference, error))?;
            Failure::of_all(Failure::of_check(reference, &answer, self.wait))?;
            if let Verdict::Present(descriptor) = answer.verdict {
                checked.descriptor = descriptor;
            }
            checked.requests += answer.requests;
        }
        Ok(Some(checked.descriptor.digest.clone()))
    }
}
