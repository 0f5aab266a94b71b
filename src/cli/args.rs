//! The command line. Its help is documentation: the README and the tests run its examples.

use std::ffi::OsString;
use std::sync::LazyLock;

use clap::builder::{BoolishValueParser, Resettable};
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use super::after_release::{LogArguments, PromoteArguments, RollbackArguments, StatusArguments};
use super::branch_files::ReleasedArguments;
use super::described::{self, DescribedLater};
use super::env::Environment;
use super::groups::{
    CommentArguments, DeliveryArguments, ImageArguments, KustomizationArguments, OwnCommitArguments, PinArguments,
    ReadingArguments, RegistryArguments, RequirementArguments, SupersededArguments, VersionArguments,
};
use super::manual;
use super::order::OrderArguments;
use super::output::{ColorChoice, OutputArguments, OutputFormat, ResultFile};
use super::verify_flags::VerificationArguments;
use super::words;

/// Releases an image: checks the registry, writes its tag into the file that is deployed, commits and pushes
#[derive(Debug, Parser)]
#[command(name = "tagship", version = VERSION.as_str())]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,

    #[command(flatten)]
    pub output: OutputArguments,
}

/// The version, with the commit and the target that a build of a release knows.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let known = [option_env!("TAGSHIP_BUILD_COMMIT"), option_env!("TAGSHIP_BUILD_TARGET")];
    match known.into_iter().flatten().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ").as_str() {
        "" => env!("CARGO_PKG_VERSION").to_owned(),
        build => format!("{} ({build})", env!("CARGO_PKG_VERSION")),
    }
});

/// Returns the version as `--version` shows it.
pub fn version() -> &'static str {
    &VERSION
}

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

const VARIABLES: &str = "\
Environment:
    Every flag can be given as a variable too, such as TAGSHIP_DRY_RUN=true for `--dry-run`.
    A flag beats its variable. A list in a variable has one value a line.

    TAGSHIP_GIT_TOKEN, TAGSHIP_GIT_USERNAME
            the login for the repository
    TAGSHIP_REGISTRY_USERNAME, TAGSHIP_REGISTRY_PASSWORD, TAGSHIP_REGISTRY_HOST
            the login for the registry, if `docker login` made none";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the image, write it into a file on the release branch, commit and push
    #[command(after_help = RELEASE_EXAMPLES)]
    Release(DescribedLater<ReleaseArguments>),

    /// Tell whether a release started this run, for the first step of a pipeline
    #[command(after_help = GUARD_EXAMPLES)]
    Guard(DescribedLater<GuardArguments>),

    /// Check that images are in their registry, and what is released by the rules of its branch
    #[command(after_help = CHECK_EXAMPLES)]
    Check(DescribedLater<CheckArguments>),

    /// Edit files on disk, in place of `kustomize edit set image`, `yq` or `sed`
    #[command(after_help = SET_EXAMPLES)]
    Set(DescribedLater<SetArguments>),

    /// List the releases of a branch
    #[command(after_help = LOG_EXAMPLES)]
    Log(DescribedLater<LogArguments>),

    /// Compare the entries of several files: what runs where
    #[command(after_help = STATUS_EXAMPLES)]
    Status(DescribedLater<StatusArguments>),

    /// Release an earlier image of an entry again
    #[command(after_help = ROLLBACK_EXAMPLES)]
    Rollback(DescribedLater<RollbackArguments>),

    /// Release in one environment the images that run in another
    #[command(after_help = PROMOTE_EXAMPLES)]
    Promote(DescribedLater<PromoteArguments>),
}

impl Command {
    /// Returns the subcommand's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Release(_) => "release",
            Self::Guard(_) => "guard",
            Self::Check(_) => "check",
            Self::Set(_) => "set",
            Self::Log(_) => "log",
            Self::Status(_) => "status",
            Self::Rollback(_) => "rollback",
            Self::Promote(_) => "promote",
        }
    }
}

const RELEASE_EXAMPLES: &str = "\
Examples:
    tagship release -k overlays/prod web=ghcr.io/org/web:v1.2.3
    tagship release -k overlays/prod --dry-run web=*:v1.2.3
    tagship release -k overlays/prod --wait 5m --pin-digest web=*:v1.2.3
    tagship release -k overlays/prod --tag v1.2.3 web=* api=*
    tagship release --repo https://github.com/org/config.git -k apps/web --branch main web=*:v1.2.3";

const GUARD_EXAMPLES: &str = "\
The outcome is `skipped` if only releases started the run, and `proceed` otherwise; the exit code is 0.

Examples:
    tagship guard
    tagship guard --output json
    tagship guard --on-own-commit fail";

const CHECK_EXAMPLES: &str = "\
Examples:
    tagship check ghcr.io/org/web:v1.2.3
    tagship check --platform linux/amd64 --platform linux/arm64 --wait 5m ghcr.io/org/web:v1.2.3
    tagship check --expect-revision fdafd70 ghcr.io/org/web:v1.2.3
    tagship check --output json nginx:1.27
    tagship check -k overlays/prod
    tagship check -k 'apps/**'";

const SET_EXAMPLES: &str = "\
Examples:
    tagship set web=ghcr.io/org/web:v1.2.3
    tagship set -k overlays/prod --dry-run web=*:v1.2.3
    tagship set --add sidecar:v3";

const LOG_EXAMPLES: &str = "\
Examples:
    tagship log -k overlays/prod
    tagship log -k overlays/prod web --limit 5
    tagship log --repo https://github.com/org/config.git -k apps/web --output json web";

const STATUS_EXAMPLES: &str = "\
The exit code is 0 whether entries differ or not; in JSON, each entry has a `state`.

