//! The image that an argument or an edited entry names, as far as that can be told.

use crate::image::{Digest, Field, ImageArgument, Reference, Tag};
use crate::outcome::failure::Failure;
use crate::targets::kustomization::{EntryEdit, Fields};

/// What an argument says about an image before any file is read.
pub(super) enum Subject {
    /// The image to check.
    Known(Reference),
    /// It keeps something of the entry (`*`), so the file has to be read first.
    OfEntry,
    /// It names neither tag nor digest: what will run is decided elsewhere.
    Open,
}

/// Returns what `argument` says about its image.
pub(super) fn subject(argument: &ImageArgument) -> Result<Subject, Failure> {
    let change = &argument.change;
    let name = match &change.new_name {
        Field::Set(name) => name.as_str(),
        Field::Remove => argument.name.as_str(),
        Field::Keep => return Ok(Subject::OfEntry),
    };
    let (tag, digest) = match (&change.new_tag, &change.digest) {
        (Field::Keep, _) | (_, Field::Keep) => return Ok(Subject::OfEntry),
        (tag, digest) => (set(tag), set(digest)),
    };
    reference(name, tag, digest)
}

fn set<T: Clone>(field: &Field<T>) -> Option<T> {
    match field {
        Field::Set(value) => Some(value.clone()),
        Field::Keep | Field::Remove => None,
    }
}

/// Returns what an entry says about its image once it is edited.
pub(super) fn subject_of_entry(entry: &EntryEdit) -> Result<Subject, Failure> {
    let Fields { new_tag, digest, .. } = &entry.after;
    let refused = |error: String| Failure::target(format!("the entry `{}` has {error}", entry.name));
    let tag: Option<Tag> =
        new_tag.as_deref().map(str::parse).transpose().map_err(|error| refused(format!("a bad tag: {error}")))?;
    let digest: Option<Digest> =
        digest.as_deref().map(str::parse).transpose().map_err(|error| refused(format!("a bad digest: {error}")))?;
    reference(entry.image_name(), tag, digest)
}

fn reference(name: &str, tag: Option<Tag>, digest: Option<Digest>) -> Result<Subject, Failure> {
    if tag.is_none() && digest.is_none() {
        return Ok(Subject::Open);
    }
    Reference::new(name, tag, digest).map(Subject::Known).map_err(|error| {
        Failure::usage(format!("`{name}` cannot be looked up in a registry: {error}"))
            .hint("write `NAME=NEWNAME:TAG` with the image's real name, or skip the registry with `--no-check`")
    })
}
