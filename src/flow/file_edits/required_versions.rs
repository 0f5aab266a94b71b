//! Requires that the edited entries say which version is deployed.

use crate::outcome::FileEdit;
use crate::outcome::failure::Failure;
use crate::targets::{EntryEdit, NoteKind};

/// Every edited entry must have a tag or a digest: what runs would be decided elsewhere otherwise, and nothing be checked.
pub(in crate::flow) fn require_versions(files: &[FileEdit]) -> Result<(), Failure> {
    let has_none = |entry: &EntryEdit| entry.after.new_tag.is_none() && entry.after.digest.is_none();
    let without = FileEdit::entries(files).filter(|(_, entry)| has_none(entry)).map(|(file, entry)| {
        Failure::target(format!("`{}` would have neither tag nor digest in `{}`", entry.name, file.path))
            .hint(format!("name the tag: `{}=*:TAG`", entry.name))
    });
    Failure::of_all(without.collect())
}

/// Every version that is written must be the one that is deployed, as far as the file tells.
pub(in crate::flow) fn require_effect(files: &[FileEdit]) -> Result<(), Failure> {
    let notes = files.iter().flat_map(|file| file.edit.notes.iter().map(move |note| (&file.path, note)));
    let without = notes.filter_map(|(file, note)| {
        let failure = || Failure::target(format!("{file}:{}: {note}", note.place));
        match &note.kind {
            NoteKind::Replaced { image, .. } => Some(
                failure().hint(format!("name `{image}` in its place, or leave the version to one of the two entries")),
            ),
            NoteKind::NameWithTag { .. } => Some(failure()),
            _ => None,
        }
    });
    Failure::of_all(without.collect())
}
