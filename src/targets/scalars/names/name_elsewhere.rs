//! The name of an image of which an alias or a merge key brings a part. It is written in another place, for others too, so
//! that an edit of the image leaves it alone.

use crate::image::has_registry;
use crate::targets::scalars::document::node_path::own_pair;
use crate::targets::scalars::document::nodes::{filled, value_of};
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::image_text::ImageText;
use crate::targets::scalars::image_parts::name_parts::NameParts;
use crate::yaml::{NodeId, NodeKind, ParsedYaml};

/// Returns the name of an image of which an alias or a merge key brings the registry or the repository, or the whole name under
/// `image`; nothing for any other image.
///
/// # Errors
///
/// A merge key brings a part too, behind the mapping's own.
pub(in crate::targets::scalars) fn name_elsewhere(
    yaml: &ParsedYaml<'_>,
    mapping: NodeId,
    is_of_image: bool,
) -> Result<Option<String>, FileRefusal> {
    let own = |key: &str| value_of(yaml, mapping, key);
    let merged = |key: &str| yaml.tree.inherited(mapping, &|text| text == key);
    let brought = |key: &str| match own(key) {
        Some(value) if matches!(yaml.tree.kind(value), NodeKind::Alias(_)) => filled(yaml, value),
        Some(_) => None,
        None => merged(key).and_then(|value| filled(yaml, value)),
    };
    let repository = brought("repository").filter(|_| own("repository").is_some() || own("name").is_none());
    let is_whole = |text: &&str| has_registry(text) && merged("repository").is_none();
    let image = brought("image").filter(is_whole).filter(|_| own("repository").is_none());
    let registry = brought("registry").filter(|_| own("repository").is_some());
    if repository.or(image).or(registry).is_none() {
        return Ok(None);
    }
    for key in ["registry", "repository"].into_iter().filter(|key| own(key).is_some()) {
        own_pair(yaml, mapping, key)?;
    }
    let beside = |key: &str| own(key).and_then(|value| filled(yaml, value));
    let text = |key: &str| match key {
        "registry" => beside(key).or_else(|| brought(key)),
        "repository" => beside(key).or(repository),
        "image" => beside(key).or(image),
        key => beside(key),
    };
    let name = NameParts::of(&text, is_of_image).name();
    let image = name.and_then(|name| ImageText::parse(&name, false).ok());
    Ok(image.filter(|image| image.tag.is_none() && image.digest.is_none()).map(|image| image.name))
}
