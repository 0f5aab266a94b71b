//! Registries that charts put before the names of images: under keys of their own in the mappings around an image, or for all
//! images of a chart. `global.imageRegistry` is known better.

use super::document_kind::{filled, is_mapping, value_of};
use super::image_text::ImageText;
use super::key_stems::plain;
use crate::image::is_registry;
use crate::yaml::{NodeId, ParsedYaml};

/// What the key of a registry ends in, and what it may be.
const REGISTRY_ENDS: [&str; 6] =
    ["registry", "registryurl", "registryhost", "registryserver", "registryprefix", "imageprefix"];
const REGISTRIES: [&str; 4] = ["host", "server", "hub", "url"];

/// The keys of a registry that comes before a word, which is no name without one.
const BEFORE_NAMES: [&str; 6] =
    ["registry", "registryurl", "imageregistry", "dockerregistry", "containerregistry", "defaultregistry"];

/// Whether a mapping has a registry that charts put before the names of the images in it.
pub(super) fn has_registry_for_others(yaml: &ParsedYaml<'_>, mapping: NodeId) -> bool {
    let is_before_names = |(key, text): (String, &str)| {
        let (within, key) = key.rsplit_once('.').unwrap_or(("", &key));
        let (is_of_some, key) = (within.contains('.') && within != "global.image", plain(key));
        !is_of_some && BEFORE_NAMES.contains(&key.as_str()) && is_registry(text.split('/').next().unwrap_or_default())
    };
    registries(yaml, mapping).into_iter().any(is_before_names)
}

/// Returns the registries in a mapping, and in its mappings for all images.
pub(super) fn registries<'y>(yaml: &'y ParsedYaml<'_>, mapping: NodeId) -> Vec<(String, &'y str)> {
    let mut found = registries_in(yaml, mapping, "");
    for pair in is_mapping(yaml, mapping).then(|| yaml.tree.pairs(mapping)).into_iter().flatten() {
        let Some(key) = yaml.tree.text(pair.key).filter(|_| is_mapping(yaml, pair.value)) else { continue };
        if key == "global" || plain(key).ends_with("registry") {
            found.extend(registries_in(yaml, pair.value, &format!("{key}.")));
        }
        for within in yaml.tree.pairs(pair.value).filter(|_| key == "global") {
            let key = yaml.tree.text(within.key).unwrap_or_default();
            found.extend(registries_in(yaml, within.value, &format!("global.{key}.")));
        }
    }
    found
}

/// Returns the registries in one mapping. Beside a `repository`, they are those of that image.
fn registries_in<'y>(yaml: &'y ParsedYaml<'_>, mapping: NodeId, before: &str) -> Vec<(String, &'y str)> {
    if !is_mapping(yaml, mapping) || value_of(yaml, mapping, "repository").is_some() {
        return Vec::new();
    }
    let registry = |key: &str, value: NodeId| Some((format!("{before}{key}"), part(filled(yaml, value)?)?));
    let texts = yaml.tree.pairs(mapping).filter_map(|pair| Some((yaml.tree.text(pair.key)?, pair.value)));
    texts.filter(|(key, _)| is_registry_key(key)).filter_map(|(key, value)| registry(key, value)).collect()
}

pub(super) fn is_registry_key(key: &str) -> bool {
    let key = plain(key);
    REGISTRIES.contains(&key.as_str()) || REGISTRY_ENDS.iter().any(|end| key.ends_with(end))
}

/// Returns a text that may be the beginning of a name, without the `/` behind it.
pub(super) fn part(text: &str) -> Option<&str> {
    let text = text.trim_end_matches('/');
    ImageText::parse(text, false).is_ok().then_some(text).filter(|text| !text.is_empty())
}
