//! Images in the values of a chart, and in any file by a path: a mapping with `repository`, `tag` and the like, a whole
//! reference, or a tag alone.

use std::collections::HashSet;
use std::rc::Rc;

use super::flat_tags::may_be_tag;
use super::known_mappings::KnownMappings;
use crate::image::{has_registry, split_registry};
use crate::targets::scalars::document::node_path::{Found, NodePath, own_pair, refuse_alias};
use crate::targets::scalars::document::nodes::{filled, is_list, is_mapping, pairs_of, text_beside, value_of};
use crate::targets::scalars::document::slot::Slot;
use crate::targets::scalars::document::variable::key_at;
use crate::targets::scalars::document::walk::{Visit, walk};
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::image_text::{ImageText, is_version_alone};
use crate::targets::scalars::image_parts::key_stems::PARTS_BESIDE;
use crate::targets::scalars::image_parts::name_parts::{NameLimit, NameParts, NameSource, is_image_key};
use crate::targets::scalars::image_parts::place::{ImagePlace, Parts, ReferenceForm, Slots};
use crate::targets::scalars::image_parts::sibling_values::WHOLE_IMAGES;
use crate::targets::scalars::image_parts::texts_by_stem::TextsByStem;
use crate::targets::scalars::names::name_elsewhere::name_elsewhere;
use crate::yaml::{NodeId, NodeKind, ParsedYaml};

/// What a scalar holds, by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::targets::scalars) enum ScalarContent {
    Tag,
    Digest,
    Reference,
}

pub(in crate::targets::scalars) fn content_of(key: &str) -> ScalarContent {
    if WHOLE_IMAGES.contains(&key) {
        return ScalarContent::Reference;
    }
    let key = key.to_ascii_lowercase();
    match key.strip_suffix("override").filter(|key| key.ends_with("tag") || key.ends_with("version")).unwrap_or(&key) {
        key if key.ends_with("tag") || key.ends_with("version") || key.ends_with("revision") => ScalarContent::Tag,
        key if key.ends_with("digest") => ScalarContent::Digest,
        _ => ScalarContent::Reference,
    }
}

/// A path below a node of a file.
#[derive(Clone, Copy)]
pub(in crate::targets::scalars) struct Below<'a> {
    pub(in crate::targets::scalars) root: NodeId,
    /// The path of the node itself, with the dot behind it; a dot alone for a document whose paths are written with one before
    /// them, and else empty for a document.
    pub(in crate::targets::scalars) before: &'a str,
}

/// What shows as an image, by its path or what it is called by; nothing if it has no version.
pub(in crate::targets::scalars) type ImageByPath = (String, Result<Option<ImagePlace>, FileRefusal>);

/// Returns the image at `path`, if the path leads anywhere.
///
/// # Errors
///
/// There is something at the path, and no image that can be edited.
pub(in crate::targets::scalars) fn image_at<'y>(
    yaml: &'y ParsedYaml<'_>,
    known: &KnownMappings<'y>,
    below: Below<'_>,
    path: &str,
) -> Result<Option<ImagePlace>, FileRefusal> {
    let Some(steps) = NodePath::parse(path) else { return Ok(None) };
    let Some(Found { slot, trail }) = steps.follow(yaml, below.root)? else { return Ok(None) };
    image_in(yaml, known, below, path, slot, trail).map(Some)
}

/// Returns the image in the value at `path`.
fn image_in<'y>(
    yaml: &'y ParsedYaml<'_>,
    known: &KnownMappings<'y>,
    below: Below<'_>,
    path: &str,
    slot: Slot,
    trail: Vec<NodeId>,
) -> Result<ImagePlace, FileRefusal> {
    refuse_alias(yaml, slot.value)?;
    let full = format!("{}{path}", below.before);
    let written = if below.before == "." { &full } else { path };
    let shared_registry = known.registries.borrow_mut().of(yaml, &trail);
    let slots = match yaml.tree.kind(slot.value) {
        NodeKind::Mapping(_) if !is_template(yaml, slot.value) => {
            let is_of_image = match slot.key {
                Some(_) => is_image_key(slot.key_text(yaml)),
                None => is_called_image(yaml, &trail),
            };
            let is_below_registry = || known.registries.borrow_mut().is_below_another(yaml, &trail);
            map_slots(yaml, known, shared_registry, &is_below_registry, slot.value, is_of_image, written)?
        }
        kind => {
            let is_list = matches!(kind, NodeKind::Sequence(_));
            slot.text(yaml).map_err(|refusal| if is_list { refusal.of_no_image() } else { refusal })?;
            scalar_slots(yaml, known, shared_registry, slot, &trail, written)?
        }
    };
    let item = slot.key.unwrap_or(slot.value);
    let full = full.trim_start_matches('.').to_owned();
    Ok(ImagePlace::new(full.clone(), full, item, slots, trail))
}

