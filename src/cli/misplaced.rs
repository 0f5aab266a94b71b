//! Refuses a step whose command does not exist, or with an input that its command does not have. Both would be left out without
//! a word: `rollback` with the input `tag` would go back to another release than that tag's.

use std::collections::BTreeSet;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::described::without_flags;
use super::foreign::instead_of_flag;
use super::settings::{PREFIX, StepSetting, WITHOUT_FLAG, commands, names_of_input, nearest, separator_of};
use super::surface::Surface;

/// Returns the error for a step whose command does not exist, or has no argument for one of `inputs`, or has one argument for
/// two of them. Inputs are named as variables. `described` is the description of all commands.
pub(super) fn error(described: &Command, name: &str, inputs: &BTreeSet<&str>, surface: Surface) -> Option<clap::Error> {
    let known: BTreeSet<_> = commands().into_iter().collect();
    let Some(command) = described.find_subcommand(name).filter(|_| known.contains(name)) else {
        return Some(no_command(name, nearest(name, &known)));
    };
    let names = |argument| names_of_input(argument).into_iter().collect::<BTreeSet<_>>();
    let taken: Vec<_> = command.get_arguments().map(names).collect();
    let is_taken = |input: &str| WITHOUT_FLAG.contains(&input) || taken.iter().flatten().any(|name| name == input);
    let word = StepSetting::word_of(surface);
    let message = if let Some(other) = inputs.iter().find(|input| !is_taken(input)) {
        let tip = instead_of(command, other).unwrap_or("leave it out");
        format!("`{name}` has no {word} `{}`\n\n  tip: {tip}\n", shown(other, surface))
    } else {
        let given = |names: &BTreeSet<String>| -> Vec<_> {
            names.iter().filter(|name| inputs.contains(name.as_str())).map(|name| shown(name, surface)).collect()
        };
        let twice = taken.iter().map(given).find(|given| given.len() > 1)?;
        format!("the {word}s `{}` are the same\n\n  tip: leave one of them out\n", twice.join("` and `"))
    };
    Some(refused(message))
}

/// Returns the error for an input that nothing takes.
pub(super) fn refused(message: String) -> clap::Error {
    without_flags().error(ErrorKind::UnknownArgument, message)
}

/// Returns what to do about an input, named as a variable, that `command` does not have.
pub(super) fn instead_of(command: &Command, input: &str) -> Option<&'static str> {
    instead_of_flag(command, &format!("--{}", shown(input, Surface::Action)))
}

/// Returns an input, named as a variable, as the user of `surface` wrote it.
pub(super) fn shown(input: &str, surface: Surface) -> String {
    input.trim_start_matches(PREFIX).to_ascii_lowercase().replace('_', separator_of(surface))
}

/// Returns the error for a word that is no command. The program takes some of them, such as `--help`, which releases nothing.
fn no_command(name: &str, near: Option<String>) -> clap::Error {
    let mut error = clap::Error::new(ErrorKind::InvalidSubcommand).with_cmd(&without_flags());
    error.insert(ContextKind::InvalidSubcommand, ContextValue::String(name.to_owned()));
    if let Some(near) = near {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![near]));
    }
    error
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::super::settings::{StepSetting, built, commands};
    use super::super::surface::Surface;
    use super::error;

    /// Hints, the action and the documentation call an input so.
    #[test]
    fn each_command_takes_its_inputs() {
        let described = built();
        let of_step = |argument: &&Arg| argument.get_env().is_some();
        for name in commands() {
            let mut inputs = 0;
            for argument in described.find_subcommand(&name).unwrap().get_arguments().filter(of_step) {
                for surface in [Surface::Action, Surface::Plugin] {
                    let input = StepSetting::of(surface, &argument.to_string()).name;
                    let input = format!("TAGSHIP_{}", input.to_uppercase().replace('-', "_"));
                    let refused = error(&described, &name, &[input.as_str()].into(), surface);
                    assert!(refused.is_none(), "{name}: {}", refused.unwrap());
                    inputs += 1;
                }
            }
            assert!(inputs > 10, "{name}");
        }
    }
}
