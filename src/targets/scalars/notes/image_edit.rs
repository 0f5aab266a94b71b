//! What an edit tells its caller: what became of each image that an argument names, and what its user may not expect.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use super::kept_variables::notes_of_variables;
use super::later_steps::LaterSteps;
use super::pulled::{more_of_tag, note_of_digest_switch, pulled};
use crate::image::{Field, ImageName};
use crate::targets::edit::{
    BeforeName, Belongs, Edit, EntryEdit, FieldEdit, FieldName, Fields, Note, NoteKind, ValuesNote, kept_comment,
};
use crate::targets::scalars::document::slot::Slot;
use crate::targets::scalars::document::walk::paths_to;
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::key_stems::plain;
use crate::targets::scalars::image_parts::name_parts::below;
use crate::targets::scalars::image_parts::place::{ImagePlace, Parts, ReferenceForm, Slots};
use crate::targets::scalars::image_parts::sibling_values::SiblingValues;
use crate::targets::scalars::names::parts_around::{CertainRegistries, PartsAround};
use crate::targets::scalars::plan::comments::comment_behind;
use crate::targets::scalars::plan::new_values::NewText;
use crate::targets::scalars::plan::planned_image::{ImagesPlan, PlannedImage};
use crate::targets::scalars::search::lookup::FileImages;
use crate::yaml::{NodeId, ParsedYaml, Position};

/// Returns the edit that a plan for the text `old` came to.
pub(in crate::targets::scalars) fn outcome(
    old: &ParsedYaml<'_>,
    new_images: &FileImages<'_, '_>,
    plan: ImagesPlan<'_>,
) -> Result<Edit, FileRefusal> {
    let new = new_images.yaml;
    let paths = ScalarPaths { yaml: new, values: written_values(&plan), paths: OnceCell::new() };
    let mut notes = Vec::new();
    let mut entries = Vec::new();
    let (mut old_registries, mut registries) = (CertainRegistries::default(), CertainRegistries::default());
    let mut later_steps = LaterSteps::of(new_images);
    for image in &plan.images {
        notes.extend(notes_of(old, new, image));
        let mut after = after(new, image)?;
        let name = image.argument.name.as_str();
        let (pulled, later) = pulled(&mut later_steps, &image.place, name, &after, image.checked_as());
        notes.extend(later);
        after = registries.judged(new, &image.place, after);
        after.pulled = Some(Box::new(pulled));
        if let (Some(name), true) = (image.argument.change.new_name.set(), after.before_name.is_empty()) {
            let again = notes.iter().find_map(|note| part_again(note, image.argument.name.as_str()));
            after.before_name.extend(again.or_else(|| registries.other_registry(new, &image.place, name)));
        }
        let named = image.argument.change.new_name.set().filter(|_| after.is_below_registry());
        let entry = EntryEdit {
            name: image.argument.name.clone(),
            line: new.source.line_number(new.tree.start(image.place.item)),
            appended: false,
            fields: field_edits(old, &paths, image, &after),
            before: old_registries.judged(old, &image.place, image.before.clone()),
            after,
            checked_as: image.checked_as().or(named).cloned(),
            other_registry: other_registry(image),
        };
        notes.extend(note_of_other_name(new, image, &entry, &notes));
        entries.push(entry);
    }
    notes.extend(notes_of_variables(new_images, &plan));
    let mut told: HashMap<(usize, usize), Vec<Note>> = HashMap::new();
    notes.retain(|note| {
        let here = told.entry((note.place.line, note.place.column)).or_default();
        !here.contains(note) && {
            here.push(note.clone());
            true
        }
    });
    let names = match plan.absent.as_slice() {
        [] => Vec::new(),
        absent => new_images.names(absent.iter().map(ImageName::as_str)),
    };
    Ok(Edit {
        text: new.source.text.as_bytes().to_vec(),
        entries,
        absent: plan.absent,
        names,
        notes,
        is_kustomization: false,
        is_changed: new.source.text != old.source.text,
    })
}

