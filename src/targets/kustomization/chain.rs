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
        let says = filled(fields(yaml, entry));
        let later = || applied().skip(at + 1);
        let links = links(yaml, &says, later());
        let made = links.last().map_or(&says, |link| &link.made);
        let is_replaced = says.says_what_runs() && !is_one_version(made, &says);
        if let Some(added) = links.iter().find(|link| is_new(link.entry)) {
            let without = self::links(yaml, &says, later().filter(|later| !is_new(later)));
            let old_name = &without.last().map_or(&says, |link| &link.made).new_name;
            if is_replaced || made.new_name != *old_name {
                let argument = requested.of(added.entry).and_then(|later| meant(name, later)).unwrap_or_default();
                let shape = ImagesShape::Replacing { entry: name.to_owned(), image: added.image.clone(), argument };
                return Err(EditError::refused(yaml, added.entry.item, shape));
            }
        }
        if requested.of(entry).is_none() {
            continue;
        }
        let line = |link: &Link<'_>| yaml.source.line_number(yaml.tree.start(link.entry.item));
        let version = links.iter().rfind(|link| link.says.says_what_runs()).filter(|_| is_replaced);
        let replaced = version.map(|link| NoteKind::Replaced { line: line(link), image: link.image.clone() });
        let renaming = links.iter().rfind(|link| link.says.new_name.is_some());
        let renamed = renaming
            .filter(|_| made.new_name != says.new_name)
            .map(|link| NoteKind::Renamed { line: line(link), new_name: made.new_name.clone().unwrap_or_default() });
        let kinds = replaced.into_iter().chain(renamed);
        notes.extend(kinds.map(|kind| Note { name: name.to_owned(), place: yaml.place(entry.item), kind }));
    }
    Ok(notes)
}

/// An entry that kustomize applies to what an earlier one made of its image.
struct Link<'e> {
    entry: &'e ImageEntry<'e>,
    /// The name of the image until then.
    image: String,
    says: Fields,
    /// What it makes of the image.
    made: Fields,
}

/// Returns which of the `later` entries are applied to an image of which an entry `says` what it is.
fn links<'e>(yaml: &ParsedYaml<'_>, says: &Fields, later: impl Iterator<Item = &'e ImageEntry<'e>>) -> Vec<Link<'e>> {
    let mut made = says.clone();
    let mut links = Vec::new();
    for entry in later {
        let Some(image) = made.new_name.clone().filter(|image| entry.name == Some(image)) else { continue };
        let says = filled(fields(yaml, entry));
        made.follow(says.clone());
        links.push(Link { entry, image, says, made: made.clone() });
    }
    links
}

/// Returns what kustomize takes of an entry: an empty text is none.
fn filled(fields: Fields) -> Fields {
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    let Fields { new_name, new_tag, digest, .. } = fields;
    Fields { new_name: text(new_name), new_tag: text(new_tag), digest: text(digest), ..Fields::default() }
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
