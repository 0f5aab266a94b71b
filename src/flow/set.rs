//! `set`: files on disk, in place of `kustomize edit set image`.

use std::path::{Component, Path, PathBuf};

use super::edits::{
    Manner, absent, edit, images_of, outcome_of, releases_of, require_entries, tell_comment_without_source,
    tell_repeated,
};
use super::elsewhere::on_disk;
use super::kustomization_only::{is_folder, require_kustomization};
use super::patterns_on_disk::without_patterns;
use crate::flow::checks::Checks;
use crate::outcome::failure::Failure;
use crate::outcome::{Ending, Event, FileEdit, Listener, Outcome};
use crate::request::{Effect, PinDigest, SetRequest, TargetFile};
use crate::system::files::{self, FileLocation, Replacement};
use crate::system::found_files;
use crate::system::signals::Gate;
use crate::targets::kustomization::{self, EntryEdit};

/// Edits files on disk: all of them, or none.
pub fn set(request: &SetRequest, gate: &Gate, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    tell_repeated(&request.images, listener);
    for failure in request.images.without_version() {
        let hint = failure.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        listener(&Event::Noted(failure.message + &hint));
    }
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut kustomizations: Vec<PathBuf> = Vec::new();
    let mut places: Vec<FileLocation> = Vec::new();
    // One file may be named twice, by another path or by a link.
    let mut real_paths: Vec<PathBuf> = Vec::new();
    // What names each path by itself, and not as one match among others.
    let mut named: Vec<Option<&TargetFile>> = Vec::new();
    for file in &without_patterns(&request.files)? {
        let typed = request.files.iter().find(|typed| *typed == file && !typed.is_pattern());
        let (path, place) = locate_on_disk(file, request.workspace.as_deref())?;
        let real = path.canonicalize().unwrap_or_else(|_| path.clone());
        let known = real_paths.iter().position(|known| *known == real);
        if matches!(file, TargetFile::Kustomization(_)) {
            kustomizations.push(known.map_or(&path, |at| &paths[at]).clone());
        }
        match known {
            Some(at) => named[at] = named[at].or(typed),
            None => {
                real_paths.push(real);
                paths.push(path);
                places.push(place);
                named.push(typed);
            }
        }
    }
    let mut checks = Checks::new(request.registry.as_ref());
    let mut files = read_from_disk(&paths, &places, &kustomizations, request)?;
    require_entries(&request.images, &files, &named, absent(request.add), |name| elsewhere(request, name))?;
    if request.registry.is_some() {
        let drops_digest = |entry: &EntryEdit| entry.before.digest.is_some() && entry.after.digest.is_none();
        let wanted = |entry: &EntryEdit| request.pin_digest == PinDigest::Always || drops_digest(entry);
        checks.require(&images_of(&files, wanted, listener)?, listener)?;
        for file in &mut files {
            let arguments = checks.pinned(&request.images.arguments, file, request.pin_digest)?;
            *file = edit(file.path.clone(), file.old.clone(), &arguments, &manner(request))?;
        }
    }
    let mut outcome = outcome_of("set", &files, &releases_of(&files, &checks));
    outcome.ending = match request.effect {
        _ if outcome.files.is_empty() => Ending::Unchanged,
        Effect::DryRun => Ending::DryRun,
        Effect::Full => {
            let changed = places.into_iter().zip(&files).filter(|(_, file)| file.edit.changed());
            let changed = changed.map(|(place, file)| Replacement { place, old: &file.old, new: &file.edit.text });
            let changed: Vec<_> = changed.collect();
            gate.whole(|| files::replace(&changed))?.map_err(Failure::unwritable)?;
            Ending::Edited
        }
    };
    for file in &files {
        listener(&Event::Edited(file));
    }
    if !outcome.files.is_empty() {
        tell_comment_without_source(&manner(request), &files, listener);
    }
    Ok(outcome)
}

fn manner(request: &SetRequest) -> Manner<'_> {
    let names = request.images.arguments.iter().map(|argument| argument.name.clone());
    let sources = names.filter_map(|name| Some((name, request.source.clone()?))).collect();
    Manner { add: request.add, comment: &request.comment, sources }
}

fn read_from_disk(
    paths: &[PathBuf],
    places: &[FileLocation],
    kustomizations: &[PathBuf],
    request: &SetRequest,
) -> Result<Vec<FileEdit>, Failure> {
    let mut files = Vec::new();
    for (path, place) in paths.iter().zip(places) {
        let old = place.read().map_err(|error| unreadable(path, &error))?;
        let shown = path.display().to_string();
        let edited = edit(shown.clone(), old.clone(), &request.images.arguments, &manner(request));
        if kustomizations.contains(path) && !edited.as_ref().is_ok_and(|file| file.edit.is_kustomization) {
            require_kustomization(&shown, &old)?;
        }
        files.push(edited?);
    }
    Ok(files)
}

/// Returns the folders of the workspace whose kustomization has an entry `name`.
fn elsewhere(request: &SetRequest, name: &str) -> Vec<String> {
    let Ok(here) = Path::new(".").canonicalize() else { return Vec::new() };
    on_disk(&boundary(&here, true, &here, request.workspace.as_deref()), &here, name)
}

/// Returns the kustomization in a folder, or the file itself.
fn locate_on_disk(typed: &TargetFile, workspace: Option<&Path>) -> Result<(PathBuf, FileLocation), Failure> {
    let path = Path::new(typed.path());
    let shown = path.display();
    let failed = |error: std::io::Error| match typed {
        TargetFile::File(_) => unreadable(path, &error).hint("`-f` names a file, by its path from the current folder"),
        _ => unreadable(path, &error).hint("`-k` names a kustomization or its folder"),
    };
    let here = Path::new(".").canonicalize().map_err(failed)?;
    let named = without_dots(&here.join(path));
    let is_folder = std::fs::metadata(&named).map_err(failed)?.is_dir();
    if is_folder && matches!(typed, TargetFile::File(_)) {
        return Err(self::is_folder(typed.path()));
    }
    let root = boundary(&named, is_folder, &here, workspace);
    files::inside(&root, &named).map_err(|error| unreadable(path, &error))?;
    let (named, found) = if is_folder {
        let names = found_files::names(&named).map_err(|error| unreadable(path, &error))?;
        let name = kustomization::locate(names.iter().map(String::as_str))
            .map_err(|error| Failure::locate(&shown.to_string(), &error))?;
        (named.join(name), if path == Path::new(".") { PathBuf::from(name) } else { path.join(name) })
    } else {
        (named, path.to_owned())
    };
    let place = FileLocation::below(&root, &named, found.clone()).map_err(|error| unreadable(&found, &error))?;
    Ok((found, place))
}

/// Returns the folder that no link may lead out of: the workspace of the CI system, the checkout around, or the current
/// folder, if what was named is in it; else the folder that was named, because the command line is believed.
fn boundary(named: &Path, is_folder: bool, here: &Path, workspace: Option<&Path>) -> PathBuf {
    let workspace = workspace.and_then(|folder| folder.canonicalize().ok());
    let checkout = here.ancestors().find(|folder| folder.join(".git").exists());
    let own = if is_folder { named } else { named.parent().unwrap_or(named) };
    let known = [workspace.as_deref(), checkout, Some(here)];
    known.into_iter().flatten().find(|folder| named.starts_with(folder)).unwrap_or(own).to_owned()
}

/// Returns an absolute path with each `..` taken for the folder above, as it is written: behind a link, the system would
/// go elsewhere.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::target(format!("cannot read `{}`: {error}", path.display()))
}
