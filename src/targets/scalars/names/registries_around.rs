//! Registries that charts put before the names of images: under keys of their own in the mappings around an image, or for all
//! images of a chart. `global.imageRegistry` is known better.

use crate::image::is_registry;
use crate::targets::scalars::document::nodes::{filled, is_mapping, pairs_of, value_of};
use crate::targets::scalars::document::slot_text::is_decided_elsewhere;
use crate::targets::scalars::image_parts::image_text::ImageText;
use crate::targets::scalars::image_parts::key_stems::plain;
use crate::yaml::{NodeId, Pair, ParsedYaml};

/// What the key of a registry ends in.
const REGISTRY_ENDS: [&str; 6] =
    ["registry", "registryurl", "registryhost", "registryserver", "registryprefix", "imageprefix"];
/// Short for a registry with a path.
const HUB: &str = "hub";

/// What the key of a registry may be in a mapping that is called one. Elsewhere, it is the address of something else.
const ADDRESSES: [&str; 3] = ["host", "server", "url"];

/// The keys of a login. A registry beside one, or in a mapping that is called so, is that of a pull secret, and no chart need put
/// it before a name.
const LOGINS: [&str; 5] = ["username", "password", "email", "auth", "dockerconfigjson"];
const SECRETS: [&str; 2] = ["credential", "secret"];

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
    registries(yaml, mapping, &|_, _| true).into_iter().any(is_before_names)
}

/// The key of a registry of Rancher, which its charts put before every name.
const OF_RANCHER: &str = "systemdefaultregistry";

/// Whether a registry under a key comes before the names of images for certain, and not perhaps before some.
pub(in crate::targets::scalars) fn is_before_names(key: &str) -> bool {
    let (within, key) = key.rsplit_once('.').unwrap_or(("", key));
    let (is_of_some, key) = (within.contains('.') && !["global.image", "global.images"].contains(&within), plain(key));
    key == OF_RANCHER || (!is_of_some && BEFORE_NAMES.contains(&key.as_str()))
}

/// Whether a key is that of an address, which may be one of something else.
pub(in crate::targets::scalars) fn is_address(key: &str) -> bool {
    ADDRESSES.contains(&plain(key.rsplit('.').next().unwrap_or(key)).as_str())
}

/// Returns the registries in the mappings of a mapping that are called as images: charts have those of images without one there.
pub(in crate::targets::scalars) fn registries_of_images<'y>(
    yaml: &'y ParsedYaml<'_>,
    mapping: NodeId,
) -> Vec<(String, &'y str)> {
    let key = |pair: &Pair| yaml.tree.text(pair.key).filter(|key| ["image", "images"].contains(key));
    let of_images = pairs_of(yaml, mapping).filter_map(|pair| Some((key(&pair)?, pair.value)));
    let is_image = |value: NodeId| ["image", "name"].iter().any(|key| value_of(yaml, value, key).is_some());
    let of_images = of_images.filter(|(_, value)| is_mapping(yaml, *value) && !is_image(*value));
    of_images.flat_map(|(key, value)| registries_in(yaml, value, &format!("{key}."))).collect()
}

/// Returns the registries in a mapping, and in its mappings for all images, but for those of pull secrets.
pub(super) fn certain_registries<'y>(yaml: &'y ParsedYaml<'_>, mapping: NodeId) -> Vec<(String, &'y str)> {
    let is_login = |key: &str| LOGINS.contains(&plain(key).as_str());
    registries(yaml, mapping, &|path, within| {
        let path = plain(path);
        let is_secret = SECRETS.iter().any(|word| path.contains(word));
        !is_secret && !yaml.tree.pairs(within).any(|pair| yaml.tree.text(pair.key).is_some_and(is_login))
    })
}

/// Returns the registries in a mapping, and in its mappings for all images. `counts` judges the path and the node of each.
fn registries<'y>(
    yaml: &'y ParsedYaml<'_>,
    mapping: NodeId,
    counts: &dyn Fn(&str, NodeId) -> bool,
) -> Vec<(String, &'y str)> {
    let registries_in = |within: NodeId, before: &str| match is_mapping(yaml, within) && counts(before, within) {
        true => registries_in(yaml, within, before),
        false => Vec::new(),
    };
    let mut found = registries_in(mapping, "");
    for pair in pairs_of(yaml, mapping) {
        let Some(key) = yaml.tree.text(pair.key).filter(|_| is_mapping(yaml, pair.value)) else { continue };
        if key == "global" || plain(key).ends_with("registry") {
            found.extend(registries_in(pair.value, &format!("{key}.")));
        }
        for within in yaml.tree.pairs(pair.value).filter(|_| key == "global") {
            let key = yaml.tree.text(within.key).unwrap_or_default();
            found.extend(registries_in(within.value, &format!("global.{key}.")));
        }
    }
    found
}

/// Returns the registries in one mapping. Beside a `repository`, they are those of that image.
fn registries_in<'y>(yaml: &'y ParsedYaml<'_>, mapping: NodeId, before: &str) -> Vec<(String, &'y str)> {
    if value_of(yaml, mapping, "repository").is_some() {
        return Vec::new();
    }
    let registry = |key: &str, value: NodeId| Some((format!("{before}{key}"), part(filled(yaml, value)?)?));
    let texts = yaml.tree.pairs(mapping).filter_map(|pair| Some((yaml.tree.text(pair.key)?, pair.value)));
    let is_called_so = before.strip_suffix('.').is_some_and(|path| plain(path).ends_with("registry"));
    texts
        .filter(|(key, _)| is_registry_key(key) || (is_called_so && is_address(key)))
        .filter_map(|(key, value)| registry(key, value))
        .collect()
}

pub(super) fn is_registry_key(key: &str) -> bool {
    let key = plain(key);
    key == HUB || REGISTRY_ENDS.iter().any(|end| key.ends_with(end))
}

/// Returns a text that may be the beginning of a name, without the `/` behind it.
pub(super) fn part(text: &str) -> Option<&str> {
    let text = text.trim_end_matches('/');
    let is_part = ImageText::parse(text, false).is_ok() || is_decided_elsewhere(text);
    is_part.then_some(text).filter(|text| !text.is_empty())
}
