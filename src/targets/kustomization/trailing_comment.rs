//! What becomes of the comment behind a changed value: it stays, it goes, or a new one takes its place.

use std::ops::Range;

use super::action::{Action, Actions, swapped};
use super::entry::{ImageEntry, fields};
use crate::image::{Field, ImageArgument};
use crate::targets::edit::{Comments, FieldName, Fields, Unnamed};
use crate::targets::flux_marker::is_marker;
use crate::yaml::{Layout, NodeKind, Pair, ParsedYaml, Writer};

/// The fields that a new comment stands behind, the first of them that changes.
pub(super) const COMMENTED: [FieldName; 3] = [FieldName::NewTag, FieldName::Digest, FieldName::NewName];

/// What one entry's edit does about the comments on its changed lines.
pub(super) enum LineComment {
    Keep,
    Drop,
    /// Takes the place of those that there are.
    Replace(String),
    /// None of the lines has one, so it comes behind this field.
    Add(FieldName, String),
}

impl LineComment {
    pub(super) fn new(
        comments: Comments<'_>,
        yaml: &ParsedYaml<'_>,
        entry: &ImageEntry<'_>,
        argument: &ImageArgument,
        actions: &Actions<'_>,
    ) -> Self {
        let text = match comments {
            Comments::Keep => return Self::Keep,
            Comments::Drop => return Self::Drop,
            Comments::Write(text) => text(&argument.name, &new_fields(fields(yaml, entry), argument)),
        };
        if text.is_empty() {
            return Self::Drop;
        }
        let is_flow = yaml.tree.kind(entry.mapping) == &NodeKind::Mapping(Layout::Flow);
        let has_comment = changed(yaml, actions).any(|pair| yaml.trailing_comment(pair).is_some());
        let is_set = |field: &FieldName| match actions[*field as usize] {
            Action::Insert(_) => true,
            Action::Replace(pair, value) => yaml.tree.text(pair.value) != Some(value),
            Action::Nothing | Action::Delete(_) => false,
        };
        match COMMENTED.into_iter().find(is_set) {
            Some(field) if !is_flow && !has_comment => Self::Add(field, text),
            _ => Self::Replace(text),
        }
    }

    /// Returns the comment to write behind a field, if none of the lines has one.
    pub(super) fn added(&self) -> Option<(FieldName, &str)> {
        match self {
            Self::Add(field, text) => Some((*field, text)),
            Self::Keep | Self::Drop | Self::Replace(_) => None,
        }
    }

    /// Removes or replaces the comments that there were on the lines that change.
    pub(super) fn write(&self, writer: &mut Writer<'_, '_>, entry: &ImageEntry<'_>, actions: &Actions<'_>) {
        let yaml = writer.yaml;
        let mut comments: Vec<_> = changed(yaml, actions).filter_map(|pair| yaml.trailing_comment(pair)).collect();
        comments.extend(yaml.comment_behind_flow(entry.mapping));
        for comment in comments {
            self.write_one(writer, comment);
        }
    }

    fn write_one(&self, writer: &mut Writer<'_, '_>, comment: Range<usize>) {
        if is_marker(writer.yaml.source.slice(comment.clone())) || writer.removes(&comment) {
            return;
        }
        match self {
            Self::Drop => writer.delete_comment(comment),
            Self::Replace(text) => writer.replace(comment, text.as_str()),
            Self::Keep | Self::Add(..) => {}
        }
    }
}

/// Returns the pairs whose lines change. A pair that is deleted goes with its comment.
fn changed<'p>(yaml: &'p ParsedYaml<'_>, actions: &'p Actions<'_>) -> impl Iterator<Item = Pair> + 'p {
    let replaced = actions.iter().filter_map(|action| match action {
        Action::Replace(pair, value) if yaml.tree.text(pair.value) != Some(value) => Some(*pair),
        _ => None,
    });
    replaced.chain(swapped(yaml, actions).map(|(_, _, pair)| pair))
}

/// Returns what an entry says once the argument is written.
pub(super) fn new_fields(old: Fields, argument: &ImageArgument) -> Fields {
    let new = |field: FieldName, old: Option<String>| match field.asked(&argument.change) {
        Field::Keep => old,
        Field::Remove => None,
        Field::Set(value) => Some(value.to_owned()),
    };
    Fields {
        new_name: new(FieldName::NewName, old.new_name),
        new_tag: new(FieldName::NewTag, old.new_tag),
        digest: new(FieldName::Digest, old.digest),
        unnamed: Unnamed::AsEntry,
        ..Fields::default()
    }
}
