//! The parameters that Helm lays over the values of a source of Argo CD or of a HelmRelease: each replaces the value under its
//! name, or adds one. The values are an object of the file, or text in it.

use std::collections::HashMap;

use crate::image::{has_registry, split_registry};
use crate::targets::scalars::document::node_path::NodePath;
use crate::targets::scalars::document::nodes::{pairs_of, text_beside};
use crate::targets::scalars::document::parameters::{FILES, Parameter, Parameters, SHARED_REGISTRY, VALUES_FROM};
use crate::targets::scalars::document::slot::Slot;
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::key_stems::{PARTS_BESIDE, is_part_of_name};
use crate::targets::scalars::image_parts::name_parts::{NameLimit, NameParts, is_image_key};
use crate::targets::scalars::image_parts::place::{ImagePlace, Slots, TextElsewhere};
use crate::targets::scalars::image_parts::sibling_values::{WHOLE_IMAGES, counts_beside, is_digest_of, is_whole_image};
use crate::targets::scalars::image_parts::texts_by_stem::{TextsByStem, texts_in};
use crate::yaml::{NodeId, ParsedYaml};

/// Whether another place has what counts beside the version under the key `version`, and is no part of its name.
pub(super) fn decides_from_elsewhere(parameter: &Parameter<'_>, version: &str) -> bool {
    let (_, key) = parameter.group_and_key();
    parameter.is_from_elsewhere() && counts_beside(version, key) && !is_part_of_name(version, key)
}

/// Values, and the parameters that are laid over them.
pub(in crate::targets::scalars) struct OverriddenValues<'a, 'd> {
    /// What has the values.
    pub(in crate::targets::scalars) yaml: &'a ParsedYaml<'d>,
    pub(in crate::targets::scalars) values: NodeId,
    pub(in crate::targets::scalars) parameters: &'a Parameters<'a>,
}

