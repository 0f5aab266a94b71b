//! Registries for all images of a chart, such as `global.imageRegistry`: many charts put one before the name of an image, or take
//! it in place of the image's own registry, and others ignore it. So the full name is not known, unless both are the same.

use std::collections::HashMap;

use super::key_stems::PARTS_BESIDE;
use super::name_parts::NameParts;
use super::nodes::{filled, pairs_of, value_of};
use super::registries_around::{has_login, has_registry_for_others};
use crate::image::has_registry;
use crate::yaml::{NodeId, Pair, ParsedYaml};

/// The mappings that a registry for all images is in. Those in `global` count before the own registry of an image.
const WITHIN: [&str; 8] =
    ["global", "global.image", "global.images", "global.cattle", "", "image", "images", "privateRegistry"];

/// The keys of a registry for all images. In the mapping of an image, they are those of that image.
const KEYS: [&str; 11] = [
    "imageRegistry",
    OWN_KEY,
    "dockerRegistry",
    "containerRegistry",
    "defaultRegistry",
    "defaultImageRegistry",
    "systemDefaultRegistry",
    "privateRegistry",
    "registryUrl",
    "hub",
    "imagePrefix",
];

/// The key of an image's own registry.
const OWN_KEY: &str = "registry";

/// The one that most charts know.
pub(super) const BEST_KNOWN: &str = "global.imageRegistry";

/// A registry for all images of a chart.
#[derive(Debug, Clone)]
pub(super) struct SharedRegistry {
    /// Its path in the values that it is for.
    pub(super) key: String,
    pub(super) text: String,
    /// Whether charts take it in place of an image's own registry.
    pub(super) is_global: bool,
}

impl SharedRegistry {
    /// Whether a parameter of that name is one.
    pub(super) fn is_parameter(name: &str) -> bool {
        name.starts_with("global.") && is_known(name)
    }

    /// Returns the one that a parameter is.
    pub(super) fn of_parameter(name: &str, text: &str) -> Option<Box<Self>> {
        Self::new(name.to_owned(), text, true).map(Box::new)
    }

    /// Returns the one under a key, unless that is of something else.
    fn new(key: String, text: &str, is_global: bool) -> Option<Self> {
        let text = text.trim_end_matches('/').to_owned();
        let is_registry = key == BEST_KNOWN || has_registry(&format!("{text}/"));
        (is_registry && !text.is_empty()).then_some(Self { key, text, is_global })
    }

    /// Whether it may come before the name that some parts make, or that a merge key brings. A name with a registry of its own
    /// is whole, but in the charts that know `global.imageRegistry`.
    pub(super) fn is_before(&self, names: &NameParts<'_>, elsewhere: Option<&str>) -> bool {
        let is_whole = || names.has_whole_name() || elsewhere.is_some_and(has_registry);
        self.key == BEST_KNOWN || ((self.is_global || !names.has_registry()) && !is_whole())
    }
}

/// Whether the text at a path is one.
pub(super) fn is_shared_registry(path: &str, text: &str) -> bool {
    is_known(path) && SharedRegistry::new(path.to_owned(), text, false).is_some()
}

fn is_known(path: &str) -> bool {
    let (within, key) = path.rsplit_once('.').unwrap_or(("", path));
    WITHIN.contains(&within) && KEYS.contains(&key)
}

/// Returns the registry for all images of the chart, or of a chart within it, whose values are on the way to an image.
pub(super) fn shared_registry(yaml: &ParsedYaml<'_>, trail: &[NodeId]) -> Option<Box<SharedRegistry>> {
    SharedRegistries::default().of(yaml, trail, None)
}

/// The registries for all images that were looked for, once in each mapping: one may have thousands of images.
#[derive(Default)]
pub(super) struct SharedRegistries {
    for_all: HashMap<NodeId, Vec<FoundRegistry>>,
    others: HashMap<NodeId, bool>,
}

