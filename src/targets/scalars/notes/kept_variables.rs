//! Variables beside an image that keep its old version, such as `{name: IMAGE_TAG, value: v1}`, and `IMAGE` beside such a
//! variable that is edited alone: they are told, because what is deployed may be made of them. One that may be of another image
//! is not: its version would be wrong.

use std::collections::{HashMap, HashSet};

use crate::image::is_same_image;
use crate::targets::edit::{Note, NoteKind};
use crate::targets::scalars::document::nodes::{is_list, is_mapping, value_of};
use crate::targets::scalars::document::object::Object;
use crate::targets::scalars::document::parameters::PARAMETERS;
use crate::targets::scalars::document::slot::Slot;
use crate::targets::scalars::document::variable::{is_of_chart, key_of};
use crate::targets::scalars::document::walk::paths_below;
use crate::targets::scalars::image_parts::image_text::ImageText;
use crate::targets::scalars::image_parts::key_stems::{PARTS_BESIDE, VERSIONS, is_of_name};
use crate::targets::scalars::image_parts::name_parts::ends_in;
use crate::targets::scalars::image_parts::texts_by_stem::TextsByStem;
use crate::targets::scalars::kinds::image_path::{ScalarContent, content_of, mapping_around};
use crate::targets::scalars::plan::planned_image::{ImagesPlan, PlannedImage};
use crate::targets::scalars::search::lookup::FileImages;
use crate::yaml::{NodeId, ParsedYaml};

/// A variable that has the old version of an image still.
struct KeptVariable<'i> {
    slot: Slot,
    object: &'i Object,
    image: &'i PlannedImage<'i>,
    new: &'i str,
}

/// Returns a note of each variable that has the old version of the image beside it still.
pub(super) fn notes_of_variables(images: &FileImages<'_, '_>, plan: &ImagesPlan<'_>) -> Vec<Note> {
    let yaml = images.yaml;
    let named: HashSet<NodeId> = plan.images.iter().flat_map(|image| image.place.nodes()).collect();
    let mut kept = Vec::new();
    for image in &plan.images {
        let (Some(old), Some(new)) = (&image.before.new_tag, &image.new_values.after.new_tag) else { continue };
        let Some(object) = images.object_around(image.place.item).filter(|_| old != new) else { continue };
        let is_free = |slot: &Slot| !named.contains(&slot.value);
        let keep = |slot: Slot| KeptVariable { slot, object, image, new };
        kept.extend(of_one_stem(yaml, image, old).into_iter().filter(is_free).map(keep));
        let Some(home) = home(yaml, image) else { continue };
        let edited = plan.images.iter().filter(|other| other.before.new_tag.as_ref() == Some(old));
        if edited.filter(|other| self::home(yaml, other) == Some(home)).count() > 1 {
            continue;
        }
        let (versions, others): (Vec<_>, Vec<_>) =
            texts_of(yaml, home).into_iter().filter(is_free).partition(|slot| is_variable(yaml, *slot));
        if others.iter().any(|slot| is_image_of(yaml, *slot, old)) {
            continue;
        }
        let is_kept = |slot: &Slot| yaml.tree.text(slot.value) == Some(old);
        kept.extend(versions.into_iter().filter(is_kept).map(keep));
    }
    let mut told = HashSet::new();
    kept.retain(|variable| told.insert(variable.slot.value));
    let paths = paths_of(yaml, &kept);
    let has_several = images.objects.len() > 1;
    kept.iter()
        .filter_map(|variable| Some(variable.note(yaml, paths.get(&variable.slot.value)?, has_several)))
        .collect()
}

impl KeptVariable<'_> {
    fn note(&self, yaml: &ParsedYaml<'_>, path: &str, has_several: bool) -> Note {
        let (key, value) = (key_of(yaml, self.slot), self.slot.value);
        let label = self.object.label.as_ref().filter(|_| has_several);
        let name = match is_of_chart(path) {
            true => key.to_owned(),
            false => format!("{}.{path}", label.map(|label| format!("{label}/")).unwrap_or_default()),
        };
        let image = self.image.checked_as().or(self.image.new_values.after.new_name.as_ref());
        let image = image.map_or("*", String::as_str);
        let argument = format!("{name}={image}:{}", self.new);
        let kind = NoteKind::VariableKept {
            key: key.to_owned(),
            version: yaml.tree.text(value).unwrap_or_default().to_owned(),
            argument,
        };
        Note { name: self.image.argument.name.to_string(), place: yaml.place(value), kind }
    }
}

