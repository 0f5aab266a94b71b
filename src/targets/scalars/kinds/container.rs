//! The images of manifests and compose files: those of containers and services, which have names of their own, and those of
//! volumes and of the templates of workflows, which are called by their paths.

use std::collections::HashSet;

use crate::targets::scalars::document::node_path::{own_pair, refuse_alias};
use crate::targets::scalars::document::nodes::{is_list, is_mapping, text_of, value_of};
use crate::targets::scalars::document::slot::Slot;
use crate::targets::scalars::document::walk::{Visit, escaped, walk};
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::place::{ImagePlace, ReferenceForm, Slots};
use crate::yaml::{NodeId, ParsedYaml};

/// The keys of a pod's containers.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// Those below which kustomize sets images, in resources of any kind.
const SET_BY_KUSTOMIZE: [&str; 2] = ["containers", "initContainers"];

/// The key of a pod's volumes, of which one may be an image.
const VOLUMES: &str = "volumes";

/// The key of the templates of Argo Workflows, and those of the containers in one.
const TEMPLATES: &str = "templates";
const TEMPLATE_CONTAINERS: [&str; 2] = ["container", "script"];

/// An image with a name: where it is, and what it is called.
pub(in crate::targets::scalars) struct NamedImage {
    /// The path of the image with a dot before it, if it has no name or an empty one.
    pub(in crate::targets::scalars) name: String,
    /// The mapping or scalar.
    pub(super) node: NodeId,
    /// Where it is in the file.
    path: String,
    /// The key of the image in it.
    key: &'static str,
    /// Whether it is a container of a workflow.
    is_template: bool,
    /// Whether its image comes from a registry, and from nowhere else.
    is_pulled: bool,
}

impl NamedImage {
    fn by_path(node: NodeId, path: String, key: &'static str) -> Self {
        Self { name: format!(".{path}.{key}"), node, path, key, is_template: false, is_pulled: true }
    }

    /// Whether it is called by its path.
    pub(in crate::targets::scalars) fn is_by_path(&self) -> bool {
        self.name == format!(".{}.{}", self.path, self.key)
    }
}

/// Whether an image is a parameter of a workflow, which the run fills in.
pub(in crate::targets::scalars) fn is_filled_in(yaml: &ParsedYaml<'_>, named: &NamedImage) -> bool {
    let text = |image| yaml.tree.text(image).is_some_and(|text| text.contains("{{"));
    named.is_template && value_of(yaml, named.node, named.key).is_some_and(text)
}

/// Returns the containers below a node, and what else has an image in pods and workflows. A volume is called by its path, because
/// a container may have its name.
pub(in crate::targets::scalars) fn containers(yaml: &ParsedYaml<'_>, root: NodeId) -> Vec<NamedImage> {
    let mut found = Vec::new();
    walk(yaml, root, &mut |Visit { path, slot, .. }| {
        let key = slot.key_text(yaml);
        let is_wanted = key == VOLUMES || key == TEMPLATES || CONTAINERS.contains(&key);
        if !is_wanted || !is_list(yaml, slot.value) {
            return;
        }
        for (index, item) in yaml.tree.children(slot.value).enumerate() {
            let path = format!("{path}[{index}]");
            match key {
                VOLUMES => {
                    let volume = value_of(yaml, item, "image");
                    found.extend(volume.map(|node| NamedImage::by_path(node, format!("{path}.image"), "reference")));
                }
                TEMPLATES => found.extend(TEMPLATE_CONTAINERS.into_iter().filter_map(|key| {
                    let container = NamedImage::by_path(value_of(yaml, item, key)?, format!("{path}.{key}"), "image");
                    Some(NamedImage { is_template: true, ..container })
                })),
                _ => {
                    let name = value_of(yaml, yaml.tree.resolve(item), "name").and_then(|name| yaml.tree.text(name));
                    let name = name.filter(|name| !name.is_empty()).map(str::to_owned);
                    let by_path = NamedImage::by_path(item, path, "image");
                    found.push(NamedImage { name: name.unwrap_or(by_path.name), ..by_path });
                }
            }
        }
    });
    found
}

/// Whether kustomize can set the image of a place.
pub(in crate::targets::scalars) fn is_set_by_kustomize(place: &ImagePlace) -> bool {
    let list = place.path.strip_suffix("].image").and_then(|path| path.rsplit_once('['));
    list.is_some_and(|(list, _)| list.rsplit('.').next().is_some_and(|key| SET_BY_KUSTOMIZE.contains(&key)))
}

/// Returns the services of a compose file.
pub(in crate::targets::scalars) fn services(yaml: &ParsedYaml<'_>, root: NodeId) -> Vec<NamedImage> {
    let Some(services) = value_of(yaml, root, "services") else { return Vec::new() };
    let image = |service| text_of(yaml, service, "image");
    let is_built = |service: &NodeId| value_of(yaml, *service, "build").is_some();
    let built: HashSet<&str> =
        yaml.tree.pairs(services).map(|pair| pair.value).filter(is_built).filter_map(image).collect();
    let named = |pair: crate::yaml::Pair| {
        let name = yaml.tree.text(pair.key).filter(|name| !name.is_empty())?.to_owned();
        let is_made_here =
            is_made_here(yaml, pair.value) || image(pair.value).is_some_and(|image| built.contains(image));
        Some(NamedImage {
            path: format!("services.{}", escaped(&name)),
            name,
            node: pair.value,
            key: "image",
            is_template: false,
            is_pulled: !is_made_here,
        })
    };
    yaml.tree.pairs(services).filter_map(named).collect()
}

/// Whether the image of a service may be one that was built where it runs: what is built is called by its image, and need not be
/// pulled. What a service extends may say so, in another file too.
fn is_made_here(yaml: &ParsedYaml<'_>, service: NodeId) -> bool {
    let is_there = |key: &str| value_of(yaml, service, key).is_some();
    is_there("build") || is_there("extends") || matches!(text_of(yaml, service, "pull_policy"), Some("never" | "build"))
}

/// Returns the image of a container, a service or a volume; nothing if it has none.
///
/// # Errors
///
/// It comes from an alias or a merge key, or is there twice.
pub(in crate::targets::scalars) fn image_of(
    yaml: &ParsedYaml<'_>,
    named: &NamedImage,
) -> Result<Option<ImagePlace>, FileRefusal> {
    refuse_alias(yaml, named.node)?;
    if !is_mapping(yaml, named.node) {
        return Ok(None);
    }
    let Some(pair) = own_pair(yaml, named.node, named.key)? else { return Ok(None) };
    let slot = Slot::of(named.node, pair);
    let form = if named.is_pulled { ReferenceForm::Pulled } else { ReferenceForm::Certain };
    let (path, slots) = (format!("{}.{}", named.path, named.key), Slots::Reference { slot, form });
    Ok(Some(ImagePlace::new(named.name.clone(), path, pair.key, slots, vec![named.node, pair.value])))
}
