//! Looks over the entries of an edited kustomization for what a user may not expect of them, or kustomize will refuse.

use std::collections::HashMap;

use super::entry::{ImageEntry, ImageLists, effective, fields};
use super::entry_names::{SPECIAL, is_read};
use super::go_yaml::is_refused;
use super::requested::Requested;
use crate::image::{Field, ImageArgument, ImageChange, Tag};
use crate::targets::edit::{FieldName, Note, NoteKind};
use crate::yaml::ParsedYaml;

/// The fields that kustomize knows in an entry, beside the merge key.
const KNOWN: [&str; 6] = ["name", "newName", "newTag", "tagSuffix", "digest", "<<"];

/// Looks over the entries of an edited file.
pub(super) fn survey(yaml: &ParsedYaml<'_>, lists: &ImageLists<'_>, requested: &Requested<'_>) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut lines: HashMap<&str, Vec<usize>> = HashMap::with_capacity(lists.entries.len());
    for entry in &lists.entries {
        let at = yaml.tree.start(entry.item);
        if let Some(name) = entry.name {
            lines.entry(name).or_default().push(yaml.source.line_number(at));
        }
        survey_keys(yaml, entry, &mut notes);
        survey_asked(yaml, entry, requested, &mut notes);
    }
    for entry in &lists.entries {
        let Some(lines) = entry.name.and_then(|name| lines.remove(name)) else {
            continue;
        };
        if lines.len() > 1 {
            notes.push(note(yaml, entry, yaml.tree.start(entry.item), NoteKind::Duplicate { lines }));
        }
    }
    notes
}

/// Notes the aliases of the fields that changed. None of them is in an entry: that is refused.
pub(super) fn note_aliases(
    yaml: &ParsedYaml<'_>,
    entry: &ImageEntry<'_>,
    changed: impl Iterator<Item = FieldName>,
    notes: &mut Vec<Note>,
) {
    for field in changed {
        let Some(value) = entry.own.get(field).map(|pair| pair.value) else {
            continue;
        };
        let kind = NoteKind::aliases_follow(yaml, field.as_str(), &[value]);
        notes.extend(kind.map(|kind| note(yaml, entry, yaml.tree.start(value), kind)));
    }
}

fn note(yaml: &ParsedYaml<'_>, entry: &ImageEntry<'_>, at: usize, kind: NoteKind) -> Note {
    Note { name: entry.name.unwrap_or_default().to_owned(), place: yaml.source.place(at), kind }
}

fn survey_keys(yaml: &ParsedYaml<'_>, entry: &ImageEntry<'_>, notes: &mut Vec<Note>) {
    let tree = &yaml.tree;
    for pair in tree.pairs(entry.mapping) {
        let Some(key) = tree.text(pair.key) else {
            continue;
        };
        if !KNOWN.iter().any(|known| key.eq_ignore_ascii_case(known)) {
            let at = tree.start(pair.key);
            notes.push(note(yaml, entry, at, NoteKind::UnknownField { key: key.to_owned() }));
        } else if is_refused(&yaml.tree, pair.value) {
            let value = tree.text(pair.value).unwrap_or_default().to_owned();
            let at = tree.start(pair.value);
            notes.push(note(yaml, entry, at, NoteKind::NotAString { key: key.to_owned(), value }));
        }
    }
}

fn survey_asked(yaml: &ParsedYaml<'_>, entry: &ImageEntry<'_>, requested: &Requested<'_>, notes: &mut Vec<Note>) {
    let (Some(name), Some(argument)) = (entry.name, requested.of(entry)) else {
        return;
    };
    let at = yaml.tree.start(entry.item);
    let fields = fields(yaml, entry);
    if fields.new_name.as_deref() == Some(name) {
        let value = effective(yaml, entry.mapping, FieldName::NewName.as_str());
        let at = value.map_or(at, |value| yaml.tree.start(value));
        notes.push(note(yaml, entry, at, NoteKind::SameName));
    }
    if let Some(character) = name.chars().find(|character| SPECIAL.contains(character)).filter(|_| is_read(name)) {
        notes.push(note(yaml, entry, at, NoteKind::Pattern { character }));
    }
    if let Some((new_name, argument)) = fields.new_name.as_deref().and_then(|kept| without_tag(kept, argument)) {
        let value = effective(yaml, entry.mapping, FieldName::NewName.as_str());
        let at = value.map_or(at, |value| yaml.tree.start(value));
        notes.push(note(yaml, entry, at, NoteKind::NameWithTag { new_name, argument }));
    }
    let asked = |field: FieldName| field.asked(&argument.change);
    if let (Some(digest), Field::Set(_), Field::Keep) =
        (fields.digest, asked(FieldName::NewTag), asked(FieldName::Digest))
    {
        notes.push(note(yaml, entry, at, NoteKind::DigestDecides { digest }));
    }
}

/// Returns a kept `newName` whose own tag or digest makes the asked reference impossible, and the argument that writes
/// the name without it. `name@sha256` with the hexadecimal digits as the tag is a form that builds.
fn without_tag(kept: &str, argument: &ImageArgument) -> Option<(String, String)> {
    let ImageChange { new_name: Field::Keep, new_tag, digest } = &argument.change else {
        return None;
    };
    let path = kept.rfind('/').map_or(0, |slash| slash + 1);
    let end = path + kept[path..].find([':', '@'])?;
    let tag = new_tag.set().map(Tag::as_str);
    let is_hex = |tag: &str| tag.len() == 64 && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
    if (tag.is_none() && digest.set().is_none()) || (kept.ends_with("@sha256") && tag.is_some_and(is_hex)) {
        return None;
    }
    let change = ImageChange { new_name: Field::Set(kept[..end].to_owned()), ..argument.change.clone() };
    Some((kept.to_owned(), ImageArgument { name: argument.name.clone(), change }.to_string()))
}
