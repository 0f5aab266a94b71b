//! Which settings there are, and what they are called in each place where they are written. A misspelt one would be left out,
//! and a dry run release for real; and a workflow has no flags, so that a hint must name its inputs.

use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, Command, CommandFactory as _};

use super::args::Arguments;
use super::described::whole;
use super::env::Environment;
use super::manual::with_manual;
use super::surface::Surface;

pub(super) const PREFIX: &str = "TAGSHIP_";

/// What is read and has no flag: logins, and the command of a step without arguments.
pub(super) const WITHOUT_FLAG: [&str; 7] = [
    "TAGSHIP_COMMAND",
    "TAGSHIP_GIT_TOKEN",
    "TAGSHIP_GIT_USERNAME",
    "TAGSHIP_REGISTRY_HOST",
    "TAGSHIP_REGISTRY_USERNAME",
    "TAGSHIP_REGISTRY_PASSWORD",
    "TAGSHIP_NOTIFY_SECRET",
];

/// What the action's scripts read. A step without them, as that of a container or a plugin, has no such input.
const OF_SCRIPTS: [&str; 3] = ["TAGSHIP_VERSION", "TAGSHIP_BIN", "TAGSHIP_DOWNLOAD_BASE_URL"];

/// The names of the inputs that a step of the action gave, which the action lists: a variable that the job sets may be meant
/// for another command.
pub(super) const GIVEN_TO_THE_ACTION: &str = "TAGSHIP_ACTION_INPUTS";

/// What variables begin with that are no settings: results, which later jobs get, and what the action tells its own scripts.
const NO_SETTINGS: [&str; 2] = ["TAGSHIP_RESULT_", "TAGSHIP_ACTION_"];

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
    // The action has one input for images and references, one for a file and several, and so have hints.
    match variable {
        "TAGSHIP_REFERENCE" => names.extend(["TAGSHIP_IMAGE", "TAGSHIP_IMAGES"].map(str::to_owned)),
        "TAGSHIP_FILE" => names.push("TAGSHIP_FILES".to_owned()),
        _ => {}
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
    let warning = |(name, near): (String, Option<String>)| match near {
        Some(near) => format!("there is no setting `{name}`; did you mean `{near}`?"),
        None => format!("there is no setting `{name}`"),
    };
    unknown_with_nearest(environment).into_iter().map(warning).collect()
}

/// Returns the variables that look like ours and are none, each with the name that was probably meant.
fn unknown_with_nearest(environment: &Environment) -> Vec<(String, Option<String>)> {
    let names = environment.beginning_with(PREFIX);
    if names.is_empty() {
        return Vec::new();
    }
    let variable =
        |argument: &Arg| argument.get_env().and_then(|name| name.to_str()).map(str::to_owned).into_iter().collect();
    let mut known = of_all_commands(variable);
    known.extend(OF_SCRIPTS.map(str::to_owned));
    let names = names.into_iter().map(|(name, _)| format!("{PREFIX}{name}"));
    let unknown =
        names.filter(|name| !known.contains(name) && !NO_SETTINGS.iter().any(|prefix| name.starts_with(prefix)));
    let with_nearest = |name: String| {
        let near = nearest(&name, &known);
        (name, near)
    };
    unknown.map(with_nearest).collect()
}

/// Returns the description of all commands, each with the flags that all have.
pub(super) fn built() -> Command {
    let mut command = with_manual(whole());
    command.build();
    command
}

fn of_all_commands(names: fn(&Arg) -> Vec<String>) -> BTreeSet<String> {
    let command = built();
    let arguments = command.get_subcommands().flat_map(Command::get_arguments);
    arguments.flat_map(names).chain(WITHOUT_FLAG.map(str::to_owned)).collect()
}

/// Returns the one of `known` that is meant by another name of it, or whose beginning or end `name` is, or that is hardly apart
/// from it: one letter in up to seven, two in up to eleven.
pub(super) fn nearest(name: &str, known: &BTreeSet<String>) -> Option<String> {
    let wanted = bare(name);
    let renamed = RENAMED.iter().find(|(flag, input)| flag.len() > 1 && bare(input).eq_ignore_ascii_case(&wanted));
    let renamed =
        renamed.and_then(|(flag, _)| known.iter().find(|other| bare(other).eq_ignore_ascii_case(&bare(flag))));
    let is_part = |other: &&String| {
        let other = bare(other);
        wanted.len() > 3 && (other.starts_with(&wanted) || other.ends_with(&wanted))
    };
    if let Some(other) = renamed.or_else(|| known.iter().filter(is_part).min_by_key(|other| other.len())) {
        return Some(other.clone());
    }
    nearest_within(name, known, (wanted.chars().count() / 4).max(1))
}

/// Returns the one of `known` that is nearest to `name`, at most `limit` letters apart.
pub(super) fn nearest_within(name: &str, known: &BTreeSet<String>, limit: usize) -> Option<String> {
    let distances = known.iter().map(|other| (strsim::osa_distance(&bare(name), &bare(other)), other));
    distances.filter(|(distance, _)| *distance <= limit).min().map(|(_, other)| other.clone())
}

