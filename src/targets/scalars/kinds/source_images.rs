//! The images in one source of an Application of Argo CD that has both parameters and values. A parameter replaces the value
//! under its name, so that it is the parameter that is edited; what it replaces is not.

use std::collections::HashSet;

use super::argo::{IgnoredSource, helm_parameter, image_names, sources, values_object};
use super::image_path::{Below, ImageByPath, image_at, images_below};
use super::known_mappings::KnownMappings;
use super::overridden_values::{OverriddenValues, decides_from_elsewhere};
use crate::targets::scalars::document::node_path::NodePath;
use crate::targets::scalars::document::nodes::{filled, is_mapping, text_beside, text_of, value_at, value_of};
use crate::targets::scalars::document::object::Object;
use crate::targets::scalars::document::parameters::{FILES, Parameter, Parameters};
use crate::targets::scalars::document::slot::Slot;
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::key_stems::is_part_of_name;
use crate::targets::scalars::image_parts::name_parts::{NAME_PARTS, NameLimit, NameParts, is_image_key};
use crate::targets::scalars::image_parts::place::{ImagePlace, Parts, ReferenceForm, Slots, TextElsewhere};
use crate::targets::scalars::image_parts::sibling_values::{WHOLE_IMAGES, is_whole_image, switch};
use crate::targets::scalars::image_parts::texts_by_stem::{TextsByStem, texts_in};
use crate::targets::scalars::names::shared_registry::shared_registry;
use crate::yaml::{self, NodeId, Pair, ParsedYaml, SourceText};

/// What the path of an image in the values of a source begins with.
const VALUES_OBJECT: &str = "helm.valuesObject.";

/// Returns the images of a source that show, but for those of `kustomize.images`.
pub(in crate::targets::scalars) fn images_of_source(yaml: &ParsedYaml<'_>, source: NodeId) -> Vec<ImageByPath> {
    let below = |root| images_below(yaml, &KnownMappings::default(), Below { root, before: VALUES_OBJECT });
    with_chart(
        yaml,
        source,
        |_| true,
        |chart| {
            let in_values = chart.object.map(below).unwrap_or_default();
            let of_values = |(name, image): ImageByPath| {
                let image = chart.over_values(&name, || image);
                (name, image)
            };
            let mut images: Vec<ImageByPath> = in_values.into_iter().map(of_values).collect();
            let names: HashSet<String> = images.iter().map(|(name, _)| name.clone()).collect();
            for name in image_names(&chart.parameters).into_iter().filter(|name| !names.contains(name)) {
                let image = chart.image(&name);
                images.push((name, image));
            }
            images
        },
    )
}

/// Returns the image `name` of a source.
///
/// # Errors
///
/// The parameters or the values have no image that can be edited, or something else decides what is pulled.
pub(in crate::targets::scalars) fn source_image(
    yaml: &ParsedYaml<'_>,
    source: NodeId,
    name: &str,
) -> Result<Option<ImagePlace>, FileRefusal> {
    let is_of_image = |parameter: &Parameter<'_>| parameter.name.starts_with(name);
    with_chart(yaml, source, is_of_image, |chart| chart.image(name))
}

