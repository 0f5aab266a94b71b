//! Writes into an entry what happens to each of its fields, in the style that the entry has.

use super::entry::ImageEntry;
use crate::targets::edit::FieldName;
use crate::yaml::{Layout, NodeId, NodeKind, Pair, Pairs, ParsedYaml, Quote, ScalarStyle, Shape, Writer, YamlError};

/// What happens to one field in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action<'a> {
    Nothing,
    /// The value of the pair is written anew.
    Replace(Pair, &'a str),
    Insert(&'a str),
    Delete(Pair),
}

/// What happens to the fields of one entry, in the order of [`FieldName::ALL`].
pub(super) type Actions<'a> = [Action<'a>; 3];

/// Writes the actions into an entry, in block style with a comment behind one of the fields if that is asked for.
pub(super) fn write(
    writer: &mut Writer<'_, '_>,
    entry: &ImageEntry<'_>,
    actions: Actions<'_>,
    comment: Option<(FieldName, &str)>,
) -> Result<(), YamlError> {
    match writer.yaml.tree.kind(entry.mapping) {
        NodeKind::Mapping(Layout::Flow) => write_flow(writer, entry, actions),
        _ => write_block(writer, entry, actions, comment),
    }
}

/// In block style a field has a line of its own.
fn write_block(
    writer: &mut Writer<'_, '_>,
    entry: &ImageEntry<'_>,
    mut actions: Actions<'_>,
    comment: Option<(FieldName, &str)>,
) -> Result<(), YamlError> {
    let yaml = writer.yaml;
    let comment_of = |field: FieldName| comment.filter(|(behind, _)| *behind == field).map(|(_, comment)| comment);
    if let Some((field, _, pair)) = swapped(yaml, &actions) {
        swap_tag_and_digest(writer, &mut actions, Quote::Plain);
        if let Some(comment) = comment_of(field) {
            writer.comment_behind(Some(pair.key), pair.value, comment);
        }
    }
    let pairs = pairs(yaml, entry, &actions);
    for (field, action) in FieldName::ALL.into_iter().zip(actions) {
        match action {
            Action::Replace(pair, value) => {
                writer.replace_value(pair, value, Quote::Plain)?;
                if let Some(comment) = comment_of(field) {
                    writer.comment_behind(Some(pair.key), pair.value, comment);
                }
            }
            Action::Insert(value) => {
                let sibling = sibling(yaml, entry, field, &pairs)?;
                let like = neighbour(yaml, &pairs, sibling);
                let key = yaml.render(field.as_str(), yaml.quote_of(like.key), like.key);
                let quote = yaml.quote_to_follow(like.value).unwrap_or(Quote::Plain);
                let comment = comment_of(field).map(|comment| format!(" {comment}"));
                let value = yaml.render(value, quote, like.value);
                let line = format!("{key}: {value}{}", comment.unwrap_or_default());
                writer.insert_line(&pairs, sibling, &line)?;
            }
            Action::Nothing | Action::Delete(_) => {}
        }
    }
    writer.delete_lines(&pairs)
}

/// In flow style, JSON among it, a field is a member between commas.
fn write_flow(writer: &mut Writer<'_, '_>, entry: &ImageEntry<'_>, mut actions: Actions<'_>) -> Result<(), YamlError> {
    let yaml = writer.yaml;
    let least = yaml.least_quote(&yaml.tree.pairs(entry.mapping).collect::<Vec<_>>());
    swap_tag_and_digest(writer, &mut actions, least);
    exchange(writer, &mut actions, least);
    for action in actions {
        if let Action::Replace(pair, value) = action {
            writer.replace_value(pair, value, least)?;
        }
    }
    let pairs = pairs(yaml, entry, &actions);
    let mut groups: Vec<(Pair, Vec<String>)> = Vec::new();
    for (field, action) in FieldName::ALL.into_iter().zip(actions) {
        let Action::Insert(value) = action else {
            continue;
        };
        let sibling = sibling(yaml, entry, field, &pairs)?;
        let text = yaml.pair_text(field.as_str(), value, neighbour(yaml, &pairs, sibling));
        match groups.last_mut() {
            Some((pair, texts)) if *pair == sibling => texts.push(text),
            _ => groups.push((sibling, vec![text])),
        }
    }
    for (sibling, texts) in groups {
        match yaml.pair_without_braces(entry.mapping) {
            Some(only) => writer.insert_with_braces(only, &texts),
            None => writer.insert_members(&pairs, sibling, &texts),
        }
    }
    writer.delete_members(&pairs)
}

