//! What is laid over the values of a chart: the parameters in a source of an Application of Argo CD, items such as
//! `{name: image.tag, value: v1}`, and the values that a HelmRelease takes from elsewhere for a path.

use super::node_path::own_pair;
use super::nodes::{filled, is_list, value_at, value_of};
use super::slot::Slot;
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::yaml::{NodeId, ParsedYaml, Position};

/// What the path of an image in `helm.parameters` begins with, before its name.
pub(in crate::targets::scalars) const PARAMETERS: &str = "helm.parameters.";

/// The list of the parameters whose values are in files.
pub(in crate::targets::scalars) const FILES: &str = "fileParameters";

/// The list of a HelmRelease of what is in a ConfigMap or a Secret. An item with a `targetPath` replaces the value there.
pub(in crate::targets::scalars) const VALUES_FROM: &str = "valuesFrom";

/// The parameter of a registry for all images of a chart.
pub(in crate::targets::scalars) const SHARED_REGISTRY: &str = "global.imageRegistry";

/// One parameter.
#[derive(Clone, Copy)]
pub(in crate::targets::scalars) struct Parameter<'y> {
    /// The list that it is in.
    pub(in crate::targets::scalars) list: &'static str,
    pub(in crate::targets::scalars) name: &'y str,
    pub(in crate::targets::scalars) value: Option<NodeId>,
    /// The text of the value, if there is any.
    pub(in crate::targets::scalars) text: Option<&'y str>,
    item: NodeId,
    /// The node of the name.
    pub(in crate::targets::scalars) named: NodeId,
    yaml: &'y ParsedYaml<'y>,
}

impl<'y> Parameter<'y> {
    /// Whether its value is not in this file.
    pub(in crate::targets::scalars) fn is_from_elsewhere(&self) -> bool {
        [FILES, VALUES_FROM].contains(&self.list)
    }

    /// Returns the place of the name. There may be thousands of parameters, and to count a column takes its time.
    pub(in crate::targets::scalars) fn place(&self) -> Position {
        self.yaml.place(self.named)
    }

    /// Whether this is the value under `name`, or one around it.
    pub(in crate::targets::scalars) fn is_around(&self, name: &str) -> bool {
        name.strip_prefix(self.name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    }

    /// Returns the refusal of an image at `node`: this parameter decides, whatever the version says that is edited.
    pub(in crate::targets::scalars) fn deciding(
        &self,
        yaml: &ParsedYaml<'_>,
        node: NodeId,
        version: &str,
    ) -> FileRefusal {
        let Self { name, list, .. } = self;
        let message =
            format!("`{name}` in `{list}` decides what is pulled, at {}, whatever the {version}", self.place());
        FileRefusal::at(yaml, node, message, format!("remove `{name}` once by hand"))
    }

    /// Whether the name has an escape that no key needs: then it is another spelling of a plain one.
    fn is_odd(&self) -> bool {
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        self.name.split('\\').skip(1).any(|rest| rest.starts_with(is_plain))
    }

    /// Returns the name without its last part, and that part.
    pub(in crate::targets::scalars) fn group_and_key(&self) -> (&'y str, &'y str) {
        self.name.rsplit_once('.').unwrap_or(("", self.name))
    }
}

/// Parameters in file order.
pub(in crate::targets::scalars) struct Parameters<'y>(pub(in crate::targets::scalars) Vec<Parameter<'y>>);

impl<'y> Parameters<'y> {
    /// Returns the `helm.parameters` of a source, and then those whose values are in files.
    pub(in crate::targets::scalars) fn of(yaml: &'y ParsedYaml<'_>, source: NodeId) -> Self {
        let lists = ["parameters", FILES].map(|key| Self::in_list(yaml, list_of(yaml, source, key), key).0);
        Self(lists.into_iter().flatten().collect())
    }

