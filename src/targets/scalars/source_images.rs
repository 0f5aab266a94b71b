//! The images in one source of an Application of Argo CD that has both parameters and values. A parameter replaces the value
//! under its name, so that it is the parameter that is edited; what it replaces is not.

use std::collections::HashSet;

use super::argo::{helm_parameter, parameter_names, sources, values_object};
use super::beside::{WHOLE_IMAGES, is_digest_of, is_whole_image, switch};
use super::file_refusal::FileRefusal;
use super::image_path::{Below, ImageByPath, image_at, images_below};
use super::key_stems::{PARTS_BESIDE, end_of_version_name, is_part_of_name, name_of_version, texts_beside, texts_in};
use super::name_parts::{NAME_PARTS, NameLimit, NameParts, is_image_key};
use super::node_path::NodePath;
use super::nodes::{filled, is_mapping, text_beside, text_of, value_at, value_of};
use super::object::Object;
use super::parameters::{FILES, Parameter, Parameters};
use super::place::{ImagePlace, Parts, ReferenceForm, Slots};
use crate::image::{has_registry, split_registry};
use crate::yaml::{NodeId, ParsedYaml};

/// What the path of an image in the values of a source begins with.
const VALUES_OBJECT: &str = "helm.valuesObject.";

/// Returns the images of a source that show, but for those of `kustomize.images`.
pub(super) fn images_of_source(yaml: &ParsedYaml<'_>, source: NodeId) -> Vec<ImageByPath> {
    let below = |root| images_below(yaml, Below { root, before: VALUES_OBJECT });
    let in_values = values_object(yaml, source).map(below).unwrap_or_default();
    let of_values = |(name, image): ImageByPath| {
        let image = over_values(yaml, source, &name, || image);
        (name, image)
    };
    let mut images: Vec<ImageByPath> = in_values.into_iter().map(of_values).collect();
    let names: HashSet<String> = images.iter().map(|(name, _)| name.clone()).collect();
    for name in parameter_names(yaml, source).into_iter().filter(|name| !names.contains(name)) {
        let image = source_image(yaml, source, &name);
        images.push((name, image));
    }
    images
}

/// Returns the image `name` of a source.
///
/// # Errors
///
/// The parameters or the values have no image that can be edited, or something else decides what is pulled.
pub(super) fn source_image(
    yaml: &ParsedYaml<'_>,
    source: NodeId,
    name: &str,
) -> Result<Option<ImagePlace>, FileRefusal> {
    over_values(yaml, source, name, || match values_object(yaml, source) {
        Some(root) => image_at(yaml, Below { root, before: VALUES_OBJECT }, name),
        None => Ok(None),
    })
}

/// Returns what parameters make of an image in the values.
fn over_values(
    yaml: &ParsedYaml<'_>,
    source: NodeId,
    name: &str,
    in_values: impl FnOnce() -> Result<Option<ImagePlace>, FileRefusal>,
) -> Result<Option<ImagePlace>, FileRefusal> {
    let Some(mut image) = helm_parameter(yaml, source, name)? else {
        let mut image = in_values()?;
        if let Some(image) = &mut image {
            lay_parameters_over(yaml, source, image)?;
        }
        return Ok(image);
    };
    refuse_file_parameter(yaml, source, &image)?;
    if let Slots::Parts(parts) = &mut image.slots
        && let Some(values) = ValuesOfGroup::find(yaml, source, parts, name)
    {
        values.refuse_deciding(yaml, parts)?;
        let has_name = parts.registry.is_some() || parts.repository.is_some() || parts.known_name.is_some();
        let is_in_values = NAME_PARTS.iter().any(|key| text_beside(yaml, values.mapping, key).is_some());
        if is_in_values && (has_name || values.replaced_name(yaml, source)) {
            let message = "the name of the image is in the parameters and in `valuesObject`";
            let hint = "write it into one of the two once by hand";
            return Err(FileRefusal::at(yaml, values.mapping, message, hint));
        }
        if !has_name && parts.shared_registry.is_none() && parts.limit.is_none() {
            (parts.known_name, parts.limit) = values.name(yaml, parts);
        }
    }
    Ok(Some(image))
}

