//! `log` as meant.

use super::target::TargetRequest;
use super::target_file::TargetFile;
use crate::cli::{Environment, LogArguments};
use crate::outcome::failure::Failure;

pub struct LogRequest {
    pub target: TargetRequest,
    pub file: TargetFile,
    /// `None`: every entry.
    pub name: Option<String>,
    pub limit: usize,
}

impl LogRequest {
    pub(super) fn new(arguments: &LogArguments, environment: &Environment) -> Result<Self, Failure> {
        Ok(Self {
            target: TargetRequest::new(&arguments.reading.repository, &arguments.reading.timeout, environment)?,
            file: TargetFile::one(arguments.one.kustomization.as_deref(), arguments.one.file.as_deref())?,
            name: arguments.name.clone(),
            limit: arguments.limit as usize,
        })
    }
}
