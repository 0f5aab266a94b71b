//! One argument is one value. Lists have a line for each value in a variable, where they cannot be written otherwise; a line
//! end in an argument comes from text that should not have one, such as the name of a tag, and would make a second value of
//! it.

use std::ffi::OsString;

use clap::error::ErrorKind;

/// The flags whose value is a text of several lines.
const TEXTS: [&str; 3] = ["--message", "--git-tag-message", "--verify-key"];

/// Fails if an argument of a command line, whose first item is the program's name, has a line end in it.
pub(super) fn require_single_lines(mut command: clap::Command, arguments: &[OsString]) -> Result<(), clap::Error> {
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
