//! Mistakes that clap does not see in the words of a command line. One argument is one value: a line end in it comes from text
//! that should not have one, such as the name of a tag, and would make a second value of it. An empty item of a list comes from
//! a variable that is not set. And the value of a flag that need not have one stands behind `=`: behind a blank it would be an
//! image or an entry.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

/// The flags whose value is a text of several lines.
const TEXTS: [&str; 3] = ["--message", "--git-tag-message", "--verify-key"];

/// Fails if an argument of a command line, whose first item is the program's name, has a line end in it.
pub(super) fn require_single_lines(command: &mut Command, arguments: &[OsString]) -> Result<(), clap::Error> {
    let mut is_text = false;
    let mut flags_are_over = false;
    for argument in arguments.iter().skip(1).map(|argument| argument.to_string_lossy()) {
        flags_are_over |= argument == "--";
        let is_text = std::mem::replace(&mut is_text, !flags_are_over && TEXTS.contains(&argument.as_ref()));
        let names_text = || argument.split_once('=').is_some_and(|(flag, _)| TEXTS.contains(&flag));
        if argument.contains(['\n', '\r']) && !is_text && (flags_are_over || !names_text()) {
            let message = format!(
                "an argument is one value, and has no line end in it: {argument:?}\n\n  \
                 tip: write each value as an argument of its own, and a tag that comes from outside with `--tag`\n"
            );
            return Err(command.error(ErrorKind::ValueValidation, message));
        }
    }
    Ok(())
}

/// Fails if an item of a list is typed and empty. A block of text in a variable may have blank lines.
pub(super) fn require_items(command: &mut Command, matches: &ArgMatches) -> Result<(), clap::Error> {
    let Some((name, matches)) = matches.subcommand() else { return Ok(()) };
    let has_empty = |argument: &&Arg| {
        let id = argument.get_id().as_str();
        let is_typed = matches.value_source(id) == Some(ValueSource::CommandLine);
        let mut items = is_typed.then(|| matches.get_raw(id)).flatten().into_iter().flatten();
        argument.get_value_delimiter() == Some('\n') && items.any(|item| item.to_string_lossy().trim().is_empty())
    };
    let Some(empty) = command.find_subcommand(name).and_then(|command| command.get_arguments().find(has_empty)) else {
        return Ok(());
    };
    let place = match empty.get_long() {
        Some(flag) => format!("--{flag}"),
        None => empty.get_value_names().unwrap_or_default().concat(),
    };
    let message = format!("`{place}` is empty\n\n  tip: check the variable that it comes from\n");
    Err(command.error(ErrorKind::ValueValidation, message))
}

/// Fails if what follows a flag behind a blank looks like its value, and would not be taken for that.
pub(super) fn require_values_behind_equals(command: &mut Command, arguments: &[OsString]) -> Result<(), clap::Error> {
    let words: Vec<_> = arguments.iter().skip(1).map(|word| word.to_string_lossy()).collect();
    let flags = words.split(|word| word == "--").next().unwrap_or_default();
    let Some(named) = flags.iter().find_map(|word| command.find_subcommand(word.as_ref())) else { return Ok(()) };
    let message = flags.windows(2).find_map(|pair| {
        let (flag, value) = (pair[0].strip_prefix("--")?, pair[1].as_ref());
        let argument = named.get_arguments().find(|argument| argument.get_long() == Some(flag))?;
        if matches!(argument.get_action(), ArgAction::SetTrue) && is_yes_or_no(value) {
            return Some(format!("`--{flag}` takes no value\n\n  tip: write the flag alone, or leave it out\n"));
        }
        let is_apart = argument.is_require_equals_set() && is_value_of(argument, value);
        is_apart.then(|| format!("`--{flag}` takes its value behind `=`\n\n  tip: write `--{flag}={value}`\n"))
    });
    match message {
        Some(message) => Err(command.error(ErrorKind::ValueValidation, message)),
        None => Ok(()),
    }
}

fn is_yes_or_no(word: &str) -> bool {
    ["true", "false"].iter().any(|value| word.eq_ignore_ascii_case(value))
}

fn is_value_of(argument: &Arg, word: &str) -> bool {
    argument.get_possible_values().iter().any(|value| value.matches(word, argument.is_ignore_case_set()))
}
