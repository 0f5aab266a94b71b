//! The command line. Its help is documentation: the README and the tests run its examples.

use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand};

use super::after_release::{LogArguments, PromoteArguments, RollbackArguments, StatusArguments};
use super::branch_files::ReleasedArguments;
use super::described_later::DescribedLater;
use super::groups::{
    CommentArguments, DeliveryArguments, ImageArguments, KustomizationArguments, OwnCommitArguments, PinArguments,
    ReadingArguments, RegistryArguments, RequirementArguments, SupersededArguments, VersionArguments,
};
use super::order::OrderArguments;
use super::output::OutputArguments;
use super::verify_flags::VerificationArguments;
use super::white_space::Switch;

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

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the image, write it into a file on the release branch, commit and push
    #[command(after_help = RELEASE_EXAMPLES)]
    Release(DescribedLater<ReleaseArguments>),

    /// Tell whether a release started this run, for the first step of a pipeline
    #[command(after_help = GUARD_EXAMPLES)]
    Guard(DescribedLater<GuardArguments>),

    /// Check that images are in their registry, and that a branch meets its rules
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
    /// Returns whether the command only shows what it would change.
    pub fn is_dry_run(&self) -> bool {
        match self {
            Self::Release(arguments) => arguments.kustomization.dry_run,
            Self::Set(arguments) => arguments.kustomization.dry_run,
            Self::Rollback(arguments) => arguments.dry_run,
            Self::Promote(arguments) => arguments.dry_run,
            Self::Guard(_) | Self::Check(_) | Self::Log(_) | Self::Status(_) => false,
        }
    }

    /// Returns which command it is.
    pub fn name(&self) -> CommandName {
        match self {
            Self::Release(_) => CommandName::Release,
            Self::Guard(_) => CommandName::Guard,
            Self::Check(_) => CommandName::Check,
            Self::Set(_) => CommandName::Set,
            Self::Log(_) => CommandName::Log,
            Self::Status(_) => CommandName::Status,
            Self::Rollback(_) => CommandName::Rollback,
            Self::Promote(_) => CommandName::Promote,
        }
    }
}

/// Which command it is, without its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandName {
    Release,
    Guard,
    Check,
    Set,
    Log,
    Status,
    Rollback,
    Promote,
}

impl CommandName {
    /// Returns the word that is typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Guard => "guard",
            Self::Check => "check",
            Self::Set => "set",
            Self::Log => "log",
            Self::Status => "status",
            Self::Rollback => "rollback",
            Self::Promote => "promote",
        }
    }
}

const RELEASE_EXAMPLES: &str = "\
Examples:
    tagship release -k overlays/prod web=ghcr.io/org/web:v1.2.3
    tagship release -k overlays/prod --dry-run 'web=*:v1.2.3'
    tagship release -k overlays/prod --wait 5m --pin-digest 'web=*:v1.2.3'
    tagship release -k overlays/prod --tag v1.2.3 'web=*' 'api=*'
    tagship release --repo https://github.com/org/config.git -k apps/web --branch main 'web=*:v1.2.3'";

const GUARD_EXAMPLES: &str = "\
The outcome is `skipped` if only releases started the run, and `proceed` otherwise; the exit code is 0, or 9 with `--on-own-commit fail`.

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
    tagship set -k overlays/prod --dry-run 'web=*:v1.2.3'
    tagship set --add sidecar:v3.0.1";

const LOG_EXAMPLES: &str = "\
WHEN is in UTC.

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

    /// Commit in the checkout, on top of its HEAD, and push nothing; the remote is not read; not with a pull request
    #[arg(
        long,
        env = "TAGSHIP_NO_PUSH",
        value_parser = Switch,
        conflicts_with_all = ["base", "create_branch", "push_options", "git_tag", "git_tag_message", "head"],
        help_heading = "Git"
    )]
    pub no_push: bool,

    #[command(flatten)]
    pub own_commit: OwnCommitArguments,

    /// The commit that the images were built from, as `OWNER/REPO@SHA` with all 40 digits [default: the commit that CI builds]
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
