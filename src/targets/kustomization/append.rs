//! New entries: behind the last one of `images`, or in an `images` that the file did not have, in the indentation and
//! the quotes that the file has.

use super::block::{after_pair, pair_start, quote_of, room_after_pair};
use super::entry::Images;
use super::new_entry::{LineStyle, Members};
use super::parse::Document;
use super::source::is_blank;
use super::splice::Splice;
use super::tree::{Kind, Layout, NodeId, Pair};
use super::{EditError, Found, Shape};
use crate::image::ImageArgument;

pub(super) fn append(
    document: &Document<'_>,
    images: &Images<'_>,
    arguments: &[&ImageArgument],
    splices: &mut Vec<Splice>,
) -> Result<(), EditError> {
    let model = images.entries.iter().rev().find(|entry| !entry.legacy).or(images.entries.last());
    let model = model.map(|entry| entry.mapping);
    let members: Vec<Members<'_>> = arguments.iter().map(|argument| Members::of(document, model, argument)).collect();
    let Some(root) = document.root else {
        return start_file(document, &members, splices);
    };
    if document.tree.kind(root) == &Kind::Mapping(Layout::Flow) {
        return Err(document.refuse(root, Shape::FlowRoot));
    }
    let Some(list) = images.images else {
        return create(document, root, &members, splices);
    };
    match document.tree.kind(list.value) {
        Kind::Sequence(Layout::Block) => append_lines(document, list, &members, splices),
        Kind::Sequence(Layout::Flow) if document.tree.children(list.value).next().is_some() => {
            Err(document.refuse(list.value, Shape::FlowList))
        }
        _ => fill_empty(document, root, list, &members, splices),
    }
}

/// A file of nothing but comments gets an `images` of its own.
fn start_file(document: &Document<'_>, members: &[Members<'_>], splices: &mut Vec<Splice>) -> Result<(), EditError> {
    let source = document.source;
    let end = source.text.len();
    if let Some(written) = document.tree.documents.iter().find(|id| !document.tree.span(**id).is_empty()) {
        return Err(document.refuse(*written, Shape::Root(Found::Null)));
    }
    // Behind the end of the document, or of the first of several, it would be in another one.
    let ends = source.text.lines().any(|line| line.starts_with("..."));
    if let Some(second) = document.tree.documents.get(1).or(document.tree.documents.first().filter(|_| ends)) {
        return Err(document.refuse(*second, Shape::NoRoom));
    }
    let before = if source.line_start(end) == end || source.text == "\u{feff}" { "" } else { source.eol };
    let lines: String = members.iter().map(|members| members.lines(source.eol, &LineStyle::plain(0))).collect();
    splices.push(Splice::insert(end, format!("{before}images:{lines}{}", source.eol)));
    Ok(())
}

