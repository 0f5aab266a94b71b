//! The job's summary as a comment on a pull request. Its first line is always the same for a command, and invisible, so that a
//! bot finds its own comment and updates it.

use super::heading::heading;
use super::links::Links;
use super::summary;
use crate::outcome::failure::Failure;
use crate::outcome::{Ending, Outcome};
use crate::report::json::Document;
use crate::report::style::Style;
use crate::report::text;

/// Returns the whole comment, in Markdown.
pub(super) fn render(document: &Document<'_>, result: Result<&Outcome, &Failure>, links: &Links) -> String {
    let command = format!("tagship {}", document.command);
    let command = command.trim_end();
    let summary = summary::render(document, result, links);
    let text = match (summary.trim(), result) {
        // A list is no news for the summary of a job, and all that there is to post.
        ("", Ok(outcome)) if outcome.ending == Ending::Listed => {
            let list = text::outcome(outcome, None, Style::Plain, None);
            format!("### {}\n\n{}", heading(document, result), summary::fenced("text", &list, summary::LARGEST))
        }
        ("", _) => format!("### {}", heading(document, result)),
        (text, _) => text.to_owned(),
    };
    format!("<!-- {command} -->\n{}\n", text.trim_end())
}
