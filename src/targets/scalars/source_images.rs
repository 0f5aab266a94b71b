//! The images in one source of an Application of Argo CD that has both parameters and values. A parameter replaces the value
//! under its name, so that it is the parameter that is edited; what it replaces is not.

use std::collections::HashSet;

use super::argo::{helm_parameter, parameter_names, values_object};
use super::beside::{WHOLE_IMAGES, is_whole_image, switch};
use super::file_refusal::FileRefusal;
use super::image_path::{Below, ImageByPath, image_at, images_below};
use super::name_parts::{NameParts, is_image_key};
use super::node_path::NodePath;
use super::nodes::{filled, is_mapping, text_beside, text_of, value_of};
use super::parameters::{FILES, Parameter, Parameters};
use super::place::{ImagePlace, Parts, Slots};
use crate::image::has_registry;
use crate::targets::edit::EntryEdit;
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
            refuse_replaced(yaml, source, image)?;
            if let (Slots::Parts(parts), Some(registry)) =
                (&mut image.slots, Parameters::of(yaml, source).text("global.imageRegistry"))
            {
                parts.is_below_shared(registry);
            }
            take_replaced_name(yaml, source, image);
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
            parts.known_name = NameParts::of(&|key| text_beside(yaml, values.mapping, key), values.is_of_image).name();
        }
    }
    Ok(Some(image))
}

/// The keys of what makes a name.
const NAME_PARTS: [&str; 4] = ["registry", "repository", "image", "name"];

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
pub(super) fn refuse_replaced(yaml: &ParsedYaml<'_>, source: NodeId, image: &ImagePlace) -> Result<(), FileRefusal> {
    let versions = image.version_nodes();
    for Parameter { list, name, node, .. } in Parameters::with_files(yaml, source).0 {
        if replaced_by(yaml, source, name).is_some_and(|value| versions.contains(&value)) {
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
    if !is_whole && key != "digest" {
        return false;
    }
    let text = || Parameters::of(yaml, source).text(name);
    let is_there = list == FILES || text().is_some_and(|text| !is_whole || is_whole_image(text));
    let mapping = || match NodePath::parse(group) {
        Some(path) => Some(path.follow(yaml, values_object(yaml, source)?).ok()??.slot.value),
        None => values_object(yaml, source),
    };
    is_there && image.version_slot().is_some_and(|slot| Some(slot.parent) == mapping())
}

/// Refuses the edit of an image in values that are text, if a parameter decides what is pulled, or comes before a new name.
pub(super) fn refuse_decided_in_text(
    yaml: &ParsedYaml<'_>,
    source: NodeId,
    text: NodeId,
    (name, edit): (&str, &EntryEdit),
    asks_name: bool,
) -> Result<(), FileRefusal> {
    let image = image_of_path(name);
    let decides = |&Parameter { list, name: parameter, .. }: &Parameter<'_>| {
        let text = Parameters::of(yaml, source).text(parameter);
        let is_there = list == FILES || text.is_some();
        match behind_dot(image, parameter) {
            Some("tag" | "version" | "digest") => is_there,
            Some(key) if WHOLE_IMAGES.contains(&key) => list == FILES || text.is_some_and(is_whole_image),
            Some(_) => false,
            None => parameter == image && is_there,
        }
    };
    if let Some(Parameter { list, name: parameter, .. }) =
        Parameters::with_files(yaml, source).0.into_iter().find(decides)
    {
        let message = format!("`{parameter}` in `{list}` decides what is pulled, whatever the tag in the values");
        return Err(FileRefusal::at(yaml, text, message, format!("remove `{parameter}` once by hand")));
    }
    if let Some(parameter) =
        name_in_parameters(yaml, source, name).filter(|_| asks_name && edit.after.new_name.is_some())
    {
        let message =
            format!("`{parameter}` in the parameters decides the name, whatever the values that are text say");
        let hint = format!("keep the name, as in `{name}=*:TAG`, or change it by hand");
        return Err(FileRefusal::at(yaml, text, message, hint));
    }
    match Parameters::of(yaml, source).text("global.imageRegistry") {
        Some(registry) if edit.before.new_name != edit.after.new_name => {
            let message = format!(
                "`global.imageRegistry` in `parameters` is `{registry}`, and comes before a name in values that are text"
            );
            let hint = format!("keep the name, as in `{name}=*:TAG`, or change it by hand");
            Err(FileRefusal::at(yaml, text, message, hint))
        }
        _ => Ok(()),
    }
}

/// Returns the parameter that replaces a part of the name of an image in values that are text.
pub(super) fn name_in_parameters<'y>(yaml: &'y ParsedYaml<'_>, source: NodeId, name: &str) -> Option<&'y str> {
    let image = image_of_path(name);
    let is_part = |parameter: &&str| behind_dot(image, parameter).is_some_and(|key| NAME_PARTS.contains(&key));
    Parameters::with_files(yaml, source).0.into_iter().map(|parameter| parameter.name).find(is_part)
}

/// Returns the path of the image that a path in values means, which may be that of its tag.
fn image_of_path(path: &str) -> &str {
    let path = path.strip_prefix('.').unwrap_or(path);
    [".tag", ".version"].iter().find_map(|key| path.strip_suffix(key)).unwrap_or(path)
}

fn behind_dot<'n>(image: &str, parameter: &'n str) -> Option<&'n str> {
    parameter.strip_prefix(image)?.strip_prefix('.')
}

/// Takes the name of an image in values from its parameters, if they replace a part of it. One without a registry is not known.
fn take_replaced_name(yaml: &ParsedYaml<'_>, source: NodeId, image: &mut ImagePlace) {
    let nodes = image.nodes();
    let replaced = |name: &str| replaced_by(yaml, source, name).is_some_and(|value| nodes.contains(&value));
    let mut parameters = Parameters::with_files(yaml, source).0.into_iter();
    let Some(parameter) = parameters.find(|parameter| replaced(parameter.name)) else { return };
    let mapping = image.version_slot().map(|slot| slot.parent);
    let name = parameter.name.rsplit_once('.').zip(mapping).and_then(|((group, _), mapping)| {
        let replaced = |key: &str| Parameters::of(yaml, source).text(&format!("{group}.{key}"));
        let text = |key: &str| replaced(key).or_else(|| text_beside(yaml, mapping, key));
        NameParts::of(&text, is_image_key(group)).name()
    });
    let is_shared = matches!(&image.slots, Slots::Parts(Parts { shared_registry: Some(_), .. }));
    image.has_name_elsewhere(name.filter(|name| has_registry(name) && !is_shared));
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