/// Returns what the new text says of an image. Its nodes are those of the old text: only scalars were exchanged.
fn after(new: &ParsedYaml<'_>, image: &PlannedImage<'_>) -> Result<Fields, FileRefusal> {
    let mut after = image.place.fields(new)?;
    if image.place.name_follows() {
        after.new_name.clone_from(&image.new_values.after.new_name);
    }
    Ok(after)
}

/// Returns the name that a chart makes of one that begins with a registry already, if a note tells of it.
fn part_again(note: &Note, name: &str) -> Option<BeforeName> {
    let NoteKind::Values(ValuesNote::PartAgain { new_name, key, part }) = &note.kind else { return None };
    (note.name == name).then(|| BeforeName::possible(key, part, Some(format!("{part}/{new_name}"))))
}

/// Returns the registry for all images of the chart, if the name that was asked for is not below it.
fn other_registry(image: &PlannedImage<'_>) -> Option<String> {
    let Slots::Parts(Parts { shared_registry: Some(shared), .. }) = &image.place.slots else { return None };
    let checked = image.new_values.checked_as.as_deref()?;
    below(shared, checked).is_none().then(|| shared.clone())
}

/// The paths of the scalars that were written, which one walk finds if one of them is needed.
struct ScalarPaths<'p, 'd> {
    yaml: &'p ParsedYaml<'d>,
    values: HashSet<NodeId>,
    paths: OnceCell<HashMap<NodeId, String>>,
}

impl ScalarPaths<'_, '_> {
    fn get(&self, value: NodeId) -> Option<String> {
        self.paths.get_or_init(|| paths_to(self.yaml, &self.values)).get(&value).cloned()
    }
}

fn written_values(plan: &ImagesPlan<'_>) -> HashSet<NodeId> {
    plan.images.iter().flat_map(|image| &image.texts).map(|text| text.slot.value).collect()
}

fn field_edits(
    old: &ParsedYaml<'_>,
    paths: &ScalarPaths<'_, '_>,
    image: &PlannedImage<'_>,
    after: &Fields,
) -> Vec<FieldEdit> {
    let new = paths.yaml;
    let written = |field: FieldName| {
        let of_field = image.texts.iter().find(|text| text.field == field);
        // A reference is written as one, for whichever of its parts, and a digest may stand behind the tag.
        let is_within = match &image.place.slots {
            Slots::Reference { .. } => true,
            Slots::Parts(parts) => field == FieldName::Digest && parts.digest.is_none(),
        };
        of_field.or(image.texts.first().filter(|_| is_within))
    };
    let edit = |field: FieldName| {
        let own_text = image.texts.iter().find(|text| text.field == field);
        let is_written = own_text.is_some();
        let (from, to) = match (image.before.get(field), after.get(field), own_text) {
            // The whole name is not known: a chart puts a registry before it.
            (None, None, Some(text)) if field == FieldName::NewName => {
                (old.tree.text(text.slot.value), Some(text.text.as_str()))
            }
            (from, to, _) => (from, to),
        };
        let text = written(field).filter(|_| from != to || is_written)?;
        let node = text.slot.key.unwrap_or(text.slot.value);
        Some(FieldEdit {
            field,
            key: key_of(paths, image, text),
            line: new.source.line_number(new.tree.start(node)),
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
        })
    };
    let edits: Vec<FieldEdit> = FieldName::ALL.into_iter().filter_map(edit).collect();
    let is_change = |edit: &&FieldEdit| edit.from != edit.to;
    if edits.iter().any(|edit| is_change(&edit)) {
        return edits.iter().filter(is_change).cloned().collect();
    }
    edits
}

