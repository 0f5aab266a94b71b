//! The flags for the order of releases.

use super::groups::OnSuperseded;
use clap::{Args, ValueEnum};

/// How "newer" is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OrderBy {
    /// By the commits that the images were built from, else by their tags
    Auto,
    /// By tags alone
    Version,
    /// By commits alone
    Source,
    /// As `auto`, but a single number in a tag counts too, as in `build-7`
    Number,
    /// Not at all
    #[value(name = "none")]
    Nothing,
}

/// What to do if the new build and what runs are on lines of commits that have diverged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnDiverged {
    /// Change nothing, and fail
    Fail,
    /// Release it all the same
    Release,
    /// Change nothing, and succeed
    Skip,
}

/// What to do if nothing is known of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnUnknownOrder {
    /// Release it, with a warning
    Release,
    /// Change nothing, and fail
    Fail,
}

/// What `promote` takes in place of the flag of `release`: a person asked for it, and must see that nothing happened.
#[derive(Debug, Args)]
pub struct PromoteSupersededArguments {
    /// What to do if the branch has a newer release of the entry
    #[arg(
        long,
        value_enum,
        value_name = "WHAT",
        env = "TAGSHIP_ON_SUPERSEDED",
        default_value_t = OnSuperseded::Fail,
        help_heading = "Guards"
    )]
    pub on_superseded: OnSuperseded,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Guards")]
pub struct OrderArguments {
    /// How to tell which of two builds is newer
    #[arg(
        long,
        value_enum,
        value_name = "BY",
        env = "TAGSHIP_ORDER",
        default_value_t = OrderBy::Auto,
        hide_short_help = true
    )]
    pub order: OrderBy,

    /// What to do if the new build and what runs are on lines of commits that have diverged, as a hotfix and main
    #[arg(long, value_enum, value_name = "WHAT", env = "TAGSHIP_ON_DIVERGED", default_value_t = OnDiverged::Fail)]
    pub on_diverged: OnDiverged,

    /// What to do if nothing tells whether the new build is newer
    ///
    /// Without this flag, the build is released with a warning. But if the repository of its source, or a registry that may tell,
    /// does not answer now, the exit code is 6: try again. And if its tag is newer, but the commit of the run is older and may not
    /// be that of the image, the exit code is 9.
    #[arg(long, value_enum, value_name = "WHAT", env = "TAGSHIP_ON_UNKNOWN_ORDER", hide_short_help = true)]
    pub on_unknown_order: Option<OnUnknownOrder>,
}
