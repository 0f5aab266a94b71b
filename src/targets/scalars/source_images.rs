//! The images in one source of an Application of Argo CD that has both parameters and values. A parameter replaces the value
//! under its name, so that it is the parameter that is edited; what it replaces is not.

use std::collections::HashSet;

use super::argo::{helm_parameter, image_names, sources, values_object};
use super::beside::{WHOLE_IMAGES, is_whole_image, switch};
use super::file_refusal::FileRefusal;
use super::image_path::{Below, ImageByPath, image_at, images_below};
use super::key_stems::{end_of_version_name, name_of_version, texts_in};
use super::laid_over::LaidOver;
use super::name_parts::{NAME_PARTS, NameLimit, NameParts, is_image_key};
use super::node_path::NodePath;
use super::nodes::{filled, is_mapping, text_beside, text_of, value_at, value_of};
use super::object::Object;
use super::parameters::{FILES, Parameter, Parameters};
use super::place::{ImagePlace, Parts, ReferenceForm, Slots, TextElsewhere};
use crate::yaml::{self, NodeId, Pair, ParsedYaml, SourceText};

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
    for name in image_names(&Parameters::of(yaml, source)).into_iter().filter(|name| !names.contains(name)) {
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
    let parameters = Parameters::with_files(yaml, source);
    if let Slots::Parts(parts) = &mut image.slots
        && let Some(values) = ValuesOfGroup::find(yaml, source, parts, name)
    {
        values.refuse_deciding(yaml, parts, &parameters)?;
        let has_name = parts.registry.is_some() || parts.repository.is_some() || parts.known_name.is_some();
        let is_in_values = NAME_PARTS.iter().any(|key| text_beside(yaml, values.mapping, key).is_some());
        if is_in_values && (has_name || values.replaced_name(&parameters)) {
            let message = "the name of the image is in the parameters and in `valuesObject`";
            let hint = "write it into one of the two once by hand";
            return Err(FileRefusal::at(yaml, values.mapping, message, hint));
        }
        if !has_name && parts.shared_registry.is_none() && parts.limit.is_none() {
            let version = ValuesOfGroup::group_and_version(yaml, parts, name).map_or("", |(_, version)| version);
            (parts.known_name, parts.limit) = values.name(yaml, version);
        }
        image.beside = values.beside(yaml, &parameters);
    } else {
        judge_over_text(yaml, source, &mut image, name, &parameters)?;
    }
    Ok(Some(image))
}

/// Judges an image in parameters by values that are text: takes its name from them, and what counts beside its version.
fn judge_over_text(
    yaml: &ParsedYaml<'_>,
    source: NodeId,
    image: &mut ImagePlace,
    name: &str,
    parameters: &Parameters<'_>,
) -> Result<(), FileRefusal> {
    // Beside an object, Argo CD ignores the text.
    let is_ignored = values_object(yaml, source).is_some_and(|values| !yaml.tree.is_null(values));
    let node = value_at(yaml, source, &["helm", "values"]).filter(|_| !is_ignored);
    let (Slots::Parts(parts), Some(node)) = (&mut image.slots, node) else { return Ok(()) };
    let Some(Ok(text)) = yaml.tree.text(node).map(|text| SourceText::read(text.as_bytes())) else { return Ok(()) };
    let Ok(values) = yaml::read(&text) else { return Ok(()) };
    let group = ValuesOfGroup::group_and_version(yaml, parts, name);
    let (Some(root), Some((group, version))) = (values.tree.documents.first(), group) else { return Ok(()) };
    let Some(found) = ValuesOfGroup::below(&values, *root, group, "values") else { return Ok(()) };
    let place = yaml.place(node);
    found
        .refuse_deciding(&values, parts, parameters)
        .map_err(|refusal| FileRefusal { place: Some(place), ..refusal })?;
    let has_name = parts.registry.is_some() || parts.repository.is_some() || parts.known_name.is_some();
    if !has_name && parts.shared_registry.is_none() && parts.limit.is_none() {
        (parts.known_name, parts.limit) = found.name(&values, version);
    }
    image.beside = found.beside(&values, parameters);
    image.beside.iter_mut().for_each(|beside| beside.place = place);
    Ok(())
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
    let Some(values) = values_object(yaml, source) else { return Ok(()) };
    LaidOver { yaml, values, parameters: &Parameters::with_files(yaml, source) }.change(image)
}

/// The mapping in the values that is the same image as a group of parameters.
struct ValuesOfGroup<'y> {
    /// The key of the values in their source.
    key: &'static str,
    /// What the names of the parameters begin with.
    group: &'y str,
    mapping: NodeId,
    /// Whether the mapping is called an image.
    is_of_image: bool,
}

impl<'y> ValuesOfGroup<'y> {
    fn find(yaml: &ParsedYaml<'_>, source: NodeId, parts: &Parts, name: &'y str) -> Option<Self> {
        let (group, _) = Self::group_and_version(yaml, parts, name)?;
        Self::below(yaml, values_object(yaml, source)?, group, "valuesObject")
    }

