//! Editing an entry in block style, one field per line: a value in place, a field as a line of its own.

use std::ops::Range;

use super::entry::Entry;
use super::parse::Document;
use super::scalar::{Quote, render};
use super::source::is_blank;
use super::splice::Splice;
use super::tree::{Kind, Layout, NodeId, Pair, Style};
use super::wish::{Action, Actions};
use super::{EditError, FieldName, Shape};

pub(super) fn edit_entry(
    document: &Document<'_>,
    entry: &Entry<'_>,
    actions: &Actions<'_>,
    splices: &mut Vec<Splice>,
) -> Result<(), EditError> {
    let mut actions = *actions;
    swap_tag_and_digest(document, &mut actions, Quote::Plain, splices);
    let pairs: Vec<Pair> = document.tree.pairs(entry.mapping).collect();
    let deleted: Vec<bool> = pairs.iter().map(|pair| actions.contains(&Action::Delete(*pair))).collect();
    for (field, action) in FieldName::ALL.into_iter().zip(actions) {
        match action {
            Action::Replace(pair, value) => replace_value(document, pair, value, Quote::Plain, splices)?,
            Action::Insert(value) => {
                let kept = pairs.iter().zip(&deleted).filter(|(_, deleted)| !**deleted).map(|(pair, _)| *pair);
                let Some(sibling) = sibling(entry, field, kept) else {
                    return Err(document.refuse(entry.mapping, Shape::NoRoom));
                };
                let line = field_text(document, field, value, neighbour(document, &pairs, sibling));
                splices.push(insert_line(document, &pairs, &deleted, sibling, &line)?);
            }
            Action::Nothing | Action::Delete(_) => {}
        }
    }
    if deleted.contains(&true) {
        delete_pairs(document, &pairs, &deleted, splices)?;
    }
    Ok(())
}

/// Writes a line behind a pair. The last line of a file without a last line end stays so, and gets it before.
fn insert_line(
    document: &Document<'_>,
    pairs: &[Pair],
    deleted: &[bool],
    sibling: Pair,
    line: &str,
) -> Result<Splice, EditError> {
    let source = document.source;
    let indent = " ".repeat(source.column(pair_start(document, pairs[0].key)));
    let eol = source.eol_at(after_pair(document, sibling));
    let first_kept = pairs.iter().zip(deleted).find(|(_, deleted)| !**deleted).map(|(pair, _)| *pair);
    if first_kept != Some(sibling) && after_pair(document, sibling) == source.text.len() {
        let start = source.line_start(pair_start(document, sibling.key));
        return Ok(Splice::insert(start, format!("{indent}{line}{eol}")));
    }
    Ok(Splice::insert(room_after_pair(document, sibling)?, format!("{eol}{indent}{line}")))
}

/// Where a tag takes the digest's place, or the reverse, the line is rewritten: one changed line, its comment kept.
pub(super) fn swap_tag_and_digest(
    document: &Document<'_>,
    actions: &mut Actions<'_>,
    least: Quote,
    splices: &mut Vec<Splice>,
) {
    let (tag, digest) = (FieldName::NewTag as usize, FieldName::Digest as usize);
    for (inserted, deleted, field) in [(tag, digest, FieldName::NewTag), (digest, tag, FieldName::Digest)] {
        if let (Action::Insert(value), Action::Delete(pair)) = (actions[inserted], actions[deleted])
            && is_simple(document, pair)
        {
            rewrite_pair(document, pair, field, value, least, splices);
            actions[inserted] = Action::Nothing;
            actions[deleted] = Action::Nothing;
        }
    }
}

/// Whether key and value are written out, on their own, without anchor or tag.
fn is_simple(document: &Document<'_>, pair: Pair) -> bool {
    let tree = &document.tree;
    let is_written = |node| matches!(tree.kind(node), Kind::Scalar(_, Style::Plain | Style::Single | Style::Double));
    [pair.key, pair.value].into_iter().all(|node| is_written(node) && tree.properties(node).is_none())
}

pub(super) fn rewrite_pair(
    document: &Document<'_>,
    pair: Pair,
    field: FieldName,
    value: &str,
    least: Quote,
    splices: &mut Vec<Splice>,
) {
    let quote = match quote_of(document, pair.value) {
        Quote::Plain => least,
        quote => quote,
    };
    splices.push(Splice::replace(document.tree.span(pair.key), render(field.as_str(), quote_of(document, pair.key))));
    splices.push(Splice::replace(document.tree.span(pair.value), render(value, quote)));
}

pub(super) fn quote_of(document: &Document<'_>, node: NodeId) -> Quote {
    match document.tree.kind(node) {
        Kind::Scalar(_, style) => (*style).into(),
        _ => Quote::Plain,
    }
}

