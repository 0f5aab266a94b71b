//! `guard` as meant.

use super::target::TargetRequest;
use crate::cli::{self, Environment, GuardArguments};
use crate::outcome::failure::Failure;

pub struct GuardRequest {
    pub target: TargetRequest,
    pub on_own_commit: OnOwnCommit,
}

impl GuardRequest {
    pub(super) fn new(arguments: &GuardArguments, environment: &Environment) -> Result<Self, Failure> {
        Ok(Self {
            target: TargetRequest::new(&arguments.reading.repository, &arguments.reading.timeout, environment)?,
            on_own_commit: arguments.own_commit.on_own_commit.into(),
        })
    }
}

/// What to do if a release started this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnOwnCommit {
    /// Do nothing, and succeed.
    Skip,
    /// Do nothing, and fail.
    Fail,
    /// Go on all the same.
    Ignore,
}

impl From<cli::OnOwnCommit> for OnOwnCommit {
    fn from(typed: cli::OnOwnCommit) -> Self {
        match typed {
            cli::OnOwnCommit::Skip => Self::Skip,
            cli::OnOwnCommit::Fail => Self::Fail,
            cli::OnOwnCommit::Ignore => Self::Ignore,
        }
    }
}
