//! `status` as meant.

use super::repository::repository_request::RepositoryRequest;
use super::repository::target_file::TargetFile;
use crate::cli::{Environment, StatusArguments};
use crate::outcome::failure::Failure;

pub struct StatusRequest {
    pub repository: RepositoryRequest,
    pub files: Vec<TargetFile>,
    pub shown: Shown,
}

/// Which entries are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    All,
    /// Those that are not the same in all files.
    Differing,
}

impl StatusRequest {
    pub(super) fn new(arguments: &StatusArguments, environment: &Environment) -> Result<Self, Failure> {
        Ok(Self {
            repository: RepositoryRequest::new(&arguments.reading.repository, &arguments.reading.timeout, environment)?,
            files: TargetFile::all(&arguments.branch.kustomizations, &arguments.branch.files)?,
            shown: if arguments.only_differing { Shown::Differing } else { Shown::All },
        })
    }
}
