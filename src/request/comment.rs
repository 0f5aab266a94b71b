//! What happens to the comment behind a changed value, as meant.

use crate::cli::CommentArguments;
use crate::message::line_comment::CommentTemplate;
use crate::message::template::TemplateError;
use crate::outcome::failure::Failure;

/// What happens to the comment behind a changed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommentRequest {
    Keep,
    Drop,
    /// This text takes its place.
    Write(CommentTemplate),
}

impl CommentRequest {
    pub(super) fn new(arguments: &CommentArguments) -> Result<Self, Failure> {
        match arguments.comment.trim() {
            "keep" => Ok(Self::Keep),
            "drop" => Ok(Self::Drop),
            text => CommentTemplate::parse(text).map(Self::Write).map_err(|error| {
                let failure = Failure::usage(error.to_string());
                match error {
                    TemplateError::Unknown { .. } => failure.hint("use `{entry}`, `{tag}`, `{digest}` or `{source}`"),
                    TemplateError::Empty(_) | TemplateError::Unclosed(_) => failure,
                }
            }),
        }
    }
}
