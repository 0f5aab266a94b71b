//! What becomes of the comments behind the scalars of an image that change. It is the rule of kustomizations.

use std::ops::Range;

use super::asked::NewText;
use crate::image::ImageName;
use crate::targets::flux_marker::is_marker;
use crate::targets::kustomization::{Comments, FieldName, Fields};
use crate::yaml::{Layout, NodeKind, Writer};

/// Removes the comments behind `changed`, or writes the one that is asked for. A marker of Flux stays.
pub(super) fn write_comments(
    writer: &mut Writer<'_, '_>,
    comments: Comments<'_>,
    name: &ImageName,
    after: &Fields,
    changed: &[NewText],
) {
    let yaml = writer.yaml;
    let behind = |new: &NewText| {
        let own = yaml.comment_behind_value(new.slot.key, new.slot.value);
        own.or_else(|| yaml.comment_behind_flow(new.slot.parent))
    };
    let found: Vec<Range<usize>> = changed.iter().filter_map(behind).collect();
    let text = match comments {
        Comments::Write(text) if !changed.is_empty() => text(name, after),
        Comments::Drop => String::new(),
        Comments::Keep | Comments::Write(_) => return,
    };
    for comment in &found {
        if is_marker(yaml.source.slice(comment.clone())) || writer.removes(comment) {
            continue;
        }
        match comments {
            Comments::Drop => writer.delete_comment(comment.clone()),
            Comments::Keep | Comments::Write(_) => writer.replace(comment.clone(), text.as_str()),
        }
    }
    if let (Comments::Write(_), true) = (comments, found.is_empty()) {
        let is_flow = |new: &NewText| yaml.tree.kind(new.slot.parent) == &NodeKind::Mapping(Layout::Flow);
        let of = |field: FieldName| changed.iter().find(|new| new.field == field && !is_flow(new));
        let first = [FieldName::NewTag, FieldName::Digest, FieldName::NewName].into_iter().find_map(of);
        if let Some(new) = first {
            writer.comment_behind(new.slot.key, new.slot.value, &text);
        }
    }
}
