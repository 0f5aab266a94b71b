//! The command line. Its help is documentation: the README and the tests run its examples.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{BoolishValueParser, Resettable};
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use super::Environment;

/// Releases an image: checks the registry, writes its tag into a kustomization, commits and pushes
#[derive(Debug, Parser)]
#[command(name = "tagship", version, disable_help_subcommand = true, after_help = EXIT_CODES)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,

    #[command(flatten)]
    pub output: OutputArguments,
}

const EXIT_CODES: &str = "\
Exit codes:
    0  done, or nothing to do
    1  unexpected: I/O, a bug
    2  usage: a flag, reference, tag or digest is wrong
    3  target: kustomization, entry or branch is missing, ambiguous or broken
    4  image: not in the registry, or not what it must be
    5  unauthorized: login missing, wrong, or not enough
    6  unavailable: registry or repository cannot be reached; try again
    7  raced: other releases were faster in every attempt; try again
    8  refused: a hook or a protected branch said no

Every flag can be given as an environment variable too, and a flag beats it; lists have one value per line.";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the image, edit the kustomization on the release branch, commit and push
    #[command(after_help = RELEASE_EXAMPLES)]
    Release(Box<ReleaseArguments>),

    /// Check that images are in their registry
    #[command(after_help = CHECK_EXAMPLES)]
    Check(CheckArguments),

    /// Edit kustomizations on disk, in place of `kustomize edit set image`
    #[command(after_help = SET_EXAMPLES)]
    Set(SetArguments),
}

impl Command {
    /// Returns the subcommand's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Release(_) => "release",
            Self::Check(_) => "check",
            Self::Set(_) => "set",
        }
    }
}

const RELEASE_EXAMPLES: &str = "\
Examples:
    tagship release -k overlays/prod web=ghcr.io/org/web:v1.2.3
    tagship release -k overlays/prod --dry-run web=*:v1.2.3
    tagship release -k overlays/prod --wait 5m --pin-digest web=*:v1.2.3
    tagship release --repo https://USER:TOKEN@github.com/org/config.git -k apps/web --branch main web=*:v1.2.3";

const CHECK_EXAMPLES: &str = "\
Examples:
    tagship check ghcr.io/org/web:v1.2.3
    tagship check --platform linux/amd64 --platform linux/arm64 --wait 5m ghcr.io/org/web:v1.2.3
    tagship check --expect-revision fdafd70 ghcr.io/org/web:v1.2.3
    tagship check --output json nginx:1.27";

const SET_EXAMPLES: &str = "\
Examples:
    tagship set web=ghcr.io/org/web:v1.2.3
    tagship set -k overlays/prod --dry-run web=*:v1.2.3
    tagship set --add sidecar:v3";

const IMAGE_HELP: &str = "\
What to write into the entry called NAME, in kustomize's grammar:

    NAME=NEWNAME:TAG          NAME:TAG
    NAME=NEWNAME:TAG@DIGEST   NAME:TAG@DIGEST
    NAME=NEWNAME@DIGEST       NAME@DIGEST
    NAME=NEWNAME

`*` in place of NEWNAME, TAG or DIGEST keeps what the entry has. A field that is not given is dropped, as kustomize does, and the report says so. Several images make one commit.";

#[derive(Debug, Args)]
pub struct ImageArguments {
    /// What to write into which entry
    #[arg(required = true, value_name = "IMAGE", env = "TAGSHIP_IMAGE", value_delimiter = '\n', long_help = IMAGE_HELP)]
    pub images: Vec<String>,
}

#[derive(Debug, Args)]
pub struct ReleaseArguments {
    #[command(flatten)]
    pub images: ImageArguments,

    #[command(flatten)]
    pub kustomization: KustomizationArguments,

    #[command(flatten)]
    pub requirements: RequirementArguments,

    /// Write the digest that the registry has beside the tag; of an image for several platforms, that of its index
    #[arg(long, env = "TAGSHIP_PIN_DIGEST", value_parser = BoolishValueParser::new(), help_heading = "Image")]
    pub pin_digest: bool,

