//! The parameters that Helm lays over the values of a source of Argo CD: each replaces the value under its name, or adds one. The
//! values are an object of the file, or text in it.

use super::beside::{WHOLE_IMAGES, is_digest_of, is_whole_image};
use super::file_refusal::FileRefusal;
use super::key_stems::{PARTS_BESIDE, end_of_version_name, is_part_of_name, name_of_version, texts_beside};
use super::name_parts::{NameLimit, NameParts, is_image_key};
use super::node_path::NodePath;
use super::nodes::text_beside;
use super::parameters::{FILES, Parameter, Parameters};
use super::place::{ImagePlace, Slots, TextElsewhere};
use super::slot::Slot;
use crate::image::{has_registry, split_registry};
use crate::yaml::{NodeId, ParsedYaml};

/// Values, and the parameters that are laid over them.
pub(super) struct LaidOver<'a, 'd> {
    /// What has the values.
    pub(super) yaml: &'a ParsedYaml<'d>,
    pub(super) values: NodeId,
    pub(super) parameters: &'a Parameters<'a>,
}

impl<'a> LaidOver<'a, '_> {
    /// Takes from the parameters what they make of an image in the values.
    ///
    /// # Errors
    ///
    /// A parameter decides which version is pulled.
    pub(super) fn change(&self, image: &mut ImagePlace) -> Result<(), FileRefusal> {
        self.refuse_replaced(image)?;
        let Some(version) = image.version_slot() else { return Ok(()) };
        if let (Slots::Parts(parts), Some(registry)) = (&mut image.slots, self.parameters.text("global.imageRegistry"))
        {
            parts.is_below_shared(registry);
        }
        image.beside = self.beside(version);
        self.take_name(image, version);
        Ok(())
    }

    /// Refuses values of which a parameter decides the version.
    fn refuse_replaced(&self, image: &ImagePlace) -> Result<(), FileRefusal> {
        let versions = image.version_nodes();
        for parameter @ Parameter { list, name, place, .. } in &self.parameters.0 {
            let is_in = |value: NodeId| versions.iter().any(|version| self.yaml.tree.is_within(*version, value));
            if self.value_at(name).is_some_and(is_in) {
                let message = format!("`{name}` in `{list}` decides, at {place}, whatever the values say");
                let hint = match *list {
                    FILES => "write the version into the file that it names, or remove it once by hand".to_owned(),
                    _ => format!("name the parameter: `{name}`"),
                };
                return Err(FileRefusal::at(self.yaml, image.item, message, hint));
            }
            if self.is_deciding(parameter, image) {
                let message =
                    format!("`{name}` in `{list}` decides what is pulled, at {place}, whatever the tag in the values");
                let hint = format!("remove `{name}` once by hand");
                return Err(FileRefusal::at(self.yaml, image.item, message, hint));
            }
        }
        Ok(())
    }

    /// Whether a parameter that replaces no value is a digest or a whole image, beside the version of an image in the values.
    fn is_deciding(&self, parameter: &Parameter<'_>, image: &ImagePlace) -> bool {
        let (group, key) = parameter.group_and_key();
        let is_whole = WHOLE_IMAGES.contains(&key);
        let Some(version) = image.version_slot() else { return false };
        if !is_whole && !is_digest_of(version.key_text(self.yaml), key) {
            return false;
        }
        let is_there = parameter.list == FILES || parameter.text.is_some_and(|text| !is_whole || is_whole_image(text));
        is_there && self.mapping_of(group) == Some(version.parent)
    }

    /// Returns what the parameters put beside a version.
    fn beside(&self, version: Slot) -> Vec<TextElsewhere> {
        let beside = |parameter: &Parameter<'_>| {
            let (group, key) = parameter.group_and_key();
            let text = parameter.text.map(str::to_owned);
            let is_beside = self.mapping_of(group) == Some(version.parent);
            is_beside.then(|| TextElsewhere { key: key.to_owned(), text, place: parameter.place })
        };
        self.parameters.0.iter().filter_map(beside).collect()
    }

    /// Takes the name of an image from the parameters, if they have a part of it. Without a registry, it is only the end.
    fn take_name(&self, image: &mut ImagePlace, version: Slot) {
        let (nodes, own) = (image.nodes(), version.key_text(self.yaml));
        let parameters = self.parameters;
        let is_part = |parameter: &&Parameter<'_>| {
            let (group, key) = parameter.group_and_key();
            let is_beside = || self.mapping_of(group) == Some(version.parent);
            (is_part_of_name(own, key) && is_beside())
                || self.value_at(parameter.name).is_some_and(|value| nodes.contains(&value))
        };
        let Some((group, _)) = parameters.0.iter().find(is_part).map(Parameter::group_and_key) else { return };
        let is_in_file = parameters.0.iter().filter(is_part).any(|parameter| parameter.list == FILES);
        let name = if is_in_file { None } else { self.name(group, version) };
        let Slots::Parts(parts) = &mut image.slots else { return };
        let is_known = |name: &String| has_registry(name) && parts.shared_registry.is_none();
        let (known, end) = match name {
            Some(name) if is_known(&name) => (Some(name), None),
            name => (None, name.map(|name| NameLimit::ends_in(split_registry(&name).1))),
        };
        parts.limit = end;
        image.has_name_elsewhere(known);
    }

    /// Returns the name, or its end, that a group of parameters makes together with what is beside a version.
    fn name(&self, group: &str, version: Slot) -> Option<String> {
        let (yaml, own) = (self.yaml, version.key_text(self.yaml));
        let replaced = |key: &str| self.parameters.get(format!("{group}.{key}").trim_start_matches('.'));
        if PARTS_BESIDE.contains(&own) {
            let text =
                |key: &str| replaced(key).and_then(|one| one.text).or_else(|| text_beside(yaml, version.parent, key));
            return NameParts::of(&text, is_image_key(group)).name();
        }
        let of_group = self.parameters.0.iter().map(|one| (one.group_and_key(), one.text));
        let laid_over = of_group.filter_map(|((other, key), text)| Some((key, text?)).filter(|_| other == group));
        let mut texts: Vec<(&str, &str)> = laid_over.collect();
        texts.extend(texts_beside(yaml, version).into_iter().filter(|(key, _)| replaced(key).is_none()));
        name_of_version(own, &texts).or_else(|| end_of_version_name(own, &texts)).map(str::to_owned)
    }

    /// Returns what a group of parameters has its values in, if they are there.
    fn mapping_of(&self, group: &str) -> Option<NodeId> {
        if group.is_empty() { Some(self.values) } else { self.value_at(group) }
    }

    /// Returns the value at a path.
    fn value_at(&self, path: &str) -> Option<NodeId> {
        Some(NodePath::parse(path)?.follow(self.yaml, self.values).ok()??.slot.value)
    }
}