/// Returns each image that shows by its key and its form, with its path: `…image` with a reference or a mapping, and mappings
/// with `repository` and `tag`.
pub(in crate::targets::scalars) fn images_below<'y>(
    yaml: &'y ParsedYaml<'_>,
    known: &KnownMappings<'y>,
    below: Below<'_>,
) -> Vec<ImageByPath> {
    let mut images = Vec::new();
    let mut names: HashSet<NodeId> = HashSet::new();
    walk(yaml, below.root, &mut |visit| {
        // The name in an image that was told is no image by itself.
        if shows(yaml, known, visit.slot) && !names.contains(&visit.slot.value) && !is_of_charts(yaml, &visit) {
            let image = match visit.is_repeated {
                true => image_at(yaml, known, below, visit.path),
                false => image_in(yaml, known, below, visit.path, visit.slot, visit.trail.to_vec()).map(Some),
            };
            if let Ok(Some(ImagePlace { slots: Slots::Parts(parts), .. })) = &image {
                names.extend(parts.repository.map(|slot| slot.value));
            }
            images.push((visit.path.to_owned(), image));
        }
    });
    images
}

fn shows<'y>(yaml: &'y ParsedYaml<'_>, known: &KnownMappings<'y>, slot: Slot) -> bool {
    let key = slot.key_text(yaml).to_ascii_lowercase();
    let has = |name: &str| value_of(yaml, slot.value, name).is_some();
    match yaml.tree.kind(slot.value) {
        NodeKind::Mapping(_) => {
            (has("tag") || has("version") || has("digest"))
                && (has("repository") || key.ends_with("image") || has_image_name(yaml, slot.value))
        }
        NodeKind::Alias(_) => key.ends_with("image"),
        NodeKind::Scalar(..) if key.ends_with("image") => !known.flat_tags(yaml, slot.parent).has_tag(slot.value),
        NodeKind::Scalar(..) => {
            key.ends_with("image_tag")
                || key.ends_with("imagetag")
                || (may_be_tag(&key) && known.flat_tags(yaml, slot.parent).is_tag(slot.value))
        }
        _ => false,
    }
}

/// Whether a mapping is a chart among the dependencies of another one: it has `repository` and `version` as images do.
fn is_of_charts(yaml: &ParsedYaml<'_>, visit: &Visit<'_>) -> bool {
    visit.path.starts_with("dependencies[") && value_of(yaml, visit.slot.value, "version").is_some()
}

/// Whether a mapping has the name of an image under `image`.
fn has_image_name(yaml: &ParsedYaml<'_>, mapping: NodeId) -> bool {
    let said = NameParts::of(&|key| text_beside(yaml, mapping, key), false).said();
    matches!(said.source, NameSource::Written { last: "image", .. })
}

/// Returns the mapping that an image is in whose parts are in `mapping`: the one around it if the key of `mapping` is that of an
/// image, and else `mapping` itself.
pub(in crate::targets::scalars) fn mapping_around(yaml: &ParsedYaml<'_>, trail: &[NodeId], mapping: NodeId) -> NodeId {
    match trail.iter().position(|node| *node == mapping) {
        Some(at @ 1..) if is_mapping(yaml, trail[at - 1]) && is_called_image(yaml, &trail[..=at]) => trail[at - 1],
        _ => mapping,
    }
}

/// Whether the key of a mapping, or of the list that it is in, is that of an image. It is the last one of `trail`.
fn is_called_image(yaml: &ParsedYaml<'_>, trail: &[NodeId]) -> bool {
    let [.., parent, node] = trail else { return false };
    if is_list(yaml, *parent) {
        return is_called_image(yaml, &trail[..trail.len() - 1]);
    }
    let of_node = pairs_of(yaml, *parent).find(|pair| pair.value == *node);
    of_node.and_then(|pair| yaml.tree.text(pair.key)).is_some_and(is_image_key)
}

fn is_template(yaml: &ParsedYaml<'_>, node: NodeId) -> bool {
    yaml.type_of(node) == crate::yaml::NodeType::Template
}

