//! Flat tags, such as `webTag` beside `webImage`. Of the two, the tag is listed as the image, because an edit writes the tag.

use crate::image::has_registry;
use crate::targets::scalars::document::nodes::{filled, is_list, is_mapping, value_of};
use crate::targets::scalars::document::slot::Slot;
use crate::targets::scalars::image_parts::name_parts::bare_name;
use crate::yaml::{NodeId, ParsedYaml};

/// What the key of a name ends in.
const IMAGES: [&str; 4] = ["Image", "_image", "_IMAGE", "-image"];

/// What the key of its tag ends in, with `image` before it or without; the first one that is there counts.
const TAGS: [&str; 8] = ["Tag", "_tag", "_TAG", "-tag", "Version", "_version", "_VERSION", "-version"];

/// Whether a scalar under `…image` is a name whose tag is beside it.
pub(super) fn has_tag(yaml: &ParsedYaml<'_>, slot: Slot) -> bool {
    tag_of(yaml, slot.key_text(yaml), slot.value, slot.parent).is_some()
}

/// Whether a scalar is the tag of a name that is beside it.
pub(super) fn is_tag(yaml: &ParsedYaml<'_>, slot: Slot) -> bool {
    let key = slot.key_text(yaml);
    let is_of = |name: &str| {
        let value = value_of(yaml, slot.parent, name);
        value.is_some_and(|value| tag_of(yaml, name, value, slot.parent) == Some(slot.value))
    };
    let Some(stem) = TAGS.iter().find_map(|end| key.strip_suffix(end)) else { return key == "tag" && is_of("image") };
    (stem.to_ascii_lowercase().ends_with("image") && is_of(stem))
        || IMAGES.iter().any(|end| is_of(&format!("{stem}{end}")))
}

/// Returns the tag of the name under a key. At the root of a document, `tag` beside a whole `image` is one too.
fn tag_of(yaml: &ParsedYaml<'_>, key: &str, name: NodeId, mapping: NodeId) -> Option<NodeId> {
    let name = filled(yaml, name).and_then(bare_name)?;
    let stem = IMAGES.iter().find_map(|end| key.strip_suffix(end)).filter(|stem| !stem.is_empty());
    let begins = [Some(key), stem];
    let keys = TAGS.iter().flat_map(|end| begins.iter().flatten().map(move |begin| format!("{begin}{end}")));
    let alone =
        (key == "image" && has_registry(&name) && yaml.tree.documents.contains(&mapping)).then(|| "tag".to_owned());
    let tag = keys.chain(alone).find_map(|key| value_of(yaml, mapping, &key))?;
    (!is_mapping(yaml, tag) && !is_list(yaml, tag)).then_some(tag)
}
