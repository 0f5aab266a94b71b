//! The description of the command line, with the flags of the command that was named.
//!
//! The description of all flags is most of what a short run would do before it begins: each is some thirty values on the heap.
//! So a command has none at first, and [`whole`] gives each its own.

use std::ffi::OsString;

use clap::builder::Resettable;
use clap::{Args as _, Command, CommandFactory as _};

use super::after_release::{LogArguments, PromoteArguments, RollbackArguments, StatusArguments};
use super::args::{Arguments, CheckArguments, GuardArguments, ReleaseArguments, SetArguments};
use super::manual::with_manual;

/// Returns the description of all commands with all flags.
pub fn whole() -> Command {
    Arguments::command().mut_subcommands(with_flags)
}

/// Returns the description of all commands that can be typed, without their flags.
pub(super) fn without_flags() -> Command {
    with_manual(Arguments::command())
}

/// Returns the description of what a command line names. If it names no command, clap may tell which command has a flag, and
/// needs to know them all.
pub(super) fn of(arguments: &[OsString]) -> Command {
    let is_named = |command: &Command| arguments.iter().any(|word| word == command.get_name());
    let program = without_flags();
    if arguments.len() == 2 && (arguments[1] == "--version" || arguments[1] == "-V") {
        return program;
    }
    let names_none = !program.get_subcommands().any(is_named);
    program.mut_subcommands(|command| if names_none || is_named(&command) { with_flags(command) } else { command })
}

/// Gives a command its flags.
fn with_flags(command: Command) -> Command {
    // The comments on groups of flags are no texts of the command.
    let (about, long_about) = (command.get_about().cloned(), command.get_long_about().cloned());
    let described = match command.get_name() {
        "release" => ReleaseArguments::augment_args(command),
        "guard" => GuardArguments::augment_args(command),
        "check" => CheckArguments::augment_args(command),
        "set" => SetArguments::augment_args(command),
        "log" => LogArguments::augment_args(command),
        "status" => StatusArguments::augment_args(command),
        "rollback" => RollbackArguments::augment_args(command),
        "promote" => PromoteArguments::augment_args(command),
        _ => command,
    };
    described.about(Resettable::from(about)).long_about(Resettable::from(long_about))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::Command;

    use super::whole;

    /// Returns each pair of arguments that do not go together.
    fn conflicts(command: &Command) -> BTreeSet<(String, String)> {
        let of = |argument| command.get_arg_conflicts_with(argument).into_iter().map(move |other| (argument, other));
        let pairs = command.get_arguments().flat_map(of);
        let both_ways = |(one, other): (&clap::Arg, &clap::Arg)| {
            let (one, other) = (one.get_id().to_string(), other.get_id().to_string());
            [(one.clone(), other.clone()), (other, one)]
        };
        pairs.flat_map(both_ways).collect()
    }

    /// clap does not look at what an argument requires if an argument that conflicts with that is there: `--verify-identity`
    /// would be dropped without a word beside `--no-check`.
    #[test]
    fn what_an_argument_requires_is_never_left_out() {
        let mut seen = 0;
        for command in whole().get_subcommands_mut() {
            command.build();
            let conflicts = conflicts(command);
            for argument in command.get_arguments() {
                // There is no other way to ask.
                let described = format!("{argument:?}");
                let requires = |other: &&clap::Arg| described.contains(&format!("(IsPresent, \"{}\")", other.get_id()));
                for required in command.get_arguments().filter(requires) {
                    seen += 1;
                    for (_, against) in conflicts.iter().filter(|(one, _)| one == required.get_id().as_str()) {
                        let is_told = conflicts.contains(&(argument.get_id().to_string(), against.clone()));
                        assert!(is_told, "{}: {} beside {against}", command.get_name(), argument.get_id());
                    }
                }
            }
        }
        assert!(seen > 4, "{seen}");
    }

    #[test]
    fn each_command_has_its_flags() {
        for command in whole().get_subcommands() {
            assert!(command.get_arguments().next().is_some(), "{} has no argument", command.get_name());
        }
    }
}
