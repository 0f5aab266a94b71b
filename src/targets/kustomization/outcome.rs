//! What an edit tells its caller: the text, and what became of each entry that an argument names.

use std::collections::HashSet;

use super::chain::follow_chains;
use super::entry::{ImageEntry, ImageLists, ListsPlace, effective, fields};
use super::error::EditError;
use super::field::{FieldName, Fields};
use super::notes::{Note, note_aliases, survey};
use super::patched::patched;
use super::plan::Plan;
use super::requested::Requested;
use crate::image::ImageName;
use crate::yaml::{ParsedYaml, Position, is_string};

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The new text; the old one if nothing changes.
    pub text: Vec<u8>,
    /// Each entry that an argument names, in file order, changed or not, and then those that are new.
    pub entries: Vec<EntryEdit>,
    /// The names that no entry has, with [`Absent::Report`](super::Absent::Report).
    pub absent: Vec<ImageName>,
    /// The names of all entries, in file order. Of a file that is no kustomization they are told if a name is absent.
    pub names: Vec<String>,
    pub notes: Vec<Note>,
    /// Whether the file is a kustomization.
    pub is_kustomization: bool,
    changed: bool,
}

impl Edit {
    /// Whether the new text differs from the old one.
    pub fn changed(&self) -> bool {
        self.changed
    }

    pub(in crate::targets) fn new(
        text: Vec<u8>,
        changed: bool,
        entries: Vec<EntryEdit>,
        absent: Vec<ImageName>,
        names: Vec<String>,
        notes: Vec<Note>,
    ) -> Self {
        Self { text, entries, absent, names, notes, is_kustomization: false, changed }
    }

    /// Returns the edit of a file with lists in the given place.
    pub(in crate::targets) fn in_kustomization(self, place: ListsPlace) -> Self {
        Self { is_kustomization: place == ListsPlace::Document, ..self }
    }

    /// Returns this edit and one of its text as one edit.
    pub(in crate::targets) fn followed_by(mut self, later: Self) -> Self {
        self.entries.extend(later.entries);
        self.absent.extend(later.absent);
        self.notes.extend(later.notes);
        self.names.extend(later.names);
        Self { text: later.text, changed: self.changed || later.changed, ..self }
    }
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryEdit {
    pub name: ImageName,
    /// The line of the entry in the new text, from 1.
    pub line: usize,
    pub appended: bool,
    pub before: Fields,
    pub after: Fields,
    /// What changed.
    pub fields: Vec<FieldEdit>,
    /// The image's name by the argument, if the file has no place for it.
    pub checked_as: Option<String>,
    /// That name, if the file says it in two places: a chart puts its registry for all images before the repository.
    pub shared_name: Option<String>,
}

impl EntryEdit {
    /// Returns the name under which the image is pulled; `None` if neither the file nor the argument says it.
    pub fn image_name(&self) -> Option<&str> {
        self.after.image_name(self.name.as_str()).or(self.checked_as.as_deref())
    }

    /// Whether it is not what it was.
    pub fn changed(&self) -> bool {
        self.appended || !self.fields.is_empty()
    }
}

/// A field that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldEdit {
    pub field: FieldName,
    /// What the file calls it.
    pub key: String,
    /// The line of the value in the new text; of what went, in the old one.
    pub line: usize,
    pub from: Option<String>,
    pub to: Option<String>,
}

/// A document with its entries, before or after.
#[derive(Clone, Copy)]
pub(super) struct Side<'p, 'd> {
    pub(super) yaml: &'p ParsedYaml<'d>,
    pub(super) lists: &'p ImageLists<'p>,
}

impl Side<'_, '_> {
    /// Returns the place of the entry that a byte is in; that of the byte itself if it is in none.
    pub(super) fn entry_at(self, at: usize) -> Position {
        let start = |entry: &ImageEntry<'_>| self.yaml.tree.start(entry.item);
        let entry = self.lists.entries.iter().map(start).filter(|start| *start <= at).max();
        self.yaml.source.place(entry.unwrap_or(at))
    }
}

