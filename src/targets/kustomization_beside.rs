//! A kustomization in the folder of a manifest: what it sets is deployed, if it lists the manifest.

use super::any_file::read;
use super::edit::Note;
use super::scalars;

/// Returns what a kustomization sets again of the images `names` in a manifest beside it; both are given with their paths. What
/// cannot be read sets nothing.
pub fn set_again((path, source): (&str, &[u8]), manifest: (&str, &[u8]), names: &[&str]) -> Vec<Note> {
    let file = manifest.0.rsplit(['/', std::path::MAIN_SEPARATOR]).next().unwrap_or_default();
    if !str::from_utf8(source).is_ok_and(|text| text.contains(file)) {
        return Vec::new();
    }
    let steps = read(path, source, |kustomization| {
        read(manifest.0, manifest.1, |manifest| {
            Ok(scalars::steps_beside(kustomization.images(), manifest.images(), names))
        })
    });
    steps.unwrap_or_default()
}
