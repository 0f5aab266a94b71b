//! The tables of the reference, as Markdown: of the command line's description, the kinds of failures, `action.yml` and the
//! names of trailers.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Arg, ArgAction, Command};
use tagship::cli;
use tagship::outcome::failure::FailureKind;
use yaml_rust2::YamlLoader;

use super::read;

/// Returns the commands with the flags that all of them take.
fn described() -> Vec<Command> {
    let mut program = cli::whole();
    program.build();
    program.get_subcommands().filter(|command| command.get_name() != "help").cloned().collect()
}

/// Returns the arguments of a command but `--help`.
fn arguments(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|argument| argument.get_id() != "help" && !argument.is_hide_set())
}

/// Returns a flag with its dashes, or the place of a value.
fn name(argument: &Arg) -> String {
    match argument.get_long() {
        Some(long) => format!("--{long}"),
        None => format!("<{}>", value_name(argument)),
    }
}

fn value_name(argument: &Arg) -> String {
    argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default()
}

/// Returns each command with its examples and the flags that it takes.
pub(super) fn commands() -> String {
    described().iter().map(command).collect::<Vec<_>>().join("\n\n")
}

fn command(command: &Command) -> String {
    let link = |argument: &Arg| format!("[`{0}`](flags.md#{1})", name(argument), anchor(argument));
    let links: Vec<_> = arguments(command).map(link).collect();
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let (said, examples) = after.split_once("Examples:\n").unwrap();
    let said = if said.is_empty() { String::new() } else { format!("{}\n\n", said.trim_end()) };
    let examples: Vec<_> = examples.lines().map(str::trim).collect();
    format!(
        "## `tagship {}`\n\n{about}.\n\n{said}```sh\n{}\n```\n\nTakes {}.",
        command.get_name(),
        examples.join("\n"),
        links.join(", ")
    )
}

fn anchor(argument: &Arg) -> String {
    match argument.get_long() {
        Some(long) => format!("--{long}"),
        None => value_name(argument).to_lowercase(),
    }
}

/// A flag as some commands have it.
struct Flag {
    name: String,
    heading: String,
    commands: Vec<String>,
    /// How it is written, on a command line and as a variable.
    written: String,
    /// The paragraphs about it.
    text: String,
}

/// Returns every flag once, below its heading in the help; what differs between commands is told apart.
pub(super) fn flags() -> String {
    let mut flags: Vec<Flag> = Vec::new();
    let mut conflicts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let inputs = inputs();
    for command in described() {
        for argument in arguments(&command) {
            for other in command.get_arg_conflicts_with(argument) {
                conflicts.entry(name(argument)).or_default().insert(name(other));
                conflicts.entry(name(other)).or_default().insert(name(argument));
            }
            let (name, written, text) = (name(argument), written(argument, &inputs), explained(argument));
            let of_command = format!("`{}`", command.get_name());
            match flags.iter_mut().find(|flag| flag.name == name && flag.written == written && flag.text == text) {
                Some(flag) => flag.commands.push(of_command),
                None => {
                    let same = flags.iter().find(|flag| flag.name == name);
                    let heading = same.map_or_else(|| heading(argument), |flag| flag.heading.clone());
                    flags.push(Flag { name, heading, commands: vec![of_command], written, text });
                }
            }
        }
    }
    let mut page = Vec::new();
    for heading in firsts(flags.iter().map(|flag| &flag.heading)) {
        page.push(format!("## {heading}"));
        for name in firsts(flags.iter().filter(|flag| flag.heading == heading).map(|flag| &flag.name)) {
            page.push(format!("### `{name}`"));
            let same = flags.iter().filter(|flag| flag.name == name);
            page.extend(
                same.map(|flag| format!("{} For {}.\n\n{}", flag.written, flag.commands.join(", "), flag.text)),
            );
            page.extend(conflicts.get(&name).map(|others| {
                let others: Vec<_> = others.iter().map(|other| format!("`{other}`")).collect();
                format!("Cannot be used with {}.", others.join(", "))
            }));
        }
    }
    page.join("\n\n")
}

/// Returns each item once, in the order of their first places.
fn firsts<'a>(items: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut firsts: Vec<String> = Vec::new();
    for item in items {
        if !firsts.contains(item) {
            firsts.push(item.clone());
        }
    }
    firsts
}

fn heading(argument: &Arg) -> String {
    match argument.get_help_heading() {
        None if argument.is_positional() => "Arguments".to_owned(),
        None => "Options".to_owned(),
        Some(heading) => heading.to_owned(),
    }
}

