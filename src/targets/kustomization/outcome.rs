//! What an edit tells its caller: the text, and what became of each entry that an argument names.

use super::entry::{Entry, Images, effective, fields};
use super::parse::Document;
use super::plan::Plan;
use super::scalar::is_string;
use super::wish::Wishes;
use super::{FieldName, Fields, Note, notes};
use crate::image::ImageName;

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The new text; the old one where nothing changes.
    pub text: Vec<u8>,
    /// Each entry that an argument names, in file order, changed or not, and then those that are new.
    pub entries: Vec<EntryEdit>,
    /// The names that no entry has, with [`Absent::Report`](super::Absent::Report).
    pub absent: Vec<ImageName>,
    /// The names of all entries, in file order.
    pub names: Vec<String>,
    pub notes: Vec<Note>,
    changed: bool,
}

impl Edit {
    /// Whether the new text differs from the old one.
    pub fn changed(&self) -> bool {
        self.changed
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
}

impl EntryEdit {
    /// Returns the name under which the image is pulled.
    pub fn image_name(&self) -> &str {
        self.after.new_name.as_deref().unwrap_or(self.name.as_str())
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
    /// The line of the value in the new text; of what went, in the old one.
    pub line: usize,
    pub from: Option<String>,
    pub to: Option<String>,
}

/// A document with its entries, before or after.
#[derive(Clone, Copy)]
pub(super) struct Side<'p, 'd> {
    pub(super) document: &'p Document<'d>,
    pub(super) images: &'p Images<'p>,
}

pub(super) fn outcome(old: Side<'_, '_>, new: Side<'_, '_>, wishes: &Wishes<'_>, plan: Plan, changed: bool) -> Edit {
    let mut notes = plan.notes;
    notes.extend(notes::survey(new.document, new.images, wishes));
    Edit {
        text: new.document.source.text.as_bytes().to_vec(),
        entries: entry_edits(old, new, wishes),
        absent: plan.absent,
        names: new.images.entries.iter().filter_map(|entry| entry.name).map(str::to_owned).collect(),
        notes,
        changed,
    }
}

/// Pairs the entries of both sides: an edit keeps their order in each list, and appends to `images` alone.
fn entry_edits(old: Side<'_, '_>, new: Side<'_, '_>, wishes: &Wishes<'_>) -> Vec<EntryEdit> {
    let mut legacy = new.images.entries.iter().filter(|entry| entry.legacy);
    let mut current = new.images.entries.iter().filter(|entry| !entry.legacy);
    let mut edits = Vec::new();
    for entry in &old.images.entries {
        let after = if entry.legacy { legacy.next() } else { current.next() };
        if let (Some(argument), Some(after)) = (wishes.of(entry), after) {
            edits.push(entry_edit(argument.name.clone(), Some((old.document, entry)), new.document, after));
        }
    }
    for entry in current {
        if let Some(argument) = wishes.of(entry) {
            edits.push(entry_edit(argument.name.clone(), None, new.document, entry));
        }
    }
    edits
}

fn entry_edit(
    name: ImageName,
    old: Option<(&Document<'_>, &Entry<'_>)>,
    document: &Document<'_>,
    entry: &Entry<'_>,
) -> EntryEdit {
    let before = old.map_or_else(Fields::default, |(document, entry)| fields(document, entry));
    let after = fields(document, entry);
    let edits = FieldName::ALL.into_iter().filter_map(|field| {
        let (from, to) = (before.get(field), after.get(field));
        let repaired = old.is_some_and(|(old, old_entry)| !is_readable(old, old_entry, field))
            && is_readable(document, entry, field);
        let line = match (to, old) {
            (None, Some((old, old_entry))) => line_of(old, old_entry, field),
            _ => line_of(document, entry, field),
        };
        let edit = FieldEdit { field, line, from: from.map(str::to_owned), to: to.map(str::to_owned) };
        (from != to || repaired).then_some(edit)
    });
    let fields = edits.collect();
    let line = document.source.line_number(document.tree.start(entry.item));
    EntryEdit { name, line, appended: old.is_none(), before, after, fields }
}

/// Whether a field is absent, or a string to every reader.
fn is_readable(document: &Document<'_>, entry: &Entry<'_>, field: FieldName) -> bool {
    effective(document, entry.mapping, field.as_str())
        .is_none_or(|value| document.tree.is_null(value) || is_string(document, value))
}

fn line_of(document: &Document<'_>, entry: &Entry<'_>, field: FieldName) -> usize {
    let node = match (entry.own.get(field), effective(document, entry.mapping, field.as_str())) {
        (Some(pair), _) => pair.key,
        (None, Some(value)) => value,
        (None, None) => entry.item,
    };
    document.source.line_number(document.tree.start(node))
}