/// Returns the path of a scalar that was written.
fn key_of(paths: &ScalarPaths<'_, '_>, image: &PlannedImage<'_>, text: &NewText) -> String {
    let yaml = paths.yaml;
    let ImagePlace { path, item, trail, .. } = &image.place;
    let Slot { key, value, parent } = text.slot;
    if *item == key.unwrap_or(value) {
        return path.clone();
    }
    match yaml.tree.text(key.unwrap_or(value)) {
        Some(key) if trail.last() == Some(&parent) || *item == parent => {
            if path.is_empty() {
                key.to_owned()
            } else {
                format!("{path}.{key}")
            }
        }
        _ => paths.get(value).unwrap_or_else(|| path.clone()),
    }
}

/// Returns what the file calls a part of an image: its key, or in a whole reference the part's own name.
fn word_of(yaml: &ParsedYaml<'_>, image: &PlannedImage<'_>, field: FieldName) -> String {
    let key = image.place.slot_of(field).and_then(|slot| yaml.tree.text(slot.key?));
    let word = match field {
        FieldName::NewName => "name",
        FieldName::NewTag => "tag",
        FieldName::Digest => "digest",
    };
    key.unwrap_or(word).to_owned()
}

fn notes_of(old: &ParsedYaml<'_>, new: &ParsedYaml<'_>, image: &PlannedImage<'_>) -> Vec<Note> {
    let mut kinds = Vec::new();
    let item = new.place(image.place.item);
    kinds.extend(note_of_name(old, image).map(|kind| (item, kind)));
    kinds.extend(note_of_added_version(new, image).map(|kind| (item, kind)));
    let change = &image.argument.change;
    for (field, removed) in
        [(FieldName::NewTag, change.new_tag == Field::Remove), (FieldName::Digest, change.digest == Field::Remove)]
    {
        if let (true, Some(value), None) = (removed, image.before.get(field), image.new_values.after.get(field)) {
            let key = word_of(new, image, field);
            let kind = NoteKind::Dropped { key, value: value.to_owned(), comment: None };
            kinds.push((old.place(image.place.item), kind));
        }
    }
    let is_set = image.argument.change.digest.set().is_some();
    let switch = note_of_digest_switch(new, &image.place, &image.new_values.after);
    kinds.extend(switch.filter(|(_, kind)| is_set || *kind == NoteKind::EmptyDigestUsed));
    for text in &image.texts {
        kinds.extend(notes_of_text(old, new, image, text));
    }
    let note = |(place, kind)| Note { name: image.argument.name.to_string(), place, kind };
    kinds.into_iter().map(note).collect()
}

/// Notes a name that was not written, or that a chart may put a registry before which it has already.
fn note_of_name(yaml: &ParsedYaml<'_>, image: &PlannedImage<'_>) -> Option<NoteKind> {
    let (new_values, new_name) = (&image.new_values, image.argument.change.new_name.set()?);
    let around = PartsAround::of(yaml, &image.place);
    if let (Some(checked), None) = (image.checked_as(), &new_values.repository) {
        let new_name = checked.clone();
        let keys = around.as_ref().and_then(|around| around.keys_of(checked));
        return Some(match keys {
            Some(keys) => {
                let keys = keys.into_iter().map(str::to_owned).collect();
                NoteKind::Values(ValuesNote::NameKept { new_name, keys })
            }
            None => NoteKind::NotWritten { new_name },
        });
    }
    let is_written = new_values.after.new_name != image.before.new_name && new_values.repository.is_none();
    let (key, part) = around.as_ref().filter(|_| is_written)?.part_again(new_name)?;
    let (new_name, key, part) = (new_name.clone(), key.to_owned(), part.to_owned());
    Some(NoteKind::Values(ValuesNote::PartAgain { new_name, key, part }))
}

/// Notes another name than the one that is checked, unless a note tells it already. A name that is kept and not known is not
/// checked at all.
fn note_of_other_name(
    yaml: &ParsedYaml<'_>,
    image: &PlannedImage<'_>,
    entry: &EntryEdit,
    notes: &[Note],
) -> Option<Note> {
    let name = image.argument.name.to_string();
    let is_told = |note: &Note| {
        matches!(note.kind, NoteKind::Values(ValuesNote::NameKept { .. } | ValuesNote::PartAgain { .. }))
            && note.name == name
    };
    let is_one = entry.after.before_name.len() < 2 && entry.image_name().is_none();
    let other = entry.other_name().filter(|_| !is_one && !notes.iter().any(is_told))?;
    let kind = NoteKind::Values(ValuesNote::BeforeName(other.clone()));
    Some(Note { name, place: yaml.place(image.place.item), kind })
}

