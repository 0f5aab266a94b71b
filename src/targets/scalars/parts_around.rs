//! Texts around an image that its chart may put before the name: a registry under another key than `registry`, beside the image
//! or on the way to it, or an organization beside it. Charts differ in whether they do, so the image keeps the name that is here.
//! But an argument may name what such a chart makes of it, and that is not written behind the same texts once more.

use std::collections::HashMap;

use super::beside::ValuesBeside;
use super::image_text::ImageText;
use super::key_stems::plain;
use super::name_parts::behind;
use super::place::{ImagePlace, Parts, ReferenceForm, Slots};
use super::registries_around::{certain_registries, is_registry_key, part};
use super::slot::Slot;
use crate::image::{has_registry, split_registry};
use crate::targets::edit::Fields;
use crate::yaml::{NodeId, ParsedYaml};

/// The keys of what stands between a registry and the last part of a name. Without a registry beside them, they may be of
/// something else, as the namespace of a workload is.
const OWNERS: [&str; 5] = ["organization", "org", "project", "namespace", "owner"];

/// A name without a registry, and the texts around it.
pub(super) struct PartsAround<'y> {
    /// The text under `registry`, which is written with the name.
    own_registry: Option<&'y str>,
    /// Whether the registry of a new name is written under `registry`, which may be empty as yet.
    writes_registry: bool,
    name: String,
    /// What may come before the name, by its key.
    parts: Vec<(String, &'y str)>,
}

impl<'y> PartsAround<'y> {
    /// Returns what is around an image; nothing if its name is whole, or is not written.
    pub(super) fn of(yaml: &'y ParsedYaml<'_>, place: &'y ImagePlace) -> Option<Self> {
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
            _ => return None,
        };
        if has_registry(&name) {
            return None;
        }
        let own_registry = own_registry.map(|registry| registry.trim_end_matches('/'));
        let mut parts: Vec<(String, &str)> =
            own_registry.map(|text| ("registry".to_owned(), text)).into_iter().collect();
        let beside = ValuesBeside::of(yaml, place, slot);
        let has_registry_beside = own_registry.is_some()
            || beside.others.iter().any(|other| other.text.is_some() && is_registry_key(other.key));
        let has_owner = has_registry_beside && matches!(place.slots, Slots::Parts(_));
        let is_part = |key: &str| is_registry_key(key) || (has_owner && OWNERS.contains(&plain(key).as_str()));
        let others = beside.others.iter().filter(|other| is_part(other.key));
        parts.extend(others.filter_map(|other| Some((other.key.to_owned(), part(other.text?)?))));
        parts.extend(place.trail.iter().rev().flat_map(|mapping| found.of(yaml, *mapping).to_vec()));
        let writes_registry = matches!(&place.slots, Slots::Parts(Parts { registry: Some(_), .. }));
        Some(Self { own_registry, writes_registry, name, parts })
    }

    /// Whether a chart may make a longer name of the one that is here.
    fn is_any(&self) -> bool {
        self.parts.iter().any(|(_, part)| self.own_registry != Some(part))
    }

    /// Returns the keys of the texts that make `new_name` of the name that is here.
    pub(super) fn keys_of(&self, new_name: &str) -> Option<Vec<&str>> {
        let before = new_name.strip_suffix(&self.name)?.strip_suffix('/')?;
        let is_own = self.own_registry.is_none_or(|own| behind(own, before).is_some());
        if is_own { self.keys_before(before) } else { None }
    }

    fn keys_before(&self, text: &str) -> Option<Vec<&str>> {
        self.parts.iter().find_map(|(key, part)| {
            if text == *part {
                return Some(vec![key.as_str()]);
            }
            let mut keys = self.keys_before(behind(part, text)?)?;
            keys.insert(0, key);
            Some(keys)
        })
    }

    /// Returns the part that a chart would put before a new name that begins with it already, or with another registry.
    pub(super) fn part_again(&self, new_name: &str) -> Option<(&str, &'y str)> {
        let written = if self.writes_registry { split_registry(new_name).1 } else { new_name };
        let others = self.parts.iter().filter(|(_, part)| self.own_registry != Some(part));
        let begins = |text: &str, part: &str| behind(part, text).is_some();
        let is_another = |key: &str| has_registry(written) && is_registry_key(key.rsplit('.').next().unwrap_or(key));
        let is_again = |part: &str| begins(written, part) && !begins(&self.name, part);
        let mut again = others.filter(|(key, part)| is_again(part) || is_another(key));
        again.next().map(|(key, part)| (key.as_str(), *part))
    }
}

/// The registries that were found in mappings, once in each: one may have thousands of images.
#[derive(Default)]
pub(super) struct CertainRegistries<'y>(HashMap<NodeId, Vec<(String, &'y str)>>);

impl<'y> CertainRegistries<'y> {
    fn of(&mut self, yaml: &'y ParsedYaml<'_>, mapping: NodeId) -> &[(String, &'y str)] {
        self.0.entry(mapping).or_insert_with(|| certain_registries(yaml, mapping))
    }

    /// Returns what an image says, with whether charts may make a longer name of its own.
    pub(super) fn judged(&mut self, yaml: &'y ParsedYaml<'_>, place: &'y ImagePlace, fields: Fields) -> Fields {
        let may_be_longer = PartsAround::among(yaml, place, self).is_some_and(|around| around.is_any());
        Fields { may_be_longer, ..fields }
    }
}
