//! INPUTS as typed: the only reader of the command line and of the environment. What they mean is `request`'s business.

mod after_release;
mod args;
mod branch_files;
mod ci;
mod commit_flags;
mod described;
mod described_later;
mod env;
mod foreign;
mod groups;
mod inputs;
mod manual;
mod misplaced;
mod order;
mod output;
mod parse;
mod proposal_flags;
mod settings;
mod surface;
mod verify_flags;
mod white_space;
mod words;

pub use after_release::{LogArguments, PromoteArguments, RollbackArguments, StatusArguments};
pub use args::{
    Arguments, CheckArguments, Command, CommandName, GuardArguments, ReleaseArguments, SetArguments, version,
};
pub use branch_files::{BranchFilesArguments, ReleasedArguments};
pub use ci::{
    Began, Ci, CiForge, CiSystem, GitLogin, LogCommand, MERGE_QUEUE, RegistryLogin, USUAL_SKIP_MARKER, Unmerged,
    log_commands, skip_marker_of, skip_presets,
};
pub use commit_flags::{CommitArguments, SignWith};
pub use described::whole;
pub use described_later::DescribedLater;
pub use env::Environment;
pub use foreign::{instead_of_argument, instead_of_command};
pub use groups::{
    CheckingArguments, CommentArguments, DeliveryArguments, ImageArguments, KustomizationArguments, OnOwnCommit,
    OnSuperseded, OneKustomizationArguments, OwnCommitArguments, PinArguments, PinDigest, ReadingArguments,
    RegistryArguments, RepositoryArguments, RequirementArguments, SupersededArguments, VersionArguments,
};
pub use inputs::{RefusedInputs, or_inputs};
pub use order::{OnDiverged, OnUnknownOrder, OrderArguments, OrderBy};
pub use output::{ColorChoice, OutputArguments, OutputFormat, ResultFile, ResultForm};
pub use parse::asks_for_long_version;
pub use proposal_flags::{AutoMergeChoice, ForgeChoice, OnRefused, ProposalArguments};
pub use settings::{StepSetting, commands, given_by_variables, in_words_of, unknown_variables};
pub use surface::Surface;
pub use verify_flags::VerificationArguments;

/// What the fuzz targets call of readers that are private otherwise.
#[cfg(fuzzing)]
pub mod fuzzing {
    pub use super::ci::event::fuzz as event;
}