/// Judges an image that was found by a path from the root, or by a marker, as one that is named in its source.
///
/// # Errors
///
/// A parameter decides.
pub(super) fn judge_in_sources(
    yaml: &ParsedYaml<'_>,
    objects: &[Object],
    image: &mut ImagePlace,
) -> Result<(), FileRefusal> {
    let Some(node) = image.nodes().first().copied() else { return Ok(()) };
    let of_object = objects.iter().filter(|object| yaml.tree.is_within(node, object.root));
    for source in of_object.flat_map(|object| sources(yaml, object)) {
        if values_object(yaml, source).is_some_and(|values| yaml.tree.is_within(node, values)) {
            lay_parameters_over(yaml, source, image)?;
        }
        if let Slots::Reference { slot, form } = &mut image.slots
            && value_at(yaml, source, &["kustomize", "images"]) == Some(slot.parent)
        {
            *form = ReferenceForm::Keyed;
        }
    }
    Ok(())
}

/// Returns the name of the parameter that has its value at a node.
pub(super) fn parameter_at(yaml: &ParsedYaml<'_>, source: NodeId, value: NodeId) -> Option<String> {
    let mut parameters = Parameters::of(yaml, source).0.into_iter();
    parameters.find(|parameter| parameter.value == Some(value)).map(|parameter| parameter.name.to_owned())
}

/// Takes from the parameters of a source what they make of an image in its values.
fn lay_parameters_over(yaml: &ParsedYaml<'_>, source: NodeId, image: &mut ImagePlace) -> Result<(), FileRefusal> {
    refuse_replaced(yaml, source, image)?;
    if let (Slots::Parts(parts), Some(registry)) =
        (&mut image.slots, Parameters::of(yaml, source).text("global.imageRegistry"))
    {
        parts.is_below_shared(registry);
    }
    take_replaced_name(yaml, source, image);
    Ok(())
}

/// The mapping in the values that is the same image as a group of parameters.
struct ValuesOfGroup<'y> {
    /// What the names of the parameters begin with.
    group: &'y str,
    mapping: NodeId,
    /// Whether the mapping is called an image.
    is_of_image: bool,
}

impl<'y> ValuesOfGroup<'y> {
    fn find(yaml: &ParsedYaml<'_>, source: NodeId, parts: &Parts, name: &'y str) -> Option<Self> {
        let values = values_object(yaml, source).filter(|values| is_mapping(yaml, *values))?;
        let version = parts.tag.or(parts.digest)?;
        let group = match text_of(yaml, version.parent, "name") {
            // The name is that of the tag itself.
            Some(parameter) if parameter == name => name.rsplit_once('.').map_or("", |(group, _)| group),
            _ => name,
        };
        let mapping = match NodePath::parse(group) {
            Some(path) => path.follow(yaml, values).ok()??.slot.value,
            None => values,
        };
        is_mapping(yaml, mapping).then(|| Self { group, mapping, is_of_image: is_image_key(group) })
    }

    /// Returns the name in the values whose version a parameter is, or what it ends in.
    fn name(&self, yaml: &ParsedYaml<'_>, parts: &Parts) -> (Option<String>, Option<NameLimit>) {
        let named = NameParts::of(&|key| text_beside(yaml, self.mapping, key), self.is_of_image);
        if named.is_said() {
            return (named.name(), None);
        }
        let version = parts.tag.or(parts.digest).and_then(|version| text_of(yaml, version.parent, "name"));
        let Some(own) = version.and_then(|name| name.rsplit('.').next()) else { return (None, None) };
        let texts = texts_in(yaml, self.mapping, None);
        match name_of_version(own, &texts) {
            Some(name) => (Some(name.to_owned()), None),
            None => (None, end_of_version_name(own, &texts).map(NameLimit::ends_in)),
        }
    }

