//! One file: bytes in, edited bytes out, as a request says.

use crate::image::{ImageArgument, ImageName};
use crate::message::EntrySources;
use crate::message::line_comment::{CommentTemplate, CommentValues};
use crate::outcome::FileEdit;
use crate::outcome::failure::Failure;
use crate::request::CommentRequest;
use crate::targets::{self, Absent, Comments, EditOptions, Fields};

/// The largest file, in bytes: no cluster needs more, and a parser takes far more memory than it reads.
const MAX_BYTES: usize = 4 << 20;

/// How files are edited, beside the arguments.
pub(in crate::flow) struct EditSettings<'a> {
    /// Whether an entry is appended if there is none.
    pub(in crate::flow) add: bool,
    pub(in crate::flow) comment: &'a CommentRequest,
    /// The commits that the images were built from.
    pub(in crate::flow) sources: EntrySources,
}

/// Returns what becomes of a name that a file does not have, with or without `--add`.
pub(in crate::flow) fn absent(add: bool) -> Absent {
    if add { Absent::Append } else { Absent::Report }
}

/// What to do about a file that is too large.
pub(in crate::flow) const SMALLER: &str = "split the file, or name a smaller one";

pub(in crate::flow) fn edit_file(
    path: String,
    old: Vec<u8>,
    arguments: &[ImageArgument],
    settings: &EditSettings<'_>,
) -> Result<FileEdit, Failure> {
    if old.len() > MAX_BYTES {
        return Err(Failure::target(format!("`{path}` is larger than 4 MiB")).hint(SMALLER));
    }
    let absent = absent(settings.add);
    let comment = |template: &CommentTemplate, name: &ImageName, fields: &Fields| {
        let source = settings.sources.of(name.as_str()).map(ToString::to_string).unwrap_or_default();
        let (tag, digest) = (fields.new_tag.as_deref(), fields.digest.as_deref());
        template.fill(&CommentValues {
            entry: name.as_str(),
            tag: tag.unwrap_or_default(),
            digest: digest.unwrap_or_default(),
            source: &source,
        })
    };
    let text;
    let comments = match settings.comment {
        CommentRequest::Keep => Comments::Keep,
        CommentRequest::Drop => Comments::Drop,
        CommentRequest::Write(template) => {
            text = |name: &ImageName, fields: &Fields| comment(template, name, fields);
            Comments::Write(&text)
        }
    };
    let edit = targets::edit(&path, &old, arguments, EditOptions { absent, comments })
        .map_err(|error| Failure::edit(&path, &error))?;
    Ok(FileEdit { path, old, edit })
}
