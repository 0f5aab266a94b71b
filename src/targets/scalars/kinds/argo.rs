//! The images in the sources of an Application of Argo CD: `kustomize.images`, `helm.parameters`, and the values of a chart.

use std::collections::HashSet;
use std::rc::Rc;

use super::image_path::{Scalar, two_versions};
use crate::targets::scalars::document::document_kind::DocumentKind;
use crate::targets::scalars::document::nodes::{filled, is_list, is_mapping, text_of, value_at, value_of};
use crate::targets::scalars::document::object::Object;
use crate::targets::scalars::document::parameters::{PARAMETERS, Parameter, Parameters, SHARED_REGISTRY, list_of};
use crate::targets::scalars::document::slot::Slot;
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::key_stems::PARTS_BESIDE;
use crate::targets::scalars::image_parts::name_parts::{NameParts, NameSource, is_image_key};
use crate::targets::scalars::image_parts::place::{ImagePlace, Parts, ReferenceForm, Slots};
use crate::targets::scalars::image_parts::texts_by_stem::TextsByStem;
use crate::yaml::{NodeId, ParsedYaml};

/// Returns the sources of an application that Argo CD reads: `source`, or the items of `sources`. Other objects have none.
pub(in crate::targets::scalars) fn sources(yaml: &ParsedYaml<'_>, object: &Object) -> Vec<NodeId> {
    if object.kind == DocumentKind::ApplicationSource {
        return vec![object.root];
    }
    let Some(spec) = spec_of(yaml, object) else { return Vec::new() };
    let source = value_of(yaml, spec, "source").filter(|_| instead_of_source(yaml, spec).is_none());
    let list = value_of(yaml, spec, "sources");
    let mut sources: Vec<NodeId> = source.into_iter().collect();
    sources.extend(list.into_iter().flat_map(|list| yaml.tree.children(list)));
    sources.retain(|source| is_mapping(yaml, *source));
    sources
}

fn spec_of(yaml: &ParsedYaml<'_>, object: &Object) -> Option<NodeId> {
    match object.kind {
        DocumentKind::Application => value_of(yaml, object.root, "spec"),
        DocumentKind::ApplicationSet => value_at(yaml, object.root, &["spec", "template", "spec"]),
        _ => None,
    }
}

/// Returns the key of what Argo CD reads in place of `source`.
fn instead_of_source(yaml: &ParsedYaml<'_>, spec: NodeId) -> Option<&'static str> {
    let value = |key: &str| is_mapping(yaml, spec).then(|| yaml.tree.effective(spec, &|text| text == key))?;
    let is_filled =
        |key: &&str| value(key).is_some_and(|value| yaml.tree.children(yaml.tree.resolve(value)).next().is_some());
    ["sourceHydrator", "sources"].into_iter().find(is_filled)
}

/// A `source` that Argo CD ignores.
pub(in crate::targets::scalars) struct IgnoredSource {
    key: NodeId,
    pub(in crate::targets::scalars) source: NodeId,
    /// The key of what counts in its place.
    instead: &'static str,
}

impl IgnoredSource {
    pub(in crate::targets::scalars) fn of(yaml: &ParsedYaml<'_>, object: &Object) -> Option<Self> {
        let spec = spec_of(yaml, object).filter(|spec| is_mapping(yaml, *spec))?;
        let pair = yaml.tree.own(spec, &|key| key == "source")?;
        Some(Self { key: pair.key, source: pair.value, instead: instead_of_source(yaml, spec)? })
    }

    /// Returns the refusal of an image at `node`, which is in the source.
    pub(in crate::targets::scalars) fn at(&self, yaml: &ParsedYaml<'_>, node: NodeId) -> FileRefusal {
        let instead = self.instead;
        let message = format!("Argo CD ignores `source` beside `{instead}`, so an edit here changes nothing");
        FileRefusal::at(yaml, node, message, format!("name the image in `{instead}`, or remove `source` once by hand"))
    }

    /// Returns the refusal of the image `name`, which is in no source that counts.
    pub(in crate::targets::scalars) fn alone(&self, yaml: &ParsedYaml<'_>, name: &str) -> FileRefusal {
        let instead = self.instead;
        let message = format!("`{name}` is in `source` alone, which Argo CD ignores beside `{instead}`");
        let hint = format!("move the image to `{instead}` once by hand, or remove `{instead}`");
        FileRefusal::at(yaml, self.key, message, hint).of_no_image()
    }

    /// Returns what is told of the images in the source, which are not deployed.
    pub(in crate::targets::scalars) fn told(&self, yaml: &ParsedYaml<'_>) -> FileRefusal {
        let message = format!("Argo CD ignores `source` beside `{}`, so its images are not deployed", self.instead);
        FileRefusal::at(yaml, self.key, message, "remove `source` once by hand")
    }
}

/// Returns the values of the chart of a source, if they are a mapping.
pub(in crate::targets::scalars) fn values_object(yaml: &ParsedYaml<'_>, source: NodeId) -> Option<NodeId> {
    value_at(yaml, source, &["helm", "valuesObject"])
}

/// Returns the images of `kustomize.images` in a source of Argo CD: strings, `[KEY=]NAME[:TAG][@DIGEST]`. What is no image has
/// no name.
pub(in crate::targets::scalars) fn kustomize_images(
    yaml: &ParsedYaml<'_>,
    source: NodeId,
) -> Vec<(String, Result<ImagePlace, FileRefusal>)> {
    let images = value_at(yaml, source, &["kustomize", "images"]).filter(|images| is_list(yaml, *images));
    let Some(images) = images else { return Vec::new() };
    let place = |(index, item): (usize, NodeId)| {
        let slot = Slot { key: None, value: item, parent: images };
        let image = yaml.tree.text(item).map(|text| ReferenceForm::Keyed.parse(text));
        let name = match image {
            Some(Ok(image)) => Some(image.key.unwrap_or(image.name)).filter(|name| !name.is_empty()),
            _ => None,
        };
        let Some(name) = name else {
            let message = "this is not an image as Argo CD reads it";
            let refusal = FileRefusal::at(yaml, item, message, "write it as `[KEY=]NAME[:TAG][@DIGEST]`");
            return (String::new(), Err(refusal));
        };
        let path = format!("kustomize.images[{index}]");
        let slots = Slots::Reference { slot, form: ReferenceForm::Keyed };
        let place = ImagePlace::new(name.clone(), path, item, slots, vec![images, item]);
        (name, Ok(place))
    };
    yaml.tree.children(images).enumerate().map(place).collect()
}

/// Returns the names of the images that show in parameters, each once.
pub(in crate::targets::scalars) fn image_names(parameters: &Parameters<'_>) -> Vec<String> {
    let has_image_name = |group: &str| {
        let said = NameParts::of(&|key| parameters.text(&format!("{group}.{key}")), false).said();
        matches!(said.source, NameSource::Written { last: "image", .. })
    };
    let has_version = |group: &str| PARTS_BESIDE.iter().any(|key| parameters.get(&format!("{group}.{key}")).is_some());
    let mut seen = HashSet::new();
    let shown = |parameter: &Parameter<'_>| {
        let (group, key) = parameter.group_and_key();
        let key = key.to_ascii_lowercase();
        let is_image = |text: &str| text.to_ascii_lowercase().ends_with("image");
        let has_name = || parameters.get(&format!("{group}.repository")).is_some() || has_image_name(group);
        let shown = match key.as_str() {
            key if PARTS_BESIDE.contains(&key) && !group.is_empty() && (is_image(group) || has_name()) => group,
            "image" if !group.is_empty() && has_version(group) && has_image_name(group) => return None,
            key if is_image(key) || key.ends_with("imagetag") || key.ends_with("image_tag") => parameter.name,
            _ => return None,
        };
        seen.insert(shown.to_owned()).then(|| shown.to_owned())
    };
    parameters.0.iter().filter(|parameter| !parameter.is_from_elsewhere()).filter_map(shown).collect()
}

