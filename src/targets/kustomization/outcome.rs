//! What became of each entry that an argument names, and what is worth a note: the entries of both sides are paired.

use std::collections::HashMap;

use super::chain::{AppliedEntries, applied, follow_chains};
use super::entry::{ImageEntry, ImageLists, effective, fields};
use super::error::EditError;
use super::other_steps::{OtherSteps, StepsAsked};
use super::plan::Plan;
use super::pulled::pulled;
use super::requested::Requested;
use super::survey::{note_aliases, survey};
use crate::image::ImageName;
use crate::targets::edit::{Edit, EntryEdit, FieldEdit, FieldName, Fields, Note, Pulled};
use crate::yaml::{NodeId, ParsedYaml, Position, is_string};

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
    let others = OtherSteps::of(new.yaml, new.lists);
    let is_requested = |entry: &ImageEntry<'_>| requested.of(entry).is_some();
    let known = old.lists.entries.iter().filter_map(|entry| Some((entry.name?, entry.item))).collect();
    // What the entries make of each image takes much memory, which is free again behind this.
    let (pulled, notes_of_chains) = {
        let in_order = new.lists.in_order();
        let applied = (in_order.as_slice(), &AppliedEntries::read(new.yaml, &in_order));
        (
            pulled(new.yaml, applied, &others, is_requested),
            follow_chains(new.yaml, applied, requested, (old.yaml, &known))?,
        )
    };
    let entries = entry_edits(old, new, requested, pulled, &mut notes);
    notes.extend(survey(new.yaml, new.lists, requested));
    let requested_entries = new.lists.entries.iter().filter(|entry| is_requested(entry));
    notes.extend(requested_entries.flat_map(|entry| others.notes_of(entry, StepsAsked::All)));
    notes.extend(notes_of_chains);
    let text = new.yaml.source.text;
    Ok(Edit {
        text: text.as_bytes().to_vec(),
        entries,
        absent: plan.absent,
        names: new.lists.entries.iter().filter_map(|entry| entry.name).map(str::to_owned).collect(),
        notes,
        is_kustomization: new.lists.is_of_kustomization,
        is_changed: text != old.yaml.source.text,
    })
}

/// Tells an entry without a `newName` as what kustomize makes of all entries of its name: another one may have the image's name.
fn tell_as_one(old: Side<'_, '_>, new: Side<'_, '_>, entries: &mut [EntryEdit]) {
    let [before, after] = [old, new].map(|side| applied(side.yaml, side.lists).into_iter().collect::<HashMap<_, _>>());
    for EntryEdit { name, before: own_before, after: own_after, .. } in entries {
        for (own, all) in [(own_before, &before), (own_after, &after)] {
            if let (None, Some(all)) = (&own.new_name, all.get(name.as_str())) {
                own.clone_from(all);
            }
        }
    }
}

/// Pairs the entries of both sides: an edit keeps their order in each list, and appends to `images` alone.
fn entry_edits(
    old: Side<'_, '_>,
    new: Side<'_, '_>,
    requested: &Requested<'_>,
    mut pulled: HashMap<NodeId, Box<Pulled>>,
    notes: &mut Vec<Note>,
) -> Vec<EntryEdit> {
    let mut legacy = new.lists.entries.iter().filter(|entry| entry.legacy);
    let mut current = new.lists.entries.iter().filter(|entry| !entry.legacy);
    let mut edits = Vec::new();
    let mut items = Vec::new();
    for entry in &old.lists.entries {
        let after = if entry.legacy { legacy.next() } else { current.next() };
        if let (Some(argument), Some(after)) = (requested.of(entry), after) {
            let edit = entry_edit(argument.name.clone(), Some((old.yaml, entry)), new.yaml, after);
            note_aliases(new.yaml, after, edit.fields.iter().map(|edit| edit.field), notes);
            edits.push(edit);
            items.push(after.item);
        }
    }
    for entry in current {
        if let Some(argument) = requested.of(entry) {
            edits.push(entry_edit(argument.name.clone(), None, new.yaml, entry));
            items.push(entry.item);
        }
    }
    tell_as_one(old, new, &mut edits);
    for (edit, item) in edits.iter_mut().zip(items) {
        edit.after.pulled = pulled.remove(&item);
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
    EntryEdit { name, line, appended: old.is_none(), before, after, fields, checked_as: None, other_registry: None }
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
