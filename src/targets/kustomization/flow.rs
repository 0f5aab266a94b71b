//! Editing an entry in flow style, JSON among it: `{name: app, newTag: v1}` on one line, or with a field per line.

use super::block::{neighbour, pair_start, quote_of, replace_value, rewrite_pair, sibling, swap_tag_and_digest};
use super::entry::Entry;
use super::parse::Document;
use super::scalar::{Quote, render};
use super::source::is_blank;
use super::splice::Splice;
use super::tree::{Kind, NodeId, Pair, Style};
use super::wish::{Action, Actions};
use super::{EditError, FieldName, Shape};

pub(super) fn edit_entry(
    document: &Document<'_>,
    entry: &Entry<'_>,
    actions: &Actions<'_>,
    splices: &mut Vec<Splice>,
) -> Result<(), EditError> {
    let mut actions = *actions;
    let pairs: Vec<Pair> = document.tree.pairs(entry.mapping).collect();
    let least = least_quote(document, &pairs);
    swap_tag_and_digest(document, &mut actions, least, splices);
    exchange(document, &mut actions, least, splices);
    for action in actions {
        if let Action::Replace(pair, value) = action {
            replace_value(document, pair, value, least, splices)?;
        }
    }
    insert_pairs(document, entry, &pairs, &actions, splices)?;
    let deleted: Vec<bool> = pairs.iter().map(|pair| actions.contains(&Action::Delete(*pair))).collect();
    if deleted.contains(&true) {
        delete_pairs(document, &pairs, &deleted, splices)?;
    }
    Ok(())
}

/// How a value without quotes is to be quoted: JSON knows double quotes alone, and shows by its keys.
pub(super) fn least_quote(document: &Document<'_>, pairs: &[Pair]) -> Quote {
    let is_json = pairs.first().is_some_and(|pair| quote_of(document, pair.key) == Quote::Double);
    if is_json { Quote::Double } else { Quote::Plain }
}

/// A field that comes takes the place of one that goes, which spares all questions about commas.
fn exchange(document: &Document<'_>, actions: &mut Actions<'_>, least: Quote, splices: &mut Vec<Splice>) {
    for field in FieldName::ALL {
        let going = actions.iter().position(|action| {
            matches!(action, Action::Delete(pair) if matches!(
                document.tree.kind(pair.value),
                Kind::Scalar(..) | Kind::Alias(_)
            ) && document.tree.properties(pair.value).is_none())
        });
        if let (Action::Insert(value), Some(going)) = (actions[field as usize], going)
            && let Action::Delete(pair) = actions[going]
        {
            rewrite_pair(document, pair, field, value, least, splices);
            actions[field as usize] = Action::Nothing;
            actions[going] = Action::Nothing;
        }
    }
}

fn insert_pairs(
    document: &Document<'_>,
    entry: &Entry<'_>,
    pairs: &[Pair],
    actions: &Actions<'_>,
    splices: &mut Vec<Splice>,
) -> Result<(), EditError> {
    let mut groups: Vec<(Pair, Vec<String>)> = Vec::new();
    for (field, action) in FieldName::ALL.into_iter().zip(actions) {
        let Action::Insert(value) = action else {
            continue;
        };
        let kept = pairs.iter().copied().filter(|pair| !actions.contains(&Action::Delete(*pair)));
        let Some(sibling) = sibling(entry, field, kept) else {
            return Err(document.refuse(entry.mapping, Shape::NoRoom));
        };
        let text = pair_text(document, field.as_str(), value, neighbour(document, pairs, sibling));
        match groups.last_mut() {
            Some((pair, texts)) if *pair == sibling => texts.push(text),
            _ => groups.push((sibling, vec![text])),
        }
    }
    for (sibling, texts) in groups {
        let (start, end) = (pair_start(document, sibling.key), pair_end(document, sibling));
        let gap = if is_tight(document, pairs) { "," } else { ", " };
        insert_behind(document, start..end, gap, &texts, splices);
    }
    Ok(())
}

/// Writes members behind one that stands at `member`: on lines of their own if that one has its own.
pub(super) fn insert_behind(
    document: &Document<'_>,
    member: std::ops::Range<usize>,
    gap: &str,
    texts: &[String],
    splices: &mut Vec<Splice>,
) {
    let source = document.source;
    let indent = source.before(member.start);
    let line_end = source.line_end(member.end);
    let rest = source.rest(member.end).trim_start_matches([' ', '\t']);
    let behind_comma = rest.strip_prefix(',').map(|rest| rest.trim_start_matches([' ', '\t']));
    let ends_line = |rest: &str| rest.is_empty() || rest.starts_with('#');
    let eol = source.eol_at(member.end);
    let line = |separator: &str| format!("{separator}{eol}{indent}");
    if !is_blank(indent) {
        splices.push(Splice::insert(member.end, prefixed(gap, texts)));
    } else if behind_comma.is_some_and(ends_line) {
        let lines: String = texts.iter().map(|text| format!("{}{text},", line(""))).collect();
        splices.push(Splice::insert(line_end, lines));
    } else if rest.starts_with('#') {
        splices.push(Splice::insert(member.end, ","));
        splices.push(Splice::insert(line_end, format!("{}{}", line(""), texts.join(&line(",")))));
    } else if rest.is_empty() {
        splices.push(Splice::insert(member.end, prefixed(&line(","), texts)));
    } else {
        splices.push(Splice::insert(member.end, prefixed(gap, texts)));
    }
}