impl<'a> OverriddenValues<'a, '_> {
    /// Takes from the parameters what they make of an image in the values.
    ///
    /// # Errors
    ///
    /// A parameter decides which version is pulled.
    pub(in crate::targets::scalars) fn change(&self, image: &mut ImagePlace) -> Result<(), FileRefusal> {
        let near = self.near(image);
        self.parameters.refuse_odd_names(self.yaml, image.item)?;
        self.refuse_repeated(image, &near)?;
        self.refuse_replaced(image, &near)?;
        let Some(version) = image.version_slot() else { return Ok(()) };
        if let (Slots::Parts(parts), Some(registry)) = (&mut image.slots, self.parameters.text(SHARED_REGISTRY)) {
            parts.is_below_shared(registry);
        }
        image.beside = self.beside(version, &near);
        self.take_name(image, version, &near);
        Ok(())
    }

    /// Returns the parameters that may lead to an image or beside it. There may be thousands of others, and to follow each takes
    /// its time.
    fn near(&self, image: &ImagePlace) -> Vec<&'a Parameter<'a>> {
        let (tree, nodes) = (&self.yaml.tree, image.nodes());
        let around =
            pairs_of(self.yaml, self.values).filter(|pair| nodes.iter().any(|node| tree.is_within(*node, pair.value)));
        // In a path, a key may be written with escapes.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let keys: Vec<&str> = around.map(|pair| tree.text(pair.key).unwrap_or_default()).collect();
        let begins: Vec<&str> = keys.iter().filter_map(|key| key.split(|c| !is_plain(c)).next()).collect();
        let is_at_root = image.version_slot().is_some_and(|version| version.parent == self.values);
        let is_below = |name: &str, key: &str| name.strip_prefix(key).is_some_and(|rest| !rest.starts_with(is_plain));
        let is_near = |name: &str| begins.iter().any(|key| is_below(name, key)) || (is_at_root && !name.contains('.'));
        self.parameters.0.iter().filter(|parameter| is_near(parameter.name)).collect()
    }

    /// Refuses parameters of one name that say something of the image: one of them counts, which may be another than is meant.
    fn refuse_repeated(&self, image: &ImagePlace, near: &[&Parameter<'_>]) -> Result<(), FileRefusal> {
        let mut places = HashMap::new();
        let shared = self.parameters.0.iter().filter(|parameter| parameter.name == SHARED_REGISTRY);
        let that_count = near.iter().copied().filter(|parameter| self.counts(parameter, image));
        for parameter @ Parameter { list, name, .. } in that_count.chain(shared) {
            let place = parameter.place();
            if let Some(first) = places.insert((list, name), place).filter(|first| *first != place) {
                let message = format!("the parameter `{name}` is here twice, at {first} and {place}");
                return Err(FileRefusal::at(self.yaml, image.item, message, "remove one of them"));
            }
        }
        Ok(())
    }

    /// Whether a parameter is a part of the image's name, or decides its version.
    fn counts(&self, parameter: &Parameter<'_>, image: &ImagePlace) -> bool {
        let replaces = |value| image.nodes().iter().any(|node| self.yaml.tree.is_within(*node, value));
        let (group, key) = parameter.group_and_key();
        let is_beside = |version: &Slot| self.mapping_of(group) == Some(version.parent);
        let version = image.version_slot().filter(is_beside);
        self.value_at(parameter.name).is_some_and(replaces)
            || version.is_some_and(|version| counts_beside(version.key_text(self.yaml), key))
    }

    /// Refuses values of which a parameter decides the version.
    fn refuse_replaced(&self, image: &ImagePlace, near: &[&Parameter<'_>]) -> Result<(), FileRefusal> {
        let versions = image.version_nodes();
        for parameter @ Parameter { list, name, value, .. } in near.iter().copied() {
            let is_in = |value: NodeId| versions.iter().any(|version| self.yaml.tree.is_within(*version, value));
            if self.value_at(name).is_some_and(is_in) {
                let message =
                    format!("`{name}` in `{list}` decides, at {}, whatever the values say", parameter.place());
                let hint = match *list {
                    FILES => "write the version into the file that it names, or remove it once by hand".to_owned(),
                    VALUES_FROM => {
                        "write the version into the ConfigMap or Secret that it names, or remove it once by hand"
                            .to_owned()
                    }
                    _ if value.is_none() => format!("remove `{name}` once by hand"),
                    _ => format!("name the parameter: `{name}`"),
                };
                return Err(FileRefusal::at(self.yaml, image.item, message, hint));
            }
            if self.is_deciding(parameter, image) {
                return Err(parameter.deciding(self.yaml, image.item, "tag in the values"));
            }
        }
        self.parameters.refuse_shared_from_elsewhere(self.yaml, image.item)
    }

    /// Whether a parameter that replaces no value is a digest or a whole image, beside the version of an image in the values, or
    /// has something in a file that counts there.
    fn is_deciding(&self, parameter: &Parameter<'_>, image: &ImagePlace) -> bool {
        let (group, key) = parameter.group_and_key();
        let is_whole = WHOLE_IMAGES.contains(&key);
        let Some(version) = image.version_slot() else { return false };
        let own = version.key_text(self.yaml);
        let decides = match parameter.text {
            Some(text) if is_whole => is_whole_image(text),
            Some(_) => is_digest_of(own, key),
            None => decides_from_elsewhere(parameter, own),
        };
        decides && self.mapping_of(group) == Some(version.parent)
    }

    /// Returns what the parameters put beside a version.
    fn beside(&self, version: Slot, near: &[&Parameter<'_>]) -> Vec<TextElsewhere> {
        let beside = |parameter: &&Parameter<'_>| {
            let (group, key) = parameter.group_and_key();
            let text = parameter.text.map(str::to_owned);
            let is_beside = self.mapping_of(group) == Some(version.parent);
            is_beside.then(|| TextElsewhere { key: key.to_owned(), text, place: parameter.place() })
        };
        near.iter().filter_map(beside).collect()
    }

    /// Takes the name of an image from the parameters, if they have a part of it. Without a registry, it is only the end.
    fn take_name(&self, image: &mut ImagePlace, version: Slot, near: &[&Parameter<'_>]) {
        let (nodes, own) = (image.nodes(), version.key_text(self.yaml));
        let is_part = |parameter: &&&Parameter<'_>| {
            let (group, key) = parameter.group_and_key();
            let is_beside = || self.mapping_of(group) == Some(version.parent);
            (is_part_of_name(own, key) && is_beside())
                || self.value_at(parameter.name).is_some_and(|value| nodes.contains(&value))
        };
        let Some((group, _)) = near.iter().find(is_part).map(|parameter| parameter.group_and_key()) else { return };
        let is_elsewhere = near.iter().filter(is_part).any(|parameter| parameter.is_from_elsewhere());
        let name = if is_elsewhere { None } else { self.name(group, version) };
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
            let text = |key: &str| match replaced(key) {
                Some(parameter) => parameter.text,
                None => text_beside(yaml, version.parent, key),
            };
            return NameParts::of(&text, is_image_key(group)).name();
        }
        let of_group = self.parameters.0.iter().map(|one| (one.group_and_key(), one.text));
        let overridden_values =
            of_group.filter_map(|((other, key), text)| Some((key, text?)).filter(|_| other == group));
        let kept = texts_in(yaml, version.parent).filter(|(key, _)| replaced(key).is_none());
        let texts = TextsByStem::of(overridden_values.chain(kept));
        texts.name_of_version(own).or_else(|| texts.end_of_version_name(own)).map(str::to_owned)
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
