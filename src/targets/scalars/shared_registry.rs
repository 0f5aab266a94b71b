//! Registries for all images of a chart, such as `global.imageRegistry`: many charts put one before the name of an image, or take
//! it in place of the image's own registry, and others ignore it. So the full name is not known, unless both are the same.

use std::collections::HashMap;

use super::key_stems::PARTS_BESIDE;
use super::name_parts::NameParts;
use super::nodes::{filled, is_mapping, value_of};
use super::registries_around::{has_login, has_registry_for_others};
use crate::image::has_registry;
use crate::yaml::{NodeId, ParsedYaml};

/// The mappings that a registry for all images is in, and whether it counts before the own registry of an image.
const WITHIN: [(&str, bool); 8] = [
    ("global", true),
    ("global.image", true),
    ("global.images", true),
    ("global.cattle", true),
    ("", false),
    ("image", false),
    ("images", false),
    ("privateRegistry", false),
];

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
        name.rsplit_once('.').is_some_and(|(within, key)| WITHIN.contains(&(within, true)) && KEYS.contains(&key))
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
    let (within, key) = path.rsplit_once('.').unwrap_or(("", path));
    let is_known = WITHIN.iter().any(|(other, _)| *other == within) && KEYS.contains(&key);
    is_known && SharedRegistry::new(path.to_owned(), text, false).is_some()
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
            if counts && first.is_none_or(|first| registry.is_global && !first.is_global) {
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
    let mut found = Vec::new();
    for (path, is_global) in WITHIN {
        let mut steps = path.split('.').filter(|key| !key.is_empty());
        let Some(within) = steps.try_fold(values, |mapping, key| value_as_read(yaml, mapping, key)) else { continue };
        for key in KEYS {
            let Some(text) = value_as_read(yaml, within, key).and_then(|value| filled(yaml, value)) else { continue };
            let key = format!("{path}.{key}").trim_start_matches('.').to_owned();
            let registry = SharedRegistry::new(key, text, is_global);
            let registry =
                registry.filter(|registry| registry.key == BEST_KNOWN || !has_login(yaml, yaml.tree.resolve(within)));
            found.extend(registry.map(|registry| FoundRegistry { registry, within: yaml.tree.resolve(within) }));
        }
    }
    found
}

/// Returns the value under a key of a mapping, if need be behind an alias or a merge key: an edit leaves the registry as it is.
fn value_as_read(yaml: &ParsedYaml<'_>, mapping: NodeId, key: &str) -> Option<NodeId> {
    let mapping = yaml.tree.resolve(mapping);
    is_mapping(yaml, mapping).then(|| yaml.tree.effective(mapping, &|text| text == key))?
}

/// Whether a mapping is one image, so that what is in it is for no other one.
fn is_of_image(yaml: &ParsedYaml<'_>, mapping: NodeId) -> bool {
    let has = |keys: &[&str]| keys.iter().any(|key| value_of(yaml, mapping, key).is_some());
    has(&["repository"]) || (has(&["name", "image"]) && has(&PARTS_BESIDE))
}
