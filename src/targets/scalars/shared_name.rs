//! The name of an image below a registry for all images of its chart. What an argument names must be one of the names that charts
//! can make of the values.

use super::file_refusal::FileRefusal;
use super::name_parts::below;
use super::place::{ImagePlace, Parts, Slots};
use super::shared_registry::SharedRegistry;
use crate::image::{has_registry, split_registry};
use crate::yaml::ParsedYaml;

/// The values that a chart makes a name of.
pub(super) struct SharedName<'a> {
    shared: &'a SharedRegistry,
    /// The image's own registry.
    own: Option<&'a str>,
    repository: &'a str,
    /// Whether there is a place for a registry of its own.
    has_own_place: bool,
}

impl<'a> SharedName<'a> {
    /// Returns the values of an image that is in a chart with a registry for all; `None` for any other image.
    pub(super) fn of(yaml: &'a ParsedYaml<'_>, place: &'a ImagePlace) -> Result<Option<Self>, FileRefusal> {
        let Slots::Parts(Parts { registry, repository: Some(repository), shared_registry: Some(shared), .. }) =
            &place.slots
        else {
            return Ok(None);
        };
        let own = Parts::text(yaml, *registry)?;
        let repository = repository.text(yaml)?.unwrap_or_default();
        Ok(Some(Self { shared, own, repository, has_own_place: registry.is_some() }))
    }

    /// Returns the key of the registry for all images and both registries, if they differ.
    pub(super) fn two_registries(&self) -> Option<(&'a SharedRegistry, &'a str)> {
        self.own.filter(|own| *own != self.shared.text).map(|own| (self.shared, own))
    }

    /// Returns what `repository` says so that a chart makes `new_name` of it; `None` if no chart does.
    pub(super) fn repository_of(&self, new_name: &str) -> Option<String> {
        let shared = &self.shared.text;
        if self.own.is_none() && has_registry(self.repository) {
            let is_of_registry = split_registry(new_name).0 == split_registry(self.repository).0;
            return is_of_registry.then(|| new_name.to_owned()).or_else(|| below(shared, new_name));
        }
        below(shared, new_name).or_else(|| below(self.own?, new_name))
    }

    /// Whether a new name has a place with its own registry, which charts take in place of the one for all images.
    pub(super) fn takes_whole(&self) -> bool {
        self.has_own_place && !self.shared.is_global
    }

    /// Whether `new` differs in its repository alone, which is `repository`.
    pub(super) fn becomes(&self, new: &Self, repository: &str) -> bool {
        new.repository == repository && (self.own, &self.shared.text) == (new.own, &new.shared.text)
    }

    /// Returns the names that charts can make of the values as they are.
    pub(super) fn names(&self) -> Vec<String> {
        let of = |registry: &str| format!("{registry}/{}", self.repository);
        [Some(of(&self.shared.text)), self.own.map(of)].into_iter().flatten().collect()
    }

    /// Returns what most charts make of them, if the repository is the end of a name.
    pub(super) fn whole(&self) -> Option<String> {
        let is_end = !self.repository.is_empty() && !has_registry(self.repository);
        is_end.then(|| format!("{}/{}", self.shared.text, self.repository))
    }

    /// Returns the path of the registry for all images.
    pub(super) fn key(&self) -> &'a str {
        &self.shared.key
    }
}
