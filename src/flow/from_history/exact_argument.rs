//! The argument by which an entry gets a value that history has, to the letter: what a rollback and a promotion write.

use crate::image::{Field, ImageArgument, ImageName};
use crate::outcome::failure::Failure;
use crate::request::PinDigest;
use crate::targets::Fields;

/// Returns the argument that makes an entry say exactly this, but for a digest: one beside a tag that is not to be pinned is
/// left out, and if one is to be pinned and there is none, it is the one that was `released`. `told` tells where a text is that
/// cannot be written.
pub(in crate::flow) fn exactly(
    name: &ImageName,
    fields: &Fields,
    released: Option<&str>,
    pin_digest: PinDigest,
    told: &dyn Fn(&str) -> String,
) -> Result<ImageArgument, Failure> {
    let mut change = fields.to_change().map_err(|unusable| {
        let failure = Failure::target(format!("{}: {unusable}", told(&unusable.text)));
        match unusable.text.split_once('@') {
            Some((tag, digest)) => failure.hint(format!("write it as `newTag: {tag}` and `digest: {digest}` there")),
            None => failure,
        }
    })?;
    if pin_digest == PinDigest::Never && change.new_tag != Field::Remove {
        change.digest = Field::Remove;
    }
    if pin_digest == PinDigest::Always
        && change.digest == Field::Remove
        && let Some(digest) = released.and_then(|text| text.parse().ok())
    {
        change.digest = Field::Set(digest);
    }
    Ok(ImageArgument { name: name.clone(), change })
}
