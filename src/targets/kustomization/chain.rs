//! Entries that meet in one image. kustomize applies the entries one after the other, so one whose `name` is what an earlier one
//! made of an image is applied to that image too, and has the last word.

use std::collections::HashMap;

use super::entry::{ImageEntry, ImageLists, effective, fields};
use super::error::{EditError, ImagesShape};
use super::field::{FieldName, Fields};
use super::notes::{Note, NoteKind};
use super::requested::Requested;
use crate::image::{Field, ImageArgument, ImageChange};
use crate::yaml::ParsedYaml;

/// Looks over the entries of an edited file, of which `is_new` tells the ones that the edit appends. Returns what is worth a
/// note.
///
/// # Errors
/// A new entry replaces what an earlier one says.
pub(super) fn follow_chains(
    yaml: &ParsedYaml<'_>,
    lists: &ImageLists<'_>,
    requested: &Requested<'_>,
    is_new: impl Fn(&ImageEntry<'_>) -> bool,
) -> Result<Vec<Note>, EditError> {
    let mut notes = Vec::new();
    // kustomize appends the entries of `imageTags` to `images`.
    let (legacy, current): (Vec<_>, Vec<_>) = lists.entries.iter().partition(|entry| entry.legacy);
    let applied = || current.iter().chain(&legacy).copied();
    let last: HashMap<&str, usize> = applied().enumerate().filter_map(|(at, entry)| Some((entry.name?, at))).collect();
    for (at, entry) in applied().enumerate() {
        let new_name =
            effective(yaml, entry.mapping, FieldName::NewName.as_str()).and_then(|name| yaml.tree.text(name));
        let (Some(name), Some(new_name)) = (entry.name, new_name) else { continue };
        if new_name == name || last.get(new_name).is_none_or(|last| *last <= at) {
            continue;
        }
        let says = fields(yaml, entry);
        let mut made = says.clone();
        for later in applied().skip(at + 1).filter(|later| later.name.is_some()) {
            if made.new_name.as_deref() != later.name {
                continue;
            }
            let image = made.new_name.clone().unwrap_or_default();
            made.follow(fields(yaml, later));
            let is_replaced = says.says_what_runs() && !is_one_version(&made, &says);
            let is_renamed = made.new_name.as_ref() != Some(&image);
            if is_new(later) && (is_replaced || is_renamed) {
                let argument = requested.of(later).and_then(|later| meant(name, later)).unwrap_or_default();
                let shape = ImagesShape::Replacing { entry: name.to_owned(), image, argument };
                return Err(EditError::refused(yaml, later.item, shape));
            }
            let line = yaml.source.line_number(yaml.tree.start(later.item));
            let kind = match (is_replaced, is_renamed) {
                _ if requested.of(entry).is_none() => continue,
                (true, _) => NoteKind::Replaced { line, image },
                (false, true) => NoteKind::Renamed { line, new_name: made.new_name.clone().unwrap_or_default() },
                (false, false) => continue,
            };
            notes.push(Note { name: name.to_owned(), place: yaml.place(entry.item), kind });
        }
    }
    Ok(notes)
}

fn is_one_version(one: &Fields, other: &Fields) -> bool {
    (&one.new_tag, &one.digest) == (&other.new_tag, &other.digest)
}

/// Returns the argument that has the earlier entry say what a new one was to say.
fn meant(name: &str, new: &ImageArgument) -> Option<String> {
    let new_name = match &new.change.new_name {
        Field::Remove => Field::Keep,
        typed => typed.clone(),
    };
    let change = ImageChange { new_name, ..new.change.clone() };
    Some(ImageArgument { name: name.parse().ok()?, change }.to_string())
}