fn map_slots<'y>(
    yaml: &'y ParsedYaml<'_>,
    known: &KnownMappings<'y>,
    shared_registry: Option<String>,
    is_below_registry: &dyn Fn() -> bool,
    mapping: NodeId,
    is_of_image: bool,
    path: &str,
) -> Result<Slots, FileRefusal> {
    let slot = |key: &str| own_pair(yaml, mapping, key).map(|pair| pair.map(|pair| Slot::of(mapping, pair)));
    let (tag, version) = (slot("tag")?, slot("version")?);
    if let (Some(_), Some(version)) = (tag, version) {
        return Err(FileRefusal::at(
            yaml,
            version.key.unwrap_or(mapping),
            format!("`{path}` has both `tag` and `version`, and either may be the tag"),
            format!("name the one that is meant: `{path}.tag` or `{path}.version`"),
        ));
    }
    let mut parts = Parts { tag: tag.or(version), digest: slot("digest")?, shared_registry, ..Parts::default() };
    match name_elsewhere(yaml, mapping, is_of_image)?.filter(|_| parts.shared_registry.is_none()) {
        Some(name) => parts.known_name = Some(name),
        None => {
            (parts.registry, parts.repository) = (slot("registry")?, slot("repository")?);
            let names = NameParts::of(&|key| text_beside(yaml, mapping, key), is_of_image);
            let names = names.beside_repository_key(parts.repository.is_some());
            if let Some(version) = parts.tag.filter(|_| names.has_own_version()) {
                return Err(two_versions(yaml, version, path, version.key_text(yaml)));
            }
            if names.is_said() {
                (parts.registry, parts.repository) = (None, None);
                parts.take_name(names.said_in_chart(parts.shared_registry.is_some(), is_below_registry), &slot)?;
            } else if let Some(name) = flat_name(yaml, known, parts.tag.or(parts.digest)) {
                parts.known_name = Some(name);
            } else if parts.repository.is_none() && is_of_image {
                parts.repository = slot("name")?;
            }
        }
    }
    if parts.tag.is_some() || parts.digest.is_some() {
        return Ok(Slots::Parts(parts));
    }
    let mut within = Vec::new();
    walk(yaml, mapping, &mut |visit| {
        if shows(yaml, known, visit.slot) {
            within.push(format!("{path}.{}", visit.path));
        }
    });
    let message = format!("the mapping `{path}` has none of `tag`, `version` and `digest`");
    let hint = match within.as_slice() {
        [] => "name the scalar that holds the image or its version, or add `tag` once by hand if the chart reads it"
            .to_owned(),
        within => format!("name the image in it: `{}`", within.join("`, `")),
    };
    let has = |key: &str| yaml.tree.pairs_under(mapping, key).next().is_some();
    let is_no_image = !has("registry") && !has("repository") && parts.known_name.is_none();
    let refusal = FileRefusal::at(yaml, mapping, message, hint);
    Err(if is_no_image { refusal.of_no_image() } else { refusal })
}

/// Returns the name of a version by the other keys of its mapping: `repo: ghcr.io/acme/web` beside `tag`.
fn flat_name<'y>(yaml: &'y ParsedYaml<'_>, known: &KnownMappings<'y>, version: Option<Slot>) -> Option<String> {
    let version = version?;
    known.texts(yaml, version.parent).name_of_version(version.key_text(yaml)).and_then(name_of)
}

/// Returns the refusal of a whole reference beside a tag: some charts and operators deploy the one, and some the other.
pub(super) fn two_versions(yaml: &ParsedYaml<'_>, version: Slot, path: &str, key: &str) -> FileRefusal {
    let message = format!("`{path}` has a version in `image` and in `{key}`, and either may be what is deployed");
    let hint = format!("name the one that is meant: `{path}.image` or `{path}.{key}`");
    FileRefusal::at(yaml, version.key.unwrap_or(version.value), message, hint)
}

fn scalar_slots<'y>(
    yaml: &'y ParsedYaml<'_>,
    known: &KnownMappings<'y>,
    shared_registry: Option<String>,
    slot: Slot,
    trail: &[NodeId],
    path: &str,
) -> Result<Slots, FileRefusal> {
    let key = key_at(yaml, slot, path);
    let beside = |key: &str| match is_mapping(yaml, slot.parent) {
        true => Ok(own_pair(yaml, slot.parent, key)?.map(|pair| Slot::of(slot.parent, pair))),
        false => Ok(None),
    };
    let whole = match key {
        // Among other documents, entries are not edited.
        "newTag" if yaml.tree.documents.len() > 1 => "",
        // Elsewhere, no name means an entry.
        "newTag" if ![".images[", ".spec.images["].iter().any(|list| path.starts_with(list)) => "",
        "newTag" => text_beside(yaml, slot.parent, "name").unwrap_or_default(),
        _ => path.strip_suffix(key).unwrap_or(path).trim_end_matches('.'),
    };
    let is_of_image = PARTS_BESIDE.contains(&key) && is_called_image(yaml, &trail[..trail.len() - 1]);
    let texts = &|| known.texts(yaml, slot.parent);
    Scalar { slot, key, whole, is_of_image, shared_registry, texts }.slots(yaml, &beside)
}

