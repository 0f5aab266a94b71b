//! The images that a policy of Flux chooses: all values of a file with a marker of that policy behind them. Such a name is
//! the same wherever the values are moved to.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::image_path::{Below, ScalarContent, content_of, image_at, name_beside};
use super::known_mappings::KnownMappings;
use super::source_images::judge_in_sources;
use crate::image::{Digest, has_registry, is_same_image};
use crate::targets::flux_marker::{FluxMarker, MarkedPart, is_marker, is_policy_name};
use crate::targets::scalars::document::document_kind::DocumentKind;
use crate::targets::scalars::document::node_path::own_pair;
use crate::targets::scalars::document::nodes::text_beside;
use crate::targets::scalars::document::object::Object;
use crate::targets::scalars::document::slot::Slot;
use crate::targets::scalars::document::variable::key_of;
use crate::targets::scalars::document::walk::{Visit, escaped, walk};
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::key_stems::PARTS_BESIDE;
use crate::targets::scalars::image_parts::name_parts::{NAME_PARTS, is_image_key};
use crate::targets::scalars::image_parts::place::{ImagePlace, Parts, ReferenceForm, Slots};
use crate::yaml::{NodeId, NodeKind, Pair, ParsedYaml};

/// A value with a marker behind it.
struct MarkedValue {
    slot: Slot,
    marker: FluxMarker,
    /// From the root of the object, which `label` tells apart from others.
    path: String,
    label: String,
    root: NodeId,
    trail: Vec<NodeId>,
    kind: DocumentKind,
}

/// Returns the names of the policies whose markers are in a file, each once.
pub(in crate::targets::scalars) fn policies(yaml: &ParsedYaml<'_>) -> Vec<String> {
    let mut policies = Vec::new();
    each_marker(yaml, &mut |_, marker| policies.push(marker.policy));
    policies.sort_unstable();
    policies.dedup();
    policies
}

/// Returns the first value with a marker of the policy `name`.
pub(in crate::targets) fn first_marked(yaml: &ParsedYaml<'_>, name: &str) -> Option<NodeId> {
    let mut first = None;
    if is_policy_name(name) {
        each_marker(yaml, &mut |value, marker| first = first.or((marker.policy == name).then_some(value)));
    }
    first
}

fn each_marker(yaml: &ParsedYaml<'_>, visit_marker: &mut dyn FnMut(NodeId, FluxMarker)) {
    for root in yaml.tree.documents.iter().copied().filter(|_| is_marker(yaml.source.text)) {
        walk(yaml, root, &mut |visit| {
            if let Some(marker) = marker_behind(yaml, visit.slot) {
                visit_marker(visit.slot.value, marker);
            }
        });
    }
}

/// Returns the images with markers of the policy `name`.
///
/// # Errors
///
/// The values are not of one image, or one of them cannot be edited.
pub(in crate::targets::scalars) fn marked_images(
    yaml: &ParsedYaml<'_>,
    objects: &[Object],
    name: &str,
) -> Result<Vec<ImagePlace>, FileRefusal> {
    let values = if is_policy_name(name) { marked_values(yaml, objects, Some(name)) } else { Vec::new() };
    images_of(yaml, objects, name, values)
}

/// The values of a file that are marked with one policy.
pub(in crate::targets::scalars) struct MarkedByPolicy {
    pub(in crate::targets::scalars) policy: String,
    pub(in crate::targets::scalars) nodes: Vec<NodeId>,
    pub(in crate::targets::scalars) images: Result<Vec<ImagePlace>, FileRefusal>,
}

/// Returns the images of each policy whose markers are in a file.
pub(in crate::targets::scalars) fn all_marked(yaml: &ParsedYaml<'_>, objects: &[Object]) -> Vec<MarkedByPolicy> {
    let mut by_policy: BTreeMap<String, Vec<MarkedValue>> = BTreeMap::new();
    for value in marked_values(yaml, objects, None) {
        by_policy.entry(value.marker.policy.clone()).or_default().push(value);
    }
    let of_policy = |(policy, values): (String, Vec<MarkedValue>)| {
        let nodes = values.iter().map(|value| value.slot.value).collect();
        MarkedByPolicy { nodes, images: images_of(yaml, objects, &policy, values), policy }
    };
    by_policy.into_iter().map(of_policy).collect()
}