Examples:
    tagship status -k overlays/staging -k overlays/production
    tagship status -k 'apps/*/overlays/*' --only-differing
    tagship status --repo https://github.com/org/config.git -f values/stage.yaml -f values/prod.yaml --output json";

const ROLLBACK_EXAMPLES: &str = "\
Examples:
    tagship rollback -k overlays/prod --dry-run web
    tagship rollback -k overlays/prod --steps 2 web
    tagship rollback -k overlays/prod --to v1.8.0 web";

const PROMOTE_EXAMPLES: &str = "\
Examples:
    tagship promote --from overlays/staging --to overlays/production
    tagship promote --from overlays/staging --to overlays/production --dry-run web api
    tagship promote --from apps/web --from-branch staging --to apps/web --branch production web";

#[derive(Debug, Args)]
pub struct ReleaseArguments {
    #[command(flatten)]
    pub images: ImageArguments,

    #[command(flatten)]
    pub kustomization: KustomizationArguments,

    #[command(flatten)]
    pub delivery: DeliveryArguments,

    /// Commit in the checkout, on top of its HEAD, and push nothing; the remote is not read
    #[arg(
        long,
        env = "TAGSHIP_NO_PUSH",
        value_parser = BoolishValueParser::new(),
        conflicts_with_all = ["base", "create_branch", "push_options", "git_tag", "head"],
        help_heading = "Git"
    )]
    pub no_push: bool,

    #[command(flatten)]
    pub own_commit: OwnCommitArguments,

    /// The commit that the images were built from, as `OWNER/REPO@SHA` [default: the commit that CI builds]
    #[arg(long, value_name = "SOURCE", env = "TAGSHIP_SOURCE", help_heading = "Guards")]
    pub source: Option<String>,

    #[command(flatten)]
    pub superseded: SupersededArguments,

    #[command(flatten)]
    pub order: OrderArguments,
}

#[derive(Debug, Args)]
pub struct GuardArguments {
    #[command(flatten)]
    pub own_commit: OwnCommitArguments,

    #[command(flatten)]
    pub reading: ReadingArguments,
}

#[derive(Debug, Args)]
pub struct CheckArguments {
    /// An image with its tag or digest, unless `--tag` or `--digest` gives it
    #[arg(required_unless_present_any = ["kustomizations", "files"], value_name = "REFERENCE", env = "TAGSHIP_REFERENCE", value_delimiter = '\n')]
    pub references: Vec<String>,

    #[command(flatten)]
    pub released: ReleasedArguments,

    #[command(flatten)]
    pub version: VersionArguments,

    #[command(flatten)]
    pub requirements: RequirementArguments,

    #[command(flatten)]
    pub verification: VerificationArguments,

    #[command(flatten)]
    pub registry: RegistryArguments,
}

#[derive(Debug, Args)]
pub struct SetArguments {
    #[command(flatten)]
    pub images: ImageArguments,

    #[command(flatten)]
    pub kustomization: KustomizationArguments,

    #[command(flatten)]
    pub comment: CommentArguments,

    #[command(flatten)]
    pub pin: PinArguments,

    #[command(flatten)]
    pub registry: RegistryArguments,
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
        let mut parsed = Self::from_arg_matches(&command.try_get_matches_from_mut(arguments)?)?;
        words::require_single_lines(command, arguments)?;
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
        let command = manual::with_manual(Self::command());
        let name = arguments.iter().skip(1).find_map(|argument| command.find_subcommand(argument))?.get_name();
        Some(name.to_owned())
    }

    /// Returns the result files that a command line asks for, although it does not parse.
    pub fn result_files_of(arguments: &[OsString], environment: &Environment) -> Vec<ResultFile> {
        let files = values_of("--result-file", "TAGSHIP_RESULT_FILE", arguments, environment);
        files.iter().flat_map(|text| text.lines()).filter_map(|line| ResultFile::parse(line).ok().flatten()).collect()
    }

    /// Returns the choice of colour that a command line asks for, although it does not parse.
    pub fn color_of(arguments: &[OsString], environment: &Environment) -> ColorChoice {
        match values_of("--color", "TAGSHIP_COLOR", arguments, environment).first().map(String::as_str) {
            Some("always") => ColorChoice::Always,
            Some("never") => ColorChoice::Never,
            _ => ColorChoice::Auto,
        }
    }

    /// Returns the output format that a command line asks for, although it does not parse.
    pub fn format_of(arguments: &[OsString], environment: &Environment) -> OutputFormat {
        match values_of("--output", "TAGSHIP_OUTPUT", arguments, environment).iter().any(|format| format == "json") {
            true => OutputFormat::Json,
            false => OutputFormat::Text,
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

/// Adds the exit codes and the variables below the help of all commands that are described.
fn with_variables(command: clap::Command, exit_codes: &str) -> clap::Command {
    let below_examples = |command: clap::Command| {
        if command.get_arguments().next().is_none() {
            return command;
        }
        match command.get_after_help().map(ToString::to_string) {
            Some(examples) => command.after_long_help(format!("{examples}\n\n{VARIABLES}")),
            None => command,
        }
    };
    command.mut_subcommands(below_examples).after_help(format!("Exit codes:\n{exit_codes}\n{VARIABLES}"))
}

/// Returns `command`, for which only variables that are not empty count.
fn with_environment(command: clap::Command, environment: &Environment) -> clap::Command {
    let without_empty = |command: clap::Command| {
        command.mut_args(|argument| match argument.get_env() {
            Some(name) if environment.get(name).is_none() => argument.env(Resettable::Reset),
            _ => argument,
        })
    };
    without_empty(command.mut_subcommands(without_empty))
}
