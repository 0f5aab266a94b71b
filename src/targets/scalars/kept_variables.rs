//! Variables beside an image that keep its old version, such as `{name: IMAGE_TAG, value: v1}`: they are told, because what is
//! deployed may be made of them. One that may be of another image is not: its version would be wrong.

use std::collections::{HashMap, HashSet};

use super::image_path::{Holds, holds, mapping_around};
use super::key_stems::PARTS_BESIDE;
use super::lookup::FileImages;
use super::nodes::{is_list, is_mapping, value_of};
use super::object::Object;
use super::parameters::PARAMETERS;
use super::planned_image::{ImagesPlan, PlannedImage};
use super::slot::Slot;
use super::variable::{is_of_chart, key_of};
use super::walk::walk;
use crate::targets::edit::{Note, NoteKind};
use crate::yaml::{NodeId, ParsedYaml};

/// A variable that has the old version of an image still.
struct KeptVariable<'i, 'y> {
    key: &'y str,
    value: NodeId,
    object: &'i Object,
    image: &'i PlannedImage<'i>,
    old: &'i str,
    new: &'i str,
}

/// Returns a note of each variable that has the old version of the image beside it still.
pub(super) fn notes_of_variables(images: &FileImages<'_, '_>, plan: &ImagesPlan<'_>) -> Vec<Note> {
    let yaml = images.yaml;
    let named: HashSet<NodeId> = plan.images.iter().flat_map(|image| image.place.nodes()).collect();
    let mut kept = Vec::new();
    for image in &plan.images {
        let (Some(old), Some(new)) = (&image.before.new_tag, &image.asked.after.new_tag) else { continue };
        let mut objects = images.objects.iter();
        let object = objects.find(|object| yaml.tree.is_within(image.place.item, object.root));
        let (Some(object), Some(home)) = (object.filter(|_| old != new), home(yaml, image)) else { continue };
        let edited = plan.images.iter().filter(|other| other.before.new_tag.as_ref() == Some(old));
        if edited.filter(|other| self::home(yaml, other) == Some(home)).count() > 1 {
            continue;
        }
        let (versions, others): (Vec<_>, Vec<_>) = texts_of(yaml, home)
            .into_iter()
            .filter(|slot| !named.contains(&slot.value))
            .partition(|slot| is_variable(yaml, *slot));
        if others.iter().any(|slot| is_image_of(yaml, *slot, old)) {
            continue;
        }
        let is_kept = |slot: &Slot| yaml.tree.text(slot.value) == Some(old);
        kept.extend(versions.into_iter().filter(is_kept).map(|slot| KeptVariable {
            key: key_of(yaml, slot),
            value: slot.value,
            object,
            image,
            old,
            new,
        }));
    }
    let paths = paths_of(yaml, &kept);
    let has_several = images.objects.len() > 1;
    kept.iter().filter_map(|variable| Some(variable.note(yaml, paths.get(&variable.value)?, has_several))).collect()
}

impl KeptVariable<'_, '_> {
    fn note(&self, yaml: &ParsedYaml<'_>, path: &str, has_several: bool) -> Note {
        let label = self.object.label.as_ref().filter(|_| has_several);
        let name = match is_of_chart(path) {
            true => self.key.to_owned(),
            false => format!("{}.{path}", label.map(|label| format!("{label}/")).unwrap_or_default()),
        };
        let asked = &self.image.asked;
        let image = asked.after.new_name.as_ref().or(asked.checked_as.as_ref()).map_or("*", String::as_str);
        let argument = format!("{name}={image}:{}", self.new);
        let kind = NoteKind::VariableKept { key: self.key.to_owned(), version: self.old.to_owned(), argument };
        Note { name: self.image.argument.name.to_string(), place: yaml.place(self.value), kind }
    }
}

/// Returns what has the image and its variables: the mapping that a container or an image is in, or a list of parameters.
fn home(yaml: &ParsedYaml<'_>, image: &PlannedImage<'_>) -> Option<NodeId> {
    let place = &image.place;
    let slot = place.version_slot()?;
    if place.path.starts_with(PARAMETERS) && is_list(yaml, place.item) {
        return (!is_variable(yaml, slot)).then_some(place.item);
    }
    is_mapping(yaml, slot.parent).then(|| mapping_around(yaml, &place.trail, slot.parent))
}

/// Returns the scalars as near as an image: of a mapping its own, the parts of images in it, and the values in its lists.
fn texts_of(yaml: &ParsedYaml<'_>, home: NodeId) -> Vec<Slot> {
    let pairs = |mapping: NodeId| yaml.tree.pairs(mapping).map(move |pair| Slot::of(mapping, pair));
    let is_value = |slot: &Slot| slot.key_text(yaml) == "value";
    let items = |list: NodeId| {
        let items = yaml.tree.children(list).filter(|item| is_mapping(yaml, *item));
        items.flat_map(pairs).filter(is_value)
    };
    // Variables may be in a mapping as well, such as `VERSION: v1`.
    let is_part = |slot: &Slot| holds(slot.key_text(yaml)) != Holds::Tag || PARTS_BESIDE.contains(&slot.key_text(yaml));
    if is_list(yaml, home) {
        return items(home).collect();
    }
    let below = |slot: Slot| -> Vec<Slot> {
        match slot.value {
            mapping if is_mapping(yaml, mapping) => pairs(mapping).filter(is_part).collect(),
            list if is_list(yaml, list) => items(list).collect(),
            _ => vec![slot],
        }
    };
    pairs(home).flat_map(below).collect()
}

/// Whether a scalar is the value of a variable that is a version. A name with a dot is a path in the values of a chart.
fn is_variable(yaml: &ParsedYaml<'_>, slot: Slot) -> bool {
    let is_named = slot.key_text(yaml) == "value" && value_of(yaml, slot.parent, "name").is_some();
    let key = key_of(yaml, slot);
    is_named && holds(key) == Holds::Tag && !key.contains('.')
}

/// Whether a scalar is an image of a version, or the tag of one.
fn is_image_of(yaml: &ParsedYaml<'_>, slot: Slot, version: &str) -> bool {
    let Some(text) = yaml.tree.text(slot.value) else { return false };
    let (reference, _) = text.split_once('@').unwrap_or((text, ""));
    let is_reference = || reference.strip_suffix(version).is_some_and(|name| name.ends_with(':'));
    is_reference() || (reference == version && holds(key_of(yaml, slot)) == Holds::Tag)
}

/// Returns the path of each variable in its object.
fn paths_of(yaml: &ParsedYaml<'_>, kept: &[KeptVariable<'_, '_>]) -> HashMap<NodeId, String> {
    let values: HashSet<NodeId> = kept.iter().map(|variable| variable.value).collect();
    let roots: HashSet<NodeId> = kept.iter().map(|variable| variable.object.root).collect();
    let mut paths = HashMap::new();
    for root in roots {
        walk(yaml, root, &mut |visit| {
            if values.contains(&visit.slot.value) {
                paths.insert(visit.slot.value, visit.path.to_owned());
            }
        });
    }
    paths
}
