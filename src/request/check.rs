//! `check` as meant.

use super::registry::RegistryRequest;
use super::target::TargetRequest;
use super::values::listed;
use super::version::Version;
use crate::cli::{CheckArguments, Environment, RepositoryArguments};
use crate::image::{Reference, ReferenceError};
use crate::outcome::failure::Failure;

pub struct CheckRequest {
    pub references: Vec<Reference>,
    pub registry: RegistryRequest,
    /// The run, and the logins for the forge of what it builds.
    pub target: TargetRequest,
}

impl CheckRequest {
    pub(super) fn new(arguments: &CheckArguments, environment: &Environment) -> Result<Self, Failure> {
        let version = Version::new(&arguments.version)?;
        let mut references = Vec::new();
        for text in &listed("REFERENCE", &arguments.references)? {
            let reference: Reference = text.parse().map_err(|error| not_a_reference(text, &error))?;
            let reference = version.of(&reference, text)?;
            if reference.tag().is_none() && reference.digest().is_none() {
                return Err(Failure::usage(format!("`{text}` has neither tag nor digest"))
                    .hint(format!("add the tag, such as `{text}:v1`")));
            }
            if !references.contains(&reference) {
                references.push(reference);
            }
        }
        let registry = RegistryRequest::new(
            &arguments.registry,
            Some((&arguments.requirements, &arguments.verification)),
            environment,
        )?;
        let repository = RepositoryArguments { repo: None, remote: String::new(), branch: None, insecure_git: false };
        let target = TargetRequest::new(&repository, &arguments.registry.timeout, environment)?;
        Ok(Self { references, registry, target })
    }
}

fn not_a_reference(text: &str, error: &ReferenceError) -> Failure {
    let failure = Failure::usage(format!("`{text}` is not a reference: {error}"));
    match error.hint(text) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
