//! The entries that name an image: a problem with an image of the branch is told with them, because its reader has to find the
//! files to mend.

use super::image_to_check::ImageToCheck;
use crate::image::Reference;
use crate::outcome::FileEdit;
use crate::outcome::failure::Failure;

/// How many entries are told of one image; all applications may share it.
const MAX_ENTRIES_TOLD: usize = 10;

/// Images and the entries that name them; empty if the images come from the command line.
#[derive(Debug, Default)]
pub(super) struct NamingEntries(Vec<(Reference, String)>);

impl NamingEntries {
    /// Returns the entries of files.
    pub(super) fn of(files: &[FileEdit]) -> Self {
        let entries = files.iter().flat_map(|file| file.edit.entries.iter().map(move |entry| (file, entry)));
        let known = entries.filter_map(|(file, entry)| match ImageToCheck::of_entry(entry) {
            Ok(ImageToCheck::Known(reference)) => Some((reference, format!("`{}` in {}", entry.name, file.path))),
            _ => None,
        });
        Self(known.collect())
    }

    /// Adds the entries that name `reference` to what is wrong with it, a detail each.
    pub(super) fn add_to(&self, failures: Vec<Failure>, reference: &Reference) -> Vec<Failure> {
        let entries: Vec<_> = self.0.iter().filter(|(named, _)| named == reference).map(|(_, entry)| entry).collect();
        let told = entries.iter().take(MAX_ENTRIES_TOLD).map(|entry| format!("named by {entry}"));
        let rest = entries.len().saturating_sub(MAX_ENTRIES_TOLD);
        let details: Vec<_> = told.chain((rest > 0).then(|| format!("and by {rest} more"))).collect();
        failures.into_iter().map(|failure| details.iter().fold(failure, |failure, line| failure.detail(line))).collect()
    }
}