/// Returns the letters of a name that tell it from others.
fn bare(name: &str) -> String {
    name.trim_start_matches(PREFIX).replace(['_', '-'], "")
}

/// Inputs and settings that are not called as their flags: those that take several values, and what workflows call otherwise.
const RENAMED: [(&str, &str); 8] = [
    ("k", "kustomization"),
    ("f", "files"),
    ("file", "files"),
    ("repo", "repository"),
    ("from-repo", "from-repository"),
    ("platform", "platforms"),
    ("trailer", "trailers"),
    ("push-option", "push-options"),
];

/// What the place of a value in the usage is called; the action has one input for images and references.
const PLACES: [(&str, &str, &str); 3] =
    [("IMAGE", "images", "images"), ("REFERENCE", "images", "references"), ("NAME", "names", "names")];

/// Returns what is between the words of a name.
pub(super) fn separator_of(surface: Surface) -> &'static str {
    if surface == Surface::Plugin { "_" } else { "-" }
}

/// Returns a text in which quoted flags, as in "add `--wait 5m`", are what the user of `surface` writes: `wait: 5m`.
pub fn in_words_of(surface: Surface, text: &str) -> String {
    if surface == Surface::CommandLine || !text.contains('`') {
        return text.to_owned();
    }
    let command = built();
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(index, part)| match index % 2 {
        1 => setting(surface, part, &command).unwrap_or_else(|| part.to_owned()),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("`")
}

/// A setting as it is called in a step.
pub struct StepSetting {
    pub name: String,
    /// Whether it is `true` or `false`.
    pub is_switch: bool,
}

impl StepSetting {
    /// Returns what settings are called there, one of them.
    pub fn word_of(surface: Surface) -> &'static str {
        match surface {
            Surface::CommandLine => "argument",
            Surface::Action => "input",
            Surface::Plugin => "setting",
        }
    }

    /// Returns the setting for an argument as clap shows it, such as `<IMAGE>...`, `--from <PATH>` and `--sign[=<WHO>]`.
    pub fn of(surface: Surface, shown: &str) -> Self {
        Self::among(&built(), surface, shown)
    }

    fn among(command: &Command, surface: Surface, shown: &str) -> Self {
        let word = shown.split_whitespace().next().unwrap_or_default().trim_matches(|c| "-<>.[]".contains(c));
        let word = word.split('[').next().unwrap_or(word);
        let place = PLACES.iter().find(|(place, ..)| *place == word);
        let renamed = RENAMED.iter().find(|(flag, _)| *flag == word);
        let name = match (place, renamed, surface) {
            (Some((_, _, plugin)), _, Surface::Plugin) => plugin,
            (Some((_, action, _)), ..) => action,
            (None, Some((_, name)), _) => name,
            (None, None, _) => word,
        };
        let is_switch = flag(command, word).is_some_and(|argument| matches!(argument.get_action(), ArgAction::SetTrue));
        Self { name: name.replace('-', separator_of(surface)), is_switch }
    }
}

/// Returns the commands that a step may name.
pub fn commands() -> Vec<String> {
    Arguments::command().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

/// Returns a sentence for each flag in an error that a variable gives and that is not typed. A step of the action gives its
/// inputs by variables, so those are left out there; to a plugin, all that it is given are variables.
pub fn given_by_variables(error: &clap::Error, typed: &[OsString], environment: &Environment) -> Vec<String> {
    let given = environment.text(GIVEN_TO_THE_ACTION);
    let surface = environment.surface();
    if surface == Surface::Plugin || (surface == Surface::Action && given.is_none()) {
        return Vec::new();
    }
    let inputs: Vec<&str> = given.iter().flat_map(|given| given.split_whitespace()).collect();
    let command = built();
    let shown = [ContextKind::InvalidArg, ContextKind::PriorArg].into_iter().filter_map(|kind| error.get(kind));
    let shown = shown.flat_map(|value| match value {
        ContextValue::String(shown) => vec![shown.as_str()],
        ContextValue::Strings(shown) => shown.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    });
    let sentence = |shown: &str| {
        let name = shown.strip_prefix("--")?.split([' ', '=', '[']).next()?;
        let argument = flag(&command, name)?;
        let short = argument.get_short();
        let is_flag = |word: &str| {
            let long = word.strip_prefix("--").map(|word| word.split('=').next() == Some(name));
            long.unwrap_or_else(|| word.starts_with('-') && short.is_some_and(|short| word.contains(short)))
        };
        let variable = argument.get_env()?.to_str()?;
        let is_typed = typed.iter().skip(1).any(|word| word.to_str().is_some_and(is_flag));
        let is_set = environment.get(variable).is_some_and(|value| !value.is_empty());
        let shown = match surface {
            Surface::Action => StepSetting::among(&command, surface, name).name,
            _ => format!("--{name}"),
        };
        let is_input = inputs.contains(&shown.as_str());
        (is_set && !is_typed && !is_input).then(|| format!("`{shown}` is given by the variable `{variable}`"))
    };
    shown.filter_map(sentence).collect()
}

/// Returns the argument of a flag, without its dashes. What prints a text and ends is no setting.
fn flag<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    let prints = |argument: &Arg| matches!(argument.get_long(), Some("help" | "version"));
    let is_flag = |argument: &&Arg| {
        (argument.get_long() == Some(name) && !prints(argument))
            || argument.get_short().is_some_and(|short| name == short.to_string() && "kf".contains(short))
    };
    command.get_subcommands().flat_map(Command::get_arguments).chain(command.get_arguments()).find(is_flag)
}

