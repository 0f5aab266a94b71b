//! Entries that meet in one image. kustomize applies the entries one after the other to every image, so one that is for what an
//! earlier one made of an image is applied to that image too, and has the last word.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::entry::{ImageEntry, ImageLists, fields, suffix_of};
use super::entry_names::{EntryNames, is_plain};
use super::error::EditError;
use super::requested::Requested;
use crate::targets::edit::{Fields, MadeImage, Note, NoteKind};
use crate::yaml::{NodeId, ParsedYaml};

/// Looks over the entries of an edited file. `known` are the names that were in `old`, with their entries: the edit appends
/// the others. Returns what is worth a note.
///
/// # Errors
/// A new entry replaces what an earlier one says.
pub(super) fn follow_chains(
    yaml: &ParsedYaml<'_>,
    (entries, steps): (&[&ImageEntry<'_>], &AppliedEntries<'_>),
    requested: &Requested<'_>,
    (old, known): (&ParsedYaml<'_>, &HashMap<&str, NodeId>),
) -> Result<Vec<Note>, EditError> {
    let mut notes = Vec::new();
    let is_new = |entry: &ImageEntry<'_>| entry.name.is_some_and(|name| !known.contains_key(name));
    let appends = entries.iter().any(|entry| is_new(entry));
    for (at, entry) in entries.iter().enumerate() {
        let name = steps.steps[at].name;
        // Without arguments, the file is looked over as it is.
        let is_asked = requested.of(entry).is_some() || requested.arguments.is_empty();
        if !is_asked && !appends {
            continue;
        }
        let chain = Chain::of(steps, at, None);
        let is_later = |link: &&Link| link.at > at && is_new(entries[link.at]);
        if let Some(added) = chain.links.iter().filter(|_| appends).find(is_later) {
            let without = Chain::of(steps, at, Some(&|later| later <= at || !is_new(entries[later])));
            if chain.is_replaced() || chain.made().new_name != without.made().new_name {
                let place = known.get(name).map(|item| old.place(*item));
                let argument = place.and_then(|_| requested.of(entries[added.at])?.for_entry(name));
                return Err(EditError::Replacing {
                    place,
                    entry: name.to_owned(),
                    added: steps.steps[added.at].name.to_owned(),
                    argument: argument.map(|argument| argument.to_string()),
                });
            }
        }
        if is_asked {
            let note = |kind| Note { name: name.to_owned(), place: yaml.place(entry.item), kind };
            notes.extend(chain.kinds(yaml).map(note));
        }
    }
    notes.extend(steps.unread().filter(|_| !requested.arguments.is_empty()).map(|entry| unread_note(yaml, entry)));
    Ok(notes)
}

/// Returns the note about an entry whose name cannot be read.
pub(super) fn unread_note(yaml: &ParsedYaml<'_>, AppliedEntry { name, item, .. }: &AppliedEntry<'_>) -> Note {
    Note { name: (*name).to_owned(), place: yaml.place(*item), kind: NoteKind::UnreadPattern }
}

/// Returns what kustomize makes of an image of each name. It applies one entry after the other, as long as the image has the
/// name: a later one replaces the version, unless an earlier one gave the image another name.
pub(super) fn applied(yaml: &ParsedYaml<'_>, lists: &ImageLists<'_>) -> Vec<(String, Fields)> {
    let mut applied: Vec<(String, Fields)> = Vec::new();
    let mut places = HashMap::new();
    for (name, later) in lists.entries.iter().filter_map(|entry| Some((entry.name?, fields(yaml, entry)))) {
        let place = *places.entry(name).or_insert(applied.len());
        match applied.get_mut(place) {
            None => applied.push((name.to_owned(), later)),
            Some((_, fields)) if fields.image_name(name) == Some(name) => fields.follow(later),
            Some(_) => {}
        }
    }
    applied
}

/// What an entry makes of the images that it is for.
#[derive(Clone)]
pub(in crate::targets) struct AppliedEntry<'e> {
    pub(in crate::targets) name: &'e str,
    pub(in crate::targets) says: Fields,
    /// `tagSuffix`, which counts without a tag or a digest.
    pub(in crate::targets) suffix: Option<String>,
    pub(in crate::targets) item: NodeId,
}

impl<'e> AppliedEntry<'e> {
    fn read(yaml: &ParsedYaml<'_>, entry: &ImageEntry<'e>) -> Self {
        let suffix = suffix_of(yaml, entry.mapping);
        Self { name: entry.name.unwrap_or_default(), says: fields(yaml, entry), suffix, item: entry.item }
    }

    /// Returns the text that is added to a tag.
    fn added(&self) -> Option<&str> {
        self.suffix.as_deref().filter(|suffix| !suffix.is_empty() && !self.says.says_what_runs())
    }

    fn apply(&self, image: &mut Fields) {
        image.follow(self.says.clone());
        // What is added to a version that is not known is not known either.
        if let Some(suffix) = self.added().filter(|_| image.says_what_runs()) {
            image.new_tag = Some(image.new_tag.take().unwrap_or_default() + suffix);
            image.digest = None;
        }
    }
}

/// The entries in the order in which kustomize applies them.
pub(in crate::targets) struct AppliedEntries<'e> {
    steps: Vec<AppliedEntry<'e>>,
    names: EntryNames<'e>,
    /// What is applied to an image of a name that several entries have, by the place of the first one.
    shared: RefCell<HashMap<usize, Rc<[Link]>>>,
}