/// Returns the inputs of the action by the variables that it makes of them.
fn inputs() -> BTreeMap<String, String> {
    let action = YamlLoader::load_from_str(&read("action.yml")).unwrap().remove(0);
    let variables = action["runs"]["steps"][0]["env"].as_hash().unwrap().iter();
    let input = |value: &str| value.strip_prefix("${{ inputs.")?.split(' ').next().map(str::to_owned);
    variables.filter_map(|(name, value)| Some((name.as_str()?.to_owned(), input(value.as_str()?)?))).collect()
}

/// Returns how an argument is written: on a command line, as a variable, and as an input of the action.
fn written(argument: &Arg, inputs: &BTreeMap<String, String>) -> String {
    let short = argument.get_short().map(|short| format!("`-{short}`, ")).unwrap_or_default();
    let value = match argument.get_action() {
        ArgAction::SetTrue => String::new(),
        _ if argument.is_require_equals_set() => format!("[={}]", value_name(argument)),
        _ if argument.is_positional() => String::new(),
        _ => format!(" {}", value_name(argument)),
    };
    let variable = argument.get_env().and_then(|name| name.to_str());
    let input = variable.and_then(|variable| inputs.get(variable));
    let input = input.map(|input| format!(", or the input `{input}`")).unwrap_or_default();
    let variable = variable.map(|variable| format!(", or `{variable}`")).unwrap_or_default();
    format!("{short}`{}{value}`{variable}{input}.", name(argument))
}

/// Returns what the help says of an argument, with its values and its default.
fn explained(argument: &Arg) -> String {
    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    let end = if help.ends_with(['.', ']']) { "" } else { "." };
    let mut paragraphs = vec![format!("{help}{end}")];
    let values: Vec<_> =
        argument.get_possible_values().iter().filter(|value| !value.is_hide_set()).map(described_value).collect();
    if !values.is_empty() {
        paragraphs.push(values.join("\n"));
    }
    let defaults: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if !defaults.is_empty() && !matches!(argument.get_action(), ArgAction::SetTrue) {
        paragraphs.push(format!("Default: `{}`.", defaults.join(", ")));
    }
    paragraphs.join("\n\n")
}

fn described_value(value: &clap::builder::PossibleValue) -> String {
    match value.get_help() {
        Some(help) => format!("- `{}`: {help}", value.get_name()),
        None => format!("- `{}`", value.get_name()),
    }
}

/// Returns the variables that stand for flags.
pub(super) fn variables() -> String {
    let mut rows = Vec::new();
    for command in described() {
        for argument in arguments(&command) {
            let Some(variable) = argument.get_env().and_then(|name| name.to_str()) else { continue };
            rows.push(format!("| `{variable}` | [`{}`](flags.md#{}) |", name(argument), anchor(argument)));
        }
    }
    rows.sort_unstable();
    rows.dedup();
    table(&["variable", "stands for"], rows)
}

pub(super) fn exit_codes() -> String {
    let row = |kind: &FailureKind| format!("| {} | `{}` | {} |", kind.exit_code(), kind.name(), kind.meaning());
    let rows = std::iter::once("| 0 | | done, or nothing to do |".to_owned()).chain(FailureKind::ALL.iter().map(row));
    table(&["exit code", "kind", "meaning"], rows)
}

/// Returns the inputs or outputs of the action.
pub(super) fn of_action(kind: &str, heading: &str) -> String {
    let action = YamlLoader::load_from_str(&read("action.yml")).unwrap().remove(0);
    let rows = action[kind].as_hash().unwrap().iter().map(|(name, value)| {
        let said = value["description"].as_str().unwrap().trim().replace('|', "\\|");
        format!("| `{}` | {said} |", name.as_str().unwrap())
    });
    table(&[heading, "what it is"], rows)
}

/// Returns the trailers of a release commit, by the constants that name them and the comments above these.
pub(super) fn trailers() -> String {
    let code = read("src/message/trailers.rs");
    let mut comment = String::new();
    let mut rows = Vec::new();
    for line in code.lines().take_while(|line| !line.starts_with("#[cfg(test)]")) {
        if let Some(said) = line.strip_prefix("/// ") {
            comment = format!("{comment} {said}");
            continue;
        }
        let trailer = line.split_once("const ").and_then(|(_, rest)| rest.split('"').nth(1));
        if let Some(trailer) = trailer.filter(|trailer| trailer.starts_with("Tagship-")) {
            rows.push(format!("| `{trailer}` |{comment} |"));
        }
        comment.clear();
    }
    table(&["trailer", "what it says"], rows)
}

fn table(headings: &[&str], rows: impl IntoIterator<Item = String>) -> String {
    let rules = "|---".repeat(headings.len());
    let rows: Vec<_> = rows.into_iter().collect();
    format!("| {} |\n{rules}|\n{}", headings.join(" | "), rows.join("\n"))
}