/// Writes a value in the place of the one that stands there; `least` is how a value without quotes is quoted.
pub(super) fn replace_value(
    document: &Document<'_>,
    pair: Pair,
    value: &str,
    least: Quote,
    splices: &mut Vec<Splice>,
) -> Result<(), EditError> {
    let tree = &document.tree;
    match tree.kind(pair.value) {
        Kind::Scalar(_, Style::Literal | Style::Folded) => replace_block_scalar(document, pair, value, splices),
        Kind::Scalar(_, style) => {
            let quote = if *style == Style::Plain { least } else { (*style).into() };
            splices.push(Splice::replace(tree.span(pair.value), render(value, quote)));
            Ok(())
        }
        Kind::Alias(_) => {
            splices.push(Splice::replace(tree.span(pair.value), render(value, least)));
            Ok(())
        }
        Kind::Null => {
            let value = render(value, least);
            let splice = match (tree.properties_end(pair.value), document.colon(pair.key)) {
                (Some(end), _) | (None, Some(end)) => Splice::insert(end, format!(" {value}")),
                (None, None) => Splice::insert(tree.span(pair.key).end, format!(": {value}")),
            };
            splices.push(splice);
            Ok(())
        }
        Kind::Mapping(_) | Kind::Sequence(_) => Err(document.refuse(pair.value, Shape::NoRoom)),
    }
}

/// A single line under `|-` is exchanged for another; any other block becomes a value on the key's line.
fn replace_block_scalar(
    document: &Document<'_>,
    pair: Pair,
    value: &str,
    splices: &mut Vec<Splice>,
) -> Result<(), EditError> {
    let source = document.source;
    let before = document.tree.properties_end(pair.value).or_else(|| document.colon(pair.key));
    let Some(header) = before.map(|at| source.skip_blank(at)) else {
        return Err(document.refuse(pair.value, Shape::NoRoom));
    };
    let indicators = source.text[header..].bytes().take_while(|byte| b"|>+-0123456789".contains(byte)).count();
    let span = document.tree.span(pair.value);
    let old = document.tree.text(pair.value).unwrap_or_default();
    let strips = source.text[header..header + indicators].contains('-');
    let line = source.rest(span.start).trim_end_matches([' ', '\t']);
    if strips && !old.is_empty() && line == old {
        splices.push(Splice::replace(span.start..span.start + old.len(), value));
        return Ok(());
    }
    splices.push(Splice::replace(header..header + indicators, render(value, Quote::Plain)));
    let content_end = span.start + source.slice(span.clone()).trim_end().len();
    if content_end > span.start {
        splices.push(Splice::delete(source.line_end(header)..source.line_end(content_end)));
    }
    Ok(())
}

/// Returns the pair behind which a field is inserted: the last that comes before it in kustomize's order.
pub(super) fn sibling(entry: &Entry<'_>, field: FieldName, kept: impl Iterator<Item = Pair>) -> Option<Pair> {
    let kept: Vec<Pair> = kept.collect();
    let earlier = FieldName::ALL[..field as usize].iter().rev().filter_map(|earlier| entry.own.get(*earlier));
    let in_order = earlier.chain(entry.own.name).find(|pair| kept.contains(pair));
    in_order.or_else(|| kept.last().copied())
}

/// Returns the pair whose quotes a new field takes: a field like it, else the one it stands behind.
pub(super) fn neighbour(document: &Document<'_>, pairs: &[Pair], sibling: Pair) -> Pair {
    let is_field = |pair: &&Pair| {
        let key = document.tree.text(pair.key).unwrap_or_default();
        FieldName::ALL.into_iter().any(|field| key.eq_ignore_ascii_case(field.as_str()))
    };
    pairs.iter().find(is_field).copied().unwrap_or(sibling)
}

fn field_text(document: &Document<'_>, field: FieldName, value: &str, like: Pair) -> String {
    let key = render(field.as_str(), quote_of(document, like.key));
    format!("{key}: {}", render(value, quote_of(document, like.value)))
}

/// Returns where a pair starts: at its key, or at the anchor, the tag or the `?` before it.
pub(super) fn pair_start(document: &Document<'_>, key: NodeId) -> usize {
    let start = document.tree.start(key);
    let before = document.source.before(start);
    let trimmed = before.trim_end_matches([' ', '\t']);
    match trimmed.strip_suffix('?') {
        Some(rest) if trimmed.len() < before.len() && (rest.is_empty() || rest.ends_with([' ', '\t'])) => {
            start - (before.len() - trimmed.len()) - 1
        }
        _ => start,
    }
}

/// Returns the end of the last line of a pair, comment included: where a line can be added behind it.
pub(super) fn after_pair(document: &Document<'_>, pair: Pair) -> usize {
    let source = document.source;
    match document.tree.kind(pair.value) {
        Kind::Null => {
            let colon = document.colon(pair.key).unwrap_or(document.tree.span(pair.key).end);
            source.line_end(document.tree.properties_end(pair.value).map_or(colon, |end| end.max(colon)))
        }
        _ => after_node(document, pair.value),
    }
}

