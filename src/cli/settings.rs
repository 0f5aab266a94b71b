//! Which settings there are, for finding those that are misspelt: one that does not exist would be left out, and a dry run
//! release for real.

use std::collections::BTreeSet;

use clap::{Arg, ArgAction, Command, CommandFactory as _};

use super::args::Arguments;
use super::env::Environment;
use super::manual::with_manual;

pub(super) const PREFIX: &str = "TAGSHIP_";

/// What is read and has no flag: logins, the command of a step without arguments, and what the action's scripts read.
const WITHOUT_FLAG: [&str; 10] = [
    "TAGSHIP_COMMAND",
    "TAGSHIP_GIT_TOKEN",
    "TAGSHIP_GIT_USERNAME",
    "TAGSHIP_REGISTRY_HOST",
    "TAGSHIP_REGISTRY_USERNAME",
    "TAGSHIP_REGISTRY_PASSWORD",
    "TAGSHIP_VERSION",
    "TAGSHIP_BIN",
    "TAGSHIP_DOWNLOAD_BASE_URL",
    "TAGSHIP_ACTION_REPOSITORY",
];

/// What the variables of results begin with, which later jobs get.
const RESULTS: &str = "TAGSHIP_RESULT_";

/// Returns the names that an input for an argument may have, as variables: that of its variable, those of its flags, and, for
/// a list and what has no flag, the plural.
pub(super) fn names_of_input(argument: &Arg) -> Vec<String> {
    let Some(variable) = argument.get_env().and_then(|name| name.to_str()) else { return Vec::new() };
    let flags = argument.get_long().into_iter().chain(argument.get_all_aliases().unwrap_or_default());
    let mut names = vec![variable.to_owned()];
    names.extend(flags.map(|flag| format!("{PREFIX}{}", flag.to_ascii_uppercase().replace('-', "_"))));
    if matches!(argument.get_action(), ArgAction::Append) || argument.is_positional() {
        names.push(format!("{variable}S"));
    }
    names
}

/// Returns the first of `inputs` that is none of ours, and the name that was probably meant.
pub(super) fn unknown_input<'a>(inputs: impl Iterator<Item = &'a String>) -> Option<(String, Option<String>)> {
    let known = of_all_commands(names_of_input);
    let unknown = inputs.into_iter().find(|name| !known.contains(*name))?;
    Some((unknown.clone(), nearest(unknown, &known)))
}

/// Returns a warning for each variable that looks like one of ours and is none.
pub fn unknown_variables(environment: &Environment) -> Vec<String> {
    let names = environment.beginning_with(PREFIX);
    if names.is_empty() {
        return Vec::new();
    }
    let variable =
        |argument: &Arg| argument.get_env().and_then(|name| name.to_str()).map(str::to_owned).into_iter().collect();
    let known = of_all_commands(variable);
    let names = names.into_iter().map(|(name, _)| format!("{PREFIX}{name}"));
    let unknown = names.filter(|name| !known.contains(name) && !name.starts_with(RESULTS));
    let warning = |name: String| match nearest(&name, &known) {
        Some(near) => format!("there is no setting `{name}`; did you mean `{near}`?"),
        None => format!("there is no setting `{name}`"),
    };
    unknown.map(warning).collect()
}

fn of_all_commands(names: impl Fn(&Arg) -> Vec<String>) -> BTreeSet<String> {
    let mut command = with_manual(Arguments::command());
    // So that each command has the flags of all.
    command.build();
    let arguments = command.get_subcommands().flat_map(Command::get_arguments);
    arguments.flat_map(names).chain(WITHOUT_FLAG.map(str::to_owned)).collect()
}

/// Returns the one of `known` that is a few letters apart from `name`.
fn nearest(name: &str, known: &BTreeSet<String>) -> Option<String> {
    let bare = |name: &str| name.trim_start_matches(PREFIX).replace('_', "");
    let wanted = bare(name);
    let limit = (wanted.chars().count() / 3).max(1);
    let distances = known.iter().map(|other| (strsim::osa_distance(&wanted, &bare(other)), other));
    distances.filter(|(distance, _)| *distance <= limit).min().map(|(_, other)| other.clone())
}
