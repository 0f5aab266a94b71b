//! A registry for all images of a chart, `global.imageRegistry`: many charts put it before the name of an image, or take it in
//! place of the image's own registry, and others ignore it. So the full name is not known, unless both are the same. What an
//! argument names must be one of the names that charts can make of the values. If that is more than one, nothing is known of the
//! other: a registry of the image's own is beside it, or in its whole name.

use std::collections::HashMap;

use super::registries_around::has_registry_for_others;
use crate::image::{has_registry, split_registry};
use crate::targets::edit::BeforeName;
use crate::targets::scalars::document::nodes::is_mapping;
use crate::targets::scalars::document::parameters::SHARED_REGISTRY;
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::name_parts::below;
use crate::targets::scalars::image_parts::place::{ImagePlace, Parts, Slots};
use crate::yaml::{NodeId, ParsedYaml};

/// Returns the registry for all images of the chart, or of a chart within it, whose values are on the way to an image.
pub(in crate::targets::scalars) fn shared_registry(yaml: &ParsedYaml<'_>, trail: &[NodeId]) -> Option<String> {
    SharedRegistries::default().of(yaml, trail)
}

/// The registries for all images that were looked for, once in each mapping: one may have thousands of images.
#[derive(Default)]
pub(in crate::targets::scalars) struct SharedRegistries {
    for_all: HashMap<NodeId, Option<String>>,
    others: HashMap<NodeId, bool>,
}

impl SharedRegistries {
    /// Returns what [`shared_registry`] returns.
    pub(in crate::targets::scalars) fn of(&mut self, yaml: &ParsedYaml<'_>, trail: &[NodeId]) -> Option<String> {
        let here = |values: NodeId| {
            let shared = value_as_read(yaml, value_as_read(yaml, values, "global")?, "imageRegistry")?;
            let text = yaml.tree.text(shared)?.trim_end_matches('/');
            (!text.is_empty() && !yaml.tree.is_null(shared)).then(|| text.to_owned())
        };
        trail.iter().rev().find_map(|values| self.for_all.entry(*values).or_insert_with(|| here(*values)).clone())
    }

    /// Whether a registry under another key is on the way to an image.
    pub(in crate::targets::scalars) fn is_below_another(&mut self, yaml: &ParsedYaml<'_>, trail: &[NodeId]) -> bool {
        let has_registry =
            |values: NodeId| *self.others.entry(values).or_insert_with(|| has_registry_for_others(yaml, values));
        trail.iter().copied().any(has_registry)
    }
}

/// Returns the value under a key of a mapping, if need be behind an alias or a merge key: an edit leaves the registry as it is.
fn value_as_read(yaml: &ParsedYaml<'_>, mapping: NodeId, key: &str) -> Option<NodeId> {
    let mapping = yaml.tree.resolve(mapping);
    is_mapping(yaml, mapping).then(|| yaml.tree.effective(mapping, &|text| text == key))?
}

/// The values that a chart makes a name of.
pub(in crate::targets::scalars) struct SharedName<'a> {
    shared: &'a str,
    /// The image's own registry.
    own: Option<&'a str>,
    repository: &'a str,
}

impl<'a> SharedName<'a> {
    /// Returns the values of an image that is in a chart with a registry for all; `None` for any other image.
    pub(in crate::targets::scalars) fn of(
        yaml: &'a ParsedYaml<'_>,
        place: &'a ImagePlace,
    ) -> Result<Option<Self>, FileRefusal> {
        let Slots::Parts(Parts { registry, repository: Some(repository), shared_registry: Some(shared), .. }) =
            &place.slots
        else {
            return Ok(None);
        };
        let own = Parts::text(yaml, *registry)?.map(|own| own.trim_end_matches('/'));
        let repository = repository.text(yaml)?.unwrap_or_default();
        Ok(Some(Self { shared, own, repository }))
    }

    /// Returns what `repository` says so that a chart makes `new_name` of it; `None` if no chart does.
    pub(in crate::targets::scalars) fn repository_of(&self, new_name: &str) -> Option<String> {
        if self.own.is_none() && has_registry(self.repository) {
            let is_of_registry = split_registry(new_name).0 == split_registry(self.repository).0;
            return is_of_registry.then(|| new_name.to_owned()).or_else(|| below(self.shared, new_name));
        }
        below(self.shared, new_name).or_else(|| below(self.own?, new_name))
    }

    /// Whether `new` differs in its repository alone, which is `repository`.
    pub(in crate::targets::scalars) fn becomes(&self, new: &Self, repository: &str) -> bool {
        new.repository == repository && (self.own, self.shared) == (new.own, new.shared)
    }

    /// Returns the names that charts can make of the values as they are.
    pub(in crate::targets::scalars) fn names(&self) -> Vec<BeforeName> {
        let Self { shared, own, repository } = *self;
        let behind =
            |key: &str, registry: &str| BeforeName::possible(key, registry, Some(format!("{registry}/{repository}")));
        let of_shared = behind(SHARED_REGISTRY, shared);
        match own {
            _ if repository.is_empty() => Vec::new(),
            Some(own) if own != shared => vec![of_shared, behind("registry", own)],
            None if has_registry(repository) => {
                with_whole_name(Some(of_shared).filter(|_| below(shared, repository).is_none()), repository)
            }
            _ => vec![of_shared],
        }
    }
}

/// Returns the name that charts can make of a whole one with a registry, if there is any, and the whole one as it is.
pub(super) fn with_whole_name(below_registry: Option<BeforeName>, name: &str) -> Vec<BeforeName> {
    let whole = BeforeName::possible("", name, Some(name.to_owned()));
    below_registry.into_iter().chain([whole]).collect()
}
