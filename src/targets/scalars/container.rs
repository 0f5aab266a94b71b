//! Images with a name of their own: the containers of manifests, and the services of compose files.

use super::document_kind::{is_mapping, value_of};
use super::file_refusal::FileRefusal;
use super::node_path::{own_pair, refuse_alias};
use super::place::{ImagePlace, Slots};
use super::slot::Slot;
use super::walk::{Visit, escaped, walk};
use crate::yaml::{NodeId, NodeKind, ParsedYaml};

/// The keys of a pod's containers. kustomize finds images by them as well, in resources of any kind.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// A named image: where it is, and what it is called.
pub(super) struct Named {
    /// Its path with a dot before it, if it has no name or an empty one.
    pub(super) name: String,
    /// The mapping or scalar.
    pub(super) node: NodeId,
    /// Where it is in the file.
    pub(super) path: String,
}

/// Returns the containers below a node.
pub(super) fn containers(yaml: &ParsedYaml<'_>, root: NodeId) -> Vec<Named> {
    let mut found = Vec::new();
    walk(yaml, root, &mut |Visit { path, slot, .. }| {
        if !CONTAINERS.contains(&slot.key_text(yaml)) || !matches!(yaml.tree.kind(slot.value), NodeKind::Sequence(_)) {
            return;
        }
        for (index, item) in yaml.tree.children(slot.value).enumerate() {
            let mapping = yaml.tree.resolve(item);
            let name = value_of(yaml, mapping, "name").and_then(|name| yaml.tree.text(name));
            let path = format!("{path}[{index}]");
            let name = name.filter(|name| !name.is_empty()).map(str::to_owned);
            found.push(Named { name: name.unwrap_or_else(|| format!(".{path}.image")), node: item, path });
        }
    });
    found
}

/// Returns the services of a compose file.
pub(super) fn services(yaml: &ParsedYaml<'_>, root: NodeId) -> Vec<Named> {
    let Some(services) = value_of(yaml, root, "services") else { return Vec::new() };
    let named = |pair: crate::yaml::Pair| {
        let name = yaml.tree.text(pair.key).filter(|name| !name.is_empty())?.to_owned();
        Some(Named { path: format!("services.{}", escaped(&name)), name, node: pair.value })
    };
    yaml.tree.pairs(services).filter_map(named).collect()
}

/// Returns the image under the key `image` of a container or a service; nothing if it has none.
///
/// # Errors
///
/// It comes from an alias or a merge key, or is there twice.
pub(super) fn image_of(yaml: &ParsedYaml<'_>, named: &Named) -> Result<Option<ImagePlace>, FileRefusal> {
    refuse_alias(yaml, named.node)?;
    if !is_mapping(yaml, named.node) {
        return Ok(None);
    }
    let Some(pair) = own_pair(yaml, named.node, "image")? else { return Ok(None) };
    let slot = Slot::of(named.node, pair);
    let place = ImagePlace {
        qualified: named.name.clone(),
        path: format!("{}.image", named.path),
        item: pair.key,
        slots: Slots::Reference { slot, keyed: false, certain: true },
        trail: vec![named.node, pair.value],
    };
    Ok(Some(place))
}