    /// Refuses values that decide what is pulled, whatever the parameter of the tag.
    fn refuse_deciding(&self, yaml: &ParsedYaml<'_>, parts: &Parts) -> Result<(), FileRefusal> {
        let uses_digest = text_beside(yaml, self.mapping, "useDigest").and_then(switch) == Some(true);
        let decides = |key: &str, text: &str| match key {
            "digest" => parts.digest.is_none(),
            "useDigest" => uses_digest,
            _ => is_whole_image(text),
        };
        for key in ["digest", "useDigest"].into_iter().chain(WHOLE_IMAGES) {
            let value = value_of(yaml, self.mapping, key);
            let is_deciding = |value: &NodeId| filled(yaml, *value).is_some_and(|text| decides(key, text));
            if let Some(value) = value.filter(is_deciding) {
                let message =
                    format!("`{key}` in `valuesObject` decides what is pulled, whatever the parameter of the tag");
                let hint = format!("remove `{key}` once by hand, or add a parameter for it");
                return Err(FileRefusal::at(yaml, value, message, hint));
            }
        }
        Ok(())
    }

    /// Whether a parameter replaces a part of the name.
    fn replaced_name(&self, yaml: &ParsedYaml<'_>, source: NodeId) -> bool {
        let of_group = |name: &str| match self.group {
            "" => NAME_PARTS.contains(&name),
            group => name
                .strip_prefix(group)
                .and_then(|rest| rest.strip_prefix('.'))
                .is_some_and(|key| NAME_PARTS.contains(&key)),
        };
        Parameters::with_files(yaml, source).0.iter().any(|parameter| of_group(parameter.name))
    }
}

/// Refuses values of which a parameter decides the version.
///
/// # Errors
///
/// There is such a parameter.
fn refuse_replaced(yaml: &ParsedYaml<'_>, source: NodeId, image: &ImagePlace) -> Result<(), FileRefusal> {
    let versions = image.version_nodes();
    for Parameter { list, name, node, .. } in Parameters::with_files(yaml, source).0 {
        let is_in = |value: NodeId| versions.iter().any(|version| yaml.tree.is_within(*version, value));
        if replaced_by(yaml, source, name).is_some_and(is_in) {
            let message = format!("`{name}` in `{list}` decides, at {}, whatever the values say", yaml.place(node));
            let hint = match list {
                "parameters" => format!("name the parameter: `{name}`"),
                _ => "write the version into the file that it names, or remove it once by hand".to_owned(),
            };
            return Err(FileRefusal::at(yaml, image.item, message, hint));
        }
        if is_deciding(yaml, source, (list, name), image) {
            let message = format!(
                "`{name}` in `{list}` decides what is pulled, at {}, whatever the tag in the values",
                yaml.place(node)
            );
            let hint = format!("remove `{name}` once by hand");
            return Err(FileRefusal::at(yaml, image.item, message, hint));
        }
    }
    Ok(())
}

/// Whether a parameter that replaces no value is a digest or a whole image, beside the version of an image in the values.
fn is_deciding(yaml: &ParsedYaml<'_>, source: NodeId, (list, name): (&str, &str), image: &ImagePlace) -> bool {
    let (group, key) = name.rsplit_once('.').unwrap_or(("", name));
    let is_whole = WHOLE_IMAGES.contains(&key);
    let Some(version) = image.version_slot() else { return false };
    if !is_whole && !is_digest_of(version.key_text(yaml), key) {
        return false;
    }
    let text = || Parameters::of(yaml, source).text(name);
    let is_there = list == FILES || text().is_some_and(|text| !is_whole || is_whole_image(text));
    is_there && mapping_of(yaml, source, group) == Some(version.parent)
}

