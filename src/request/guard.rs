//! `guard` as meant.

use super::repository::repository_request::RepositoryRequest;
use crate::cli::{Environment, GuardArguments, OnOwnCommit};
use crate::outcome::failure::Failure;

pub struct GuardRequest {
    pub repository: RepositoryRequest,
    pub on_own_commit: OnOwnCommit,
}

impl GuardRequest {
    pub(super) fn new(arguments: &GuardArguments, environment: &Environment) -> Result<Self, Failure> {
        Ok(Self {
            repository: RepositoryRequest::new(&arguments.reading.repository, &arguments.reading.timeout, environment)?,
            on_own_commit: arguments.own_commit.on_own_commit,
        })
    }
}
