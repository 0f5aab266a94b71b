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

/// Returns the words of a command line, with a flag for each variable whose one value has white space around it and that counts.
/// clap would take a number or a duration in a variable as it is.
pub(super) fn with_trimmed_variables(
    command: &Command,
    arguments: &[OsString],
    environment: &Environment,
) -> Vec<OsString> {
    let mut words = arguments.to_vec();
    let named = |(at, word): (usize, &OsString)| Some((at, command.find_subcommand(word)?));
    let Some((at, command)) = arguments.iter().enumerate().skip(1).find_map(named) else { return words };
    for argument in command.get_arguments().filter(|argument| matches!(argument.get_action(), ArgAction::Set)) {
        let variable = argument.get_env().and_then(OsStr::to_str);
        let (Some(flag), Some(value)) = (argument.get_long(), variable.and_then(|name| environment.text(name))) else {
            continue;
        };
        let is_this = |word: &OsString| {
            let word = word.to_string_lossy();
            let long = word.strip_prefix("--").map(|word| word.split('=').next() == Some(flag));
            long.unwrap_or_else(|| {
                word.starts_with('-') && argument.get_short().is_some_and(|short| word.contains(short))
            })
        };
        if value != value.trim() && !arguments.iter().any(is_this) {
            words.insert(at + 1, format!("--{flag}={}", value.trim()).into());
        }
    }
    words
}

fn trimmed(value: &OsStr) -> &OsStr {
    value.to_str().map_or(value, |text| OsStr::new(text.trim()))
}
