//! What `log` and `status` list, as a table in a job's summary.

use super::image_row::code;
use super::links::Links;
use super::markdown_table::table;
use crate::message::{LoggedRelease, markdown};
use crate::outcome::{Comparison, Ending};
use crate::report::log;
use crate::report::status;
use crate::targets::kustomization::folder_or_file;

/// Returns what is listed, in at most `room` bytes; `None` if nothing was to be. A commit leads to its page, if it has one.
pub(super) fn listing(ending: &Ending, links: &Links, room: usize) -> Option<String> {
    match ending {
        Ending::Compared(comparison) if comparison.entries.is_empty() => Some("No entries to show.\n\n".to_owned()),
        Ending::Compared(comparison) => Some(compared(comparison, room)),
        Ending::Logged(history) if history.is_empty() => Some("No releases.\n\n".to_owned()),
        Ending::Logged(history) => Some(logged(history, links, room)),
        _ => None,
    }
}

fn logged(releases: &[LoggedRelease], links: &Links, room: usize) -> String {
    let row = |release: &LoggedRelease| {
        let [when, _, name, tag, digest, source, by, _, remark] = log::row(release, code);
        let id = release.record.id;
        let commit = markdown::linked(&id.short(), links.commit(&id.to_string()).as_deref());
        vec![when, code(folder_or_file(&release.file)), name, tag, digest, source, by, commit, remark]
    };
    table(&log::HEADINGS.map(str::to_owned), &releases.iter().map(row).collect::<Vec<_>>(), room)
}

fn compared(comparison: &Comparison, room: usize) -> String {
    let files = comparison.files.iter().map(|file| code(folder_or_file(file)));
    let headings: Vec<String> = ["name".to_owned()].into_iter().chain(files).chain([String::new()]).collect();
    let rows: Vec<_> = comparison.entries.iter().map(|entry| status::row(entry, code)).collect();
    table(&headings, &rows, room)
}
