//! `set`: kustomizations on disk, in place of `kustomize edit set image`.

use std::path::{Path, PathBuf};

use super::edits::{edit, images_of, outcome_of, releases_of, require_entries, tell_repeated};
use crate::flow::checks::Checks;
use crate::outcome::failure::Failure;
use crate::outcome::{Ending, Event, FileEdit, Listener, Outcome};
use crate::request::{Effect, PinDigest, SetRequest};
use crate::system::files;
use crate::system::signals::Gate;
use crate::targets::kustomization::{self, EntryEdit};

/// Edits kustomizations on disk: all of them, or none.
pub fn set(request: &SetRequest, gate: &Gate, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    tell_repeated(&request.images, listener);
    for failure in request.images.without_version() {
        let hint = failure.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        listener(&Event::Noted(failure.message + &hint));
    }
    let mut paths: Vec<PathBuf> = Vec::new();
    for path in &request.kustomizations {
        let path = locate_on_disk(path)?;
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let mut checks = Checks::new(request.registry.as_ref());
    let mut files = read_from_disk(&paths, request)?;
    if request.registry.is_some() {
        let drops_digest = |entry: &EntryEdit| entry.before.digest.is_some() && entry.after.digest.is_none();
        let wanted = |entry: &EntryEdit| request.pin_digest == PinDigest::Always || drops_digest(entry);
        checks.require(&images_of(&files, wanted, listener)?, listener)?;
        for file in &mut files {
            let arguments = checks.pinned(&request.images.arguments, file, request.pin_digest)?;
            *file = edit(file.path.clone(), file.old.clone(), &arguments, request.add)?;
        }
    }
    let mut outcome = outcome_of("set", &files, &releases_of(&files, &checks));
    outcome.ending = match request.effect {
        _ if outcome.files.is_empty() => Ending::Unchanged,
        Effect::DryRun => Ending::DryRun,
        Effect::Full => {
            let changed = paths.iter().zip(&files).filter(|(_, file)| file.edit.changed());
            let changed: Vec<_> = changed.map(|(path, file)| (path.as_path(), file.edit.text.as_slice())).collect();
            gate.whole(|| files::replace(&changed))?.map_err(|error| Failure::target(error.to_string()))?;
            Ending::Edited
        }
    };
    for file in &files {
        listener(&Event::Edited(file));
    }
    Ok(outcome)
}

fn read_from_disk(paths: &[PathBuf], request: &SetRequest) -> Result<Vec<FileEdit>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let old = std::fs::read(path)
            .map_err(|error| Failure::target(format!("cannot read `{}`: {error}", path.display())))?;
        files.push(edit(path.display().to_string(), old, &request.images.arguments, request.add)?);
    }
    require_entries(&request.images, &files, |_| Vec::new())?;
    Ok(files)
}

/// Returns the kustomization in a folder, or the file itself.
fn locate_on_disk(path: &Path) -> Result<PathBuf, Failure> {
    let shown = path.display();
    let kind = std::fs::metadata(path).map_err(|error| {
        Failure::target(format!("cannot read `{shown}`: {error}")).hint("`-k` names a kustomization or its folder")
    })?;
    if kind.is_file() {
        return Ok(path.to_owned());
    }
    if !kind.is_dir() {
        return Err(Failure::target(format!("`{shown}` is neither a file nor a folder")));
    }
    let names = files::names(path).map_err(|error| Failure::target(format!("cannot read `{shown}`: {error}")))?;
    let name = kustomization::locate(names.iter().map(String::as_str))
        .map_err(|error| Failure::locate(&shown.to_string(), &error))?;
    Ok(if path == Path::new(".") { PathBuf::from(name) } else { path.join(name) })
}
