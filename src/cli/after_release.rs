//! The arguments of `log`, `status`, `rollback` and `promote`.

use clap::Args;

use super::branch_files::BranchFilesArguments;
use super::groups::{DeliveryArguments, OneKustomizationArguments, ReadingArguments};
use super::order::{OrderArguments, PromoteSupersededArguments};
use super::white_space::Switch;

#[derive(Debug, Args)]
pub struct LogArguments {
    /// The entry [default: all entries]
    #[arg(value_name = "NAME", env = "TAGSHIP_NAME")]
    pub name: Option<String>,

    /// List what was released since then: `2026-11-01` in UTC, or `12h`, `7d` or `2w` ago
    #[arg(long, value_name = "DATE|DURATION", env = "TAGSHIP_SINCE")]
    pub since: Option<String>,

    /// List at most this many releases (from 1), the newest first
    #[arg(long, value_name = "N", env = "TAGSHIP_LIMIT", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,

    #[command(flatten)]
    pub branch: BranchFilesArguments,

    #[command(flatten)]
    pub reading: ReadingArguments,
}

#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Show only entries that differ, or that some of the files do not have
    #[arg(long, env = "TAGSHIP_ONLY_DIFFERING", value_parser = Switch)]
    pub only_differing: bool,

    #[command(flatten)]
    pub branch: BranchFilesArguments,

    #[command(flatten)]
    pub reading: ReadingArguments,
}

#[derive(Debug, Args)]
pub struct RollbackArguments {
    /// The entry
    #[arg(value_name = "NAME", env = "TAGSHIP_NAME")]
    pub name: String,

    /// The release to go back to: its tag, its digest, its commit, or the commit that it was built from, as `log` shows it
    #[arg(long, value_name = "TAG|DIGEST|COMMIT", env = "TAGSHIP_TO", conflicts_with = "steps")]
    pub to: Option<String>,

    /// Go back this many releases (1 to 1000)
    #[arg(long, value_name = "N", env = "TAGSHIP_STEPS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub steps: u32,

    #[command(flatten)]
    pub one: OneKustomizationArguments,

    /// Show the releases to roll back and the diff, and change nothing
    #[arg(long, env = "TAGSHIP_DRY_RUN", value_parser = Switch, help_heading = "Files")]
    pub dry_run: bool,

    #[command(flatten)]
    pub delivery: DeliveryArguments,
}

#[derive(Debug, Args)]
pub struct PromoteArguments {
    /// The entries to promote [default: all that both files have]
    #[arg(value_name = "NAME", env = "TAGSHIP_NAME", value_delimiter = '\n')]
    pub names: Vec<String>,

    /// The file to promote from, or the folder of a kustomization
    #[arg(long, value_name = "PATH", env = "TAGSHIP_FROM", help_heading = "Files")]
    pub from: String,

    /// The file to write to, or the folder of a kustomization
    #[arg(long, value_name = "PATH", env = "TAGSHIP_TO", help_heading = "Files")]
    pub to: String,

    /// Read `--from` on this branch [default: the release branch]
    #[arg(long, value_name = "NAME", env = "TAGSHIP_FROM_BRANCH", help_heading = "Files")]
    pub from_branch: Option<String>,

    /// Read `--from` in this repository [default: the configuration repository]
    #[arg(
        long,
        value_name = "URL|PATH",
        env = "TAGSHIP_FROM_REPO",
        alias = "from-repository",
        hide_env_values = true,
        help_heading = "Files"
    )]
    pub from_repo: Option<String>,

    /// Append an entry if NAME has none
    #[arg(long, env = "TAGSHIP_ADD", value_parser = Switch, help_heading = "Files")]
    pub add: bool,

    /// Show the diff and change nothing
    #[arg(long, env = "TAGSHIP_DRY_RUN", value_parser = Switch, help_heading = "Files")]
    pub dry_run: bool,

    #[command(flatten)]
    pub delivery: DeliveryArguments,

    #[command(flatten)]
    pub superseded: PromoteSupersededArguments,

    #[command(flatten)]
    pub order: OrderArguments,
}
