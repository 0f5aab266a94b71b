//! What the runners of GitHub, Gitea and Forgejo get without a flag: outputs, a summary, annotations.

mod annotations;
mod heading;
mod image_row;
mod links;
mod listing;
mod markdown_table;
mod outputs;
mod posted_comment;
mod summary;

use std::io;
use std::path::{Path, PathBuf};

use super::command_end::CommandEnd;
use super::file;
use super::json::Document;
use crate::cli::{CommandName, Environment};

pub(super) use annotations::{failure, group, warning};
pub(super) use links::Links;

/// The files of the runner.
pub(super) struct GitHub {
    output: Option<PathBuf>,
    summary: Option<PathBuf>,
    workspace: Option<PathBuf>,
}

/// Appends the results to the file at `path`, in the form of `GITHUB_OUTPUT`.
pub(super) fn append_outputs(path: &Path, document: &Document<'_>) -> io::Result<()> {
    match outputs::render(document) {
        Some(text) => file::append(path, &text),
        None => Err(io::Error::other("a value has its own delimiter in it")),
    }
}

/// Returns the results as a comment on a pull request.
pub(super) fn comment(end: &CommandEnd<'_>, links: &Links) -> String {
    posted_comment::render(end, links)
}

impl GitHub {
    /// Returns the runner, if it is one of GitHub or one that does as it does.
    pub(super) fn detect(environment: &Environment) -> Option<Self> {
        environment.get("GITHUB_ACTIONS").filter(|value| *value == "true")?;
        Some(Self {
            output: environment.path("GITHUB_OUTPUT"),
            summary: environment.path("GITHUB_STEP_SUMMARY"),
            workspace: environment.path("GITHUB_WORKSPACE"),
        })
    }

    /// Writes outputs and summary, and returns what could not be written. That is not an error, because no flag asks for them,
    /// and a container may have the variables without the files.
    pub(super) fn write(&self, end: &CommandEnd<'_>, links: &Links) -> Vec<String> {
        let summary = summary::render(end, links);
        let mut problems = Vec::new();
        if let Some(path) = &self.summary
            && let Err(error) = file::append(path, &summary)
        {
            problems.push(format!("cannot write the summary to `{}`: {error}", path.display()));
        }
        if let Some(path) = &self.output
            && let Err(error) = append_outputs(path, &end.document)
        {
            problems.push(format!("cannot write the outputs to `{}`: {error}", path.display()));
        }
        problems
    }

    /// Returns the annotation of the end, if the end has one.
    pub(super) fn annotation(&self, end: &CommandEnd<'_>) -> Option<String> {
        match end.result {
            Ok(outcome) => {
                let reason = end.document.reason?;
                Some(annotations::stopped(&end.title(), &outcome.ending, reason, end.hint.as_deref()))
            }
            Err(failure) => {
                let place = failure.place.as_ref().zip(self.workspace.as_deref());
                let file = place.and_then(|(place, workspace)| {
                    // Paths in a repository begin at its root, those on disk in the current folder.
                    let base = if end.command == Some(CommandName::Set) { Path::new("") } else { workspace };
                    annotations::in_workspace(&base.join(&place.file), workspace)
                });
                Some(annotations::failure(&end.title(), failure, file.as_deref()))
            }
        }
    }
}
