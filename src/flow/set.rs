//! `set`: files on disk, in place of `kustomize edit set image`.

use std::path::Path;

use super::file_edits::edit_file::{EditSettings, absent, edit_file};
use super::file_edits::released::{images_of, releases_of};
use super::file_edits::remarks::{tell_comment_without_source, tell_repeated, warn_of_notes};
use super::file_edits::required_entries::require_entries;
use super::target_files::files_never_edited::NeverEdited;
use super::target_files::files_to_edit::{FileToEdit, boundary, files_to_edit};
use super::target_files::kustomization_only::require_kustomization;
use super::target_files::manifests_set_again::add_doubts_on_disk;
use super::target_files::other_kustomizations::on_disk;
use super::target_files::size_of_all::require_size;
use crate::flow::image_checks::checks::Checks;
use crate::message::compose::Purpose;
use crate::outcome::failure::Failure;
use crate::outcome::{Changes, Ending, Event, FileEdit, Listener, Outcome};
use crate::request::{Effect, PinDigest, SetRequest};
use crate::system::disk::files::{self, Replacement};
use crate::system::processes::signals::Gate;
use crate::targets::EntryEdit;

/// Edits files on disk: all of them, or none.
pub fn set(request: &SetRequest, gate: &Gate, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    tell_repeated(&request.images, listener);
    for failure in request.images.incomplete() {
        listener(&Event::Noted(failure.on_one_line()));
    }
    let targets = files_to_edit(&request.files, request.workspace.as_deref())?;
    let mut checks = Checks::new(request.registry.as_ref());
    let contents = read_all(&targets)?;
    let mut never_edited = NeverEdited::default();
    let is_left = |(file, old): &(FileToEdit<'_>, Vec<u8>)| {
        file.named.is_some() || !never_edited.takes(&file.path.display().to_string(), old)
    };
    let (targets, contents): (Vec<_>, Vec<_>) = targets.into_iter().zip(contents).filter(is_left).unzip();
    never_edited.require_others(targets.len())?;
    never_edited.tell(listener);
    let edited = targets.iter().zip(contents).map(|(file, old)| edit_on_disk(file, old, request));
    let mut files = Failure::unless_any(edited)?;
    add_doubts_on_disk(&targets, &mut files);
    let named = targets.iter().map(|file| file.named);
    let entries =
        require_entries(&request.images, &files, named, absent(request.add), |name| with_entry(request, name));
    entries.map_err(|failure| never_edited.beside(failure))?;
    if request.registry.is_some() {
        let drops_digest = |entry: &EntryEdit| entry.before.digest.is_some() && entry.after.digest.is_none();
        let wanted = |entry: &EntryEdit| request.pin_digest == PinDigest::Always || drops_digest(entry);
        checks.require(&images_of(&Purpose::Release, &files, wanted, listener)?, listener)?;
        for file in &mut files {
            let arguments = checks.pinned(&request.images.arguments, file, request.pin_digest, &Purpose::Release)?;
            *file = edit_file(file.path.clone(), file.old.clone(), &arguments, &edit_settings(request))?;
        }
        add_doubts_on_disk(&targets, &mut files);
    }
    let changes = Changes::of(&files);
    let ending = match request.effect {
        _ if changes.files.is_empty() => Ending::Unchanged,
        Effect::DryRun => Ending::DryRun,
        Effect::Full => {
            let changed = targets.into_iter().zip(&files).filter(|(_, file)| file.edit.changed());
            let replacements: Vec<_> = changed
                .map(|(target, file)| Replacement { place: target.location, old: &file.old, new: &file.edit.text })
                .collect();
            gate.whole(|| files::replace(&replacements))?.map_err(Failure::unwritable)?;
            Ending::Edited
        }
    };
    warn_of_notes(&files, listener);
    for file in &files {
        listener(&Event::Edited(file));
    }
    if !changes.files.is_empty() {
        tell_comment_without_source(&edit_settings(request), &files, listener);
    }
    Ok(Outcome { releases: releases_of(&files, &checks), changes, ..Outcome::new(ending) })
}

fn edit_settings(request: &SetRequest) -> EditSettings<'_> {
    let names = request.images.arguments.iter().map(|argument| argument.name.clone());
    let sources = names.filter_map(|name| Some((name, request.source.clone()?))).collect();
    EditSettings { add: request.add, comment: &request.comment, sources }
}

/// Returns what the files contain.
fn read_all(targets: &[FileToEdit<'_>]) -> Result<Vec<Vec<u8>>, Failure> {
    let mut contents = Vec::new();
    let sizes = targets.iter().map(|file| {
        let content = file.read()?;
        let size = content.len();
        contents.push(content);
        Ok(size)
    });
    require_size(targets.len(), sizes)?;
    Ok(contents)
}

fn edit_on_disk(file: &FileToEdit<'_>, old: Vec<u8>, request: &SetRequest) -> Result<FileEdit, Failure> {
    let shown = file.path.display().to_string();
    let edited = edit_file(shown.clone(), old.clone(), &request.images.arguments, &edit_settings(request));
    if file.is_named_kustomization && !edited.as_ref().is_ok_and(|file| file.edit.is_kustomization) {
        require_kustomization(&shown, &old)?;
    }
    edited
}

/// Returns the folders of the workspace whose kustomization has an entry `name`.
fn with_entry(request: &SetRequest, name: &str) -> Vec<String> {
    let Ok(here) = Path::new(".").canonicalize() else { return Vec::new() };
    on_disk(&boundary(&here, true, &here, request.workspace.as_deref()), &here, name)
}