fn prefixed(prefix: &str, texts: &[String]) -> String {
    texts.iter().flat_map(|text| [prefix, text.as_str()]).collect()
}

/// Writes a pair as its neighbour is written.
pub(super) fn pair_text(document: &Document<'_>, key: &str, value: &str, like: Pair) -> String {
    let key_quote = quote_of(document, like.key);
    let value_quote = if key_quote == Quote::Double { Quote::Double } else { quote_of(document, like.value) };
    let colon = colon_text(document, like);
    let space = if key_quote == Quote::Plain && colon == ":" { ": " } else { colon };
    format!("{}{space}{}", render(key, key_quote), render(value, value_quote))
}

/// Returns `:` where a value stands right behind the colon, as in compact JSON.
fn colon_text(document: &Document<'_>, pair: Pair) -> &'static str {
    let next = document.colon(pair.key).and_then(|at| document.source.text.as_bytes().get(at));
    match next {
        Some(b' ' | b'\t' | b'\r' | b'\n' | b',' | b'}') | None => ": ",
        Some(_) => ":",
    }
}

/// Whether members follow each other without a space.
pub(super) fn is_tight(document: &Document<'_>, pairs: &[Pair]) -> bool {
    match pairs {
        [first, second, ..] => {
            let between = pair_end(document, *first)..pair_start(document, second.key);
            document.source.slice(between) == ","
        }
        [only] => colon_text(document, *only) == ":",
        [] => false,
    }
}

pub(super) fn pair_end(document: &Document<'_>, pair: Pair) -> usize {
    match document.tree.kind(pair.value) {
        Kind::Null => {
            let key_end = document.tree.span(pair.key).end;
            let properties = document.tree.properties_end(pair.value);
            properties.or_else(|| document.colon(pair.key)).unwrap_or(key_end).max(key_end)
        }
        _ => document.tree.span(pair.value).end,
    }
}

/// Removes pairs with their commas; a pair with lines of its own goes with them, and with the comment behind it.
fn delete_pairs(
    document: &Document<'_>,
    pairs: &[Pair],
    deleted: &[bool],
    splices: &mut Vec<Splice>,
) -> Result<(), EditError> {
    let source = document.source;
    let start = |index: usize| pair_start(document, pairs[index].key);
    let end = |index: usize| pair_end(document, pairs[index]);
    let Some(first_kept) = deleted.iter().position(|deleted| !deleted) else {
        return Err(document.refuse(pairs[0].key, Shape::NoRoom));
    };
    for (index, _) in deleted.iter().enumerate().filter(|(_, deleted)| **deleted) {
        let rest = source.rest(end(index)).trim_start_matches([' ', '\t']);
        let behind_comma = rest.strip_prefix(',').unwrap_or(rest).trim_start_matches([' ', '\t']);
        let has_lines = is_blank(source.before(start(index)))
            && (behind_comma.is_empty() || behind_comma.starts_with('#'))
            && end(index) < source.text.len();
        splices.push(Splice::delete(if has_lines {
            source.line_start(start(index))..source.next_line(end(index))
        } else if index < first_kept {
            start(index)..start(index + 1)
        } else {
            end(index - 1)..end(index)
        }));
        if has_lines && index + 1 == pairs.len() && !rest.starts_with(',') {
            delete_last_comma(document, pairs, deleted, splices);
        }
    }
    Ok(())
}

/// Where the last pair goes with its line, the comma behind the last one that stays goes too.
fn delete_last_comma(document: &Document<'_>, pairs: &[Pair], deleted: &[bool], splices: &mut Vec<Splice>) {
    let last_kept = pairs.iter().zip(deleted).rev().find(|(_, deleted)| !**deleted);
    if let Some((pair, _)) = last_kept {
        let comma = document.source.skip_blank(pair_end(document, *pair));
        if document.source.text.as_bytes().get(comma) == Some(&b',') {
            splices.push(Splice::delete(comma..comma + 1));
        }
    }
}

/// Returns the quotes that the value of `key` has in a mapping.
pub(super) fn value_quote(document: &Document<'_>, mapping: NodeId, key: &str) -> Option<Quote> {
    let pair = document
        .tree
        .pairs(mapping)
        .find(|pair| document.tree.text(pair.key).is_some_and(|text| text.eq_ignore_ascii_case(key)))?;
    match document.tree.kind(pair.value) {
        Kind::Scalar(_, style @ (Style::Plain | Style::Single | Style::Double)) => Some((*style).into()),
        _ => None,
    }
}
