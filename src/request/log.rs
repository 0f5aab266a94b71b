//! `log` as meant.

use super::target::TargetRequest;
use crate::cli::{Environment, LogArguments};
use crate::outcome::failure::Failure;

pub struct LogRequest {
    pub target: TargetRequest,
    /// As typed: a file or a folder.
    pub kustomization: String,
    /// `None`: every entry.
    pub name: Option<String>,
    pub limit: usize,
}

impl LogRequest {
    pub(super) fn new(arguments: &LogArguments, environment: &Environment) -> Result<Self, Failure> {
        Ok(Self {
            target: TargetRequest::new(&arguments.reading.repository, &arguments.reading.timeout, environment)?,
            kustomization: arguments.one.kustomization.clone(),
            name: arguments.name.clone(),
            limit: arguments.limit as usize,
        })
    }
}