impl<'e> AppliedEntries<'e> {
    pub(in crate::targets) fn of(steps: impl Iterator<Item = AppliedEntry<'e>>) -> Self {
        let steps: Vec<AppliedEntry<'e>> = steps.map(|step| AppliedEntry { says: filled(step.says), ..step }).collect();
        let names = EntryNames::of(steps.iter().map(|step| step.name));
        Self { steps, names, shared: RefCell::default() }
    }

    pub(super) fn read(yaml: &ParsedYaml<'_>, entries: &[&ImageEntry<'e>]) -> Self {
        Self::of(entries.iter().map(|entry| AppliedEntry::read(yaml, entry)))
    }

    /// Returns the same with more entries behind them.
    pub(super) fn and(&self, more: impl Iterator<Item = AppliedEntry<'e>>) -> Self {
        Self::of(self.steps.iter().cloned().chain(more))
    }

    /// Returns the notes about the entry at a place: what the others make of its image.
    pub(in crate::targets) fn notes_of(&self, yaml: &ParsedYaml<'_>, at: usize) -> Vec<NoteKind> {
        Chain::of(self, at, None).kinds(yaml).collect()
    }

    /// Returns what the others make of the image of the entry at a place, and the last of them that does.
    pub(in crate::targets) fn made_of(&self, at: usize) -> Option<(usize, MadeImage)> {
        let chain = Chain::of(self, at, None);
        if *chain.made() == chain.says {
            return None;
        }
        let is_step = |link: &&Link| {
            let step = &self.steps[link.at];
            let sets = step.name != self.steps[at].name && (step.says.says_what_runs() || step.says.new_name.is_some());
            sets || (link.at != at && step.added().is_some())
        };
        let last = chain.links.iter().rfind(is_step)?;
        let Fields { new_name: name, new_tag: tag, digest, .. } = chain.made().clone();
        Some((last.at, MadeImage { name, tag, digest, by: String::new() }))
    }

    pub(in crate::targets) fn at(&self, at: usize) -> &AppliedEntry<'e> {
        &self.steps[at]
    }

    /// Returns the names that cannot be read, so that nothing tells which images they are for.
    pub(super) fn unread(&self) -> impl Iterator<Item = &AppliedEntry<'e>> {
        self.names.unread.iter().map(|at| &self.steps[*at])
    }

    /// Returns the entries that are applied to an image of a plain name.
    fn follow_name(&self, name: &str, image: Fields) -> Rc<[Link]> {
        let follow = || self.follow(image, 0, &|_| true);
        match self.names.first_of_several(name) {
            Some(first) => Rc::clone(self.shared.borrow_mut().entry(first).or_insert_with(follow)),
            None => follow(),
        }
    }

    /// Returns the entries from a place on that are applied to an image, of those that count, with what they make of it.
    fn follow(&self, mut image: Fields, mut from: usize, counts: &dyn Fn(usize) -> bool) -> Rc<[Link]> {
        let mut links = Vec::new();
        while let Some(at) = self.names.next(from, &reference(&image), counts) {
            self.steps[at].apply(&mut image);
            links.push(Link { at, made: image.clone() });
            from = at + 1;
        }
        links.into()
    }
}