fn after_node(document: &Document<'_>, node: NodeId) -> usize {
    let tree = &document.tree;
    let mut node = node;
    loop {
        let last = match tree.kind(node) {
            Kind::Mapping(Layout::Block) => match tree.pairs(node).last() {
                Some(pair) if matches!(tree.kind(pair.value), Kind::Null) => return after_pair(document, pair),
                Some(pair) => Some(pair.value),
                None => None,
            },
            Kind::Sequence(Layout::Block) => tree.children(node).last(),
            Kind::Scalar(text, Style::Literal | Style::Folded) => return after_block_scalar(document, node, text),
            _ => None,
        };
        match last {
            Some(last) => node = last,
            None => return document.source.line_end(tree.span(node).end),
        }
    }
}

/// The blank lines behind a block scalar are the file's, except under `|+`, where they are the value's.
fn after_block_scalar(document: &Document<'_>, node: NodeId, text: &str) -> usize {
    let source = document.source;
    let span = document.tree.span(node);
    let content = source.slice(span.clone());
    if is_blank(content) {
        return source.line_end(source.text[..span.start].trim_end().len());
    }
    if !text.ends_with("\n\n") {
        return source.line_end(span.start + content.trim_end().len());
    }
    let end = span.start + content.trim_end_matches(' ').len();
    if source.line_start(end) == end && end > 0 { source.line_end(end - 1) } else { end }
}

/// Returns [`after_pair`], unless a line there would change the value: that of a block scalar which the file ends in.
pub(super) fn room_after_pair(document: &Document<'_>, pair: Pair) -> Result<usize, EditError> {
    if !matches!(document.tree.kind(pair.key), Kind::Scalar(..) | Kind::Alias(_)) {
        return Err(document.refuse(pair.key, Shape::NoRoom));
    }
    let mut node = pair.value;
    while let Kind::Mapping(Layout::Block) | Kind::Sequence(Layout::Block) = document.tree.kind(node) {
        match document.tree.children(node).last() {
            Some(last) => node = last,
            None => break,
        }
    }
    let after = after_pair(document, pair);
    match document.tree.kind(node) {
        // A last line of blanks alone is a part of the value that does not show.
        Kind::Scalar(text, Style::Literal | Style::Folded) if ends_in_blanks(text) => {
            Err(document.refuse(node, Shape::NoRoom))
        }
        Kind::Scalar(text, Style::Literal | Style::Folded)
            if after == document.source.text.len() && !text.ends_with('\n') && !is_stripped(document, node) =>
        {
            Err(document.refuse(node, Shape::OpenBlockScalar))
        }
        _ => Ok(after),
    }
}

fn ends_in_blanks(text: &str) -> bool {
    let last = text.trim_end_matches('\n').rsplit('\n').next().unwrap_or_default();
    !last.is_empty() && is_blank(last)
}

/// Whether a block scalar's header says `-`: then a line end behind it is not part of it.
fn is_stripped(document: &Document<'_>, node: NodeId) -> bool {
    let header = document.source.text[..document.tree.span(node).start].trim_end();
    let line = document.source.before(header.len());
    let line = line.split(" #").next().unwrap_or(line).trim_end();
    line.trim_end_matches(|c: char| c.is_ascii_digit()).ends_with('-')
}

/// Removes whole lines; a first field that shares its line with the dash gives it to the next one.
fn delete_pairs(
    document: &Document<'_>,
    pairs: &[Pair],
    deleted: &[bool],
    splices: &mut Vec<Splice>,
) -> Result<(), EditError> {
    let source = document.source;
    let start = |pair: &Pair| pair_start(document, pair.key);
    let Some(kept) = deleted.iter().position(|deleted| !deleted) else {
        return Err(document.refuse(pairs[0].key, Shape::NoRoom));
    };
    let mut lines_from = 0;
    let first = start(&pairs[0]);
    if kept > 0 && !is_blank(source.before(first)) {
        let follows = |pair: &[Pair]| is_blank(source.slice(after_pair(document, pair[0])..start(&pair[1])));
        if pairs[..=kept].windows(2).all(follows) {
            splices.push(Splice::delete(first..start(&pairs[kept])));
            lines_from = kept;
        } else {
            let dash = first - (source.before(first).len() - source.before(first).trim_end().len());
            splices.push(Splice::delete(dash..after_pair(document, pairs[0])));
            lines_from = 1;
        }
    }
    for (pair, _) in pairs.iter().zip(deleted).skip(lines_from).filter(|(_, deleted)| **deleted) {
        let lines = start(pair)..after_pair(document, *pair);
        splices.push(Splice::delete(whole_lines(document, lines)));
    }
    Ok(())
}

/// Returns the lines of a range with the line end before them, so that something can be added behind them, and a file
/// without a last line end stays so; or with their own, where that is another one than the line above has.
fn whole_lines(document: &Document<'_>, lines: Range<usize>) -> Range<usize> {
    let source = document.source;
    let (start, next) = (source.line_start(lines.start), source.next_line(lines.end));
    let own_end = source.slice(lines.end..next);
    if start == 0 || (!own_end.is_empty() && own_end != source.eol_at(start - 1)) {
        return start..next;
    }
    source.line_end(start - 1)..lines.end
}
