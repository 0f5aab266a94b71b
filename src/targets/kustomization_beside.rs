//! A kustomization in the folder of manifests: what it sets is deployed, of each manifest that it lists.

use super::any_file::read;
use super::edit::Note;
use super::scalars::{StepsBeside, file_name};

/// A manifest, and the names of its images that are asked for.
pub struct ManifestText<'a> {
    pub path: &'a str,
    pub source: &'a [u8],
    pub names: Vec<&'a str>,
}

/// Returns what the kustomization at `path` sets again of the images of each of the `manifests` beside it. What cannot be read
/// sets nothing.
pub fn set_again(path: &str, source: &[u8], manifests: &[ManifestText<'_>]) -> Vec<Vec<Note>> {
    let none = || manifests.iter().map(|_| Vec::new()).collect();
    let names_one = |text: &str| manifests.iter().any(|manifest| text.contains(file_name(manifest.path)));
    if !str::from_utf8(source).is_ok_and(names_one) {
        return none();
    }
    let notes = read(path, source, |kustomization| {
        let Some(steps) = StepsBeside::of(kustomization.images()) else { return Ok(none()) };
        let notes = |ManifestText { path, source, names }: &ManifestText<'_>| match steps.lists(path) {
            true => read(path, source, |manifest| Ok(steps.notes(manifest.images(), names))).unwrap_or_default(),
            false => Vec::new(),
        };
        Ok(manifests.iter().map(notes).collect())
    });
    notes.unwrap_or_else(|_| none())
}
