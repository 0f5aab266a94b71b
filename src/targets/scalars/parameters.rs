//! The parameters of a chart in a source of an Application of Argo CD: items such as `{name: image.tag, value: v1}`.

use super::file_refusal::FileRefusal;
use super::node_path::own_pair;
use super::nodes::{filled, is_list, value_at, value_of};
use super::slot::Slot;
use crate::yaml::{NodeId, ParsedYaml, Position};

/// What the path of an image in `helm.parameters` begins with, before its name.
pub(super) const PARAMETERS: &str = "helm.parameters.";

/// The list of the parameters whose values are in files.
pub(super) const FILES: &str = "fileParameters";

/// One parameter.
#[derive(Clone, Copy)]
pub(super) struct Parameter<'y> {
    /// The list that it is in.
    pub(super) list: &'static str,
    pub(super) name: &'y str,
    /// The place of the name.
    pub(super) place: Position,
    pub(super) value: Option<NodeId>,
    /// The text of the value, if there is any.
    pub(super) text: Option<&'y str>,
    item: NodeId,
}

impl<'y> Parameter<'y> {
    /// Returns the name without its last part, and that part.
    pub(super) fn group_and_key(&self) -> (&'y str, &'y str) {
        self.name.rsplit_once('.').unwrap_or(("", self.name))
    }
}

/// Parameters in file order.
pub(super) struct Parameters<'y>(pub(super) Vec<Parameter<'y>>);

impl<'y> Parameters<'y> {
    /// Returns the `helm.parameters` of a source.
    pub(super) fn of(yaml: &'y ParsedYaml<'_>, source: NodeId) -> Self {
        Self::in_list(yaml, list_of(yaml, source, "parameters"), "parameters")
    }

    /// Returns the parameters of a source, and those whose values are in files.
    pub(super) fn with_files(yaml: &'y ParsedYaml<'_>, source: NodeId) -> Self {
        let of_files = Self::in_list(yaml, list_of(yaml, source, FILES), FILES);
        Self(Self::of(yaml, source).0.into_iter().chain(of_files.0).collect())
    }

    pub(super) fn in_list(yaml: &'y ParsedYaml<'_>, list: Option<NodeId>, key: &'static str) -> Self {
        let parameter = |item: NodeId| {
            let (node, value) = (value_of(yaml, item, "name")?, value_of(yaml, item, "value"));
            let text = value.and_then(|value| filled(yaml, value));
            let (name, place) = (yaml.tree.text(node)?, yaml.place(node));
            Some(Parameter { list: key, name, place, value, text, item })
        };
        Self(list.into_iter().flat_map(|list| yaml.tree.children(list)).filter_map(parameter).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Parameter<'y>> {
        self.0.iter().find(|parameter| parameter.name == name)
    }

    /// Returns the text of a parameter, if there is any.
    pub(super) fn text(&self, name: &str) -> Option<&'y str> {
        self.get(name)?.text
    }

    /// Returns the scalar that is the value of a parameter.
    ///
    /// # Errors
    ///
    /// The parameter is there twice, or its value comes from a merge key.
    pub(super) fn slot(&self, yaml: &ParsedYaml<'_>, name: &str) -> Result<Option<Slot>, FileRefusal> {
        let mut named = self.0.iter().filter(|parameter| parameter.name == name).map(|parameter| parameter.item);
        match (named.next(), named.next()) {
            (_, Some(second)) => {
                let message = format!("the parameter `{name}` is here again");
                Err(FileRefusal::at(yaml, second, message, "remove one of them"))
            }
            (Some(item), None) => Ok(own_pair(yaml, item, "value")?.map(|pair| Slot::of(item, pair))),
            (None, None) => Ok(None),
        }
    }

    /// Returns the parameters whose names differ from `name` in the last part alone, each with that part.
    pub(super) fn beside(&self, name: &str) -> impl Iterator<Item = (&'y str, &Parameter<'y>)> {
        let (group, _) = name.rsplit_once('.').unwrap_or(("", name));
        let named = self.0.iter().map(|parameter| (parameter.group_and_key(), parameter));
        named.filter(move |((other, _), _)| *other == group).map(|((_, key), parameter)| (key, parameter))
    }
}

/// Returns a list of parameters in the `helm` of a source.
pub(super) fn list_of(yaml: &ParsedYaml<'_>, source: NodeId, key: &str) -> Option<NodeId> {
    value_at(yaml, source, &["helm", key]).filter(|list| is_list(yaml, *list))
}