struct FoundRegistry {
    registry: SharedRegistry,
    /// The mapping that it is in.
    within: NodeId,
}

impl SharedRegistries {
    /// Returns what [`shared_registry`] returns. `own` is the mapping of the image.
    pub(super) fn of(
        &mut self,
        yaml: &ParsedYaml<'_>,
        trail: &[NodeId],
        own: Option<NodeId>,
    ) -> Option<Box<SharedRegistry>> {
        let mut first: Option<&SharedRegistry> = None;
        for mapping in trail {
            self.for_all.entry(*mapping).or_insert_with(|| found_in(yaml, *mapping));
        }
        for FoundRegistry { registry, within } in trail.iter().rev().flat_map(|mapping| &self.for_all[mapping]) {
            let counts = match Some(*within) == own {
                true => !registry.key.ends_with(OWN_KEY),
                false => !is_of_image(yaml, *within),
            };
            let rank = |registry: &SharedRegistry| (registry.key == BEST_KNOWN, registry.is_global);
            if counts && first.is_none_or(|first| rank(registry) > rank(first)) {
                first = Some(registry);
            }
        }
        first.cloned().map(Box::new)
    }

    /// Whether a registry under another key is on the way to an image.
    pub(super) fn is_below_another(&mut self, yaml: &ParsedYaml<'_>, trail: &[NodeId]) -> bool {
        let has_registry =
            |values: NodeId| *self.others.entry(values).or_insert_with(|| has_registry_for_others(yaml, values));
        trail.iter().copied().any(has_registry)
    }
}

/// Returns the registries in the values of a chart.
fn found_in(yaml: &ParsedYaml<'_>, values: NodeId) -> Vec<FoundRegistry> {
    let mut within = vec![(String::new(), values)];
    for (first, mapping) in as_read(yaml, values, &["global", "image", "images", "privateRegistry"]) {
        within.push((format!("{first}."), mapping));
        let below = if first == "global" { as_read(yaml, mapping, &["image", "images", "cattle"]) } else { Vec::new() };
        within.extend(below.into_iter().map(|(second, mapping)| (format!("{first}.{second}."), mapping)));
    }
    let mut found = Vec::new();
    for (path, within) in within {
        for (key, value) in as_read(yaml, within, &KEYS) {
            let (key, text) = (format!("{path}{key}"), filled(yaml, value).unwrap_or_default());
            let within = yaml.tree.resolve(within);
            let registry = SharedRegistry::new(key, text, path.starts_with("global."));
            let registry = registry.filter(|registry| registry.key == BEST_KNOWN || !has_login(yaml, within));
            found.extend(registry.map(|registry| FoundRegistry { registry, within }));
        }
    }
    found
}

/// Returns the values that a mapping has under some keys, if need be behind aliases and merge keys: an edit leaves a registry as
/// it is.
fn as_read(yaml: &ParsedYaml<'_>, mapping: NodeId, keys: &[&'static str]) -> Vec<(&'static str, NodeId)> {
    let (tree, mapping) = (&yaml.tree, yaml.tree.resolve(mapping));
    if pairs_of(yaml, mapping).any(|pair| tree.is_merge_key(pair.key)) {
        let value = |key: &&'static str| Some((*key, tree.effective(mapping, &|text| text == *key)?));
        return keys.iter().filter_map(value).collect();
    }
    let value = |pair: Pair| Some((*keys.iter().find(|key| tree.text(pair.key) == Some(**key))?, pair.value));
    pairs_of(yaml, mapping).filter_map(value).collect()
}

/// Whether a mapping is one image, so that what is in it is for no other one.
fn is_of_image(yaml: &ParsedYaml<'_>, mapping: NodeId) -> bool {
    let has = |keys: &[&str]| keys.iter().any(|key| value_of(yaml, mapping, key).is_some());
    has(&["repository"]) || (has(&["name", "image"]) && has(&PARTS_BESIDE))
}
