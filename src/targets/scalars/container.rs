//! Images with a name of their own: the containers of manifests, the services of compose files, and the lists of Argo CD.

use super::document_kind::{is_mapping, value_of};
use super::file_refusal::FileRefusal;
use super::image_path::{Holds, holds};
use super::image_text::ImageText;
use super::node_path::{own_pair, refuse_alias, walk};
use super::place::{ImagePlace, Parts, Slots};
use super::slot::Slot;
use crate::yaml::{NodeId, NodeKind, ParsedYaml};

/// The keys of a pod's containers. kustomize finds images by them as well, in resources of any kind.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// A named image: where it is, and what it is called.
pub(super) struct Named {
    pub(super) name: String,
    /// The mapping or scalar.
    pub(super) node: NodeId,
    /// Where it is in the file.
    pub(super) path: String,
}

/// Returns the containers below a node that have a name.
pub(super) fn containers(yaml: &ParsedYaml<'_>, root: NodeId) -> Vec<Named> {
    let mut found = Vec::new();
    walk(yaml, root, String::new(), &mut |path, slot| {
        let key = slot.key.and_then(|key| yaml.tree.text(key)).unwrap_or_default();
        if !CONTAINERS.contains(&key) || !matches!(yaml.tree.kind(slot.value), NodeKind::Sequence(_)) {
            return;
        }
        for (index, item) in yaml.tree.children(slot.value).enumerate() {
            let mapping = yaml.tree.resolve(item);
            let name = value_of(yaml, mapping, "name").and_then(|name| yaml.tree.text(name));
            if let Some(name) = name {
                found.push(Named { name: name.to_owned(), node: item, path: format!("{path}[{index}]") });
            }
        }
    });
    found
}

/// Returns the services of a compose file.
pub(super) fn services(yaml: &ParsedYaml<'_>, root: NodeId) -> Vec<Named> {
    let Some(services) = value_of(yaml, root, "services") else { return Vec::new() };
    let named = |pair: crate::yaml::Pair| {
        let name = yaml.tree.text(pair.key)?.to_owned();
        Some(Named { path: format!("services.{name}"), name, node: pair.value })
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

/// Returns the images of `kustomize.images` in a source of Argo CD: strings, `[KEY=]NAME[:TAG][@DIGEST]`.
pub(super) fn kustomize_images(yaml: &ParsedYaml<'_>, source: NodeId) -> Vec<(String, ImagePlace)> {
    let images = value_of(yaml, source, "kustomize").and_then(|kustomize| value_of(yaml, kustomize, "images"));
    let Some(images) = images.filter(|images| matches!(yaml.tree.kind(*images), NodeKind::Sequence(_))) else {
        return Vec::new();
    };
    let place = |(index, item): (usize, NodeId)| {
        let image = ImageText::parse(yaml.tree.text(item)?, true).ok()?;
        let name = image.key.unwrap_or(image.name);
        let slot = Slot { key: None, value: item, parent: images };
        let place = ImagePlace {
            qualified: name.clone(),
            path: format!("kustomize.images[{index}]"),
            item,
            slots: Slots::Reference { slot, keyed: true, certain: true },
            trail: vec![images, item],
        };
        Some((name, place))
    };
    yaml.tree.children(images).enumerate().filter_map(place).collect()
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
) -> Result<Option<ImagePlace>, FileRefusal> {
    let list = value_of(yaml, source, "helm").and_then(|helm| value_of(yaml, helm, "parameters"));
    let Some(list) = list.filter(|list| matches!(yaml.tree.kind(*list), NodeKind::Sequence(_))) else {
        return Ok(None);
    };
    let value = |wanted: &str| -> Result<Option<Slot>, FileRefusal> {
        let is_wanted = |item: &NodeId| {
            value_of(yaml, *item, "name").and_then(|name| yaml.tree.text(name)).is_some_and(|name| name == wanted)
        };
        let mut items = yaml.tree.children(list).filter(is_wanted);
        match (items.next(), items.next()) {
            (_, Some(second)) => {
                let message = format!("the parameter `{wanted}` is here again");
                Err(FileRefusal::at(yaml, second, message, "remove one of them"))
            }
            (Some(item), None) => Ok(own_pair(yaml, item, "value")?.map(|pair| Slot::of(item, pair))),
            (None, None) => Ok(None),
        }
    };
    let part = |keys: &[&str]| -> Result<Option<Slot>, FileRefusal> {
        let found: Vec<Slot> =
            keys.iter().filter_map(|key| value(&format!("{name}.{key}")).transpose()).collect::<Result<_, _>>()?;
        match found.as_slice() {
            [_, second, ..] => Err(FileRefusal::at(
                yaml,
                second.value,
                format!("two parameters of `{name}` may be the same part of the image"),
                format!("name one: `{name}.{}` or `{name}.{}`", keys[0], keys[1]),
            )),
            found => Ok(found.first().copied()),
        }
    };
    let slots = if let Some(slot) = value(name)? {
        match holds(name) {
            Holds::Tag => Slots::Parts(Parts { tag: Some(slot), ..Parts::default() }),
            Holds::Digest => Slots::Parts(Parts { digest: Some(slot), ..Parts::default() }),
            Holds::Reference => Slots::Reference { slot, keyed: false, certain: false },
        }
    } else {
        Slots::Parts(Parts {
            registry: part(&["registry"])?,
            repository: part(&["repository", "name"])?,
            tag: part(&["tag", "version"])?,
            digest: part(&["digest"])?,
            ..Parts::default()
        })
    };
    let place = ImagePlace {
        qualified: name.to_owned(),
        path: format!("helm.parameters.{name}"),
        item: list,
        slots,
        trail: vec![list],
    };
    let has_version = match &place.slots {
        Slots::Parts(parts) => parts.tag.is_some() || parts.digest.is_some(),
        Slots::Reference { .. } => true,
    };
    Ok(has_version.then_some(place))
}
