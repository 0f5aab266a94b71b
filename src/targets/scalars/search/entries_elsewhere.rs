//! Entries as in the `images` of a kustomization, in other objects: a Kustomization of Flux among several documents, and the
//! post-renderers of a HelmRelease. They are called by the path of what they set.

use super::lookup::FileImages;
use crate::image::is_same_image;
use crate::targets::kustomization::{is_for, patches};
use crate::targets::scalars::document::document_kind::DocumentKind;
use crate::targets::scalars::document::nodes::{is_list, text_beside, text_of, value_at, value_of};
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::image_text::versioned_images;
use crate::targets::scalars::kinds::image_path::{Below, ImageByPath, image_at, name_beside};
use crate::targets::scalars::kinds::known_mappings::KnownMappings;
use crate::yaml::{NodeId, ParsedYaml};

/// Returns the entries in the `spec.images` of a Kustomization of Flux.
pub(super) fn flux_entries(yaml: &ParsedYaml<'_>, root: NodeId) -> Vec<ImageByPath> {
    let images = value_at(yaml, root, &["spec", "images"]);
    let entry = |(path, item): (String, NodeId)| {
        let path = format!("{path}.newTag");
        let image = match has_digest(yaml, item) {
            true => Err(FileRefusal::at(
                yaml,
                item,
                "this Kustomization of Flux is one of several documents, and the digest of an entry is not read among others",
                "move it to a file of its own",
            )),
            false => image_at(yaml, &KnownMappings::default(), Below { root, before: "." }, &path),
        };
        (format!(".{path}"), image)
    };
    items(yaml, images, "spec.images").map(entry).collect()
}

/// The images that a Kustomization of Flux gives a version in its folder.
pub struct FluxImages {
    folder: String,
    /// The names of its entries, which kustomize matches.
    entries: Vec<String>,
    /// The names in its patches.
    patched: Vec<String>,
}

impl FluxImages {
    /// Returns whether it gives an image of the manifest at a path a version.
    pub fn sets(&self, manifest: &str, image: &str) -> bool {
        let Self { folder, entries, patched } = self;
        let below = manifest.strip_prefix(folder.as_str());
        let is_below = folder.is_empty() || below.is_some_and(|rest| rest.starts_with('/'));
        is_below
            && (entries.iter().any(|name| is_for(name, image)) || patched.iter().any(|name| is_same_image(name, image)))
    }
}

/// Returns what the Kustomizations of Flux in a file set.
pub(in crate::targets) fn flux_images(images: &FileImages<'_, '_>) -> Vec<FluxImages> {
    let yaml = images.yaml;
    let of_flux = images.objects.iter().filter(|object| object.kind == DocumentKind::FluxKustomization);
    let specs = of_flux.filter_map(|object| value_of(yaml, object.root, "spec"));
    let images = specs.map(|spec| {
        let folder = text_of(yaml, spec, "path").unwrap_or_default().trim_start_matches("./").trim_matches('/');
        let set = |(_, entry): (String, NodeId)| {
            let has_version = ["newTag", "digest"].iter().any(|key| text_beside(yaml, entry, key).is_some());
            text_of(yaml, entry, "name").filter(|_| has_version).map(str::to_owned)
        };
        let patched = patches(yaml, spec).into_iter().flat_map(|(_, text)| versioned_images(text));
        FluxImages {
            folder: folder.to_owned(),
            entries: items(yaml, value_of(yaml, spec, "images"), "").filter_map(set).collect(),
            patched: patched.map(|image| image.name).collect(),
        }
    });
    images.collect()
}

/// Returns the entries in the post-renderers of a HelmRelease. A digest decides what is pulled, whatever the tag beside it.
pub(super) fn post_renderer_entries(yaml: &ParsedYaml<'_>, root: NodeId) -> Vec<ImageByPath> {
    let entry = |(path, item): (String, NodeId)| {
        let key = if has_digest(yaml, item) { "digest" } else { "newTag" };
        let path = format!("{path}.{key}");
        let mut image = image_at(yaml, &KnownMappings::default(), Below { root, before: "." }, &path);
        if let Ok(Some(image)) = &mut image {
            image.has_name_elsewhere(name_beside("newTag", &|key| text_beside(yaml, item, key), false));
        }
        (format!(".{path}"), image)
    };
    renderer_lists(yaml, root, "images").into_iter().map(entry).collect()
}

/// Returns the items of one list in all post-renderers with their paths.
pub(in crate::targets::scalars) fn renderer_lists(
    yaml: &ParsedYaml<'_>,
    root: NodeId,
    key: &str,
) -> Vec<(String, NodeId)> {
    let renderers = value_at(yaml, root, &["spec", "postRenderers"]);
    let entries = |(path, renderer): (String, NodeId)| {
        let list = value_at(yaml, renderer, &["kustomize", key]);
        items(yaml, list, &format!("{path}.kustomize.{key}"))
    };
    items(yaml, renderers, "spec.postRenderers").flat_map(entries).collect()
}

fn has_digest(yaml: &ParsedYaml<'_>, entry: NodeId) -> bool {
    text_of(yaml, entry, "digest").is_some_and(|digest| !digest.is_empty())
}

/// Returns the items of a list with their paths.
fn items<'y>(
    yaml: &'y ParsedYaml<'_>,
    list: Option<NodeId>,
    path: &str,
) -> impl Iterator<Item = (String, NodeId)> + use<'y> {
    let list = list.filter(|list| is_list(yaml, *list));
    let items: Vec<NodeId> = list.into_iter().flat_map(|list| yaml.tree.children(list)).collect();
    let path = path.to_owned();
    items.into_iter().enumerate().map(move |(index, item)| (format!("{path}[{index}]"), item))
}