fn append_lines(
    document: &Document<'_>,
    list: Pair,
    members: &[Members<'_>],
    splices: &mut Vec<Splice>,
) -> Result<(), EditError> {
    let source = document.source;
    let items: Vec<NodeId> = document.tree.children(list.value).collect();
    let Some(dash) = items.last().and_then(|last| dash(document, list, *last)) else {
        return Err(document.refuse(list.key, Shape::NoRoom));
    };
    let column = source.column(dash);
    let at = room_after_pair(document, list)?.max(source.line_end(dash));
    let at = behind_deeper_comments(document, at, column);
    let separated = items.len() > 1 && is_behind_blank_line(document, dash);
    let eol = source.eol_at(at);
    let mut style = LineStyle { separator: if separated { eol } else { "" }, ..LineStyle::plain(column) };
    follow_layout(document, list, &items, &mut style);
    splices.push(Splice::insert(at, members.iter().map(|members| members.lines(eol, &style)).collect::<String>()));
    Ok(())
}

/// Takes over how the last entry that shows it places its first key, and how it quotes it.
fn follow_layout(document: &Document<'_>, list: Pair, items: &[NodeId], style: &mut LineStyle) {
    let source = document.source;
    for item in items.iter().rev() {
        let Kind::Mapping(Layout::Block) = document.tree.kind(*item) else {
            continue;
        };
        let (Some(first), Some(dash)) = (document.tree.pairs(*item).next(), dash(document, list, *item)) else {
            continue;
        };
        let key = document.tree.span(first.key).start;
        let between = source.slice(dash + 1..key);
        if source.same_line(dash, key) && between.bytes().all(|byte| byte == b' ') {
            style.gap = between.len();
        } else if is_blank(between) && !source.same_line(dash, key) && source.column(key) > style.dash + 1 {
            style.gap = source.column(key) - style.dash - 1;
            style.dash_alone = true;
        } else {
            continue;
        }
        style.key_quote = quote_of(document, first.key);
        return;
    }
}

/// Finds the dash of an item in block style: back over white space and comments, to the line that begins with one.
fn dash(document: &Document<'_>, list: Pair, item: NodeId) -> Option<usize> {
    let source = document.source;
    let first = document.tree.span(list.key).end;
    let mut at = match document.tree.kind(item) {
        // Nothing is placed right behind its dash.
        Kind::Null => document.tree.span(item).start,
        _ => document.tree.start(item),
    };
    while at > first {
        let before = source.before(at);
        let line = before.trim_start_matches([' ', '\t']);
        if let Some(rest) = line.strip_prefix('-')
            && (rest.is_empty() || rest.starts_with([' ', '\t']))
        {
            return Some(at - line.len());
        }
        at = source.line_start(at).checked_sub(1)?;
        at = source.line_end(at);
    }
    None
}

fn behind_deeper_comments(document: &Document<'_>, at: usize, column: usize) -> usize {
    let source = document.source;
    let mut end = at;
    loop {
        let next = source.next_line(end);
        if next <= end || next >= source.text.len() {
            return end;
        }
        let line = source.rest(next);
        let comment = line.trim_start_matches(' ');
        if !comment.starts_with('#') || line.len() - comment.len() <= column {
            return end;
        }
        end = source.line_end(next);
    }
}

/// Whether a blank line stands before the line of `at` and the comments above it.
fn is_behind_blank_line(document: &Document<'_>, at: usize) -> bool {
    let source = document.source;
    let mut start = source.line_start(at);
    while start > 0 {
        let above = source.line_start(start - 1);
        let line = source.rest(above);
        if !line.trim_start_matches([' ', '\t']).starts_with('#') {
            return is_blank(line);
        }
        start = above;
    }
    false
}

/// Writes entries where `images` is there and has none: `[]`, `null`, or nothing.
fn fill_empty(
    document: &Document<'_>,
    root: NodeId,
    list: Pair,
    members: &[Members<'_>],
    splices: &mut Vec<Splice>,
) -> Result<(), EditError> {
    let source = document.source;
    let Some(colon) = document.colon(list.key) else {
        return Err(document.refuse(list.key, Shape::NoRoom));
    };
    let span = match document.tree.kind(list.value) {
        Kind::Null => colon..colon,
        _ => document.tree.span(list.value),
    };
    if source.slice(span.clone()).contains('#') {
        return Err(document.refuse(list.value, Shape::CommentInEmptyList));
    }
    // Blanks before the value go with it, and those behind it unless a comment follows.
    let before = document.tree.properties_end(list.value).unwrap_or(colon);
    let start = if is_blank(source.slice(before..span.start)) { before } else { span.start };
    let line_end = source.line_end(span.end);
    let end = if is_blank(source.rest(span.end)) && span.end > colon { line_end } else { span.end };
    if start < end {
        splices.push(Splice::delete(start..end));
    }
    let column = source.column(pair_start(document, list.key));
    let style = LineStyle::plain(column + list_indent(document, root));
    let eol = source.eol_at(line_end);
    let lines: String = members.iter().map(|members| members.lines(eol, &style)).collect();
    splices.push(Splice::insert(line_end, lines));
    Ok(())
}

/// Returns how far the first list of the top mapping is indented.
fn list_indent(document: &Document<'_>, root: NodeId) -> usize {
    for pair in document.tree.pairs(root) {
        if let Kind::Sequence(Layout::Block) = document.tree.kind(pair.value)
            && let Some(first) = document.tree.children(pair.value).next()
            && let Some(dash) = dash(document, pair, first)
        {
            return document.source.column(dash).saturating_sub(document.source.column(pair_start(document, pair.key)));
        }
    }
    0
}

/// Writes an `images` behind the last field of the file, where `kustomize edit` puts a new one.
fn create(
    document: &Document<'_>,
    root: NodeId,
    members: &[Members<'_>],
    splices: &mut Vec<Splice>,
) -> Result<(), EditError> {
    let source = document.source;
    let pairs: Vec<Pair> = document.tree.pairs(root).collect();
    let Some(last) = pairs.last() else {
        return Err(document.refuse(root, Shape::NoRoom));
    };
    let column = source.column(pair_start(document, pairs[0].key));
    let style = LineStyle::plain(column + list_indent(document, root));
    let at = match (room_after_pair(document, *last), pairs.len().checked_sub(2)) {
        (Ok(at), _) => at,
        // A line behind it would change the last value, so the new field comes before that one.
        (Err(_), Some(previous)) => after_pair(document, pairs[previous]),
        (Err(error), None) => return Err(error),
    };
    let at = behind_deeper_comments(document, at, column);
    let eol = source.eol_at(at);
    let lines: String = members.iter().map(|members| members.lines(eol, &style)).collect();
    let blank = pairs.len() > 1 && is_behind_blank_line(document, pair_start(document, last.key));
    let blank = if blank { eol } else { "" };
    splices.push(Splice::insert(at, format!("{blank}{eol}{}images:{lines}", " ".repeat(column))));
    Ok(())
}