/// Returns what a group of parameters has its values in, if they are there.
fn mapping_of(yaml: &ParsedYaml<'_>, source: NodeId, group: &str) -> Option<NodeId> {
    let values = values_object(yaml, source)?;
    match NodePath::parse(group) {
        Some(path) => Some(path.follow(yaml, values).ok()??.slot.value),
        None => Some(values),
    }
}

/// Takes the name of an image in values from its parameters, if they have a part of it. Without a registry, it is only the end.
fn take_replaced_name(yaml: &ParsedYaml<'_>, source: NodeId, image: &mut ImagePlace) {
    let (nodes, Some(version)) = (image.nodes(), image.version_slot()) else { return };
    let own = version.key_text(yaml);
    let parameters = Parameters::with_files(yaml, source);
    let is_part = |parameter: &&Parameter<'_>| {
        let (group, key) = parameter.group_and_key();
        let is_beside = || mapping_of(yaml, source, group) == Some(version.parent);
        (is_part_of_name(own, key) && is_beside())
            || replaced_by(yaml, source, parameter.name).is_some_and(|value| nodes.contains(&value))
    };
    let Some((group, _)) = parameters.0.iter().find(is_part).map(Parameter::group_and_key) else { return };
    let is_in_file = parameters.0.iter().filter(is_part).any(|parameter| parameter.list == FILES);
    let name = match PARTS_BESIDE.contains(&own) {
        _ if is_in_file => None,
        true => {
            let replaced = |key: &str| parameters.text(format!("{group}.{key}").trim_start_matches('.'));
            let text = |key: &str| replaced(key).or_else(|| text_beside(yaml, version.parent, key));
            NameParts::of(&text, is_image_key(group)).name()
        }
        false => {
            let is_of_group = |parameter: &&Parameter<'_>| parameter.group_and_key().0 == group;
            let laid_over = parameters.0.iter().filter(is_of_group);
            let mut texts: Vec<(&str, &str)> =
                laid_over.filter_map(|parameter| Some((parameter.group_and_key().1, parameter.text?))).collect();
            let is_free =
                |(key, _): &(&str, &str)| parameters.get(format!("{group}.{key}").trim_start_matches('.')).is_none();
            texts.extend(texts_beside(yaml, version).into_iter().filter(is_free));
            name_of_version(own, &texts).or_else(|| end_of_version_name(own, &texts)).map(str::to_owned)
        }
    };
    let Slots::Parts(parts) = &mut image.slots else { return };
    let is_known = |name: &String| has_registry(name) && parts.shared_registry.is_none();
    let (known, end) = match name {
        Some(name) if is_known(&name) => (Some(name), None),
        name => (None, name.map(|name| NameLimit::ends_in(split_registry(&name).1))),
    };
    parts.limit = end;
    image.has_name_elsewhere(known);
}

/// Refuses a parameter that a file replaces: Helm takes it last.
fn refuse_file_parameter(yaml: &ParsedYaml<'_>, source: NodeId, image: &ImagePlace) -> Result<(), FileRefusal> {
    let parents = match &image.slots {
        Slots::Reference { slot, .. } => vec![slot.parent],
        Slots::Parts(parts) => [parts.tag, parts.digest].into_iter().flatten().map(|slot| slot.parent).collect(),
    };
    let names: Vec<&str> = parents.into_iter().filter_map(|parent| text_of(yaml, parent, "name")).collect();
    for Parameter { list, name, node, .. } in Parameters::with_files(yaml, source).0 {
        if list == FILES && names.contains(&name) {
            let message = format!("`{name}` in `{FILES}` decides, whatever the parameter says");
            let hint = "write the version into the file that it names, or remove it once by hand";
            return Err(FileRefusal::at(yaml, node, message, hint));
        }
    }
    Ok(())
}

/// Returns the value that a parameter replaces.
fn replaced_by(yaml: &ParsedYaml<'_>, source: NodeId, name: &str) -> Option<NodeId> {
    let values = values_object(yaml, source)?;
    Some(NodePath::parse(name)?.follow(yaml, values).ok()??.slot.value)
}