/// Returns the image `name` of the `helm.parameters` of a source of Argo CD: the items `name.repository`, `name.tag` and so
/// on, or the item `name` itself.
///
/// # Errors
///
/// A parameter is there twice, or comes from a merge key.
pub(super) fn helm_parameter(
    yaml: &ParsedYaml<'_>,
    source: NodeId,
    name: &str,
    parameters: &Parameters<'_>,
    registry_in_values: impl FnOnce() -> Option<String>,
) -> Result<Option<ImagePlace>, FileRefusal> {
    let Some(list) = list_of(yaml, source, "parameters") else { return Ok(None) };
    let value = |name: &str| parameters.slot(yaml, name);
    let part = |keys: &[&str]| -> Result<Option<Slot>, FileRefusal> {
        let slots = keys.iter().filter_map(|key| value(&format!("{name}.{key}")).transpose());
        match slots.collect::<Result<Vec<Slot>, _>>()?.as_slice() {
            [_, second, ..] => Err(FileRefusal::at(
                yaml,
                second.value,
                format!("two parameters of `{name}` may be the same part of the image"),
                format!("name one: `{name}.{}` or `{name}.{}`", keys[0], keys[1]),
            )),
            found => Ok(found.first().copied()),
        }
    };
    let shared_registry = match value(SHARED_REGISTRY)? {
        Some(slot) => slot.text(yaml)?.map(str::to_owned),
        None => registry_in_values(),
    };
    let slots = if let Some(slot) = value(name)? {
        let (image, key) = name.rsplit_once('.').unwrap_or(("", name));
        let beside = |key: &str| value(format!("{image}.{key}").trim_start_matches('.'));
        let texts = || parameters.beside(name).filter_map(|(other, parameter)| Some((other, parameter.text?)));
        let texts = &|| Rc::new(TextsByStem::of(texts()));
        Scalar { slot, key, whole: image, is_of_image: is_image_key(image), shared_registry, texts }
            .slots(yaml, &beside)?
    } else {
        let mut parts =
            Parts { tag: part(&["tag", "version"])?, digest: part(&["digest"])?, shared_registry, ..Parts::default() };
        if parts.tag.is_none() && parts.digest.is_none() {
            return Ok(None);
        }
        let slot = |key: &str| value(&format!("{name}.{key}"));
        take_name(yaml, &mut parts, name, &slot)?;
        Slots::Parts(parts)
    };
    Ok(Some(ImagePlace::new(name.to_owned(), format!("{PARAMETERS}{name}"), list, slots, vec![list])))
}

/// Takes the name of the image `name` from its parameters, which `slot` finds by the last parts of their names.
fn take_name(
    yaml: &ParsedYaml<'_>,
    parts: &mut Parts,
    name: &str,
    slot: &dyn Fn(&str) -> Result<Option<Slot>, FileRefusal>,
) -> Result<(), FileRefusal> {
    let text = |key: &str| filled(yaml, slot(key).ok()??.value);
    let names = NameParts::of(&text, is_image_key(name));
    if let Some(version) = parts.tag.filter(|_| names.has_own_version()) {
        let key = text_of(yaml, version.parent, "name").and_then(|name| name.rsplit('.').next());
        return Err(two_versions(yaml, version, name, key.unwrap_or_default()));
    }
    if names.is_said() {
        return parts.take_name(names.said_in_chart(parts.shared_registry.is_some(), &|| false), slot);
    }
    (parts.registry, parts.repository) = (slot("registry")?, slot("repository")?);
    Ok(())
}