/// What kustomize makes of the image of an entry.
struct Chain<'s, 'e> {
    steps: &'s AppliedEntries<'e>,
    at: usize,
    /// What the entry says.
    says: Fields,
    links: Rc<[Link]>,
}

/// An entry that kustomize applies to an image.
struct Link {
    at: usize,
    /// What it makes of the image.
    made: Fields,
}

impl<'s, 'e> Chain<'s, 'e> {
    /// Follows an image of the name of the entry at a place through the entries, or through those that count. If the name is an
    /// expression, what the entry makes of an image is followed.
    fn of(steps: &'s AppliedEntries<'e>, at: usize, counts: Option<&dyn Fn(usize) -> bool>) -> Self {
        let step = &steps.steps[at];
        let mut says = step.says.clone();
        let links = if is_plain(step.name) {
            let image = image_of(step.name);
            says.new_name = says.new_name.or_else(|| image.new_name.clone());
            match counts {
                Some(counts) => steps.follow(image, 0, counts),
                None => steps.follow_name(step.name, image),
            }
        } else if says.new_name.is_some() {
            steps.follow(says.clone(), at + 1, counts.unwrap_or(&|_| true))
        } else {
            Rc::default()
        };
        Self { steps, at, says, links }
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

    /// Returns what is to be told of the entry. Entries of its own name are told as one with it.
    fn kinds(&self, yaml: &ParsedYaml<'_>) -> impl Iterator<Item = NoteKind> {
        let step = |link: &Link| &self.steps.steps[link.at];
        let line = |link: &Link| yaml.source.line_number(yaml.tree.start(step(link).item));
        let other = |link: &&Link| step(link).name != self.steps.steps[self.at].name;
        let version = self.links.iter().rfind(|link| step(link).says.says_what_runs()).filter(other);
        let replaced = version.filter(|_| self.is_replaced());
        let replaced = replaced.map(|link| NoteKind::Replaced { line: line(link), image: step(link).name.to_owned() });
        let new_name = self.made().new_name.clone().filter(|name| self.says.new_name.as_ref() != Some(name));
        let renaming = self.links.iter().rfind(|link| step(link).says.new_name.is_some()).filter(other);
        let renamed = renaming.zip(new_name).map(|(link, new_name)| NoteKind::Renamed { line: line(link), new_name });
        let sets_version = |link: &&Link| step(link).added().is_some() || step(link).says.says_what_runs();
        let added = self.links.iter().rfind(sets_version).filter(|link| link.at != self.at && self.is_replaced());
        let added = added.filter(|link| step(link).added().is_some());
        let suffixed = added.zip(self.made().new_tag.clone()).map(|(link, tag)| {
            let suffix = step(link).added().unwrap_or_default().to_owned();
            NoteKind::Suffixed { line: line(link), suffix, tag }
        });
        replaced.into_iter().chain(renamed).chain(suffixed)
    }
}

/// Returns the image that a plain name is for. It may have a version, as `web:v1`.
fn image_of(name: &str) -> Fields {
    let path = name.rfind('/').map_or(0, |slash| slash + 1);
    let (rest, digest) = name.split_once('@').map_or((name, None), |(rest, digest)| (rest, Some(digest)));
    let colon = rest.get(path..).and_then(|last| last.find(':')).map(|colon| path + colon);
    let (rest, tag) = colon.map_or((rest, None), |colon| (&rest[..colon], Some(&rest[colon + 1..])));
    let text = |text: &str| Some(text.to_owned());
    Fields { new_name: text(rest), new_tag: tag.and_then(text), digest: digest.and_then(text), ..Fields::default() }
}

/// Returns an image as kustomize reads it.
pub(in crate::targets) fn reference(image: &Fields) -> String {
    let part =
        |mark: &str, text: &Option<String>| text.as_ref().map_or_else(String::new, |text| format!("{mark}{text}"));
    format!("{}{}{}", part("", &image.new_name), part(":", &image.new_tag), part("@", &image.digest))
}

/// Returns what kustomize takes of an entry: an empty text is none.
fn filled(fields: Fields) -> Fields {
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    let Fields { new_name, new_tag, digest, .. } = fields;
    Fields { new_name: text(new_name), new_tag: text(new_tag), digest: text(digest), ..Fields::default() }
}
