//! What several files say of an entry, as the report for programs has it.

use serde::Serialize;

use crate::outcome::{ComparedEntry, Comparison};
use crate::targets::{Fields, PlaceVersion};

/// An entry, in all files that were compared.
#[derive(Clone, Serialize)]
pub(in crate::report) struct StatusEntry<'a> {
    name: &'a str,
    /// `same`, `differs` or `missing`.
    state: &'static str,
    files: Vec<StatusFile<'a>>,
}

/// What one file says of an entry.
#[derive(Clone, Serialize)]
struct StatusFile<'a> {
    file: &'a str,
    /// Null if the file has no such entry.
    image: Option<&'a str>,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
    /// What each place of the file says, if that differs; there is neither tag nor digest of all of them then.
    several: Vec<StatusPlace<'a>>,
}

/// What one of several places of a file says of an entry.
#[derive(Clone, Serialize)]
struct StatusPlace<'a> {
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

/// Returns each entry that was compared.
pub(in crate::report) fn compared(comparison: &Comparison) -> impl Iterator<Item = StatusEntry<'_>> {
    comparison.entries.iter().map(|entry| StatusEntry {
        name: &entry.name,
        state: entry.state().word(),
        files: comparison
            .files
            .iter()
            .zip(&entry.places)
            .map(|(file, fields)| place(entry, file, fields.as_ref()))
            .collect(),
    })
}

fn place<'a>(entry: &'a ComparedEntry, file: &'a str, fields: Option<&'a Fields>) -> StatusFile<'a> {
    StatusFile {
        file,
        image: fields.and_then(|fields| fields.image_name(&entry.name)),
        tag: fields.and_then(|fields| fields.new_tag.as_deref()),
        digest: fields.and_then(|fields| fields.digest.as_deref()),
        several: fields.into_iter().flat_map(|fields| &fields.several).map(one_place).collect(),
    }
}

fn one_place(place: &PlaceVersion) -> StatusPlace<'_> {
    StatusPlace { tag: place.tag.as_deref(), digest: place.digest.as_deref() }
}
