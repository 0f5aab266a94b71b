//! Appends new entries: behind the last one of `images`, or in an `images` that the file did not have, in the indentation
//! and the quotes that the file has. New entries are written in block style alone.

use super::entry::ImageLists;
use super::error::{EditError, ImagesShape};
use super::new_entry::{LineStyle, NewEntry};
use crate::image::ImageArgument;
use crate::targets::edit::Comments;
use crate::yaml::{Layout, NodeId, NodeKind, NodeType, Pair, ParsedYaml, Shape, Writer, is_blank};

pub(super) fn append(
    writer: &mut Writer<'_, '_>,
    lists: &ImageLists<'_>,
    arguments: &[&ImageArgument],
    comments: Comments<'_>,
) -> Result<(), EditError> {
    let yaml = writer.yaml;
    let model = lists.entries.iter().rev().find(|entry| !entry.legacy).or(lists.entries.last());
    let model = model.map(|entry| entry.mapping);
    let entries: Vec<NewEntry> =
        arguments.iter().map(|argument| NewEntry::of(yaml, model, argument, comments)).collect();
    let Some(root) = lists.root else {
        return start_file(writer, lists, &entries);
    };
    if yaml.tree.kind(root) == &NodeKind::Mapping(Layout::Flow) {
        return Err(EditError::refused(yaml, root, ImagesShape::FlowRoot));
    }
    let Some(list) = lists.images else {
        return create(writer, root, &entries);
    };
    match yaml.tree.kind(list.value) {
        NodeKind::Sequence(Layout::Block) => append_lines(writer, list, &entries),
        NodeKind::Sequence(Layout::Flow) if yaml.tree.children(list.value).next().is_some() => {
            Err(EditError::refused(yaml, list.value, ImagesShape::FlowList))
        }
        _ => fill_empty(writer, root, list, &entries),
    }
}

fn lines(yaml: &ParsedYaml<'_>, entries: &[NewEntry], eol: &str, style: &LineStyle) -> String {
    entries.iter().map(|entry| entry.lines(yaml, eol, style)).collect()
}

/// A file of nothing but comments gets an `images` of its own.
fn start_file(writer: &mut Writer<'_, '_>, lists: &ImageLists<'_>, entries: &[NewEntry]) -> Result<(), EditError> {
    let (yaml, source) = (writer.yaml, writer.yaml.source);
    let end = source.text.len();
    let documents = &yaml.tree.documents;
    let is_written = |id: &&NodeId| !yaml.tree.is_null(**id) || !yaml.tree.span(**id).is_empty();
    if let Some(written) = documents.iter().find(is_written) {
        let shape = if lists.is_of_kustomization { ImagesShape::Root(NodeType::Null) } else { ImagesShape::Spec };
        return Err(EditError::refused(yaml, *written, shape));
    }
    // Behind the end of the document, or of the first of several, it would be in another one.
    let ends = source.text.lines().any(|line| line.starts_with("..."));
    if let Some(second) = documents.get(1).or(documents.first().filter(|_| ends)) {
        return Err(yaml.refuse(*second, Shape::NoRoom).into());
    }
    let before = if source.line_start(end) == end || source.text == "\u{feff}" { "" } else { source.eol };
    let lines = lines(yaml, entries, source.eol, &LineStyle::plain(0));
    writer.insert(end, format!("{before}images:{lines}{}", source.eol));
    Ok(())
}

fn append_lines(writer: &mut Writer<'_, '_>, list: Pair, entries: &[NewEntry]) -> Result<(), EditError> {
    let (yaml, source) = (writer.yaml, writer.yaml.source);
    let items: Vec<NodeId> = yaml.tree.children(list.value).collect();
    let Some(dash) = items.last().and_then(|last| yaml.dash(list, *last)) else {
        return Err(yaml.refuse(list.key, Shape::NoRoom).into());
    };
    let column = source.column(dash);
    let at = yaml.room_after_pair(list)?.max(source.line_end(dash));
    let at = yaml.behind_deeper_comments(at, column);
    let separated = items.len() > 1 && yaml.is_behind_blank_line(dash) && !yaml.keeps_blank_lines(list);
    let eol = source.eol_at(at);
    let mut style = LineStyle { separator: if separated { eol } else { "" }, ..LineStyle::plain(column) };
    follow_layout(yaml, list, &items, &mut style);
    writer.insert_lines(at, lines(yaml, entries, eol, &style));
    Ok(())
}

