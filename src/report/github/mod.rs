//! What the runners of GitHub, Gitea and Forgejo get without a flag: outputs, a summary, annotations.

mod annotations;
mod heading;
mod image_row;
mod links;
mod outputs;
mod summary;

use std::io;
use std::path::{Path, PathBuf};

use self::links::Links;
use super::file;
use super::json::Document;
use crate::cli::{CiSystem, Environment};
use crate::outcome::Outcome;
use crate::outcome::failure::{Failure, FailureKind};

pub(super) use annotations::{group, warning};

/// The files and links of the runner.
pub(super) struct GitHub {
    output: Option<PathBuf>,
    summary: Option<PathBuf>,
    workspace: Option<PathBuf>,
    links: Links,
}

/// Appends the results to the file at `path`, in the form of `GITHUB_OUTPUT`.
pub(super) fn append_outputs(path: &Path, document: Document<'_>) -> io::Result<()> {
    match outputs::render(document) {
        Some(text) => file::append(path, &text),
        None => Err(io::Error::other("a value has its own delimiter in it")),
    }
}

impl GitHub {
    /// Returns the runner, if it is one of GitHub or one that does as it does.
    pub(super) fn detect(environment: &Environment) -> Option<Self> {
        environment.get("GITHUB_ACTIONS").filter(|value| *value == "true")?;
        let ci = environment.ci();
        // Other systems run actions of other servers.
        let is_github = ci.as_ref().is_some_and(|ci| ci.system == CiSystem::GitHubActions);
        let action = environment.text("TAGSHIP_ACTION_REPOSITORY").filter(|name| is_github && is_repository(name));
        let (source, run) = ci.map(|ci| (ci.source, ci.run)).unwrap_or_default();
        Some(Self {
            output: environment.path("GITHUB_OUTPUT"),
            summary: environment.path("GITHUB_STEP_SUMMARY"),
            workspace: environment.path("GITHUB_WORKSPACE"),
            links: Links { server: environment.shown_url("GITHUB_SERVER_URL"), source, run, pushed_to: None, action },
        })
    }

    /// Writes outputs and summary, and returns what could not be written. That is not an error, because no flag asks for them,
    /// and a container may have the variables without the files. `pushed_to` is the repository, as it is shown.
    pub(super) fn write(
        &self,
        document: &Document<'_>,
        result: Result<&Outcome, &Failure>,
        pushed_to: Option<String>,
    ) -> Vec<String> {
        let links = Links { pushed_to, ..self.links.clone() };
        let summary = summary::render(document, result, &links);
        let mut problems = Vec::new();
        if let Some(path) = &self.summary
            && let Err(error) = file::append(path, &summary)
        {
            problems.push(format!("cannot write the summary to `{}`: {error}", path.display()));
        }
        if let Some(path) = &self.output
            && let Err(error) = append_outputs(path, document.clone())
        {
            problems.push(format!("cannot write the outputs to `{}`: {error}", path.display()));
        }
        problems
    }

    /// Returns the page that says what to do about a kind of failure, if it is known where that is.
    pub(super) fn troubleshooting(&self, kind: FailureKind) -> Option<String> {
        self.links.troubleshooting(kind)
    }

    /// Returns the annotation of the end, if the end has one.
    pub(super) fn annotation(&self, command: &str, result: Result<&Outcome, &Failure>) -> Option<String> {
        match result {
            Ok(_) => {
                let document = Document::new(command, result, &[]);
                Some(annotations::stopped(command, document.outcome, document.reason?))
            }
            Err(failure) => {
                let file = failure.place.as_ref().zip(self.workspace.as_deref());
                let file = file
                    .and_then(|(place, workspace)| annotations::in_workspace(&place.file, workspace, command == "set"));
                Some(annotations::failure(command, failure, file.as_deref()))
            }
        }
    }
}

/// Returns whether a text is the name of a repository, as `owner/name`.
fn is_repository(text: &str) -> bool {
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    text.split_once('/').is_some_and(|(owner, name)| is_part(owner) && is_part(name))
}