/// Returns the values with a marker, or with one of the policy `wanted`.
fn marked_values(yaml: &ParsedYaml<'_>, objects: &[Object], wanted: Option<&str>) -> Vec<MarkedValue> {
    let mut values = Vec::new();
    let is_walked = |object: &&Object| object.kind != DocumentKind::List && is_marker(yaml.source.text);
    for object in objects.iter().filter(is_walked) {
        let label = object.label.as_ref().map(|label| format!("{label}/.")).unwrap_or_default();
        walk(yaml, object.root, &mut |Visit { path, slot, trail, .. }| {
            let is_wanted = |marker: &FluxMarker| wanted.is_none_or(|wanted| marker.policy == wanted);
            if let Some(marker) = marker_behind(yaml, slot).filter(is_wanted) {
                let (path, label, trail) = (path.to_owned(), label.clone(), trail.to_vec());
                values.push(MarkedValue { slot, marker, path, label, root: object.root, trail, kind: object.kind });
            }
        });
    }
    values
}

fn images_of(
    yaml: &ParsedYaml<'_>,
    objects: &[Object],
    name: &str,
    values: Vec<MarkedValue>,
) -> Result<Vec<ImagePlace>, FileRefusal> {
    let mut images = Vec::new();
    let has_name = |value: &&MarkedValue| matches!(value.marker.part, MarkedPart::Reference | MarkedPart::Name);
    let named = values.iter().filter(has_name).map(|value| value.slot.parent).collect();
    let neighbours = Neighbours { yaml, texts: RefCell::default(), digests: RefCell::default(), named };
    for values in grouped(values) {
        let mut image = image(&neighbours, &values)?;
        judge_in_sources(yaml, objects, &mut image)?;
        images.push(image);
    }
    let mut images = with_names(images);
    share_name(yaml, name, &mut images)?;
    Ok(images)
}

fn marker_behind(yaml: &ParsedYaml<'_>, slot: Slot) -> Option<FluxMarker> {
    let is_value = matches!(yaml.tree.kind(slot.value), NodeKind::Scalar(..) | NodeKind::Null | NodeKind::Alias(_));
    let comment = yaml.comment_behind_value(slot.key, slot.value).filter(|_| is_value)?;
    FluxMarker::parse(yaml.source.slice(comment))
}

/// Groups the parts in one mapping, if each is there once: they are one image. A whole reference is an image by itself.
fn grouped(values: Vec<MarkedValue>) -> Vec<Vec<MarkedValue>> {
    let mut by_parent: BTreeMap<NodeId, Vec<MarkedValue>> = BTreeMap::new();
    let mut groups = Vec::new();
    for value in values {
        match value.marker.part {
            MarkedPart::Reference => groups.push(vec![value]),
            _ => by_parent.entry(value.slot.parent).or_default().push(value),
        }
    }
    for values in by_parent.into_values() {
        let count = |part: MarkedPart| values.iter().filter(|value| value.marker.part == part).count();
        if [MarkedPart::Name, MarkedPart::Tag, MarkedPart::Digest].into_iter().all(|part| count(part) < 2) {
            groups.push(values);
        } else {
            groups.extend(values.into_iter().map(|value| vec![value]));
        }
    }
    groups.sort_unstable_by_key(|values| values[0].slot.value);
    groups
}

/// What stands beside marked values, looked for once in each mapping: one may have thousands of them.
struct Neighbours<'p, 'd> {
    yaml: &'p ParsedYaml<'d>,
    texts: RefCell<HashMap<(NodeId, String), Option<&'p str>>>,
    digests: RefCell<HashMap<NodeId, Result<Option<Pair>, FileRefusal>>>,
    /// The mappings in which a name has a marker of the policy too, so that an edit may write it.
    named: HashSet<NodeId>,
}

impl<'p> Neighbours<'p, '_> {
    fn text(&self, mapping: NodeId, key: &str) -> Option<&'p str> {
        let mut texts = self.texts.borrow_mut();
        *texts.entry((mapping, key.to_owned())).or_insert_with(|| text_beside(self.yaml, mapping, key))
    }

    fn digest(&self, mapping: NodeId) -> Result<Option<Pair>, FileRefusal> {
        let mut digests = self.digests.borrow_mut();
        digests.entry(mapping).or_insert_with(|| own_pair(self.yaml, mapping, "digest")).clone()
    }
}