/// Notes a version behind a name in values that had none: the chart may add one.
fn note_of_added_version(yaml: &ParsedYaml<'_>, image: &PlannedImage<'_>) -> Option<NoteKind> {
    let Slots::Reference { slot, form: ReferenceForm::Uncertain } = &image.place.slots else { return None };
    let (before, after) = (&image.before, &image.new_values.after);
    let had_none = before.new_name.is_some() && before.new_tag.is_none() && before.digest.is_none();
    if !had_none || (after.new_tag.is_none() && after.digest.is_none()) {
        return None;
    }
    let siblings = SiblingValues::of(yaml, &image.place, *slot);
    let version = siblings.others.iter().find(|other| other.text.is_some() && plain(other.key).contains("version"));
    let version = version.map(|other| other.key.to_owned());
    Some(NoteKind::Values(ValuesNote::VersionAdded { version }))
}

/// Returns the notes about one scalar that was written.
fn notes_of_text(
    old: &ParsedYaml<'_>,
    new: &ParsedYaml<'_>,
    image: &PlannedImage<'_>,
    text: &NewText,
) -> Vec<(Position, NoteKind)> {
    let mut kinds = Vec::new();
    let at = new.place(text.slot.value);
    let key = || word_of(new, image, text.field);
    let was = old.tree.text(text.slot.value).unwrap_or_default();
    if was == text.text {
        kinds.push((at, NoteKind::Repaired { key: key(), value: was.to_owned() }));
    } else if text.field == FieldName::NewTag {
        let siblings = SiblingValues::of(new, &image.place, text.slot);
        let is_unused = siblings.uses_digest() == Some(false);
        let was = image.before.new_tag.as_deref().unwrap_or_default();
        let more = more_of_tag(new, &image.place, text.slot, &siblings, was, &image.new_values.after);
        kinds.extend(more.map(|kind| (at, kind)));
        kinds.extend(siblings.digests().filter(|_| !is_unused).map(|(other, _)| {
            let (key, digest) = (other.key.to_owned(), other.text.unwrap_or_default().to_owned());
            (at, NoteKind::DigestBeside { key, digest })
        }));
    }
    kinds.extend(note_of_comment(old, new, image, text));
    let mut around = image.place.trail.clone();
    around.retain(|node| *node != text.slot.value);
    around.dedup();
    let own = match &image.place.slots {
        Slots::Reference { slot, .. } if slot.key.is_some() => slot.key_text(new).to_owned(),
        Slots::Reference { .. } => "image".to_owned(),
        Slots::Parts(_) => key(),
    };
    for (key, anchored) in [(format!("the mapping around {own}"), around), (own, vec![text.slot.value])] {
        kinds.extend(NoteKind::aliases_follow(new, key, &anchored).map(|kind| (at, kind)));
    }
    kinds
}

/// Notes a comment that stayed behind a changed value, if it may be about the old one.
fn note_of_comment(
    old: &ParsedYaml<'_>,
    new: &ParsedYaml<'_>,
    image: &PlannedImage<'_>,
    text: &NewText,
) -> Option<(Position, NoteKind)> {
    let before = old.source.slice(comment_behind(old, text.slot)?);
    let at = comment_behind(new, text.slot)?;
    let was = old.tree.text(text.slot.value).unwrap_or_default();
    if new.source.slice(at.clone()) != before || was == text.text {
        return None;
    }
    let was = if text.field == FieldName::NewTag { image.before.new_tag.as_deref().unwrap_or(was) } else { was };
    let kind = kept_comment(before, Belongs::Perhaps, was, image.new_values.after.new_tag.as_deref())?;
    Some((new.source.place(at.start), kind))
}
