//! The end of a command, as every form of the report reads it.

use super::json::{Document, Remark};
use crate::cli::{Surface, in_words_of};
use crate::outcome::Outcome;
use crate::outcome::failure::Failure;

pub(super) struct CommandEnd<'a> {
    pub(super) result: Result<&'a Outcome, &'a Failure>,
    /// The object for programs, which the forms for machines are made of.
    pub(super) document: Document<'a>,
    /// What would release all the same, if a guard stopped the release.
    pub(super) hint: Option<String>,
}

impl<'a> CommandEnd<'a> {
    pub(super) fn new(
        command: &'a str,
        result: Result<&'a Outcome, &'a Failure>,
        notes: &'a [Remark],
        surface: Surface,
    ) -> Self {
        let hint = result.ok().and_then(|outcome| outcome.ending.stop()?.hint());
        let document = Document::new(command, result, notes);
        Self { result, document, hint: hint.map(|hint| in_words_of(surface, hint)) }
    }

    /// Returns the failure of a report, with what became of the command if that was done.
    pub(super) fn only_the_report(&self, failure: Failure) -> Failure {
        match self.result {
            Ok(_) => failure.or_else_hint("the command itself is done, only its report is missing"),
            Err(_) => failure,
        }
    }
}