/// # Errors
/// See [`follow_chains`].
pub(super) fn outcome(
    old: Side<'_, '_>,
    new: Side<'_, '_>,
    requested: &Requested<'_>,
    plan: Plan,
) -> Result<Edit, EditError> {
    let mut notes = plan.notes;
    let entries = entry_edits(old, new, requested, &mut notes);
    notes.extend(survey(new.yaml, new.lists, requested));
    notes.extend(patched(new.yaml, new.lists, requested));
    let known: HashSet<&str> = old.lists.entries.iter().filter_map(|entry| entry.name).collect();
    let is_new = |entry: &ImageEntry<'_>| entry.name.is_some_and(|name| !known.contains(name));
    notes.extend(follow_chains(new.yaml, new.lists, requested, is_new)?);
    Ok(Edit {
        text: new.yaml.source.text.as_bytes().to_vec(),
        entries,
        absent: plan.absent,
        names: new.lists.entries.iter().filter_map(|entry| entry.name).map(str::to_owned).collect(),
        notes,
        is_kustomization: true,
        changed: new.yaml.source.text != old.yaml.source.text,
    })
}

/// Pairs the entries of both sides: an edit keeps their order in each list, and appends to `images` alone.
fn entry_edits(
    old: Side<'_, '_>,
    new: Side<'_, '_>,
    requested: &Requested<'_>,
    notes: &mut Vec<Note>,
) -> Vec<EntryEdit> {
    let mut legacy = new.lists.entries.iter().filter(|entry| entry.legacy);
    let mut current = new.lists.entries.iter().filter(|entry| !entry.legacy);
    let mut edits = Vec::new();
    for entry in &old.lists.entries {
        let after = if entry.legacy { legacy.next() } else { current.next() };
        if let (Some(argument), Some(after)) = (requested.of(entry), after) {
            let edit = entry_edit(argument.name.clone(), Some((old.yaml, entry)), new.yaml, after);
            note_aliases(new.yaml, after, edit.fields.iter().map(|edit| edit.field), notes);
            edits.push(edit);
        }
    }
    for entry in current {
        if let Some(argument) = requested.of(entry) {
            edits.push(entry_edit(argument.name.clone(), None, new.yaml, entry));
        }
    }
    edits
}

fn entry_edit(
    name: ImageName,
    old: Option<(&ParsedYaml<'_>, &ImageEntry<'_>)>,
    yaml: &ParsedYaml<'_>,
    entry: &ImageEntry<'_>,
) -> EntryEdit {
    let before = old.map_or_else(Fields::default, |(yaml, entry)| fields(yaml, entry));
    let after = fields(yaml, entry);
    let edits = FieldName::ALL.into_iter().filter_map(|field| {
        let (from, to) = (before.get(field), after.get(field));
        let repaired =
            old.is_some_and(|(old, old_entry)| !is_readable(old, old_entry, field)) && is_readable(yaml, entry, field);
        let line = match (to, old) {
            (None, Some((old, old_entry))) => line_of(old, old_entry, field),
            _ => line_of(yaml, entry, field),
        };
        let edit =
            FieldEdit { field, key: field.to_string(), line, from: from.map(str::to_owned), to: to.map(str::to_owned) };
        (from != to || repaired).then_some(edit)
    });
    let fields = edits.collect();
    let line = yaml.source.line_number(yaml.tree.start(entry.item));
    EntryEdit { name, line, appended: old.is_none(), before, after, fields, checked_as: None, shared_name: None }
}

/// Whether a field is absent, or a string to every reader.
fn is_readable(yaml: &ParsedYaml<'_>, entry: &ImageEntry<'_>, field: FieldName) -> bool {
    effective(yaml, entry.mapping, field.as_str())
        .is_none_or(|value| yaml.tree.is_null(value) || is_string(&yaml.tree, value))
}

fn line_of(yaml: &ParsedYaml<'_>, entry: &ImageEntry<'_>, field: FieldName) -> usize {
    let node = match (entry.own.get(field), effective(yaml, entry.mapping, field.as_str())) {
        (Some(pair), _) => pair.key,
        (None, Some(value)) => value,
        (None, None) => entry.item,
    };
    yaml.source.line_number(yaml.tree.start(node))
}