fn image(neighbours: &Neighbours<'_, '_>, values: &[MarkedValue]) -> Result<ImagePlace, FileRefusal> {
    let yaml = neighbours.yaml;
    values.iter().try_for_each(|value| value.require_part(yaml))?;
    let first = &values[0];
    let own_item = first.slot.key.unwrap_or(first.slot.value);
    let slot = |part: MarkedPart| values.iter().find(|value| value.marker.part == part).map(|value| value.slot);
    let slots = match slot(MarkedPart::Reference) {
        Some(slot) if is_image_key(slot.key_text(yaml)) => Slots::Reference { slot, form: ReferenceForm::Certain },
        Some(slot) => Slots::Reference { slot, form: ReferenceForm::Uncertain },
        None => {
            let is_named = neighbours.named.contains(&first.slot.parent);
            let mut parts = Parts {
                repository: slot(MarkedPart::Name),
                tag: slot(MarkedPart::Tag),
                digest: slot(MarkedPart::Digest),
                known_name: if is_named { None } else { known_name(neighbours, first) },
                ..Parts::default()
            };
            first.take_around(yaml, &mut parts)?;
            if !is_named {
                first.take_name_of_flat_version(yaml, &mut parts);
            }
            Slots::Parts(parts)
        }
    };
    if let Slots::Parts(Parts { digest: None, .. }) = &slots
        && matches!(yaml.tree.kind(first.slot.parent), NodeKind::Mapping(_))
        && let Some(digest) = neighbours.digest(first.slot.parent)?
        && Slot::of(first.slot.parent, digest).text(yaml)?.is_some()
    {
        let message = "the digest beside this tag decides what is pulled, and has no marker";
        let other = if is_entry(first) { "name the entry" } else { "name the image by its path" };
        let hint = format!("mark it with `{}:digest`, or {other}", first.marker.policy);
        return Err(FileRefusal::at(yaml, digest.key, message, hint));
    }
    let (path, item) = match values {
        [only] => (only.path.as_str(), own_item),
        _ => (first.mapping(yaml), first.slot.parent),
    };
    let path = format!("{}{path}", first.label);
    let mut trail: Vec<NodeId> = values.iter().flat_map(|value| value.trail.iter().copied()).collect();
    trail.sort_unstable();
    trail.dedup();
    Ok(ImagePlace::new(path.clone(), path, item, slots, trail))
}

/// Gives a name that stands by itself to the images that have none.
fn with_names(images: Vec<ImagePlace>) -> Vec<ImagePlace> {
    let parts = |image: &ImagePlace| match &image.slots {
        Slots::Parts(Parts { repository, tag, digest, known_name: None, .. }) => {
            Some((*repository, tag.is_some() || digest.is_some()))
        }
        _ => None,
    };
    let name_alone = |image: &ImagePlace| match parts(image) {
        Some((Some(name), false)) => Some(name),
        _ => None,
    };
    let names: Vec<Slot> = images.iter().filter_map(name_alone).collect();
    let nameless = images.iter().filter(|image| matches!(parts(image), Some((None, _)))).count();
    if names.is_empty() || names.len() > nameless {
        return images;
    }
    let mut next = names.iter().cycle();
    let mut named = Vec::new();
    for mut image in images {
        match (parts(&image), &mut image.slots) {
            (Some((Some(_), false)), _) => continue,
            (Some((None, _)), Slots::Parts(parts)) => parts.repository = next.next().copied(),
            _ => {}
        }
        named.push(image);
    }
    named
}

impl MarkedValue {
    /// Whether the mapping around it is called an image.
    fn is_of_image(&self) -> bool {
        let mapping = self.path.rsplit_once('.').map_or("", |(mapping, _)| mapping);
        is_image_key(mapping.split('[').next().unwrap_or_default())
    }

    /// Returns the path of the mapping that the value is in.
    fn mapping(&self, yaml: &ParsedYaml<'_>) -> &str {
        self.path.strip_suffix(&escaped(self.slot.key_text(yaml))).unwrap_or(&self.path).trim_end_matches('.')
    }

    /// Takes from the image that the path of the mapping means what comes before the marked name, and which names an argument
    /// may have.
    ///
    /// # Errors
    ///
    /// What is marked as a name is only a part of one.
    fn take_around(&self, yaml: &ParsedYaml<'_>, parts: &mut Parts) -> Result<(), FileRefusal> {
        let is_part =
            NAME_PARTS.contains(&self.slot.key_text(yaml)) || PARTS_BESIDE.contains(&self.slot.key_text(yaml));
        if is_entry(self) || !is_part {
            return Ok(());
        }
        let below = Below { root: self.root, before: "." };
        let Ok(Some(around)) = image_at(yaml, &KnownMappings::default(), below, self.mapping(yaml)) else {
            return Ok(());
        };
        let said = around.fields(yaml).ok().and_then(|fields| fields.new_name);
        let Slots::Parts(around) = around.slots else { return Ok(()) };
        let shared_registry = around.shared_registry;
        match parts.repository {
            None => {
                parts.known_name = parts.known_name.take().and(said);
                parts.shared_registry = shared_registry;
            }
            name if around.repository == name => {
                (parts.registry, parts.is_name_cut) = (around.registry, around.is_name_cut);
                parts.shared_registry = shared_registry;
            }
            Some(name) if around.repository.is_some() || said.is_some() || around.limit.is_some() => {
                let (policy, key) = (&self.marker.policy, name.key_text(yaml));
                let message =
                    format!("the marker of `{policy}` means a name, and `{key}` is only a part of the name here");
                let hint = format!("name the image by its path: `.{}`", self.mapping(yaml));
                return Err(FileRefusal::at(yaml, name.value, message, hint));
            }
            Some(_) => return Ok(()),
        }
        parts.limit = around.limit;
        Ok(())
    }

