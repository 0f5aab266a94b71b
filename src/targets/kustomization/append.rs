//! New entries: behind the last one of `images`, or in an `images` that the file did not have, in the indentation and
//! the quotes that the file has.

use super::block::{after_pair, pair_start, quote_of, room_after_pair};
use super::entry::Images;
use super::flow::{insert_behind, pair_end};
use super::new_entry::{BraceStyle, LineStyle, Members};
use super::parse::Document;
use super::scalar::{Quote, render};
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
    let Some(list) = images.images else {
        return create(document, root, &members, splices);
    };
    match document.tree.kind(list.value) {
        Kind::Sequence(Layout::Block) => append_lines(document, list, &members, splices),
        Kind::Sequence(Layout::Flow) => match document.tree.children(list.value).last() {
            Some(last) => {
                append_flow(document, list.value, last, &members, splices);
                Ok(())
            }
            None => fill_empty(document, root, list, &members, splices),
        },
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
    let Some((last, dash)) = items.last().and_then(|last| Some((*last, dash(document, list, *last)?))) else {
        return Err(document.refuse(list.key, Shape::NoRoom));
    };
    let column = source.column(dash);
    let at = room_after_pair(document, list)?.max(source.line_end(dash));
    let at = behind_deeper_comments(document, at, column);
    let separated = items.len() > 1 && is_behind_blank_line(document, dash);
    let eol = source.eol_at(at);
    let separator = if separated { eol } else { "" };
    let mut text = String::new();
    match document.tree.kind(last) {
        Kind::Mapping(Layout::Flow) => {
            let gap = document
                .tree
                .start(last)
                .checked_sub(dash + 1)
                .filter(|_| source.same_line(dash, document.tree.start(last)));
            let lead = " ".repeat(gap.unwrap_or(1).max(1));
            let style = BraceStyle::of(document, last);
            for members in members {
                let braces = members.braces(&style);
                text.push_str(&format!("{separator}{eol}{}-{lead}{braces}", " ".repeat(column)));
            }
        }
        _ => {
            let mut style = LineStyle { separator, ..LineStyle::plain(column) };
            follow_layout(document, list, &items, &mut style);
            text.extend(members.iter().map(|members| members.lines(eol, &style)));
        }
    }
    splices.push(Splice::insert(at, text));
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

/// Appends to a list in flow style that has an item.
fn append_flow(
    document: &Document<'_>,
    list: NodeId,
    last: NodeId,
    members: &[Members<'_>],
    splices: &mut Vec<Splice>,
) {
    let source = document.source;
    let is_mapping = matches!(document.tree.kind(last), Kind::Mapping(_));
    let style = if is_mapping { BraceStyle::of(document, last) } else { brace_style_of_root(document) };
    let first_key = document.tree.pairs(last).next().filter(|_| is_mapping).map(|pair| pair.key);
    let start = document.tree.start(last);
    let indent = source.before(start);
    let texts: Vec<String> = match first_key {
        Some(key) if is_blank(indent) && is_blank(source.before(document.tree.start(key))) => {
            let eol = source.eol_at(start);
            let inner = format!("{eol}{}", source.before(document.tree.start(key)));
            let colon = if style.tight { ":" } else { ": " };
            let lines = |members: &Members<'_>| members.texts(style.key_quote, colon).join(&format!(",{inner}"));
            members.iter().map(|members| format!("{{{inner}{}{eol}{indent}}}", lines(members))).collect()
        }
        _ => members.iter().map(|members| members.braces(&style)).collect(),
    };
    let span = document.tree.span(list);
    let has_lines = !source.same_line(span.start, span.end);
    let end = document.tree.span(last).end;
    let gap = if style.tight { "," } else { ", " };
    if has_lines {
        insert_behind(document, start..end, gap, &texts, splices);
    } else {
        let text: String = texts.iter().flat_map(|text| [gap, text.as_str()]).collect();
        splices.push(Splice::insert(end, text));
    }
}

fn brace_style_of_root(document: &Document<'_>) -> BraceStyle {
    let root = document.root.filter(|root| matches!(document.tree.kind(*root), Kind::Mapping(Layout::Flow)));
    match root {
        Some(root) => BraceStyle { padded: false, ..BraceStyle::of(document, root) },
        None => BraceStyle { key_quote: Quote::Plain, tight: false, padded: false },
    }
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
    if document.tree.kind(root) == &Kind::Mapping(Layout::Flow) {
        let style = brace_style_of_root(document);
        let texts: Vec<String> = members.iter().map(|members| members.braces(&style)).collect();
        let text = format!("[{}]", texts.join(if style.tight { "," } else { ", " }));
        let space = if span.start == colon && !style.tight { " " } else { "" };
        splices.push(Splice::replace(span, format!("{space}{text}")));
        return Ok(());
    }
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
        let style = BraceStyle { key_quote: Quote::Double, tight: false, padded: false };
        let texts: Vec<String> = members.iter().map(|members| members.braces(&style)).collect();
        let span = document.tree.span(root);
        let inside = span.start + 1..span.end.saturating_sub(1).max(span.start + 1);
        splices.push(Splice::insert(inside.end, format!("\"images\": [{}]", texts.join(", "))));
        return Ok(());
    };
    if document.tree.kind(root) == &Kind::Mapping(Layout::Flow) {
        let style = brace_style_of_root(document);
        let texts: Vec<String> = members.iter().map(|members| members.braces(&style)).collect();
        let (gap, colon) = if style.tight { (",", ":") } else { (", ", ": ") };
        let key = render("images", style.key_quote);
        let text = format!("{key}{colon}[{}]", texts.join(gap));
        let member = pair_start(document, last.key)..pair_end(document, *last);
        insert_behind(document, member, gap, &[text], splices);
        return Ok(());
    }
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
