//! What becomes of the comments behind the scalars of an image that change. It is the rule of kustomizations.

use std::ops::Range;

use super::new_values::NewText;
use crate::image::ImageName;
use crate::targets::edit::{Comments, FieldName, Fields};
use crate::targets::flux_marker::is_marker;
use crate::targets::scalars::document::slot::Slot;
use crate::yaml::{Layout, NodeKind, ParsedYaml, Writer};

/// Returns where the comment stands behind a scalar, or behind the mapping on one line that it is in.
pub(in crate::targets::scalars) fn comment_behind(yaml: &ParsedYaml<'_>, slot: Slot) -> Option<Range<usize>> {
    yaml.comment_behind_value(slot.key, slot.value).or_else(|| yaml.comment_behind_flow(slot.parent))
}

/// Removes the comments behind `changed`, or writes the one that is asked for. A marker of Flux stays.
pub(in crate::targets::scalars) fn write_comments(
    writer: &mut Writer<'_, '_>,
    comments: Comments<'_>,
    name: &ImageName,
    after: &Fields,
    changed: &[NewText],
) {
    let yaml = writer.yaml;
    let found: Vec<Range<usize>> = changed.iter().filter_map(|new| comment_behind(yaml, new.slot)).collect();
    let text = match comments {
        Comments::Write(text) if !changed.is_empty() => text(name, after),
        Comments::Drop => String::new(),
        Comments::Keep | Comments::Write(_) => return,
    };
    for comment in &found {
        if is_marker(yaml.source.slice(comment.clone())) || writer.removes(comment) {
            continue;
        }
        match text.as_str() {
            "" => writer.delete_comment(comment.clone()),
            text => writer.replace(comment.clone(), text),
        }
    }
    if found.is_empty() && !text.is_empty() {
        let is_flow = |new: &NewText| {
            matches!(
                yaml.tree.kind(new.slot.parent),
                NodeKind::Mapping(Layout::Flow) | NodeKind::Sequence(Layout::Flow)
            )
        };
        let of = |field: FieldName| changed.iter().find(|new| new.field == field && !is_flow(new));
        let first = [FieldName::NewTag, FieldName::Digest, FieldName::NewName].into_iter().find_map(of);
        if let Some(new) = first {
            writer.comment_behind(new.slot.key, new.slot.value, &text);
        }
    }
}
