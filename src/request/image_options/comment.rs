//! What happens to the comment behind a changed value, as meant.

use crate::cli::CommentArguments;
use crate::message::line_comment::CommentTemplate;
use crate::message::template::TemplateError;
use crate::outcome::failure::Failure;
use crate::request::values::keyword;

/// What happens to the comment behind a changed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommentRequest {
    Keep,
    Drop,
    /// This text takes its place.
    Write(CommentTemplate),
}

impl CommentRequest {
    pub(in crate::request) fn new(arguments: &CommentArguments) -> Result<Self, Failure> {
        let text = arguments.comment.trim();
        let keyword = keyword("--comment", text, &["keep", "drop"]);
        match keyword.map_err(|failure| failure.or_else_hint(&format!("write `# {text}` if that is the comment")))? {
            Some("keep") => Ok(Self::Keep),
            Some(_) => Ok(Self::Drop),
            None => CommentTemplate::parse(text).map(Self::Write).map_err(|error| {
                let failure = Failure::usage(error.to_string());
                match error {
                    TemplateError::Unknown { .. } => failure.hint("use `{entry}`, `{tag}`, `{digest}` or `{source}`"),
                    TemplateError::Empty(_) | TemplateError::Unclosed(_) => failure,
                }
            }),
        }
    }
}
