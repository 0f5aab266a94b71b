//! What runs where, as a table: a line for each entry and a column for each file. If that is too wide, each entry has a
//! line of its own for each file that has it.

use crate::image::short_tag;
use crate::outcome::{ComparedEntry, Comparison, EntryState};
use crate::report::escape::visible;
use crate::report::log::short_digest;
use crate::report::style::{Mark, Style};
use crate::targets::Fields;
use crate::targets::kustomization::folder_or_file;

/// Stands for an entry that a file does not have.
const NONE: &str = "–";

const GAP: &str = "   ";

/// The widest table, if the terminal does not tell.
const WIDEST: usize = 160;

/// Returns the table, in lines of at most `limit` characters if one of the two forms can have that.
pub(in crate::report) fn table(comparison: &Comparison, style: Style, limit: Option<usize>) -> String {
    if comparison.entries.is_empty() {
        return "no entries to show\n".to_owned();
    }
    let rows = rows(comparison);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let line = widths.iter().sum::<usize>() + GAP.len() * (widths.len() - 1);
    if line > limit.unwrap_or(WIDEST) {
        return comparison.entries.iter().map(|entry| list(entry, &comparison.files, style)).collect();
    }
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let line = cells.join(GAP).trim_end().to_owned();
        text += &match number.checked_sub(1).map(|index| comparison.entries[index].state()) {
            None => style.paint(Mark::Faint, &line),
            Some(EntryState::Same) => line,
            Some(EntryState::Differs | EntryState::Missing) => style.paint(Mark::Note, &line),
        };
        text.push('\n');
    }
    text
}

fn rows(comparison: &Comparison) -> Vec<Vec<String>> {
    let labels = comparison.files.iter().map(|file| visible(folder_or_file(file)));
    let mut rows = vec![["NAME".to_owned()].into_iter().chain(labels).chain([String::new()]).collect::<Vec<_>>()];
    rows.extend(comparison.entries.iter().map(|entry| row(entry, visible)));
    rows
}

/// Returns the cells of an entry, the texts of which are `shown`: its name, what each file says, and a remark.
pub(in crate::report) fn row(entry: &ComparedEntry, shown: fn(&str) -> String) -> Vec<String> {
    let cells = entry.places.iter().map(|fields| cell(entry, fields.as_ref(), shown));
    [shown(&entry.name)].into_iter().chain(cells).chain([remark(entry)]).collect()
}

/// Returns the lines of one entry.
fn list(entry: &ComparedEntry, files: &[String], style: Style) -> String {
    let mut text = format!("{GAP}{}", remark(entry)).trim_end().to_owned();
    if entry.state() != EntryState::Same {
        text = style.paint(Mark::Note, &text);
    }
    text = format!("{}{text}\n", visible(&entry.name));
    for (file, fields) in files.iter().zip(&entry.places).filter(|(_, fields)| fields.is_some()) {
        text += &format!("  {}{GAP}{}\n", visible(folder_or_file(file)), cell(entry, fields.as_ref(), visible));
    }
    text
}

/// Returns what colour may mark, in words; nothing for a single file.
fn remark(entry: &ComparedEntry) -> String {
    let of_all = format!("in {} of {} files", entry.count(), entry.places.len());
    let has_all = entry.count() == entry.places.len();
    match entry.state() {
        EntryState::Same | EntryState::Missing if entry.places.len() == 1 => String::new(),
        EntryState::Missing => of_all,
        EntryState::Differs if !has_all => format!("differs, {of_all}"),
        state @ (EntryState::Same | EntryState::Differs) => state.word().to_owned(),
    }
}

fn cell(entry: &ComparedEntry, fields: Option<&Fields>, shown: fn(&str) -> String) -> String {
    let Some(fields) = fields else { return NONE.to_owned() };
    let image = fields.image_name(&entry.name).filter(|_| entry.has_several_images()).map(shown);
    let version = |fields: Fields| {
        let tag = fields.new_tag.as_deref().map(short_tag).map(shown);
        let digest = fields.digest.as_deref().map(|digest| shown(&short_digest(digest)));
        let no_tag = (tag.is_none() && digest.is_none()).then(|| "no tag".to_owned());
        tag.into_iter().chain(digest).chain(no_tag).collect::<Vec<_>>().join(" ")
    };
    let versions = fields.each().into_iter().map(version).collect::<Vec<_>>().join(", ");
    image.into_iter().chain([versions]).collect::<Vec<_>>().join(" ")
}
