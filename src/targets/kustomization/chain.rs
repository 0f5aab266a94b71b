//! Entries that meet in one image. kustomize applies the entries one after the other, so one whose `name` is what an earlier one
//! made of an image is applied to that image too, and has the last word.

use std::collections::HashMap;

use super::entry::{ImageEntry, ImageLists, fields};
use super::error::{EditError, ImagesShape};
use super::requested::Requested;
use crate::targets::edit::{Fields, Note, NoteKind};
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
    let applied = AppliedEntries::of(lists);
    let appends = applied.entries.iter().any(|entry| is_new(entry));
    for (at, entry) in applied.entries.iter().enumerate() {
        // Without arguments, the file is looked over as it is.
        let is_asked = requested.of(entry).is_some() || requested.arguments.is_empty();
        let Some(name) = entry.name.filter(|_| is_asked || appends) else { continue };
        let chain = Chain::of(yaml, &applied, at, &|_| true);
        if let Some(added) = chain.links.iter().find(|link| is_new(link.entry)) {
            let without = Chain::of(yaml, &applied, at, &|later| !is_new(later));
            if chain.is_replaced() || chain.made().new_name != without.made().new_name {
                let argument = requested.of(added.entry).and_then(|asked| asked.for_entry(name));
                let argument = argument.map(|argument| argument.to_string());
                let shape = ImagesShape::Replacing { entry: name.to_owned(), image: added.image.clone(), argument };
                return Err(EditError::refused(yaml, added.entry.item, shape));
            }
        }
        if is_asked {
            let note = |kind| Note { name: name.to_owned(), place: yaml.place(entry.item), kind };
            notes.extend(chain.kinds(yaml).map(note));
        }
    }
    Ok(notes)
}

/// The entries in the order in which kustomize applies them.
struct AppliedEntries<'e> {
    entries: Vec<&'e ImageEntry<'e>>,
    /// Where those of each name are, in that order.
    places: HashMap<&'e str, Vec<usize>>,
}

impl<'e> AppliedEntries<'e> {
    fn of(lists: &'e ImageLists<'e>) -> Self {
        // kustomize appends the entries of `imageTags` to `images`.
        let (legacy, current): (Vec<_>, Vec<_>) = lists.entries.iter().partition(|entry| entry.legacy);
        let entries = [current, legacy].concat();
        let mut places: HashMap<&str, Vec<usize>> = HashMap::with_capacity(entries.len());
        for (at, entry) in entries.iter().enumerate() {
            if let Some(name) = entry.name {
                places.entry(name).or_default().push(at);
            }
        }
        Self { entries, places }
    }

    /// Returns the place of the next entry of a name behind a place, of those that count.
    fn behind(&self, at: usize, name: &str, counts: &dyn Fn(&ImageEntry<'_>) -> bool) -> Option<usize> {
        let places = self.places.get(name)?;
        let later = &places[places.partition_point(|place| *place <= at)..];
        later.iter().copied().find(|place| counts(self.entries[*place]))
    }
}

/// What kustomize makes of the image of an entry.
struct Chain<'e> {
    says: Fields,
    links: Vec<Link<'e>>,
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

impl<'e> Chain<'e> {
    /// Follows the entry at a place through the later ones that are applied to what it makes of its image, as far as they count.
    fn of(
        yaml: &ParsedYaml<'_>,
        applied: &AppliedEntries<'e>,
        mut at: usize,
        counts: &dyn Fn(&ImageEntry<'_>) -> bool,
    ) -> Self {
        let entry = applied.entries[at];
        let says = filled(fields(yaml, entry));
        let mut made = says.clone();
        let mut links = Vec::new();
        let mut image = says.new_name.clone().filter(|image| entry.name != Some(image));
        while let Some(name) = image.take() {
            let Some(place) = applied.behind(at, &name, counts) else { break };
            let entry = applied.entries[place];
            let says = filled(fields(yaml, entry));
            made.follow(says.clone());
            image.clone_from(&made.new_name);
            links.push(Link { entry, image: name, says, made: made.clone() });
            at = place;
        }
        Self { says, links }
    }

    /// Returns what is deployed.
    fn made(&self) -> &Fields {
        self.links.last().map_or(&self.says, |link| &link.made)
    }

    /// Whether another version is deployed than the entry says.
    fn is_replaced(&self) -> bool {
        let version = |fields: &Fields| (fields.new_tag.clone(), fields.digest.clone());
        self.says.says_what_runs() && version(self.made()) != version(&self.says)
    }

    /// Returns what is to be told of the entry.
    fn kinds(&self, yaml: &ParsedYaml<'_>) -> impl Iterator<Item = NoteKind> {
        let line = |link: &Link<'_>| yaml.source.line_number(yaml.tree.start(link.entry.item));
        let version = self.links.iter().rfind(|link| link.says.says_what_runs()).filter(|_| self.is_replaced());
        let replaced = version.map(|link| NoteKind::Replaced { line: line(link), image: link.image.clone() });
        let new_name = self.made().new_name.clone().filter(|name| self.says.new_name.as_ref() != Some(name));
        let renaming = self.links.iter().rfind(|link| link.says.new_name.is_some());
        let renamed = renaming.zip(new_name).map(|(link, new_name)| NoteKind::Renamed { line: line(link), new_name });
        replaced.into_iter().chain(renamed)
    }
}

/// Returns what kustomize takes of an entry: an empty text is none.
fn filled(fields: Fields) -> Fields {
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    let Fields { new_name, new_tag, digest, .. } = fields;
    Fields { new_name: text(new_name), new_tag: text(new_tag), digest: text(digest), ..Fields::default() }
}