    /// Returns the values that a HelmRelease takes from elsewhere for a path.
    pub(in crate::targets::scalars) fn of_release(yaml: &'y ParsedYaml<'_>, release: NodeId) -> Self {
        let list = value_at(yaml, release, &["spec", VALUES_FROM]).filter(|list| is_list(yaml, *list));
        Self::in_list(yaml, list, VALUES_FROM)
    }

    pub(in crate::targets::scalars) fn in_list(
        yaml: &'y ParsedYaml<'_>,
        list: Option<NodeId>,
        key: &'static str,
    ) -> Self {
        let key_of_name = if key == VALUES_FROM { "targetPath" } else { "name" };
        let parameter = |item: NodeId| {
            let named = value_of(yaml, item, key_of_name)?;
            let value = value_of(yaml, item, "value");
            let text = value.and_then(|value| filled(yaml, value));
            Some(Parameter { list: key, name: filled(yaml, named)?, value, text, item, named, yaml })
        };
        Self(list.into_iter().flat_map(|list| yaml.tree.children(list)).filter_map(parameter).collect())
    }

    /// Returns those whose values are not in this file: Helm takes them last.
    pub(in crate::targets::scalars) fn kept_elsewhere(&self) -> impl Iterator<Item = &Parameter<'y>> {
        self.0.iter().filter(|parameter| parameter.is_from_elsewhere())
    }

    /// Refuses an image at `node` if a parameter is spelled so that it cannot be compared with the others.
    pub(in crate::targets::scalars) fn refuse_odd_names(
        &self,
        yaml: &ParsedYaml<'_>,
        node: NodeId,
    ) -> Result<(), FileRefusal> {
        let Some(odd) = self.0.iter().find(|parameter| parameter.is_odd()) else { return Ok(()) };
        let (name, list, place) = (odd.name, odd.list, odd.place());
        let message = format!("`{name}` in `{list}`, at {place}, has a `\\` that its path does not need");
        Err(FileRefusal::at(yaml, node, message, "write the name without it"))
    }

    /// Refuses an image at `node` if the registry for all images is not in this file.
    pub(in crate::targets::scalars) fn refuse_shared_from_elsewhere(
        &self,
        yaml: &ParsedYaml<'_>,
        node: NodeId,
    ) -> Result<(), FileRefusal> {
        let shared = self.kept_elsewhere().find(|parameter| parameter.is_around(SHARED_REGISTRY));
        shared.map_or(Ok(()), |shared| Err(shared.deciding(yaml, node, "registry here")))
    }

    pub(in crate::targets::scalars) fn get(&self, name: &str) -> Option<&Parameter<'y>> {
        self.0.iter().find(|parameter| parameter.name == name)
    }

    /// Returns the text of a parameter, if there is any.
    pub(in crate::targets::scalars) fn text(&self, name: &str) -> Option<&'y str> {
        self.get(name)?.text
    }

    /// Returns the scalar that is the value of a parameter.
    ///
    /// # Errors
    ///
    /// The parameter is there twice, or its value comes from a merge key.
    pub(in crate::targets::scalars) fn slot(
        &self,
        yaml: &ParsedYaml<'_>,
        name: &str,
    ) -> Result<Option<Slot>, FileRefusal> {
        let is_here = |parameter: &&Parameter<'_>| !parameter.is_from_elsewhere() && parameter.name == name;
        let mut named = self.0.iter().filter(is_here).map(|parameter| parameter.item);
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
    pub(in crate::targets::scalars) fn beside(&self, name: &str) -> impl Iterator<Item = (&'y str, &Parameter<'y>)> {
        let (group, _) = name.rsplit_once('.').unwrap_or(("", name));
        let named = self.0.iter().map(|parameter| (parameter.group_and_key(), parameter));
        named.filter(move |((other, _), _)| *other == group).map(|((_, key), parameter)| (key, parameter))
    }
}

/// Returns a list of parameters in the `helm` of a source.
pub(in crate::targets::scalars) fn list_of(yaml: &ParsedYaml<'_>, source: NodeId, key: &str) -> Option<NodeId> {
    value_at(yaml, source, &["helm", key]).filter(|list| is_list(yaml, *list))
}
