//! Manifests whose images the kustomization in their folder sets again: that is deployed, and a release to the manifest may
//! change nothing. It only adds warnings and doubts, so what cannot be read is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::argocd_sources::sources_beside;
use super::files_to_edit::{FileToEdit, KustomizationOnDisk};
use crate::git::{RepositoryPath, Snapshot, TreeEntry, TreeEntryKind};
use crate::outcome::{Event, FileEdit, Listener};
use crate::targets::kustomization::{is_kustomization_name, locate};
use crate::targets::{self, ManifestText, Note};

/// Returns the kustomizations in the folders of the manifests at `paths`, as far as these folders were read.
pub(in crate::flow) fn kustomizations_beside(snapshot: &Snapshot<'_>, paths: &[RepositoryPath]) -> Vec<RepositoryPath> {
    let found: BTreeSet<RepositoryPath> = beside_each(snapshot, paths).into_iter().flatten().collect();
    found.into_iter().collect()
}

/// Returns these, and the files of Argo CD beside kustomizations.
pub(in crate::flow) fn all_beside(snapshot: &Snapshot<'_>, paths: &[RepositoryPath]) -> Vec<RepositoryPath> {
    [kustomizations_beside(snapshot, paths), sources_beside(snapshot, paths)].concat()
}

/// Warns of the images of the files at `paths` that the kustomizations beside these set again. `names` has the images of each.
pub(in crate::flow) fn warn_of_set_again<'a>(
    snapshot: &Snapshot<'_>,
    paths: &[RepositoryPath],
    names: impl Iterator<Item = Vec<&'a str>>,
    listener: &mut Listener<'_>,
) {
    let manifests = paths.iter().zip(names).map(|(path, names)| ManifestText {
        path: path.as_str(),
        source: snapshot.file(path).unwrap_or_default(),
        names,
    });
    let manifests = manifests.zip(beside_each(snapshot, paths));
    let notes = notes_of_each(manifests, |path| Some((path.to_string(), snapshot.file(path).ok()?.to_vec())));
    for (path, notes) in paths.iter().zip(notes) {
        for note in notes {
            listener(&Event::Warned(format!("{path}:{}: {note}", note.place)));
        }
    }
}

/// Adds the doubts about the entries of manifests. A kustomization that is one of the files counts as it is edited.
pub(in crate::flow) fn add_doubts(snapshot: &Snapshot<'_>, paths: &[RepositoryPath], files: &mut [FileEdit]) {
    let text = |beside: &RepositoryPath, files: &[FileEdit]| {
        let edited = paths.iter().position(|path| path == beside).and_then(|at| files.get(at));
        let text = edited.map_or_else(|| snapshot.file(beside).ok(), |file| Some(&file.edit.text[..]))?;
        Some((beside.to_string(), text.to_vec()))
    };
    add_to_each(files, beside_each(snapshot, paths), text);
}

/// Adds the same to files on disk.
pub(in crate::flow) fn add_doubts_on_disk(targets: &[FileToEdit<'_>], files: &mut [FileEdit]) {
    let folders: BTreeSet<&Path> = targets.iter().filter_map(FileToEdit::folder_of_manifest).collect();
    let found = folders.into_iter().filter_map(|folder| Some((folder, KustomizationOnDisk::in_folder(folder)?)));
    let found: BTreeMap<&Path, KustomizationOnDisk> = found.collect();
    let folders = targets.iter().map(|target| target.folder_of_manifest().filter(|folder| found.contains_key(folder)));
    add_to_each(files, folders.collect(), |folder, files| {
        let beside = &found[folder];
        let edited = targets.iter().position(|target| target.is_at(&beside.real_path)).and_then(|at| files.get(at));
        let text = edited.map_or_else(|| beside.location.read().ok(), |file| Some(file.edit.text.clone()))?;
        Some((beside.shown.clone(), text))
    });
}

/// Adds the doubts to each file, which has a kustomization `beside` it or none. `text` returns one with its path.
fn add_to_each<K: Ord>(
    files: &mut [FileEdit],
    beside: Vec<Option<K>>,
    text: impl Fn(&K, &[FileEdit]) -> Option<(String, Vec<u8>)>,
) {
    let all = &*files;
    let manifests = all.iter().zip(beside).map(|(file, beside)| {
        let names: BTreeSet<&str> = file.edit.entries.iter().map(|entry| entry.name.as_str()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let beside = beside.filter(|_| !names.is_empty());
        (ManifestText { path: &file.path, source: &file.edit.text, names }, beside)
    });
    let notes = notes_of_each(manifests, |beside| text(beside, all));
    for (file, notes) in files.iter_mut().zip(notes) {
        file.edit.add_doubts(notes);
    }
}

/// Returns what the kustomization beside each manifest sets again. Each is read once. `text` returns one with its path.
fn notes_of_each<'a, K: Ord>(
    manifests: impl Iterator<Item = (ManifestText<'a>, Option<K>)>,
    text: impl Fn(&K) -> Option<(String, Vec<u8>)>,
) -> Vec<Vec<Note>> {
    let mut notes = Vec::new();
    let mut of_each: BTreeMap<K, (Vec<usize>, Vec<ManifestText<'a>>)> = BTreeMap::new();
    for (at, (manifest, beside)) in manifests.enumerate() {
        notes.push(Vec::new());
        if let Some(beside) = beside {
            let (places, manifests) = of_each.entry(beside).or_default();
            places.push(at);
            manifests.push(manifest);
        }
    }
    for (beside, (places, manifests)) in &of_each {
        let Some((path, text)) = text(beside) else { continue };
        for (at, of_manifest) in places.iter().zip(targets::set_again(&path, &text, manifests)) {
            notes[*at] = of_manifest;
        }
    }
    notes
}

/// Returns the kustomization in the folder of each file that is none itself.
fn beside_each(snapshot: &Snapshot<'_>, paths: &[RepositoryPath]) -> Vec<Option<RepositoryPath>> {
    let mut folders: BTreeMap<RepositoryPath, Option<RepositoryPath>> = BTreeMap::new();
    let beside = paths.iter().map(|path| {
        let is_manifest = !is_kustomization_name(path.as_str()) && is_file(snapshot, path);
        let folder = is_manifest.then(|| path.folder())?;
        folders.entry(folder.clone()).or_insert_with(|| kustomization_in(snapshot, &folder)).clone()
    });
    beside.collect()
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
