//! Texts around an image that its chart may put before the name: a registry under another key than `registry`, beside the image
//! or on the way to it, or an organization beside it. Charts differ in whether they do, so the image keeps the name that is here.
//! But an argument may name what such a chart makes of it, and that is not written behind the same texts once more.

use std::collections::{HashMap, HashSet};

use super::registries_around::{
    certain_registries, is_address, is_before_names, is_registry_key, part, registries_of_images,
};
use super::shared_registry::{SharedName, with_whole_name};
use crate::image::{has_registry, is_same_image, split_registry};
use crate::targets::edit::{BeforeName, Fields};
use crate::targets::scalars::document::nodes::pairs_of;
use crate::targets::scalars::document::parameters::SHARED_REGISTRY;
use crate::targets::scalars::document::slot::Slot;
use crate::targets::scalars::document::slot_text::is_decided_elsewhere;
use crate::targets::scalars::image_parts::image_text::ImageText;
use crate::targets::scalars::image_parts::key_stems::plain;
use crate::targets::scalars::image_parts::name_parts::{after_prefix, below};
use crate::targets::scalars::image_parts::place::{ImagePlace, Parts, ReferenceForm, Slots};
use crate::targets::scalars::image_parts::sibling_values::SiblingValues;
use crate::yaml::{NodeId, Pair, ParsedYaml};

/// The keys of what stands between a registry and the last part of a name. Without a registry beside them, they may be of
/// something else, as the namespace of a workload is.
const OWNERS: [&str; 5] = ["organization", "org", "project", "namespace", "owner"];

fn is_owner_key(key: &str) -> bool {
    OWNERS.contains(&plain(key).as_str())
}

/// Whether a text is the host of a registry, perhaps with a path, or may become one.
fn is_host(text: &str) -> bool {
    is_decided_elsewhere(text) || (has_registry(&format!("{text}/")) && !text.contains("://"))
}

/// A name, and the texts around it.
pub(in crate::targets::scalars) struct PartsAround<'y> {
    /// The text under `registry`, which is written with the name.
    own_registry: Option<&'y str>,
    /// Whether the registry of a new name is written under `registry`, which may be empty as yet.
    writes_registry: bool,
    name: String,
    /// What may come before the name, by its key.
    parts: Vec<(String, &'y str)>,
    /// How many of these are in the mapping of the image.
    beside: usize,
    /// Whether the name is a whole reference.
    is_reference: bool,
    /// Whether the name has its registry itself.
    is_whole: bool,
}

impl<'y> PartsAround<'y> {
    /// Returns what is around an image; nothing if its name is whole, or is not written.
    pub(in crate::targets::scalars) fn of(yaml: &'y ParsedYaml<'_>, place: &'y ImagePlace) -> Option<Self> {
        Self::among(yaml, place, &mut CertainRegistries::default())
    }

    /// Returns what [`PartsAround::of`] returns, with the registries that were found for other images.
    fn among(yaml: &'y ParsedYaml<'_>, place: &'y ImagePlace, found: &mut CertainRegistries<'y>) -> Option<Self> {
        let text = |slot: Slot| slot.text(yaml).ok().flatten();
        let (slot, own_registry, name) = match &place.slots {
            Slots::Reference { slot, form: ReferenceForm::Uncertain } => {
                (*slot, None, ImageText::parse(text(*slot)?, false).ok()?.name)
            }
            Slots::Parts(Parts {
                registry, repository: Some(slot), shared_registry: None, is_name_cut: false, ..
            }) => (*slot, registry.and_then(text), text(*slot)?.to_owned()),
            Slots::Parts(Parts { repository: None, shared_registry: None, known_name: Some(name), .. }) => {
                (place.version_slot().filter(|_| has_registry(name))?, None, name.clone())
            }
            _ => return None,
        };
        let is_reference = matches!(&place.slots, Slots::Reference { .. });
        let is_whole = has_registry(&name);
        // What is beside the version is beside those of other images, too.
        let is_flat = matches!(&place.slots, Slots::Parts(Parts { repository: None, .. }));
        if is_whole && is_reference {
            return None;
        }
        let own_registry = own_registry.map(|registry| registry.trim_end_matches('/'));
        let mut parts: Vec<(String, &str)> =
            own_registry.map(|text| ("registry".to_owned(), text)).into_iter().collect();
        let siblings = SiblingValues::among(yaml, place, slot, &mut found.parts_in(yaml, slot.parent).iter().copied());
        let has_registry_beside = own_registry.is_some()
            || siblings.others.iter().any(|other| other.text.is_some() && is_registry_key(other.key));
        let has_owner = has_registry_beside && !is_reference && !is_whole;
        let is_part = |key: &str| is_registry_key(key) || (has_owner && is_owner_key(key));
        let others = siblings.others.iter().filter(|other| is_part(other.key));
        if !is_flat {
            parts.extend(others.filter_map(|other| Some((other.key.to_owned(), part(other.text?)?))));
        }
        let beside = parts.len();
        for mapping in place.trail.iter().rev() {
            parts.extend_from_slice(found.of(yaml, *mapping));
        }
        let writes_registry = matches!(&place.slots, Slots::Parts(Parts { registry: Some(_), .. }));
        Some(Self { own_registry, writes_registry, name, parts, beside, is_reference, is_whole })
    }