    /// Do not ask the registry
    #[arg(
        long,
        env = "TAGSHIP_NO_CHECK",
        value_parser = BoolishValueParser::new(),
        conflicts_with_all = ["platforms", "expect_revision", "wait", "pin_digest"],
        help_heading = "Image"
    )]
    pub no_check: bool,

    #[command(flatten)]
    pub registry: RegistryArguments,

    /// The configuration repository; a URL needs no checkout [default: the one around the current directory]
    #[arg(long, value_name = "URL|PATH", env = "TAGSHIP_REPO", help_heading = "Git", hide_env_values = true)]
    pub repo: Option<String>,

    /// The checkout's remote
    #[arg(long, value_name = "NAME", env = "TAGSHIP_REMOTE", default_value = "origin", help_heading = "Git")]
    pub remote: String,

    /// The release branch [default: the branch checked out, else the CI's; with a URL, the repository's default branch]
    #[arg(long, value_name = "NAME", env = "TAGSHIP_BRANCH", help_heading = "Git")]
    pub branch: Option<String>,

    /// Begin the release branch at the default branch where it does not exist
    #[arg(long, env = "TAGSHIP_CREATE_BRANCH", value_parser = BoolishValueParser::new(), help_heading = "Git")]
    pub create_branch: bool,

    /// The commit's message: its first line is the title; `{images}`, `{tag}` and `{source}` are filled in
    #[arg(long, value_name = "TEXT", env = "TAGSHIP_MESSAGE", help_heading = "Git")]
    pub message: Option<String>,

    /// Who releases [default: git's configuration, else the CI's bot]
    #[arg(long, value_name = "NAME <EMAIL>", env = "TAGSHIP_AUTHOR", help_heading = "Git")]
    pub author: Option<String>,

    /// A further trailer for the commit (can be repeated)
    #[arg(
        long = "trailer",
        value_name = "TOKEN=VALUE",
        env = "TAGSHIP_TRAILER",
        value_delimiter = '\n',
        help_heading = "Git"
    )]
    pub trailers: Vec<String>,

    /// The marker in the title that keeps the push from starting the pipeline again: `auto` and `always` write
    /// `[skip ci]`, `never` none, and any other text is written as it is
    #[arg(
        long,
        value_name = "auto|always|never|TEXT",
        env = "TAGSHIP_SKIP_CI",
        default_value = "auto",
        help_heading = "Git"
    )]
    pub skip_ci: String,

    /// An option for the server, as `git push -o` sends it (can be repeated)
    #[arg(
        long = "push-option",
        value_name = "OPTION",
        env = "TAGSHIP_PUSH_OPTION",
        value_delimiter = '\n',
        help_heading = "Git"
    )]
    pub push_options: Vec<String>,

    /// How often to try when another release gets in between
    #[arg(long, value_name = "N", env = "TAGSHIP_ATTEMPTS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000), help_heading = "Git")]
    pub attempts: u32,
}

#[derive(Debug, Args)]
pub struct CheckArguments {
    /// An image with its tag or digest
    #[arg(required = true, value_name = "REFERENCE", env = "TAGSHIP_REFERENCE", value_delimiter = '\n')]
    pub references: Vec<String>,

    #[command(flatten)]
    pub requirements: RequirementArguments,

    #[command(flatten)]
    pub registry: RegistryArguments,
}

#[derive(Debug, Args)]
pub struct SetArguments {
    #[command(flatten)]
    pub images: ImageArguments,

    #[command(flatten)]
    pub kustomization: KustomizationArguments,

    /// Ask the registry for the digest of each tag, and write it beside the tag; of an image for several platforms, that
    /// of its index
    #[arg(long, env = "TAGSHIP_PIN_DIGEST", value_parser = BoolishValueParser::new(), help_heading = "Image")]
    pub pin_digest: bool,