/// Returns the scalars beside a variable that have the old version of its image: beside `WEB_TAG` that of `WEB_IMAGE`, and beside
/// that in a list of variables the other one.
fn of_one_stem(yaml: &ParsedYaml<'_>, image: &PlannedImage<'_>, old: &str) -> Vec<Slot> {
    let is_of_chart = image.place.path.starts_with(PARAMETERS);
    let Some(slot) = image.place.version_slot().filter(|_| !is_of_chart) else { return Vec::new() };
    let own = key_of(yaml, slot);
    let list = image
        .place
        .trail
        .iter()
        .rev()
        .copied()
        .find(|node| yaml.tree.is_within(slot.parent, *node) && is_list(yaml, *node));
    let is_in_list = slot.key_text(yaml) == "value";
    let beside = match list.filter(|_| is_in_list) {
        Some(list) => values_in(yaml, list),
        None if is_mapping(yaml, slot.parent) && !is_in_list => {
            yaml.tree.pairs(slot.parent).map(|pair| Slot::of(slot.parent, pair)).collect()
        }
        None => Vec::new(),
    };
    let texts = beside.iter().filter_map(|other| Some((key_of(yaml, *other), yaml.tree.text(other.value)?)));
    let texts = TextsByStem::of(texts);
    let is_of_one = |other: &Slot| {
        let (key, text) = (key_of(yaml, *other), yaml.tree.text(other.value));
        match (content_of(own), content_of(key)) {
            (ScalarContent::Tag, ScalarContent::Reference) => {
                is_of_name(own, &VERSIONS, key) && is_reference_of(text, old) && may_be_of(own, &texts, text)
            }
            (ScalarContent::Reference, ScalarContent::Tag) => {
                let is_of_own = is_in_list && is_of_name(key, &VERSIONS, own) && text == Some(old);
                is_of_own && may_be_of(key, &texts, yaml.tree.text(slot.value))
            }
            _ => false,
        }
    };
    beside.into_iter().filter(is_of_one).collect()
}

/// Whether the version under a key may be that of a reference: a name beside it may say that it is of another image.
fn may_be_of(version: &str, beside: &TextsByStem<'_>, reference: Option<&str>) -> bool {
    let Some(end) = beside.end_of_version_name(version) else { return true };
    let image = reference.and_then(|text| ImageText::parse(text, false).ok());
    image.is_none_or(|image| ends_in(&image.name, end) || is_same_image(&image.name, end))
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
    // Variables may be in a mapping as well, such as `VERSION: v1`.
    let is_part = |slot: &Slot| {
        content_of(slot.key_text(yaml)) != ScalarContent::Tag || PARTS_BESIDE.contains(&slot.key_text(yaml))
    };
    if is_list(yaml, home) {
        return values_in(yaml, home);
    }
    let below = |slot: Slot| -> Vec<Slot> {
        match slot.value {
            mapping if is_mapping(yaml, mapping) => pairs(mapping).filter(is_part).collect(),
            list if is_list(yaml, list) => values_in(yaml, list),
            _ => vec![slot],
        }
    };
    pairs(home).flat_map(below).collect()
}

/// Returns the values of the variables in a list.
fn values_in(yaml: &ParsedYaml<'_>, list: NodeId) -> Vec<Slot> {
    let items = yaml.tree.children(list).filter(|item| is_mapping(yaml, *item));
    let pairs = items.flat_map(|item| yaml.tree.pairs(item).map(move |pair| Slot::of(item, pair)));
    pairs.filter(|slot| slot.key_text(yaml) == "value").collect()
}

/// Whether a scalar is the value of a variable that is a version. A name with a dot is a path in the values of a chart.
fn is_variable(yaml: &ParsedYaml<'_>, slot: Slot) -> bool {
    let is_named = slot.key_text(yaml) == "value" && value_of(yaml, slot.parent, "name").is_some();
    let key = key_of(yaml, slot);
    is_named && content_of(key) == ScalarContent::Tag && !key.contains('.')
}

/// Whether a scalar is an image of a version, or the tag of one.
fn is_image_of(yaml: &ParsedYaml<'_>, slot: Slot, version: &str) -> bool {
    let text = yaml.tree.text(slot.value);
    let is_tag = || text.and_then(|text| text.split('@').next()) == Some(version);
    is_reference_of(text, version) || (content_of(key_of(yaml, slot)) == ScalarContent::Tag && is_tag())
}

/// Whether a text is a reference with the tag `version`.
fn is_reference_of(text: Option<&str>, version: &str) -> bool {
    let reference = text.and_then(|text| text.split('@').next()).and_then(|text| text.strip_suffix(version));
    reference.is_some_and(|name| name.ends_with(':'))
}

/// Returns the path of each variable in its object.
fn paths_of(yaml: &ParsedYaml<'_>, kept: &[KeptVariable<'_>]) -> HashMap<NodeId, String> {
    let values: HashSet<NodeId> = kept.iter().map(|variable| variable.slot.value).collect();
    let roots: HashSet<NodeId> = kept.iter().map(|variable| variable.object.root).collect();
    roots.into_iter().flat_map(|root| paths_below(yaml, root, &values)).collect()
}
