//! White space around what variables and inputs say, which does not count: a block of text in a CI system's file has indented
//! lines, and line ends, on Windows of two characters. What is typed is meant as it is.

use std::any::TypeId;
use std::ffi::{OsStr, OsString};

use clap::builder::{BoolishValueParser, StringValueParser, TypedValueParser};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, Command};

use super::env::Environment;

/// Reads yes or no.
#[derive(Debug, Clone, Copy)]
pub(super) struct Switch;

impl TypedValueParser for Switch {
    type Value = bool;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<bool, clap::Error> {
        BoolishValueParser::new().parse_ref(command, argument, trimmed(value))
    }
}

/// Reads an item of a list.
#[derive(Debug, Clone, Copy)]
struct Item;

impl TypedValueParser for Item {
    type Value = String;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn parse_ref_(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
        source: ValueSource,
    ) -> Result<String, clap::Error> {
        let value = if source == ValueSource::EnvVariable { trimmed(value) } else { value };
        self.parse_ref(command, argument, value)
    }
}

/// Returns an argument which, if it is a list of texts, has one a line in its variable.
pub(super) fn with_lines_in_its_variable(argument: Arg) -> Arg {
    let is_of_texts = argument.get_value_parser().type_id() == TypeId::of::<String>();
    if argument.get_value_delimiter() == Some('\n') && is_of_texts { argument.value_parser(Item) } else { argument }
}

/// Returns a flag in place of each variable that has one value with white space around it. clap would take a number or a
/// duration in a variable as it is.
pub(super) fn trimmed_variables(command: &Command, environment: &Environment) -> Vec<OsString> {
    let flag = |argument: &Arg| {
        let value = environment.text(argument.get_env()?.to_str()?)?;
        let has_one = matches!(argument.get_action(), ArgAction::Set) && value != value.trim();
        has_one.then_some(format!("--{}={}", argument.get_long()?, value.trim()).into())
    };
    command.get_arguments().filter_map(flag).collect()
}

fn trimmed(value: &OsStr) -> &OsStr {
    value.to_str().map_or(value, |text| OsStr::new(text.trim()))
}
