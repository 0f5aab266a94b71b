//! The log of releases as a table: one line each, the newest first, with columns as wide as their widest cell. In a narrow
//! terminal, columns are left out rather than lines broken.

use super::escape::visible;
use super::style::{Mark, Style};
use crate::image::{Digest, short_tag};
use crate::message::LoggedRelease;
use crate::targets::Fields;

/// Stands for a tag, a digest or a source that is not known.
const NONE: &str = "–";

const GAP: &str = "   ";

/// Of the columns of [`row`]; the last one has remarks.
pub(super) const HEADINGS: [&str; 9] = ["when", "file", "name", "tag", "digest", "source", "by", "commit", ""];

/// What is done to a table that is too wide, one after the other: the digest and the author are left out, the remark gets a
/// line of its own, the source is left out, and the time keeps its date alone.
const NARROWER: [Narrower; 5] =
    [Narrower::Without(4), Narrower::Without(6), Narrower::Wrapped(8), Narrower::Without(5), Narrower::Cut(0, 10)];

/// A way to make a table narrower, by the column.
#[derive(Clone, Copy)]
enum Narrower {
    Without(usize),
    Wrapped(usize),
    Cut(usize, usize),
}

/// Returns the table, in lines of at most `limit` characters as far as it can be made so narrow.
pub(super) fn table(releases: &[LoggedRelease], style: Style, limit: Option<usize>) -> String {
    if releases.is_empty() {
        return "no releases\n".to_owned();
    }
    let first = &releases[0];
    let (files, names) = (
        releases.iter().any(|release| release.file != first.file),
        releases.iter().any(|release| release.name != first.name),
    );
    let mut rows = vec![HEADINGS.map(str::to_uppercase)];
    rows.extend(releases.iter().map(|release| row(release, visible)));
    for cell in rows.iter_mut().flat_map(|row| &mut row[3..6]).filter(|cell| cell.is_empty()) {
        NONE.clone_into(cell);
    }
    for (column, _) in [(1, files), (2, names)].into_iter().filter(|(_, differ)| !differ) {
        for row in &mut rows {
            row[column].clear();
        }
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let mut widths: [usize; 9] = std::array::from_fn(width);
    let mut wrapped = None;
    for narrower in NARROWER {
        let shown = || widths.iter().filter(|width| **width > 0);
        let line = shown().sum::<usize>() + GAP.len() * shown().count().saturating_sub(1);
        if limit.is_none_or(|limit| line <= limit) {
            break;
        }
        match narrower {
            Narrower::Without(column) => widths[column] = 0,
            Narrower::Cut(column, width) => widths[column] = widths[column].min(width),
            Narrower::Wrapped(column) => {
                widths[column] = 0;
                wrapped = Some(column);
            }
        }
    }
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(widths).filter(|(_, width)| *width > 0);
        let cells: Vec<String> = cells.map(|(cell, width)| format!("{cell:<width$.width$}")).collect();
        let line = cells.join(GAP).trim_end().to_owned();
        text += &if number == 0 { style.paint(Mark::Faint, &line) } else { line };
        text.push('\n');
        if let Some(remark) = wrapped.map(|column| &row[column]).filter(|remark| !remark.is_empty()) {
            text += &format!("  {remark}\n");
        }
    }
    text
}

/// Returns the cells of a release, the texts of which are `shown`. A cell is empty if its value is not known.
pub(super) fn row(release: &LoggedRelease, shown: fn(&str) -> String) -> [String; 9] {
    let LoggedRelease { file, name, fields, record, trailers, rolled_back_by, .. } = release;
    let source = release.source().map(|source| source.commit.short());
    let versions = fields.iter().flat_map(Fields::each);
    let tags: Vec<String> = versions.filter_map(|fields| Some(shown(short_tag(fields.new_tag.as_deref()?)))).collect();
    let remark = match (fields, trailers, rolled_back_by) {
        (None, ..) => "removed".to_owned(),
        (_, _, Some(rollback)) => format!("rolled back by {}", rollback.short()),
        (_, None, _) => "by hand".to_owned(),
        (_, Some(said), _) if said.is_rollback() => "a rollback".to_owned(),
        (_, Some(said), _) if !said.verified.is_empty() => "verified".to_owned(),
        _ => String::new(),
    };
    [
        // The time has its date, `T`, and the hour with minutes.
        record.time().replace('T', " ").chars().take(16).collect(),
        shown(file),
        shown(name),
        tags.join(", "),
        release.digest().map(short_digest).as_deref().map(shown).unwrap_or_default(),
        source.as_deref().map(shown).unwrap_or_default(),
        shown(&record.author),
        shown(&record.id.short()),
        remark,
    ]
}

/// Returns the first digits of a digest, and any other text whole.
pub(super) fn short_digest(text: &str) -> String {
    text.parse::<Digest>().map_or_else(|_| text.to_owned(), |digest| digest.short_hex().to_owned())
}
