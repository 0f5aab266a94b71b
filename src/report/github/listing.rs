//! What `log` and `status` list, as a table in a job's summary.

use super::image_row::code;
use super::markdown_table::table;
use crate::outcome::{Comparison, LoggedRelease, Outcome};
use crate::report::log;
use crate::report::status;

/// Returns what is listed, in at most `room` bytes.
pub(super) fn listing(outcome: &Outcome, room: usize) -> String {
    match &outcome.comparison {
        Some(comparison) if comparison.entries.is_empty() => "No entries to show.\n\n".to_owned(),
        Some(comparison) => compared(comparison, room),
        None if outcome.history.is_empty() => "No releases.\n\n".to_owned(),
        None => logged(&outcome.history, room),
    }
}

fn logged(releases: &[LoggedRelease], room: usize) -> String {
    let row = |release: &LoggedRelease| {
        let [when, _, rest @ ..] = log::row(release, code);
        [when, status::label(&release.file, code)].into_iter().chain(rest).collect()
    };
    table(&log::HEADINGS.map(str::to_owned), &releases.iter().map(row).collect::<Vec<_>>(), room)
}

fn compared(comparison: &Comparison, room: usize) -> String {
    let files = comparison.files.iter().map(|file| status::label(file, code));
    let headings: Vec<String> = ["name".to_owned()].into_iter().chain(files).chain([String::new()]).collect();
    let rows: Vec<_> = comparison.entries.iter().map(|entry| status::row(entry, code)).collect();
    table(&headings, &rows, room)
}
