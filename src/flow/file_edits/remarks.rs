//! What is told of arguments and edits beside the result. Nothing here stops a run.

use super::edit_file::EditSettings;
use crate::outcome::{Event, FileEdit, Listener};
use crate::request::{CommentRequest, Images};

/// Tells where something else is deployed than what is written.
pub(in crate::flow) fn warn_of_notes(files: &[FileEdit], listener: &mut Listener<'_>) {
    for file in files {
        for note in file.edit.notes.iter().filter(|note| note.kind.is_warning()) {
            listener(&Event::Warned(format!("{}:{}: {note}", file.path, note.place)));
        }
    }
}

pub(in crate::flow) fn tell_repeated(images: &Images, listener: &mut Listener<'_>) {
    for name in &images.repeated {
        listener(&Event::Noted(format!("`{name}` is given more than once; the last one counts")));
    }
}

/// Why a place for the commit stays empty.
const NO_SOURCE: &str = "nothing tells from which commit the image was built";

/// Tells which place of the message is left empty.
pub(in crate::flow) fn tell_unfilled(place: &str, listener: &mut Listener<'_>) {
    let why = if place == "source" { NO_SOURCE } else { "no image of this release has one" };
    listener(&Event::Noted(format!("nothing fills `{{{place}}}` of the message: {why}")));
}

/// Tells that a comment is not written, because it names a source and that of a changed entry is not known.
pub(in crate::flow) fn tell_comment_without_source(
    settings: &EditSettings<'_>,
    files: &[FileEdit],
    listener: &mut Listener<'_>,
) {
    let mut changed = files.iter().flat_map(|file| &file.edit.entries).filter(|entry| entry.changed());
    if let CommentRequest::Write(template) = settings.comment
        && template.names_source()
        && changed.any(|entry| settings.sources.of(entry.name.as_str()).is_none())
    {
        listener(&Event::Noted(format!("no comment is written, because nothing fills its `{{source}}`: {NO_SOURCE}")));
    }
}
