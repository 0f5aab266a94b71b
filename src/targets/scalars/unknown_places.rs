//! What looks like an image, and is in no place that is known to have one: a check says that it was not looked at.

use std::collections::HashSet;

use super::document_kind::DocumentKind;
use super::file_refusal::FileRefusal;
use super::image_text::ImageText;
use super::object::Object;
use super::walk::{Visit, walk};
use crate::image::has_registry;
use crate::yaml::{NodeId, ParsedYaml};

/// What may be an image.
pub(super) struct UnknownPlace {
    pub(super) path: String,
    /// What a check says of it.
    pub(super) refusal: FileRefusal,
}

/// Returns what may be an image, beside those whose scalars are `covered`: a reference with a version, that has a registry or is
/// under a key of images.
pub(super) fn unknown_places(
    yaml: &ParsedYaml<'_>,
    objects: &[Object],
    covered: &HashSet<NodeId>,
) -> Vec<UnknownPlace> {
    let mut unknown = Vec::new();
    // What is in a `List` is in its items.
    for object in objects.iter().filter(|object| object.kind != DocumentKind::List) {
        walk(yaml, object.root, &mut |Visit { path, slot, .. }| {
            let value = slot.value;
            let Some(text) = yaml.tree.text(value).filter(|_| !covered.contains(&value)) else { return };
            let Ok(image) = ImageText::parse(text, false) else { return };
            let is_likely = has_registry(&image.name) || is_of_images(slot.key_text(yaml));
            if is_likely && (image.tag.is_some() || image.digest.is_some()) {
                let message = format!("`{text}` may be an image, and images are not read at `{path}`");
                let hint = format!("to check it, name `{text}` in the same command");
                let refusal = FileRefusal::at(yaml, value, message, hint);
                unknown.push(UnknownPlace { path: format!(".{path}"), refusal });
            }
        });
    }
    unknown
}

/// Whether values under a key are often images.
fn is_of_images(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.ends_with("image") || key.ends_with("imagename") || key == "reference"
}