/// A scalar that is named by itself.
pub(super) struct Scalar<'a> {
    pub(super) slot: Slot,
    pub(super) key: &'a str,
    /// The name of the whole image; empty if it has none.
    pub(super) whole: &'a str,
    /// Whether the whole image is called one.
    pub(super) is_of_image: bool,
    pub(super) shared_registry: Option<String>,
    /// Finds the keys beside it with their texts.
    pub(super) texts: &'a dyn Fn() -> Rc<TextsByStem<'a>>,
}

impl Scalar<'_> {
    /// Returns the slots of the image in the scalar. `beside` finds other scalars of the same image.
    ///
    /// # Errors
    ///
    /// A digest beside the tag would still decide what is pulled.
    pub(super) fn slots(
        &self,
        yaml: &ParsedYaml<'_>,
        beside: &dyn Fn(&str) -> Result<Option<Slot>, FileRefusal>,
    ) -> Result<Slots, FileRefusal> {
        let Self { slot, key, whole, .. } = *self;
        let text = |key: &str| filled(yaml, beside(key).ok()??.value);
        let is_version = content_of(key) == ScalarContent::Reference && self.is_version(yaml, &text);
        let content = if is_version { ScalarContent::Tag } else { content_of(key) };
        if content == ScalarContent::Reference {
            return Ok(Slots::Reference { slot, form: ReferenceForm::Uncertain });
        }
        let (known_name, limit) = self.said(&text, is_version);
        let shared_registry = self.shared_registry.clone();
        let mut parts = Parts { known_name, limit, shared_registry, ..Parts::default() };
        if content == ScalarContent::Digest {
            parts.digest = Some(slot);
            return Ok(Slots::Parts(parts));
        }
        if matches!(key, "tag" | "version" | "newTag")
            && let Some(digest) = beside("digest")?
            && digest.text(yaml)?.is_some()
        {
            let hint = match whole {
                "" => "remove the digest once by hand".to_owned(),
                whole => format!("name the image, so that both are written: `{whole}`"),
            };
            let at = digest.key.unwrap_or(digest.value);
            return Err(FileRefusal::at(yaml, at, "the digest beside this tag decides what is pulled", hint));
        }
        parts.tag = Some(slot);
        Ok(Slots::Parts(parts))
    }

    /// Returns the name that the scalar is the version of, if it is whole, and else which names an argument may have.
    fn said<'y>(
        &self,
        beside: &dyn Fn(&str) -> Option<&'y str>,
        is_version: bool,
    ) -> (Option<String>, Option<NameLimit>) {
        let key = self.key;
        if key == "newTag" {
            return (name_beside(key, beside, self.is_of_image), None);
        }
        let texts = (self.texts)();
        let parts = NameParts::of(beside, self.is_of_image);
        let (name, limit) = match (PARTS_BESIDE.contains(&key) || is_version) && parts.is_said() {
            true => (name_beside(key, beside, self.is_of_image), parts.said().limit),
            false => {
                let end = texts.end_of_version_name(key).map(str::to_owned);
                (texts.name_of_version(key).and_then(name_of), end.map(NameLimit::EndsIn))
            }
        };
        let is_certain = |end: &str| end.contains('/') || beside("repository") == Some(end);
        match name {
            Some(name) if has_registry(&name) && self.shared_registry.is_none() => (Some(name), None),
            Some(name) => (None, Some(split_registry(&name).1).filter(|end| is_certain(end)).map(NameLimit::ends_in)),
            None => (None, limit.filter(|limit| !matches!(limit, NameLimit::EndsIn(end) if !is_certain(end)))),
        }
    }

    /// Whether a text is the version of the repository beside it, whatever its key: `release: v3.14.0`.
    fn is_version<'y>(&self, yaml: &'y ParsedYaml<'_>, beside: &dyn Fn(&str) -> Option<&'y str>) -> bool {
        let text = filled(yaml, self.slot.value).unwrap_or_default();
        let is_alone = !PARTS_BESIDE.iter().any(|key| beside(key).is_some());
        is_version_alone(text) && is_alone && beside("repository").is_some()
    }
}

/// Returns the name of the image whose tag or digest is under one of [`PARTS_BESIDE`] or `newTag`, as what is beside it says.
pub(in crate::targets::scalars) fn name_beside<'y>(
    key: &str,
    beside: &dyn Fn(&str) -> Option<&'y str>,
    is_of_image: bool,
) -> Option<String> {
    if key == "newTag" {
        return beside("newName").or_else(|| beside("name")).map(str::to_owned);
    }
    match beside("newName") {
        Some(name) => name_of(name),
        None => name_of(&NameParts::of(beside, is_of_image).name()?),
    }
}

/// Returns the name in a reference.
fn name_of(text: &str) -> Option<String> {
    ImageText::parse(text, false).ok().map(|image| image.name)
}
