//! The argument by which an entry gets a value that history has, to the letter: what a rollback and a promotion write.

use crate::git::{RepositoryPath, Snapshot};
use crate::image::{Field, ImageArgument, ImageChange, ImageName};
use crate::outcome::failure::Failure;
use crate::request::PinDigest;
use crate::targets::{self, Absent, Fields, Note, NoteKind, ValuesNote};

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

/// Files as an argument makes them, each with whether it says the whole name of the image.
pub(in crate::flow) type EditedTexts = Vec<(Vec<u8>, bool)>;

/// Returns what an argument makes of the files at `paths`; nothing if one of them cannot be edited so.
pub(in crate::flow) fn edited(
    snapshot: &Snapshot<'_>,
    paths: &[RepositoryPath],
    argument: &ImageArgument,
) -> Option<EditedTexts> {
    let edited = |path: &RepositoryPath| {
        let argument = std::slice::from_ref(argument);
        let edit = targets::edit(path.as_str(), snapshot.file(path).ok()?, argument, Absent::Report).ok()?;
        let is_again = |note: &Note| matches!(note.kind, NoteKind::Values(ValuesNote::PartAgain { .. }));
        let is_below = edit.entries.iter().any(|entry| entry.after.is_below_registry());
        let is_whole = !is_below && !edit.notes.iter().any(is_again);
        Some((edit.text, is_whole))
    };
    paths.iter().map(edited).collect()
}

/// Returns the argument with the image name that earlier releases said, if the files come out the same: `web=org/web:v1` becomes
/// `web=ghcr.io/org/web:v1` below `registry: ghcr.io`. Else a name that `is_unknown` by itself becomes `*`.
///
/// # Errors
/// A chart puts a registry before the name, and no release has said the whole name.
pub(in crate::flow) fn by_said_name<'n>(
    argument: ImageArgument,
    fields: &Fields,
    said: impl IntoIterator<Item = &'n str>,
    is_unknown: bool,
    edited: &dyn Fn(&ImageArgument) -> Option<EditedTexts>,
) -> Result<ImageArgument, Failure> {
    let own = match &argument.change.new_name {
        Field::Set(name) => Some(name.as_str()),
        Field::Keep if is_unknown => None,
        Field::Keep | Field::Remove => return Ok(argument),
    };
    let with = |new_name: Field<String>| {
        let change = ImageChange { new_name, ..argument.change.clone() };
        ImageArgument { name: argument.name.clone(), change }
    };
    let longer = said.into_iter().filter(|said| Some(*said) != own).map(|said| with(Field::Set(said.to_owned())));
    let mut longer: Vec<ImageArgument> = longer.collect();
    longer.extend(is_unknown.then(|| with(Field::Keep)));
    let below = fields.put_before();
    if longer.is_empty() && below.is_none() {
        return Ok(argument);
    }
    let Some(texts) = edited(&argument) else { return Ok(argument) };
    if let Some(same) = longer.iter().find(|named| edited(named).as_ref() == Some(&texts)) {
        return Ok(same.clone());
    }
    let Some(before) = below.filter(|_| own.is_some()) else { return Ok(argument) };
    let is_whole = |named: &&ImageArgument| {
        let is_made = matches!(&named.change.new_name, Field::Set(name) if Some(name) == before.made.as_ref());
        is_made && edited(named).is_some_and(|files| files.iter().all(|(_, is_whole)| *is_whole))
    };
    let failure = || {
        let (name, made) = (&argument.name, before.made.as_deref().unwrap_or("NEWNAME"));
        Failure::unknown_image(name.as_str(), format!("name it once in a release, as in `{name}={made}:TAG`"))
            .detail(before.to_string())
    };
    // If the short name stays below the registry, so would a whole one: it would be put behind it.
    let is_written_elsewhere = texts.iter().all(|(_, is_whole)| *is_whole);
    longer.iter().find(is_whole).filter(|_| is_written_elsewhere).cloned().ok_or_else(failure)
}
