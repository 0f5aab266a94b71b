//! Manifests whose images the kustomization in their folder sets again: that is deployed, and a release to the manifest may
//! change nothing. It only adds warnings and doubts, so what cannot be read is left out.

use std::collections::BTreeSet;

use super::argocd_sources::sources_beside;
use super::files_to_edit::FileToEdit;
use crate::git::{RepositoryPath, Snapshot, TreeEntry, TreeEntryKind};
use crate::outcome::FileEdit;
use crate::targets::kustomization::{is_kustomization_name, locate};
use crate::targets::{self, Note};

/// Returns the kustomizations in the folders of the manifests at `paths`, as far as these folders were read.
pub(in crate::flow) fn kustomizations_beside(snapshot: &Snapshot<'_>, paths: &[RepositoryPath]) -> Vec<RepositoryPath> {
    let others = paths.iter().filter(|path| !is_kustomization_name(path.as_str()) && is_file(snapshot, path));
    let folders: BTreeSet<RepositoryPath> = others.map(RepositoryPath::folder).collect();
    folders.into_iter().filter_map(|folder| kustomization_in(snapshot, &folder)).collect()
}

/// Returns these, and the files of Argo CD beside kustomizations.
pub(in crate::flow) fn all_beside(snapshot: &Snapshot<'_>, paths: &[RepositoryPath]) -> Vec<RepositoryPath> {
    [kustomizations_beside(snapshot, paths), sources_beside(snapshot, paths)].concat()
}

/// Returns what the kustomization beside the manifest at `path` sets again of the images `names` in its `text`.
pub(in crate::flow) fn set_again(
    snapshot: &Snapshot<'_>,
    path: &RepositoryPath,
    text: &[u8],
    names: &[&str],
) -> Vec<Note> {
    let beside = kustomizations_beside(snapshot, std::slice::from_ref(path));
    let notes = beside.iter().filter_map(|beside| Some((beside, snapshot.file(beside).ok()?)));
    notes.flat_map(|(beside, old)| targets::set_again((beside.as_str(), old), (path.as_str(), text), names)).collect()
}

/// Adds the doubts about the entries of manifests. A kustomization that is one of the files counts as it is edited.
pub(in crate::flow) fn add_doubts(snapshot: &Snapshot<'_>, paths: &[RepositoryPath], files: &mut [FileEdit]) {
    add_to_each(files, |at, files| {
        let [beside] = &kustomizations_beside(snapshot, paths.get(at..=at)?)[..] else { return None };
        let edited = paths.iter().position(|path| path == beside).and_then(|other| files.get(other));
        let text = edited.map_or_else(|| snapshot.file(beside).ok(), |file| Some(&file.edit.text[..]))?;
        Some((beside.to_string(), text.to_vec()))
    });
}

/// Adds the same to files on disk.
pub(in crate::flow) fn add_doubts_on_disk(targets: &[FileToEdit<'_>], files: &mut [FileEdit]) {
    add_to_each(files, |at, files| {
        let (shown, location, real_path) = targets.get(at)?.kustomization_beside()?;
        let edited = targets.iter().position(|target| target.is_at(&real_path)).and_then(|other| files.get(other));
        let text = edited.map_or_else(|| location.read().ok(), |file| Some(file.edit.text.clone()))?;
        Some((shown, text))
    });
}

/// Adds the doubts to each file; `beside` returns the kustomization beside one with its path.
fn add_to_each(files: &mut [FileEdit], beside: impl Fn(usize, &[FileEdit]) -> Option<(String, Vec<u8>)>) {
    for at in 0..files.len() {
        let file = &files[at];
        let Some((path, text)) = (!file.edit.entries.is_empty()).then(|| beside(at, files)).flatten() else { continue };
        let names: BTreeSet<&str> = file.edit.entries.iter().map(|entry| entry.name.as_str()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let notes = targets::set_again((&path, &text), (&file.path, &file.edit.text), &names);
        files[at].edit.add_doubts(notes);
    }
}

fn kustomization_in(snapshot: &Snapshot<'_>, folder: &RepositoryPath) -> Option<RepositoryPath> {
    let Ok(TreeEntry::Directory(names)) = snapshot.entry(folder) else { return None };
    let path = folder.join(locate(names).ok()?);
    is_file(snapshot, &path).then_some(path)
}

fn is_file(snapshot: &Snapshot<'_>, path: &RepositoryPath) -> bool {
    let name = path.as_str().rsplit('/').next().unwrap_or_default();
    matches!(snapshot.kind(&path.folder(), name), Ok(TreeEntryKind::File))
}
