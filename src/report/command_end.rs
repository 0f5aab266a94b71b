//! The end of a command, as every form of the report reads it.

use super::json::{Document, Remark};
use crate::outcome::Outcome;
use crate::outcome::failure::Failure;

pub(super) struct CommandEnd<'a> {
    pub(super) result: Result<&'a Outcome, &'a Failure>,
    /// The object for programs, which the forms for machines are made of.
    pub(super) document: Document<'a>,
}

impl<'a> CommandEnd<'a> {
    pub(super) fn new(command: &'a str, result: Result<&'a Outcome, &'a Failure>, notes: &'a [Remark]) -> Self {
        Self { result, document: Document::new(command, result, notes) }
    }
}
