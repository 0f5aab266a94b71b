//! The end of a command, as every form of the report reads it.

use super::json::{Document, Remark};
use crate::cli::CommandName;
use crate::outcome::Outcome;
use crate::outcome::failure::Failure;

pub(super) struct CommandEnd<'a> {
    /// `None` if the command line could not be read.
    pub(super) command: Option<CommandName>,
    pub(super) result: Result<&'a Outcome, &'a Failure>,
    /// The object for programs, which the forms for machines are made of.
    pub(super) document: Document<'a>,
}

impl<'a> CommandEnd<'a> {
    pub(super) fn new(command: CommandName, result: Result<&'a Outcome, &'a Failure>, notes: &'a [Remark]) -> Self {
        Self { command: Some(command), result, document: Document::new(command.as_str(), result, notes) }
    }

    /// Returns the end of a command line that could not be read. `word` is its command, or empty.
    pub(super) fn unparsed(word: &'a str, failure: &'a Failure) -> Self {
        Self { command: None, result: Err(failure), document: Document::new(word, Err(failure), &[]) }
    }

    /// Returns the program's name and the command, as they are typed.
    pub(super) fn title(&self) -> String {
        format!("tagship {}", self.document.command).trim_end().to_owned()
    }
}
