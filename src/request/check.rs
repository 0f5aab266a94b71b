//! `check` as meant.

use super::image_options::registry::RegistryRequest;
use super::image_options::version::Version;
use super::repository::repository_request::RepositoryRequest;
use super::repository::target_file::TargetFile;
use super::values::listed;
use crate::cli::{BranchFilesArguments, CheckArguments, Environment, ReleasedArguments, RepositoryArguments};
use crate::image::{Reference, ReferenceError};
use crate::message::each_once;
use crate::outcome::failure::Failure;

pub struct CheckRequest {
    pub references: Vec<Reference>,
    /// The repository with the files, the run, and the logins for the forge of what it builds.
    pub repository: RepositoryRequest,
    /// What is checked on the release branch; none: the branch is not read.
    pub files: Vec<TargetFile>,
    pub registry: RegistryRequest,
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
            references.push(reference);
        }
        let registry = RegistryRequest::new(
            &arguments.registry,
            Some((&arguments.requirements, &arguments.verification)),
            environment,
        )?;
        let ReleasedArguments { branch: BranchFilesArguments { kustomizations, files }, repository } =
            &arguments.released;
        let files = match kustomizations.is_empty() && files.is_empty() {
            true => Vec::new(),
            false => TargetFile::all(kustomizations, files)?,
        };
        // What only says where the branch is does not count if it is not read.
        let nowhere = RepositoryArguments { repo: None, remote: String::new(), branch: None, insecure_git: false };
        let repository = if files.is_empty() { &nowhere } else { repository };
        let repository = RepositoryRequest::new(repository, &arguments.registry.timeout, environment)?;
        Ok(Self { references: each_once(references), repository, files, registry })
    }
}

fn not_a_reference(text: &str, error: &ReferenceError) -> Failure {
    let failure = Failure::usage(format!("`{text}` is not a reference: {error}"));
    match error.hint(text) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