/// Takes over how the last entry that shows it places its first key, and how it quotes it.
fn follow_layout(yaml: &ParsedYaml<'_>, list: Pair, items: &[NodeId], style: &mut LineStyle) {
    let source = yaml.source;
    for item in items.iter().rev() {
        let NodeKind::Mapping(Layout::Block) = yaml.tree.kind(*item) else {
            continue;
        };
        let (Some(first), Some(dash)) = (yaml.tree.pairs(*item).next(), yaml.dash(list, *item)) else {
            continue;
        };
        let key = yaml.tree.span(first.key).start;
        let between = source.slice(dash + 1..key);
        if source.same_line(dash, key) && between.bytes().all(|byte| byte == b' ') {
            style.gap = between.len();
        } else if is_blank(between) && !source.same_line(dash, key) && source.column(key) > style.dash + 1 {
            style.gap = source.column(key) - style.dash - 1;
            style.dash_alone = true;
        } else {
            continue;
        }
        style.key_quote = yaml.quote_of(first.key);
        return;
    }
}

/// Writes entries into an `images` that has none: `[]`, `null`, or nothing.
fn fill_empty(writer: &mut Writer<'_, '_>, root: NodeId, list: Pair, entries: &[NewEntry]) -> Result<(), EditError> {
    let (yaml, source) = (writer.yaml, writer.yaml.source);
    let Some(colon) = yaml.colon(list.key) else {
        return Err(yaml.refuse(list.key, Shape::NoRoom).into());
    };
    let span = match yaml.tree.kind(list.value) {
        NodeKind::Null => colon..colon,
        _ => yaml.tree.span(list.value),
    };
    if source.slice(span.clone()).contains('#') {
        return Err(EditError::refused(yaml, list.value, ImagesShape::CommentInEmptyList));
    }
    // Blanks before the value go with it, and those behind it unless a comment follows.
    let before = yaml.tree.properties_end(list.value).unwrap_or(colon);
    let start = if is_blank(source.slice(before..span.start)) { before } else { span.start };
    let line_end = source.line_end(span.end);
    let end = if is_blank(source.rest(span.end)) && span.end > colon { line_end } else { span.end };
    if start < end {
        writer.delete(start..end);
    }
    let column = source.column(yaml.pair_start(list.key));
    let style = LineStyle::plain(column + yaml.list_indent(root));
    writer.insert(line_end, lines(yaml, entries, source.eol_at(line_end), &style));
    Ok(())
}

/// Writes an `images` behind the last field of the file, as `kustomize edit` does.
fn create(writer: &mut Writer<'_, '_>, root: NodeId, entries: &[NewEntry]) -> Result<(), EditError> {
    let (yaml, source) = (writer.yaml, writer.yaml.source);
    let pairs: Vec<Pair> = yaml.tree.pairs(root).collect();
    let Some(last) = pairs.last() else {
        return Err(yaml.refuse(root, Shape::NoRoom).into());
    };
    let column = source.column(yaml.pair_start(pairs[0].key));
    let style = LineStyle::plain(column + yaml.list_indent(root));
    let (before, at) = match (yaml.room_after_pair(*last), pairs.len().checked_sub(2)) {
        (Ok(at), _) => (*last, at),
        // A line behind it would change the last value, so the new field comes before that one.
        (Err(_), Some(previous)) => (pairs[previous], yaml.after_pair(pairs[previous])),
        (Err(error), None) => return Err(error.into()),
    };
    let at = yaml.behind_deeper_comments(at, column);
    let eol = source.eol_at(at);
    let separated = pairs.len() > 1 && yaml.is_behind_blank_line(yaml.pair_start(last.key));
    let blank = if separated && !yaml.keeps_blank_lines(before) { eol } else { "" };
    let lines = lines(yaml, entries, eol, &style);
    writer.insert_lines(at, format!("{blank}{eol}{}images:{lines}", " ".repeat(column)));
    Ok(())
}
