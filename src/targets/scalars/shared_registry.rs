//! A registry for all images of a chart, `global.imageRegistry`: many charts put it before the name of an image, or take it in
//! place of the image's own registry, and others ignore it. So the full name is not known, unless both are the same. Other keys,
//! such as `imageRegistry`, are for the images without a registry of their own.

use std::collections::HashMap;
use std::rc::Rc;

use super::document_kind::{filled, value_of};
use crate::yaml::{NodeId, ParsedYaml};

/// A registry for all images of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SharedRegistry {
    /// Where the chart has it.
    pub(super) key: &'static str,
    /// With the names that come before all images too.
    pub(super) text: String,
}

/// The registry that charts take in place of an image's own one.
const FOR_ALL: &str = "global.imageRegistry";

/// The registries that charts take for images without one, each with the key of what comes behind it.
const DEFAULTS: [(&str, &str); 6] = [
    ("global.image.registry", ""),
    ("global.registry", ""),
    ("global.hub", ""),
    ("imageRegistry", "imageNamespace"),
    ("defaultImageRegistry", "defaultImageRepository"),
    ("defaultRegistry", ""),
];

impl SharedRegistry {
    pub(super) fn for_all(text: &str) -> Self {
        Self { key: FOR_ALL, text: text.trim_end_matches('/').to_owned() }
    }

    /// Whether it may come before an image that has a registry of its own.
    pub(super) fn is_for_all(&self) -> bool {
        self.key == FOR_ALL
    }

    /// Returns the registry that is in the values of a chart themselves.
    fn among(yaml: &ParsedYaml<'_>, values: NodeId) -> Option<Self> {
        let text = |path: &str| {
            let value = path.split('.').try_fold(values, |node, key| value_of(yaml, node, key))?;
            let text = filled(yaml, value)?.trim_end_matches('/');
            (!text.is_empty()).then_some(text)
        };
        if let Some(registry) = text(FOR_ALL) {
            return Some(Self::for_all(registry));
        }
        DEFAULTS.into_iter().find_map(|(key, behind)| {
            // What a template fills in is not known.
            let registry = text(key).filter(|registry| !registry.contains(['{', '$']))?;
            let behind = text(behind).map(|names| format!("/{names}")).unwrap_or_default();
            Some(Self { key, text: format!("{registry}{behind}") })
        })
    }
}

/// Returns the registry for all images of the chart, or of a chart within it, whose values are on the way to an image.
pub(super) fn shared_registry(yaml: &ParsedYaml<'_>, trail: &[NodeId]) -> Option<Rc<SharedRegistry>> {
    SharedRegistries::default().of(yaml, trail)
}

/// The registries for all images that were looked for, once in each mapping: one may have thousands of images.
#[derive(Default)]
pub(super) struct SharedRegistries(HashMap<NodeId, Option<Rc<SharedRegistry>>>);

impl SharedRegistries {
    /// Returns what [`shared_registry`] returns.
    pub(super) fn of(&mut self, yaml: &ParsedYaml<'_>, trail: &[NodeId]) -> Option<Rc<SharedRegistry>> {
        let here = |values: NodeId| SharedRegistry::among(yaml, values).map(Rc::new);
        trail.iter().rev().find_map(|values| self.0.entry(*values).or_insert_with(|| here(*values)).clone())
    }
}
