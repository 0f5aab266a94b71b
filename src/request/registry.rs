//! What to ask registries, and how.

use std::time::Duration;

use super::values::{duration, listed};
use crate::cli::{Environment, RegistryArguments, RequirementArguments};
use crate::image::Platform;
use crate::outcome::failure::Failure;
use crate::registry::{LoginSources, Requirement, Revision, Trust};
use crate::request::logins;

/// What to ask registries, and how.
pub struct RegistryRequest {
    pub requirements: Vec<Requirement>,
    /// How long to wait for an image.
    pub wait: Option<Duration>,
    pub plain_http: Vec<String>,
    pub trust: Trust,
    pub timeout: Duration,
    pub logins: LoginSources,
}

impl RegistryRequest {
    pub(super) fn new(
        arguments: &RegistryArguments,
        required: Option<&RequirementArguments>,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        let wait = required.and_then(|required| required.wait.as_deref()).map(duration);
        Ok(Self {
            requirements: required.map(requirements).transpose()?.unwrap_or_default(),
            wait: wait.transpose()?,
            plain_http: listed("--plain-http", &arguments.plain_http)?,
            trust: logins::trust(environment, arguments.ca_file.clone()),
            timeout: duration(&arguments.timeout)?,
            logins: logins::sources(environment)?,
        })
    }
}

fn requirements(arguments: &RequirementArguments) -> Result<Vec<Requirement>, Failure> {
    let mut requirements = Vec::new();
    for text in listed("--platform", &arguments.platforms)?.iter().flat_map(|text| text.split(',')) {
        let platform: Platform =
            text.trim().parse().map_err(|error| Failure::usage(format!("`{text}` is not a platform: {error}")))?;
        let requirement = Requirement::Platform(platform);
        if !requirements.contains(&requirement) {
            requirements.push(requirement);
        }
    }
    if let Some(text) = &arguments.expect_revision {
        let revision =
            Revision::new(text.trim()).ok_or_else(|| Failure::usage(format!("`{text}` is not a revision")))?;
        requirements.push(Requirement::Revision(revision));
    }
    Ok(requirements)
}
