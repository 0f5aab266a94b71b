//! The job's summary as a comment on a pull request. Its first line is always the same for a command, and invisible, so that a
//! bot finds its own comment and updates it.

use super::heading::heading;
use super::links::Links;
use super::summary;
use crate::report::command_end::CommandEnd;

/// Returns the whole comment, in Markdown.
pub(super) fn render(end: &CommandEnd<'_>, links: &Links) -> String {
    let summary = summary::render(end, links);
    let text = match summary.trim() {
        "" => format!("### {}", heading(end)),
        text => text.to_owned(),
    };
    format!("<!-- {} -->\n{}\n", end.title(), text.trim_end())
}