    /// Takes what the path of a flat version tells of its name: `imageTag` beside `image`.
    fn take_name_of_flat_version(&self, yaml: &ParsedYaml<'_>, parts: &mut Parts) {
        let is_flat = !PARTS_BESIDE.contains(&self.slot.key_text(yaml)) && !is_entry(self);
        let below = Below { root: self.root, before: "." };
        if is_flat
            && parts.repository.is_none()
            && let Ok(Some(ImagePlace { slots: Slots::Parts(flat), .. })) =
                image_at(yaml, &KnownMappings::default(), below, &self.path)
        {
            parts.known_name = parts.known_name.take().or(flat.known_name);
            parts.limit = flat.limit;
        }
    }

    /// Refuses a marker that means more of the image than its value holds, as the key says: `tag: v1` would become `tag: v1:v2`.
    fn require_part(&self, yaml: &ParsedYaml<'_>) -> Result<(), FileRefusal> {
        let key = key_of(yaml, self.slot);
        let (part, word) = match (key, content_of(key)) {
            ("newName", _) => (MarkedPart::Name, "name"),
            (_, ScalarContent::Tag) => (MarkedPart::Tag, "tag"),
            (_, ScalarContent::Digest) => (MarkedPart::Digest, "digest"),
            ("repository", _) if !matches!(self.marker.part, MarkedPart::Reference) => (MarkedPart::Name, "name"),
            ("name", _) if is_entry(self) => (MarkedPart::Name, "name"),
            (_, ScalarContent::Reference) => return Ok(()),
        };
        let text = yaml.tree.text(self.slot.value).unwrap_or_default();
        let (meant, is_there) = match self.marker.part {
            MarkedPart::Reference => {
                ("a whole reference", text.parse::<Digest>().is_err() && text.contains([':', '/']))
            }
            MarkedPart::Name => ("a name", text.contains('/')),
            MarkedPart::Tag => ("a tag", false),
            MarkedPart::Digest => ("a digest", text.parse::<Digest>().is_ok()),
        };
        if self.marker.part == part || (is_there && key != "newName") {
            return Ok(());
        }
        let policy = &self.marker.policy;
        let message = format!("the marker of `{policy}` means {meant}, and `{key}` holds a {word}");
        let hint = format!("write the marker `{{\"$imagepolicy\": \"{policy}:{word}\"}}`");
        Err(FileRefusal::at(yaml, self.slot.value, message, hint))
    }
}

/// Whether a value may be of an entry for kustomize.
fn is_entry(value: &MarkedValue) -> bool {
    matches!(value.kind, DocumentKind::Kustomization | DocumentKind::FluxKustomization)
}

/// Returns the name that stands beside a part without a marker of its own. Under `name` or `image`, it must have a registry.
fn known_name(neighbours: &Neighbours<'_, '_>, value: &MarkedValue) -> Option<String> {
    // What is marked as something else is not a name, whatever its key.
    let is_beside = |key: &&str| *key != value.slot.key_text(neighbours.yaml);
    let beside = |key: &str| neighbours.text(value.slot.parent, Some(key).filter(is_beside)?);
    let is_entry = is_entry(value);
    let name = name_beside(if is_entry { "newTag" } else { "tag" }, &beside, value.is_of_image());
    name.filter(|name| is_entry || has_registry(name) || beside("repository").is_some())
}

/// A policy is of one image, so that what one place says of its name holds for all of them.
fn share_name(yaml: &ParsedYaml<'_>, policy: &str, images: &mut [ImagePlace]) -> Result<(), FileRefusal> {
    let names: Vec<Option<String>> =
        images.iter().map(|image| image.fields(yaml).map(|fields| fields.new_name)).collect::<Result<_, _>>()?;
    let Some(name) = names.iter().flatten().next() else { return Ok(()) };
    let other = names.iter().position(|other| other.as_ref().is_some_and(|other| !is_same_image(name, other)));
    if let Some(other) = other {
        let places: Vec<String> = images.iter().map(|image| image.told(yaml)).collect();
        let message = format!("the markers of `{policy}` are behind several images: {}", places.join(", "));
        let hint = "name each image by its path, with a dot before it";
        return Err(FileRefusal::at(yaml, images[other].item, message, hint));
    }
    let is_written = images.iter().any(ImagePlace::writes_name);
    for (image, own) in images.iter_mut().zip(&names) {
        if let (Slots::Parts(parts), None) = (&mut image.slots, own) {
            parts.known_name = Some(name.clone());
            parts.name_follows = is_written;
        }
    }
    Ok(())
}
