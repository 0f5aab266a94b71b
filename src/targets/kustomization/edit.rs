//! One call, one file: read, plan, splice, prove, and say what became of each entry.

use std::borrow::Cow;
use std::collections::HashSet;

use super::entry::{Images, fields};
use super::outcome::{Side, outcome};
use super::parse::{Document, parse};
use super::plan::{Plan, plan};
use super::source::Source;
use super::wish::Wishes;
use super::{Edit, EditError, Fields, Note, NoteKind, splice, verify};
use crate::image::ImageArgument;

/// What to do in a file where no entry has the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// Says so in [`Edit::absent`].
    Report,
    /// Appends an entry.
    Append,
}

/// Edits every entry that an argument names. Of two arguments with one name the later counts, as with kustomize.
///
/// The result is proved before it is returned: read again by two readers, it is the old document with the asked fields
/// changed, and every byte outside the changes is the same.
pub fn edit(source: &[u8], arguments: &[ImageArgument], absent: Absent) -> Result<Edit, EditError> {
    let source = Source::read(source)?;
    let wishes = Wishes::new(arguments);
    let error = match parse(&source) {
        Ok(document) => return edit_document(&document, &wishes, absent),
        Err(error) => error,
    };
    // Not YAML as it stands; a template that becomes YAML is edited nevertheless, and its user told.
    let (EditError::Syntax { place, message, .. }, Some(hidden)) = (&error, source.with_reserved_hidden()) else {
        return Err(error);
    };
    let Ok(document) = parse(&hidden) else {
        return Err(error);
    };
    let mut edit = edit_document(&document, &wishes, absent)?;
    let kind = NoteKind::NotYaml { message: message.clone() };
    edit.notes.push(Note { name: String::new(), place: *place, kind });
    Ok(edit)
}

/// Returns the name of each entry and what it says of its image, in file order.
pub fn entries(source: &[u8]) -> Result<Vec<(String, Fields)>, EditError> {
    let source = Source::read(source)?;
    let document = parse(&source)?;
    let images = Images::read(&document)?;
    let named = images.entries.iter().filter_map(|entry| Some((entry.name?.to_owned(), fields(&document, entry))));
    Ok(named.collect())
}

fn edit_document(old: &Document<'_>, wishes: &Wishes<'_>, absent: Absent) -> Result<Edit, EditError> {
    let old_images = Images::read(old)?;
    let mut plan = plan(old, &old_images, wishes, absent)?;
    let Some(splices) = splice::ordered(std::mem::take(&mut plan.splices)) else {
        return Err(EditError::Unproved { difference: "two changes overlap".to_owned() });
    };
    let before = Side { document: old, images: &old_images };
    if splices.is_empty() {
        return Ok(outcome(before, before, wishes, plan, false));
    }
    let Some(text) = splice::apply(old.source.text, &splices) else {
        return Err(EditError::Unproved { difference: "a change does not lie on characters".to_owned() });
    };
    let mut source = Source::read(text.as_bytes())?;
    if let (Cow::Owned(_), Some(hidden)) = (&old.source.readable, source.with_reserved_hidden()) {
        source = hidden;
    }
    let new = verify::reparse(&source)?;
    let images = verify::reread(&new)?;
    let appended = missing(&old_images, wishes, absent);
    verify::prove((old, &old_images), (&new, &images), &splices, wishes, &appended)?;
    prove_idempotent(&new, &images, wishes, absent)?;
    Ok(outcome(before, Side { document: &new, images: &images }, wishes, plan, true))
}

/// Returns the arguments that must have become new entries.
fn missing<'a>(images: &Images<'_>, wishes: &Wishes<'a>, absent: Absent) -> Vec<&'a ImageArgument> {
    let names: HashSet<&str> = images.entries.iter().filter_map(|entry| entry.name).collect();
    let is_missing = |argument: &&ImageArgument| !names.contains(argument.name.as_str());
    match absent {
        Absent::Report => Vec::new(),
        Absent::Append => wishes.arguments.iter().copied().filter(is_missing).collect(),
    }
}

/// A second run on the result must find nothing to do.
fn prove_idempotent(
    new: &Document<'_>,
    images: &Images<'_>,
    wishes: &Wishes<'_>,
    absent: Absent,
) -> Result<(), EditError> {
    match plan(new, images, wishes, absent) {
        Ok(Plan { splices, .. }) if splices.is_empty() => Ok(()),
        _ => Err(EditError::Unproved { difference: "a second run would change the file again".to_owned() }),
    }
}