fn pairs(yaml: &ParsedYaml<'_>, entry: &ImageEntry<'_>, actions: &Actions<'_>) -> Pairs {
    Pairs::new(yaml.tree.pairs(entry.mapping).collect(), |pair| actions.contains(&Action::Delete(*pair)))
}

/// If a tag takes the digest's place, or the reverse, the line is rewritten: one changed line, its comment kept.
fn swap_tag_and_digest(writer: &mut Writer<'_, '_>, actions: &mut Actions<'_>, least: Quote) {
    if let Some((field, value, pair)) = swapped(writer.yaml, actions) {
        writer.rewrite_pair(pair, field.as_str(), value, least);
        actions[FieldName::NewTag as usize] = Action::Nothing;
        actions[FieldName::Digest as usize] = Action::Nothing;
    }
}

/// Returns the pair that a tag or a digest takes over from the other one, with its new field and value.
pub(super) fn swapped<'a>(yaml: &ParsedYaml<'_>, actions: &Actions<'a>) -> Option<(FieldName, &'a str, Pair)> {
    let pair = |inserted: FieldName, deleted: FieldName| match (actions[inserted as usize], actions[deleted as usize]) {
        (Action::Insert(value), Action::Delete(pair)) if is_simple(yaml, pair) => Some((inserted, value, pair)),
        _ => None,
    };
    pair(FieldName::NewTag, FieldName::Digest).or_else(|| pair(FieldName::Digest, FieldName::NewTag))
}

/// Whether a node has an anchor or a tag.
fn has_properties(yaml: &ParsedYaml<'_>, node: NodeId) -> bool {
    yaml.tree.is_anchored(node) || yaml.tree.tag(node).is_some()
}

/// Whether key and value are written out, on their own, without anchor or tag.
fn is_simple(yaml: &ParsedYaml<'_>, pair: Pair) -> bool {
    let tree = &yaml.tree;
    let is_written = |node| {
        matches!(tree.kind(node), NodeKind::Scalar(_, ScalarStyle::Plain | ScalarStyle::Single | ScalarStyle::Double))
    };
    [pair.key, pair.value].into_iter().all(|node| is_written(node) && !has_properties(yaml, node))
}

/// An inserted field takes the place of a deleted one, which needs no change of commas.
fn exchange(writer: &mut Writer<'_, '_>, actions: &mut Actions<'_>, least: Quote) {
    let yaml = writer.yaml;
    let has_text = |pair: &Pair| {
        matches!(yaml.tree.kind(pair.value), NodeKind::Scalar(..) | NodeKind::Alias(_))
            && !has_properties(yaml, pair.value)
    };
    for field in FieldName::ALL {
        let deleted = actions.iter().enumerate().find_map(|(index, action)| match action {
            Action::Delete(pair) if has_text(pair) => Some((index, *pair)),
            _ => None,
        });
        if let (Action::Insert(value), Some((index, pair))) = (actions[field as usize], deleted) {
            writer.rewrite_pair(pair, field.as_str(), value, least);
            actions[field as usize] = Action::Nothing;
            actions[index] = Action::Nothing;
        }
    }
}

/// Returns the pair behind which a field is inserted: the last that comes before it in kustomize's order.
fn sibling(yaml: &ParsedYaml<'_>, entry: &ImageEntry<'_>, field: FieldName, pairs: &Pairs) -> Result<Pair, YamlError> {
    let kept: Vec<Pair> = pairs.kept().collect();
    let earlier = FieldName::ALL[..field as usize].iter().rev().filter_map(|earlier| entry.own.get(*earlier));
    let in_order = earlier.chain(entry.own.name).find(|pair| kept.contains(pair));
    in_order.or_else(|| kept.last().copied()).ok_or_else(|| yaml.refuse(entry.mapping, Shape::NoRoom))
}

/// Returns the pair whose quotes a new field takes: a field like it, else the one it stands behind.
fn neighbour(yaml: &ParsedYaml<'_>, pairs: &Pairs, sibling: Pair) -> Pair {
    let is_field = |pair: &&Pair| {
        let key = yaml.tree.text(pair.key).unwrap_or_default();
        FieldName::ALL.into_iter().any(|field| key.eq_ignore_ascii_case(field.as_str()))
    };
    pairs.all().iter().find(is_field).copied().unwrap_or(sibling)
}