    /// Whether a chart may make a longer name of the one that is here.
    fn is_any(&self) -> bool {
        self.parts.iter().any(|(_, part)| self.own_registry != Some(part))
    }

    /// Returns what charts put before the name; else what they may put there, with the name as it is if that is whole.
    /// `of_images` are the registries of images without one of their own.
    fn names(&self, of_images: &[(String, &str)]) -> Vec<BeforeName> {
        let before = self.before_name(of_images);
        if self.is_whole && self.own_registry.is_none() && before.is_some() {
            return with_whole_name(before, &self.name);
        }
        before.into_iter().collect()
    }

    fn before_name(&self, of_images: &[(String, &str)]) -> Option<BeforeName> {
        let Self { own_registry, name, parts, is_reference, is_whole, .. } = self;
        let own = own_registry.map_or(name.clone(), |own| format!("{own}/{name}"));
        let is_other = |text: &str| !is_same_image(&format!("{text}/{name}"), &own);
        let before = |(at, (key, text)): (usize, &(String, &str))| {
            let (is_beside, is_of_images) = (at < self.beside, at >= parts.len());
            let is_owner = is_beside && !is_registry_key(key);
            let is_of_all = if is_of_images { self.writes_registry } else { is_beside || is_before_names(key) };
            let is_certain = is_of_all && !is_reference && !is_whole && own_registry.is_none() && !is_owner;
            let is_unknown = is_decided_elsewhere(text);
            let is_host = is_host(text) && if is_unknown { is_of_all } else { !is_address(key) };
            // Many charts take a registry for all images in place of the image's own.
            let counts = match own_registry {
                None => is_of_all || !is_whole,
                Some(_) => key.starts_with("global.") && is_before_names(key),
            };
            // A whole name that begins with a registry is not put behind it again.
            let is_again = *is_whole && below(text, name).is_some();
            let is_meant = is_owner || (counts && is_host && is_other(text) && !is_again);
            let made = (!is_owner && !is_unknown && !self.has_owner()).then(|| format!("{text}/{name}"));
            is_meant.then(|| BeforeName { key: key.clone(), text: (*text).to_owned(), made, is_certain })
        };
        // A whole reference has its registry itself in such a chart.
        let of_images = if *is_reference { &[] } else { of_images };
        let all = parts.iter().chain(of_images).enumerate().filter(|(_, (_, text))| *own_registry != Some(text));
        // What is for all images counts first in most charts.
        let rank = |before: &BeforeName| (!before.is_certain, !before.key.starts_with("global."));
        all.filter_map(before).min_by_key(rank)
    }

    /// Whether more than a registry may come before the name.
    fn has_owner(&self) -> bool {
        self.parts[..self.beside].iter().any(|(key, _)| !is_registry_key(key))
    }

    /// Returns the keys of the texts that make `new_name` of the name that is here.
    pub(in crate::targets::scalars) fn keys_of(&self, new_name: &str) -> Option<Vec<&str>> {
        let before = new_name.strip_suffix(&self.name)?.strip_suffix('/')?;
        let is_own = self.own_registry.is_none_or(|own| after_prefix(own, before).is_some());
        if is_own { self.keys_before(before, &mut HashSet::new()) } else { None }
    }

