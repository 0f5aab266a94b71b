//! A command line, as text, becomes [`Arguments`].

use std::ffi::OsString;

use clap::FromArgMatches as _;
use clap::builder::Resettable;

use super::args::Arguments;
use super::env::Environment;
use super::output::{ColorChoice, OutputArguments, OutputFormat, ResultFile};
use super::settings::GIVEN_TO_THE_ACTION;
use super::white_space::{trimmed_variables, with_lines_in_its_variable};
use super::{branch_files, described, manual, words};

const VARIABLES: &str = "\
Environment:
    Every flag can be given as a variable too, such as TAGSHIP_DRY_RUN=true for `--dry-run`.
    A flag beats its variable. A list in a variable has one value a line.

    TAGSHIP_GIT_TOKEN, TAGSHIP_GIT_USERNAME
            the login for the repository
    TAGSHIP_REGISTRY_USERNAME, TAGSHIP_REGISTRY_PASSWORD, TAGSHIP_REGISTRY_HOST
            the login for the registry, if `docker login` made none
    TAGSHIP_NOTIFY_SECRET
            the key that signs what `--notify` sends";

/// Returns whether a command line asks for the version, and for what is built into it: `--version -v`.
pub fn asks_for_long_version(arguments: &[OsString]) -> bool {
    let words: Vec<_> = arguments.iter().skip(1).map(|word| word.to_string_lossy()).collect();
    let is_either = |word: &str, long: &str, short: &str| word == long || word == short;
    match words.iter().map(AsRef::as_ref).collect::<Vec<&str>>()[..] {
        [one, other] => [(one, other), (other, one)]
            .iter()
            .any(|(version, verbose)| is_either(version, "--version", "-V") && is_either(verbose, "--verbose", "-v")),
        ["-Vv" | "-vV"] => true,
        _ => false,
    }
}

impl Arguments {
    /// Parses a command line, whose first item is the program's name. `exit_codes` is a list for the help. An environment
    /// variable that is set and empty counts as not set: CI systems hand over inputs that were left out in that way.
    pub fn parse_from(
        arguments: &[OsString],
        environment: &Environment,
        exit_codes: &str,
    ) -> Result<Self, clap::Error> {
        let mut command = with_environment(with_variables(described::of(arguments), exit_codes), environment);
        let arguments = &with_flags_of_variables(&mut command, arguments, environment)[..];
        let matches = match command.try_get_matches_from_mut(arguments) {
            Err(help) if !help.use_stderr() => return Err(help),
            parsed => {
                words::require_values_behind_equals(&mut command, arguments)?;
                parsed?
            }
        };
        let mut parsed = Self::from_arg_matches(&matches)?;
        words::require_items(&mut command, &matches)?;
        let inputs = environment.text(GIVEN_TO_THE_ACTION).unwrap_or_default();
        branch_files::require_what_flags_are_for(&mut command, &matches, &inputs)?;
        parsed.output.require_result_file(&mut command)?;
        words::require_single_lines(&mut command, arguments)?;
        // GitHub sets it if a job runs again with debug logging.
        parsed.output.verbose |=
            environment.get("RUNNER_DEBUG").is_some_and(|value| value == "1") && !parsed.output.quiet;
        Ok(parsed)
    }

    /// Returns the completions or the manual page, if the command line asks for them.
    pub fn manual(arguments: &[OsString], environment: &Environment, exit_codes: &str) -> Option<Vec<u8>> {
        let whole = || with_variables(manual::with_manual(described::whole()), exit_codes);
        manual::text(|| with_environment(whole(), environment), whole, arguments)
    }

    /// Returns the command of a command line that does not parse, if it names one.
    pub fn command_of(arguments: &[OsString]) -> Option<String> {
        let command = described::without_flags();
        let name = arguments.iter().skip(1).find_map(|argument| command.find_subcommand(argument))?.get_name();
        Some(name.to_owned())
    }

    /// Returns what a command line asks of the report, although it does not parse.
    pub fn output_of(arguments: &[OsString], environment: &Environment) -> OutputArguments {
        let values = |flag: &str, variable: &str| values_of(flag, variable, arguments, environment);
        let files = values("--result-file", "TAGSHIP_RESULT_FILE");
        let files = files.iter().flat_map(|text| text.lines()).filter_map(|line| ResultFile::parse(line).ok());
        OutputArguments {
            output: match values("--output", "TAGSHIP_OUTPUT").iter().any(|format| format == "json") {
                true => OutputFormat::Json,
                false => OutputFormat::Text,
            },
            result_files: files.collect(),
            notify: None,
            verbose: false,
            quiet: false,
            color: match values("--color", "TAGSHIP_COLOR").first().map(String::as_str) {
                Some("always") => ColorChoice::Always,
                Some("never") => ColorChoice::Never,
                _ => ColorChoice::Auto,
            },
        }
    }
}

/// Returns the values of a flag in a command line that does not parse, else that of its variable. What follows `--` is no
/// flag, whatever it looks like.
fn values_of(flag: &str, variable: &str, arguments: &[OsString], environment: &Environment) -> Vec<String> {
    let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).take_while(|word| word != "--").collect();
    let apart = words.windows(2).filter(|pair| pair[0] == flag).map(|pair| pair[1].to_string());
    let joined = words.iter().filter_map(|word| word.strip_prefix(flag)?.strip_prefix('=').map(str::to_owned));
    let mut values: Vec<String> = apart.chain(joined).collect();
    if values.is_empty() {
        values.extend(environment.text(variable));
    }
    values
}

/// Adds the exit codes and the variables below the help of the program, and of each command that is described.
fn with_variables(command: clap::Command, exit_codes: &str) -> clap::Command {
    let below_examples = |command: clap::Command| {
        if command.get_arguments().next().is_none() {
            return command;
        }
        match command.get_after_help().map(ToString::to_string) {
            Some(examples) => command
                .after_long_help(format!("{examples}\n\nExit codes:\n{exit_codes}\n{VARIABLES}"))
                .after_help(format!("{examples}\n\n`--help` prints all flags, and the exit codes.")),
            None => command,
        }
    };
    command.mut_subcommands(below_examples).after_help(format!("Exit codes:\n{exit_codes}\n{VARIABLES}"))
}

/// Returns the words of a command line, with the flags that stand for variables behind the name of the command. The same flag
/// further on beats them.
fn with_flags_of_variables(
    command: &mut clap::Command,
    arguments: &[OsString],
    environment: &Environment,
) -> Vec<OsString> {
    let mut words = arguments.to_vec();
    let of_command = |at| Some((at + 1, trimmed_variables(command.find_subcommand(&words[at])?, environment)));
    if let Some((behind, flags)) = (1..words.len()).find_map(of_command)
        && !flags.is_empty()
    {
        words.splice(behind..behind, flags);
        *command = std::mem::take(command).args_override_self(true);
    }
    words
}

/// Returns `command`, for which only variables that are not empty count.
fn with_environment(command: clap::Command, environment: &Environment) -> clap::Command {
    let without_empty = |command: clap::Command| {
        command.mut_args(|argument| match argument.get_env() {
            Some(name) if environment.get(name).is_none() => argument.env(Resettable::Reset),
            _ => with_lines_in_its_variable(argument),
        })
    };
    without_empty(command.mut_subcommands(without_empty))
}
