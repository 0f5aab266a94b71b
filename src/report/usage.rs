//! A command line that does not parse, told in the form of every other failure, and in the words of the place where it was
//! written: a step has inputs or settings, and no flags. clap's own text mixes the usage into it.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::{StepSetting, Surface, commands, instead_of_argument, instead_of_command};
use crate::outcome::failure::Failure;

/// Returns the failure that `error` is; `command` is the command that was called, or empty.
pub(super) fn failure(command: &str, error: &clap::Error, surface: Surface) -> Failure {
    let of_step = match surface {
        Surface::CommandLine => None,
        Surface::Action | Surface::Plugin => of_step(command, error, surface),
    };
    of_step.unwrap_or_else(|| of_command_line(command, error, surface))
}

fn of_command_line(command: &str, error: &clap::Error, surface: Surface) -> Failure {
    let help = match (surface, command) {
        (Surface::Action, _) => "see `docs/src/reference/action.md` for the inputs and their values".to_owned(),
        (Surface::Plugin, _) => "see `docs/src/reference/flags.md` for the settings and their values".to_owned(),
        (Surface::CommandLine, "") => "run `tagship --help` for the commands".to_owned(),
        (Surface::CommandLine, command) => format!("run `tagship {command} --help` for the flags"),
    };
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Failure::usage("no command is given").hint(help);
    }
    let text = error.render().to_string();
    let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").trim_end_matches(':');
    let rest = text.lines().skip(1).map(str::trim);
    let rest = rest.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    let (tips, details): (Vec<_>, Vec<_>) =
        rest.filter(|line| !line.is_empty()).partition(|line| line.starts_with("tip:"));
    let failure = details.into_iter().fold(Failure::usage(message), Failure::detail);
    let unknown = text_of(error, ContextKind::InvalidArg).filter(|_| error.kind() == ErrorKind::UnknownArgument);
    if let Some(word) = unknown {
        return failure.hint(instead_of_argument(command, word, &help).unwrap_or(help));
    }
    if let Some(word) = text_of(error, ContextKind::InvalidSubcommand) {
        return failure.hint(instead_of_command(word).unwrap_or(help));
    }
    let lacks_image = failure.details.iter().any(|detail| detail.contains("<REFERENCE>"));
    if error.kind() == ErrorKind::MissingRequiredArgument && lacks_image {
        return failure.hint("name an image, or `-k PATH` for the images on the branch");
    }
    let switch = text_of(error, ContextKind::InvalidArg).filter(|_| error.kind() == ErrorKind::ValueValidation);
    if switch.is_some_and(|shown| StepSetting::of(surface, shown).is_switch) {
        return failure.hint("the values are `true`, `false`");
    }
    if error.kind() == ErrorKind::TooManyValues {
        return failure.hint("write the flag alone, or leave it out");
    }
    match tips.first() {
        Some(tip) => failure.hint(tip.trim_start_matches("tip:").trim()),
        None => failure.hint(help),
    }
}

/// Returns the failure of a step, if it is one that names a setting.
fn of_step(command: &str, error: &clap::Error, surface: Surface) -> Option<Failure> {
    let word = StepSetting::word_of(surface);
    match error.kind() {
        ErrorKind::MissingRequiredArgument => {
            let Some(ContextValue::Strings(listed)) = error.get(ContextKind::InvalidArg) else { return None };
            let names: Vec<_> = listed.iter().map(|listed| quoted(surface, listed)).collect();
            let check = "and check that the variable in it is not empty";
            Some(match names.as_slice() {
                [] => return None,
                [one] if command == "check" => Failure::usage(format!("the {word} {one} is missing"))
                    .hint(format!("set it, or `kustomization` for the images on the branch, {check}")),
                [one] => Failure::usage(format!("the {word} {one} is missing")).hint(format!("set it, {check}")),
                several => Failure::usage(format!("the {word}s {} are missing", several.join(", ")))
                    .hint("set them, and check that the variables in them are not empty"),
            })
        }
        ErrorKind::InvalidSubcommand => {
            let command = text_of(error, ContextKind::InvalidSubcommand)?;
            let failure = Failure::usage(format!("`{command}` is not a command"));
            let near = match error.get(ContextKind::SuggestedSubcommand) {
                Some(ContextValue::Strings(near)) => near.first(),
                _ => None,
            };
            Some(match near {
                Some(near) => failure.hint(format!("did you mean `{near}`? set the {word} `command`")),
                None => failure.hint(format!("set the {word} `command` to `{}`", commands().join("`, `"))),
            })
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation | ErrorKind::TooManyValues => {
            let (listed, value) =
                (text_of(error, ContextKind::InvalidArg)?, text_of(error, ContextKind::InvalidValue)?);
            let setting = StepSetting::of(surface, listed);
            let why = error.source().filter(|_| !setting.is_switch).map(|why| format!(": {why}")).unwrap_or_default();
            let failure = Failure::usage(format!("`{value}` is not a value of the {word} `{}`{why}", setting.name));
            let values = match error.get(ContextKind::ValidValue) {
                _ if setting.is_switch => "true`, `false".to_owned(),
                Some(ContextValue::Strings(values)) if !values.is_empty() => values.join("`, `"),
                _ => return Some(failure),
            };
            Some(failure.hint(format!("the values are `{values}`")))
        }
        ErrorKind::ArgumentConflict => {
            let one = quoted(surface, text_of(error, ContextKind::InvalidArg)?);
            let other = match error.get(ContextKind::PriorArg)? {
                ContextValue::String(other) => quoted(surface, other),
                ContextValue::Strings(others) => {
                    others.iter().map(|other| quoted(surface, other)).collect::<Vec<_>>().join(", ")
                }
                _ => return None,
            };
            Some(Failure::usage(format!("the {word} {one} cannot be used with {other}")).hint("leave one of them out"))
        }
        _ => None,
    }
}

fn quoted(surface: Surface, listed: &str) -> String {
    format!("`{}`", StepSetting::of(surface, listed).name)
}

fn text_of(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text),
        _ => None,
    }
}