    /// Returns the keys of the texts that make `text`, the end of a name. Of the ends that they do not make, `failed` has the
    /// lengths: several texts may be the same.
    fn keys_before(&self, text: &str, failed: &mut HashSet<usize>) -> Option<Vec<&str>> {
        if failed.contains(&text.len()) {
            return None;
        }
        let keys = self.parts.iter().find_map(|(key, part)| {
            if text == *part {
                return Some(vec![key.as_str()]);
            }
            let mut keys = self.keys_before(after_prefix(part, text)?, failed)?;
            keys.insert(0, key);
            Some(keys)
        });
        if keys.is_none() {
            failed.insert(text.len());
        }
        keys
    }

    /// Returns the part that a chart would put before a new name that begins with it already, or with another registry.
    pub(in crate::targets::scalars) fn part_again(&self, new_name: &str) -> Option<(&str, &'y str)> {
        let written = if self.writes_registry { split_registry(new_name).1 } else { new_name };
        let others = self.parts.iter().filter(|(_, part)| self.own_registry != Some(part));
        let begins = |text: &str, part: &str| after_prefix(part, text).is_some();
        let is_another = |key: &str| {
            has_registry(written) && !self.is_whole && is_registry_key(key.rsplit('.').next().unwrap_or(key))
        };
        let is_again = |part: &str| begins(written, part) && !begins(&self.name, part);
        let mut again = others.filter(|(key, part)| is_again(part) || is_another(key));
        again.next().map(|(key, part)| (key.as_str(), *part))
    }
}

/// The registries that were found in mappings, once in each: one may have thousands of images.
#[derive(Default)]
pub(in crate::targets::scalars) struct CertainRegistries<'y> {
    certain: HashMap<NodeId, Vec<(String, &'y str)>>,
    of_images: HashMap<NodeId, Vec<(String, &'y str)>>,
    /// What else may be a part of the name of an image in a mapping.
    parts: HashMap<NodeId, Vec<Pair>>,
}

impl<'y> CertainRegistries<'y> {
    /// Returns the pairs of a mapping that may be a part of the name of an image in it.
    fn parts_in(&mut self, yaml: &ParsedYaml<'_>, mapping: NodeId) -> &[Pair] {
        let is_part =
            |pair: &Pair| yaml.tree.text(pair.key).is_some_and(|key| is_registry_key(key) || is_owner_key(key));
        self.parts.entry(mapping).or_insert_with(|| pairs_of(yaml, mapping).filter(is_part).collect())
    }

    fn of(&mut self, yaml: &'y ParsedYaml<'_>, mapping: NodeId) -> &[(String, &'y str)] {
        self.certain.entry(mapping).or_insert_with(|| certain_registries(yaml, mapping))
    }

    fn of_images(&mut self, yaml: &'y ParsedYaml<'_>, mapping: NodeId) -> &[(String, &'y str)] {
        self.of_images.entry(mapping).or_insert_with(|| registries_of_images(yaml, mapping))
    }

    /// Returns a registry for all images that `name` is not below, of an image whose name has no place.
    pub(in crate::targets::scalars) fn other_registry(
        &mut self,
        yaml: &'y ParsedYaml<'_>,
        place: &'y ImagePlace,
        name: &str,
    ) -> Option<BeforeName> {
        let Slots::Parts(Parts { repository: None, shared_registry, .. }) = &place.slots else { return None };
        let other = |key: &str, text: &str| below(text, name).is_none().then(|| BeforeName::possible(key, text, None));
        if let Some(shared) = shared_registry {
            return other(SHARED_REGISTRY, shared);
        }
        let around = place.trail.iter().rev().flat_map(|mapping| self.of(yaml, *mapping).to_vec());
        let mut certain = around.filter(|(key, text)| is_before_names(key) && is_host(text));
        certain.find_map(|(key, text)| other(&key, text))
    }

    /// Returns what an image says, with what charts may put before its name.
    pub(in crate::targets::scalars) fn judged(
        &mut self,
        yaml: &'y ParsedYaml<'_>,
        place: &'y ImagePlace,
        fields: Fields,
    ) -> Fields {
        if let (None, Ok(Some(shared))) = (&fields.new_name, SharedName::of(yaml, place)) {
            return Fields { before_name: shared.names(), ..fields };
        }
        let Some(around) = PartsAround::among(yaml, place, self) else { return fields };
        let mut of_images = Vec::new();
        for mapping in place.trail.iter().rev() {
            of_images.extend_from_slice(self.of_images(yaml, *mapping));
        }
        Fields { may_be_longer: around.is_any(), before_name: around.names(&of_images), ..fields }
    }
}