/// Calls `then` with what a source says of its chart. Values that are text are read if one of the parameters is asked about.
fn with_chart<R>(
    yaml: &ParsedYaml<'_>,
    source: NodeId,
    is_asked: impl Fn(&Parameter<'_>) -> bool,
    then: impl FnOnce(&Chart<'_>) -> R,
) -> R {
    let parameters = Parameters::of(yaml, source);
    let object = values_object(yaml, source).filter(|values| !yaml.tree.is_null(*values));
    // Beside an object, Argo CD ignores the text.
    let is_read = object.is_none() && parameters.0.iter().any(is_asked);
    let node = value_at(yaml, source, &["helm", "values"]).filter(|_| is_read);
    let text = node.and_then(|node| SourceText::read(yaml.tree.text(node)?.as_bytes()).ok());
    let values = text.as_ref().and_then(|text| yaml::read(text).ok());
    then(&Chart { yaml, source, parameters, object, text: node.zip(values.as_ref()) })
}

/// What a source says of its chart.
struct Chart<'y> {
    yaml: &'y ParsedYaml<'y>,
    source: NodeId,
    parameters: Parameters<'y>,
    object: Option<NodeId>,
    /// Values that are text: where they are, and what they say.
    text: Option<(NodeId, &'y ParsedYaml<'y>)>,
}

impl Chart<'_> {
    /// Returns the image `name`.
    fn image(&self, name: &str) -> Result<Option<ImagePlace>, FileRefusal> {
        self.over_values(name, || match self.object {
            Some(root) => image_at(self.yaml, &KnownMappings::default(), Below { root, before: VALUES_OBJECT }, name),
            None => Ok(None),
        })
    }

    /// Returns the registry for all images in the values.
    fn shared_registry(&self) -> Option<String> {
        match (self.object, self.text) {
            (Some(values), _) => shared_registry(self.yaml, &[values]),
            (None, Some((_, values))) => shared_registry(values, &values.tree.documents),
            (None, None) => None,
        }
    }

    /// Returns what parameters make of an image in the values.
    fn over_values(
        &self,
        name: &str,
        in_values: impl FnOnce() -> Result<Option<ImagePlace>, FileRefusal>,
    ) -> Result<Option<ImagePlace>, FileRefusal> {
        let Self { yaml, parameters, .. } = self;
        let Some(mut image) = helm_parameter(yaml, self.source, name, parameters, || self.shared_registry())? else {
            let mut image = in_values()?;
            if let (Some(image), Some(values)) = (&mut image, self.object) {
                OverriddenValues { yaml, values, parameters }.change(image)?;
            }
            return Ok(image);
        };
        let is_name_in_file = self.judge_files(&image)?;
        self.judge_by_values(&mut image, name, is_name_in_file)?;
        if is_name_in_file {
            image.has_name_elsewhere(None);
        }
        Ok(Some(image))
    }

    /// Judges an image in parameters by the values: takes its name from them, and what counts beside its version.
    fn judge_by_values(&self, image: &mut ImagePlace, name: &str, is_name_in_file: bool) -> Result<(), FileRefusal> {
        let Self { yaml, parameters, .. } = self;
        let (values, root, place) = match (self.object, self.text) {
            (Some(root), _) => (*yaml, Some(root), None),
            (None, Some((node, text))) => (text, text.tree.documents.first().copied(), Some(yaml.place(node))),
            (None, None) => return Ok(()),
        };
        let Slots::Parts(parts) = &mut image.slots else { return Ok(()) };
        let Some((group, version)) = ValuesOfGroup::group_and_version(yaml, parts, name) else { return Ok(()) };
        let key = if place.is_none() { "valuesObject" } else { "values" };
        let found = root.and_then(|root| ValuesOfGroup::below(values, root, group, key));
        let Some(found) = found else { return Ok(()) };
        let refused = |refusal: FileRefusal| FileRefusal { place: place.or(refusal.place), ..refusal };
        found.refuse_deciding(values, parts, parameters).map_err(refused)?;
        let has_name =
            is_name_in_file || parts.registry.is_some() || parts.repository.is_some() || parts.known_name.is_some();
        let is_in_values = || NAME_PARTS.iter().any(|key| text_beside(values, found.mapping, key).is_some());
        if place.is_none() && (has_name || found.replaced_name(parameters)) && is_in_values() {
            let message = "the name of the image is in the parameters and in `valuesObject`";
            let hint = "write it into one of the two once by hand";
            return Err(FileRefusal::at(yaml, found.mapping, message, hint));
        }
        if !has_name && parts.shared_registry.is_none() && parts.limit.is_none() {
            (parts.known_name, parts.limit) = found.name(values, version, parameters);
        }
        image.beside = found.beside(values, parameters);
        for beside in &mut image.beside {
            beside.place = place.unwrap_or(beside.place);
        }
        Ok(())
    }

    /// Returns whether a part of the image's name is in a file.
    ///
    /// # Errors
    ///
    /// What is in a file decides: Helm takes it last.
    fn judge_files(&self, image: &ImagePlace) -> Result<bool, FileRefusal> {
        let Self { yaml, parameters, .. } = self;
        parameters.refuse_odd_names(yaml, image.item)?;
        parameters.refuse_shared_from_elsewhere(yaml, image.item)?;
        let name_of = |slot: Slot| text_of(yaml, slot.parent, "name");
        let versions: Vec<&str> = match &image.slots {
            Slots::Reference { slot, .. } => name_of(*slot).into_iter().collect(),
            Slots::Parts(parts) => [parts.tag, parts.digest].into_iter().flatten().filter_map(name_of).collect(),
        };
        let mut is_name_in_file = false;
        for parameter in parameters.kept_elsewhere() {
            let Parameter { name, .. } = parameter;
            if versions.iter().any(|version| parameter.is_around(version)) {
                let message = format!("`{name}` in `{FILES}` decides, whatever the parameter says");
                let hint = "write the version into the file that it names, or remove it once by hand";
                return Err(FileRefusal { place: Some(parameter.place()), ..FileRefusal::of_file(message, hint) });
            }
            let (group, key) = parameter.group_and_key();
            let owns = versions.iter().map(|version| version.rsplit_once('.').unwrap_or(("", version)));
            for (_, own) in owns.filter(|(other, _)| *other == group) {
                if decides_from_elsewhere(parameter, own) {
                    return Err(parameter.deciding(yaml, image.item, "parameter says"));
                }
                is_name_in_file |= is_part_of_name(own, key);
            }
        }
        Ok(is_name_in_file)
    }
}

