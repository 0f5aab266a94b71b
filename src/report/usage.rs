//! A command line that does not parse, told in the form of every other failure. clap's own text mixes the usage into it.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::{Surface, missing};
use crate::outcome::failure::Failure;

/// Returns the failure that `error` is; `command` is the command that was called, or empty.
pub(super) fn failure(command: &str, error: &clap::Error, surface: Surface) -> Failure {
    let help = match command {
        "" => "run `tagship --help` for the commands".to_owned(),
        command => format!("run `tagship {command} --help` for the flags"),
    };
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Failure::usage("no command is given").hint(help);
    }
    if let (ErrorKind::MissingRequiredArgument, Some(ContextValue::Strings(listed))) =
        (error.kind(), error.get(ContextKind::InvalidArg))
        && let Some(message) = missing(surface, listed)
    {
        return Failure::usage(message).hint("set it, and check that the variable in it is not empty");
    }
    let text = error.render().to_string();
    let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").trim_end_matches(':');
    let rest = text.lines().skip(1).map(str::trim);
    let rest = rest.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    let (tips, details): (Vec<_>, Vec<_>) =
        rest.filter(|line| !line.is_empty()).partition(|line| line.starts_with("tip:"));
    let failure = details.into_iter().fold(Failure::usage(message), Failure::detail);
    match tips.first() {
        Some(tip) => failure.hint(tip.trim_start_matches("tip:").trim()),
        None => failure.hint(help),
    }
}
