//! The job's summary as a comment on a pull request. Its first line is always the same for a command, and invisible, so that a
//! bot finds its own comment and updates it.

use super::heading::heading;
use super::links::Links;
use super::summary;
use crate::outcome::Outcome;
use crate::outcome::failure::Failure;
use crate::report::json::Document;

/// Returns the whole comment, in Markdown.
pub(super) fn render(document: &Document<'_>, result: Result<&Outcome, &Failure>, links: &Links) -> String {
    let command = format!("tagship {}", document.command);
    let command = command.trim_end();
    let summary = summary::render(document, result, links);
    let text = match summary.trim() {
        "" => format!("### {}", heading(document, result)),
        text => text.to_owned(),
    };
    format!("<!-- {command} -->\n{}\n", text.trim_end())
}