/// Judges an image that was found by a path from the root, or by a marker, as one that is named in its source.
///
/// # Errors
///
/// A parameter decides.
pub(in crate::targets::scalars) fn judge_in_sources(
    yaml: &ParsedYaml<'_>,
    objects: &[Object],
    image: &mut ImagePlace,
) -> Result<(), FileRefusal> {
    let Some(node) = image.nodes().first().copied() else { return Ok(()) };
    let of_object = objects.iter().filter(|object| yaml.tree.is_within(node, object.root));
    for object in of_object.clone() {
        if let Some(ignored) = IgnoredSource::of(yaml, object).filter(|one| yaml.tree.is_within(node, one.source)) {
            return Err(ignored.at(yaml, image.item));
        }
    }
    for source in of_object.flat_map(|object| sources(yaml, object)) {
        if let Some(values) = values_object(yaml, source).filter(|values| yaml.tree.is_within(node, *values)) {
            OverriddenValues { yaml, values, parameters: &Parameters::of(yaml, source) }.change(image)?;
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
pub(in crate::targets::scalars) fn parameter_at(
    yaml: &ParsedYaml<'_>,
    source: NodeId,
    value: NodeId,
) -> Option<String> {
    let mut parameters = Parameters::of(yaml, source).0.into_iter();
    parameters.find(|parameter| parameter.value == Some(value)).map(|parameter| parameter.name.to_owned())
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

    /// Returns the name in the values whose version a parameter is, or what it ends in. What a parameter replaces is none.
    fn name(
        &self,
        yaml: &ParsedYaml<'_>,
        own: &str,
        parameters: &Parameters<'_>,
    ) -> (Option<String>, Option<NameLimit>) {
        let is_left = |key: &str| self.replacing(parameters, key).is_none();
        let text = |key: &str| text_beside(yaml, self.mapping, key).filter(|_| is_left(key));
        let named = NameParts::of(&text, self.is_of_image);
        if named.is_said() {
            return (named.name(), None);
        }
        let texts = TextsByStem::of(texts_in(yaml, self.mapping).filter(|(key, _)| is_left(key)));
        match texts.name_of_version(own) {
            Some(name) => (Some(name.to_owned()), None),
            None => (None, texts.end_of_version_name(own).map(NameLimit::ends_in)),
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
        let is_replaced = |key: &str| self.replacing(parameters, key).is_some_and(|one| !one.is_from_elsewhere());
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