    /// Returns what the names of the parameters begin with, and the key of the version.
    fn group_and_version<'v>(yaml: &'v ParsedYaml<'_>, parts: &Parts, name: &'y str) -> Option<(&'y str, &'v str)> {
        let version = text_of(yaml, parts.tag.or(parts.digest)?.parent, "name")?;
        let (own_group, own) = version.rsplit_once('.').unwrap_or(("", version));
        // The name may be that of the tag itself.
        let group = if version == name { name.get(..own_group.len()).unwrap_or_default() } else { name };
        Some((group, own))
    }

    fn below(yaml: &ParsedYaml<'_>, values: NodeId, group: &'y str, key: &'static str) -> Option<Self> {
        let mapping = match NodePath::parse(group) {
            Some(path) => path.follow(yaml, values).ok()??.slot.value,
            None => values,
        };
        is_mapping(yaml, mapping).then(|| Self { key, group, mapping, is_of_image: is_image_key(group) })
    }

    /// Returns the name in the values whose version a parameter is, or what it ends in.
    fn name(&self, yaml: &ParsedYaml<'_>, own: &str) -> (Option<String>, Option<NameLimit>) {
        let named = NameParts::of(&|key| text_beside(yaml, self.mapping, key), self.is_of_image);
        if named.is_said() {
            return (named.name(), None);
        }
        let texts = texts_in(yaml, self.mapping, None);
        match name_of_version(own, &texts) {
            Some(name) => (Some(name.to_owned()), None),
            None => (None, end_of_version_name(own, &texts).map(NameLimit::ends_in)),
        }
    }

    /// Returns the parameter that replaces the value under a key.
    fn replacing<'p, 'q>(&self, parameters: &'p Parameters<'q>, key: &str) -> Option<&'p Parameter<'q>> {
        parameters.get(format!("{}.{key}", self.group).trim_start_matches('.'))
    }

    /// Returns the values that no parameter replaces.
    fn beside(&self, yaml: &ParsedYaml<'_>, parameters: &Parameters<'_>) -> Vec<TextElsewhere> {
        let beside = |pair: Pair| {
            let key = yaml.tree.text(pair.key)?;
            let text = filled(yaml, pair.value).filter(|_| self.replacing(parameters, key).is_none())?;
            Some(TextElsewhere { key: key.to_owned(), text: Some(text.to_owned()), place: yaml.place(pair.key) })
        };
        yaml.tree.pairs(self.mapping).filter_map(beside).collect()
    }

    /// Refuses values that decide what is pulled, whatever the parameter of the tag. What a parameter replaces is judged there.
    fn refuse_deciding(
        &self,
        yaml: &ParsedYaml<'_>,
        parts: &Parts,
        parameters: &Parameters<'_>,
    ) -> Result<(), FileRefusal> {
        let decides = |key: &str, text: &str| match key {
            "digest" => parts.digest.is_none(),
            "useDigest" => switch(text) == Some(true),
            _ => is_whole_image(text),
        };
        let is_replaced = |key: &str| self.replacing(parameters, key).is_some_and(|one| one.list != FILES);
        for key in ["digest", "useDigest"].into_iter().chain(WHOLE_IMAGES) {
            let value = value_of(yaml, self.mapping, key);
            let is_deciding = |value: &NodeId| filled(yaml, *value).is_some_and(|text| decides(key, text));
            if let Some(value) = value.filter(is_deciding).filter(|_| !is_replaced(key)) {
                let values = self.key;
                let message =
                    format!("`{key}` in `{values}` decides what is pulled, whatever the parameter of the tag");
                let hint = format!("remove `{key}` once by hand, or add a parameter for it");
                return Err(FileRefusal::at(yaml, value, message, hint));
            }
        }
        Ok(())
    }

    /// Whether a parameter replaces a part of the name.
    fn replaced_name(&self, parameters: &Parameters<'_>) -> bool {
        NAME_PARTS.iter().any(|key| self.replacing(parameters, key).is_some())
    }
}

/// Refuses a parameter that a file replaces: Helm takes it last.
fn refuse_file_parameter(yaml: &ParsedYaml<'_>, source: NodeId, image: &ImagePlace) -> Result<(), FileRefusal> {
    let parents = match &image.slots {
        Slots::Reference { slot, .. } => vec![slot.parent],
        Slots::Parts(parts) => [parts.tag, parts.digest].into_iter().flatten().map(|slot| slot.parent).collect(),
    };
    let names: Vec<&str> = parents.into_iter().filter_map(|parent| text_of(yaml, parent, "name")).collect();
    for Parameter { list, name, place, .. } in Parameters::with_files(yaml, source).0 {
        if list == FILES && names.contains(&name) {
            let message = format!("`{name}` in `{FILES}` decides, whatever the parameter says");
            let hint = "write the version into the file that it names, or remove it once by hand";
            return Err(FileRefusal { place: Some(place), ..FileRefusal::of_file(message, hint) });
        }
    }
    Ok(())
}
