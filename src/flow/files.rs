//! What flows have in common: bytes in, edited bytes out, and what the edited entries say about their images.

use super::subject::{self, Subject};
use crate::flow::nearest::nearest;
use crate::image::{ImageArgument, Reference};
use crate::outcome::failure::Failure;
use crate::outcome::{Checked, Ending, Event, FileEdit, ImageOutcome, Listener, Outcome, diff, shown_platforms};
use crate::request::Images;
use crate::targets::kustomization::{self, Absent, EntryEdit};

pub(super) fn edit(path: String, old: Vec<u8>, arguments: &[ImageArgument], add: bool) -> Result<FileEdit, Failure> {
    let absent = if add { Absent::Append } else { Absent::Report };
    let edit = kustomization::edit(&old, arguments, absent).map_err(|error| Failure::edit(&path, &error))?;
    Ok(FileEdit { path, old, edit })
}

/// Every image must have an entry in at least one of the files.
pub(super) fn require_entries(images: &Images, files: &[FileEdit]) -> Result<(), Failure> {
    for argument in &images.arguments {
        if files.iter().any(|file| file.edit.entries.iter().any(|entry| entry.name == argument.name)) {
            continue;
        }
        let mut names: Vec<String> = files.iter().flat_map(|file| file.edit.names.iter().cloned()).collect();
        names.sort_unstable();
        names.dedup();
        let places: Vec<_> = files.iter().map(|file| format!("`{}`", file.path)).collect();
        let message = format!("no `images` entry is named `{}` in {}", argument.name, places.join(", "));
        let failure = Failure::target(message).detail(if names.is_empty() {
            "there are no entries".to_owned()
        } else {
            format!("entries: {}", names.join(", "))
        });
        return Err(match nearest(argument.name.as_str(), &names) {
            Some(name) => failure.hint(format!("did you mean `{name}`? `--add` appends a new entry")),
            None => failure.hint("`--add` appends a new entry"),
        });
    }
    Ok(())
}

/// Returns the images that the `wanted` of the edited entries name.
pub(super) fn subjects_of(
    files: &[FileEdit],
    wanted: impl Fn(&EntryEdit) -> bool,
    listener: &mut Listener<'_>,
) -> Result<Vec<Subject>, Failure> {
    let mut subjects = Vec::new();
    for entry in files.iter().flat_map(|file| &file.edit.entries).filter(|entry| wanted(entry)) {
        let subject = subject::subject_of_entry(entry)?;
        if matches!(subject, Subject::Open) {
            let note = format!("`{}` has neither tag nor digest, so there is nothing to check", entry.name);
            listener(&Event::Noted(note));
        }
        subjects.push(subject);
    }
    Ok(subjects)
}

pub(super) fn tell_repeated(images: &Images, listener: &mut Listener<'_>) {
    for name in &images.repeated {
        listener(&Event::Noted(format!("`{name}` is given more than once; the last one counts")));
    }
}

/// Returns what editing `files` comes to; `found` tells what the registry said of an image.
pub(super) fn outcome_of<'c>(
    command: &'static str,
    files: &[FileEdit],
    found: impl Fn(&Reference) -> Option<&'c Checked>,
) -> Outcome {
    let mut outcome = Outcome::new(command, Ending::Unchanged);
    for file in files {
        for entry in &file.edit.entries {
            let checked = match subject::subject_of_entry(entry) {
                Ok(Subject::Known(reference)) => found(&reference),
                _ => None,
            };
            let digest = checked.map(|checked| checked.descriptor.digest.to_string());
            outcome.images.push(ImageOutcome {
                file: Some(file.path.clone()),
                image: entry.image_name().to_owned(),
                tag: entry.after.new_tag.clone(),
                digest: digest.or_else(|| entry.after.digest.clone()),
                platforms: checked.map(shown_platforms).unwrap_or_default(),
                entry: Some(entry.clone()),
            });
        }
        if file.edit.changed() {
            outcome.files.push(file.path.clone());
            outcome.diff.push_str(&diff::unified(&file.path, &file.old, &file.edit.text));
        }
    }
    outcome
}