    #[command(flatten)]
    pub registry: RegistryArguments,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Kustomization")]
pub struct KustomizationArguments {
    /// A kustomization, or the folder that has one (can be repeated)
    #[arg(
        short,
        long = "kustomization",
        value_name = "PATH",
        env = "TAGSHIP_KUSTOMIZATION",
        value_delimiter = '\n',
        default_value = "."
    )]
    pub kustomizations: Vec<String>,

    /// Append an entry where NAME has none
    #[arg(long, env = "TAGSHIP_ADD", value_parser = BoolishValueParser::new())]
    pub add: bool,

    /// Show the diff and change nothing
    #[arg(long, env = "TAGSHIP_DRY_RUN", value_parser = BoolishValueParser::new())]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Image")]
pub struct RequirementArguments {
    /// A platform that the image must be for, with all that its index names for it (can be repeated)
    #[arg(long = "platform", value_name = "OS/ARCH", env = "TAGSHIP_PLATFORM", value_delimiter = '\n')]
    pub platforms: Vec<String>,

    /// The commit that the image must be built from, as its label `org.opencontainers.image.revision` says
    #[arg(long, value_name = "SHA", env = "TAGSHIP_EXPECT_REVISION")]
    pub expect_revision: Option<String>,

    /// How long to wait for an image that is not there yet, or not what it must be, such as `5m`
    #[arg(long, value_name = "DURATION", env = "TAGSHIP_WAIT")]
    pub wait: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Image")]
pub struct RegistryArguments {
    /// A registry that speaks plain HTTP; loopback names do by themselves, unless an authority is given (can be repeated)
    #[arg(long, value_name = "HOST", env = "TAGSHIP_PLAIN_HTTP", value_delimiter = '\n')]
    pub plain_http: Vec<String>,

    /// An authority (PEM) that registries may have their certificates from, beside those of the system and of docker's
    /// `certs.d`
    #[arg(long, value_name = "PATH", env = "TAGSHIP_CA_FILE")]
    pub ca_file: Option<PathBuf>,

    /// How long one check, or one request to the repository, may take, such as `30s` or `2m`
    #[arg(long, value_name = "DURATION", env = "TAGSHIP_TIMEOUT", default_value = "30s")]
    pub timeout: String,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArguments {
    /// How to report
    #[arg(long, value_enum, value_name = "FORMAT", env = "TAGSHIP_OUTPUT", default_value_t = OutputFormat::Text, global = true)]
    pub output: OutputFormat,

    /// Say more
    #[arg(short, long, env = "TAGSHIP_VERBOSE", value_parser = BoolishValueParser::new(), global = true, conflicts_with = "quiet")]
    pub verbose: bool,

    /// Say nothing where all went well
    #[arg(short, long, env = "TAGSHIP_QUIET", value_parser = BoolishValueParser::new(), global = true)]
    pub quiet: bool,

    /// Whether to use colour
    #[arg(long, value_enum, value_name = "WHEN", env = "TAGSHIP_COLOR", default_value_t = ColorChoice::Auto, global = true)]
    pub color: ColorChoice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    Auto,
    Always,
    Never,
}

impl Arguments {
    /// Parses a command line, whose first item is the program's name. An environment variable that is set and empty
    /// counts as not set: CI systems hand over inputs that were left out in that way.
    pub fn parse_from(arguments: &[OsString], environment: &Environment) -> Result<Self, clap::Error> {
        let without_empty = |command: clap::Command| {
            command.mut_args(|argument| match argument.get_env() {
                Some(name) if environment.get(name).is_none() => argument.env(Resettable::Reset),
                _ => argument,
            })
        };
        let command = without_empty(Self::command().mut_subcommands(without_empty));
        Self::from_arg_matches(&command.try_get_matches_from(arguments)?)
    }

    /// Returns whether a command line that does not parse asks for JSON all the same, as far as that can be told.
    pub fn wants_json(arguments: &[OsString], environment: &Environment) -> bool {
        let flag = arguments.iter().any(|argument| argument == "--output=json")
            || arguments.windows(2).any(|pair| pair[0] == "--output" && pair[1] == "json");
        flag || environment.get("TAGSHIP_OUTPUT").is_some_and(|format| format == "json")
    }
}
