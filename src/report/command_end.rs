//! The end of a command, as every form of the report reads it.

use super::json::{Document, Remark};
use crate::cli::{CommandName, Surface, in_words_of};
use crate::outcome::Outcome;
use crate::outcome::failure::Failure;

pub(super) struct CommandEnd<'a> {
    /// `None` if the command line could not be read.
    pub(super) command: Option<CommandName>,
    pub(super) result: Result<&'a Outcome, &'a Failure>,
    /// The object for programs, which the forms for machines are made of.
    pub(super) document: Document<'a>,
    /// What would release all the same, if a guard stopped the release.
    pub(super) hint: Option<String>,
}

impl<'a> CommandEnd<'a> {
    pub(super) fn new(
        command: CommandName,
        result: Result<&'a Outcome, &'a Failure>,
        notes: &'a [Remark],
        surface: Surface,
    ) -> Self {
        let hint = result.ok().and_then(|outcome| outcome.ending.stop()?.hint());
        let hint = hint.map(|hint| in_words_of(surface, hint));
        Self { command: Some(command), result, document: Document::new(command.as_str(), result, notes), hint }
    }

    /// Returns the end of a command line that could not be read. `word` is its command, or empty.
    pub(super) fn unparsed(word: &'a str, failure: &'a Failure) -> Self {
        Self { command: None, result: Err(failure), document: Document::new(word, Err(failure), &[]), hint: None }
    }

    /// Returns the program's name and the command, as they are typed.
    pub(super) fn title(&self) -> String {
        format!("tagship {}", self.document.command).trim_end().to_owned()
    }

    /// Returns the failure of a report, with what became of the command if that was done.
    pub(super) fn only_the_report(&self, failure: Failure) -> Failure {
        match self.result {
            Ok(_) => failure.or_else_hint("the command itself is done, only its report is missing"),
            Err(_) => failure,
        }
    }
}