/// Returns what a quoted flag, place, variable or command is called, with its value; `None` if it is none of these.
fn setting(surface: Surface, quoted: &str, command: &Command) -> Option<String> {
    if PLACES.iter().any(|(place, ..)| quoted == format!("<{place}>")) {
        return Some(StepSetting::among(command, surface, quoted).name);
    }
    if let Some(rest) = quoted.strip_prefix("tagship ").filter(|rest| !rest.contains("--help")) {
        let name = rest.split(' ').next().unwrap_or_default();
        return command.find_subcommand(name).map(|_| format!("command: {name}"));
    }
    if quoted == "docker login" {
        let two = "registry_username` and `registry_password";
        let login = if surface == Surface::Action { "docker/login-action" } else { two };
        return Some(login.to_owned());
    }
    let (word, value) = quoted.split_once([' ', '=']).map_or((quoted, None), |(word, value)| (word, Some(value)));
    if let Some(variable) = word.strip_prefix(PREFIX).filter(|_| WITHOUT_FLAG.contains(&word)) {
        return Some(match (variable, surface) {
            ("GIT_TOKEN", Surface::Action) => "token".to_owned(),
            (variable, _) => variable.to_ascii_lowercase().replace('_', separator_of(surface)),
        });
    }
    let flag =
        word.strip_prefix("--").or_else(|| word.strip_prefix('-').filter(|short| matches!(*short, "k" | "f")))?;
    let argument = self::flag(command, flag)?;
    let StepSetting { name, is_switch } = StepSetting::among(command, surface, word);
    let may_be_alone = || argument.get_possible_values().iter().any(|value| value.matches("true", true));
    Some(match value {
        Some(value) => format!("{name}: {value}"),
        None if is_switch || may_be_alone() => format!("{name}: true"),
        None => name,
    })
}

#[cfg(test)]
mod tests {
    use super::{StepSetting, Surface, in_words_of};

    #[test]
    fn what_flags_are_called() {
        for (text, action, plugin) in [
            ("add `--wait 5m`", "add `wait: 5m`", "add `wait: 5m`"),
            ("`--add` appends", "`add: true` appends", "`add: true` appends"),
            ("name it with `-k`", "name it with `kustomization`", "name it with `kustomization`"),
            ("`--on-superseded allow`", "`on-superseded: allow`", "`on_superseded: allow`"),
            ("add `--pin-digest`", "add `pin-digest: true`", "add `pin_digest: true`"),
            ("with `--pin-digest=never`", "with `pin-digest: never`", "with `pin_digest: never`"),
            ("name one with `--repo`", "name one with `repository`", "name one with `repository`"),
            ("set `TAGSHIP_GIT_TOKEN`", "set `token`", "set `git_token`"),
            ("`--verbose`", "`verbose: true`", "`verbose: true`"),
            ("as `tagship log -k a --to v1` lists", "as `command: log` lists", "as `command: log` lists"),
            ("`--source` of `tagship release`", "`source` of `command: release`", "`source` of `command: release`"),
            ("with `docker login`", "with `docker/login-action`", "with `registry_username` and `registry_password`"),
            ("run `tagship log --help`", "run `tagship log --help`", "run `tagship log --help`"),
            ("as `<REFERENCE>`, `<PATH>`", "as `images`, `<PATH>`", "as `references`, `<PATH>`"),
            ("`web` and `--nonsense` and `-x`", "`web` and `--nonsense` and `-x`", "`web` and `--nonsense` and `-x`"),
        ] {
            assert_eq!(in_words_of(Surface::CommandLine, text), text);
            assert_eq!(in_words_of(Surface::Action, text), action);
            assert_eq!(in_words_of(Surface::Plugin, text), plugin);
        }
    }

    #[test]
    fn what_arguments_are_called() {
        for (shown, action, plugin) in [
            ("<REFERENCE>...", "images", "references"),
            ("<NAME>", "names", "names"),
            ("--from <PATH>", "from", "from"),
            ("--pin-digest[=<WHEN>]", "pin-digest", "pin_digest"),
            ("--from-repo <REPOSITORY>", "from-repository", "from_repository"),
            ("--on-superseded <WHAT>", "on-superseded", "on_superseded"),
        ] {
            assert_eq!(StepSetting::of(Surface::Action, shown).name, action);
            assert_eq!(StepSetting::of(Surface::Plugin, shown).name, plugin);
        }
        assert!(StepSetting::of(Surface::Action, "--dry-run").is_switch);
        assert!(!StepSetting::of(Surface::Action, "--wait <TIME>").is_switch);
    }
}
