//! What flows have in common: bytes in, edited bytes out, and what the edited entries say about their images.

use crate::failure::Failure;
use crate::image::ImageArgument;
use crate::kustomization::{self, Absent, EntryEdit};
use crate::nearest::nearest;
use crate::outcome::{Event, FileEdit, Listener};
use crate::plan::{self, Subject};
use crate::request::Images;

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
        let subject = plan::subject_of_entry(entry)?;
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
