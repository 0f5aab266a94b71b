//! Finds the images of a file that a name means, document by document. A name is what the image is called there; in a file
//! without names, the path; with a dot before it, always a path.

use super::container::{Named, containers, helm_parameter, image_of, kustomize_images, services};
use super::document_kind::{DocumentKind, document_kind, is_mapping, text_of, value_of};
use super::file_refusal::FileRefusal;
use super::image_path::{image_at, list_images};
use super::node_path::own_pair;
use super::place::{ImagePlace, Parts, Slots};
use super::slot::Slot;
use crate::yaml::{NodeId, NodeKind, ParsedYaml};

/// An object of a file: a document, or an item of a `List`.
struct Object {
    kind: DocumentKind,
    root: NodeId,
    /// `KIND/NAME/`.
    prefix: Option<String>,
}

fn objects(path: &str, yaml: &ParsedYaml<'_>) -> Vec<Object> {
    let mut objects = Vec::new();
    for root in yaml.tree.documents.iter().copied() {
        let is_list = text_of(yaml, root, "kind") == Some("List") && text_of(yaml, root, "apiVersion").is_some();
        let items = value_of(yaml, root, "items").filter(|_| is_list);
        match items.filter(|items| matches!(yaml.tree.kind(*items), NodeKind::Sequence(_))) {
            Some(items) => objects.extend(yaml.tree.children(items).map(|item| object(path, yaml, item))),
            None => objects.push(object(path, yaml, root)),
        }
    }
    objects
}

fn object(path: &str, yaml: &ParsedYaml<'_>, root: NodeId) -> Object {
    let name = value_of(yaml, root, "metadata").and_then(|metadata| text_of(yaml, metadata, "name"));
    let prefix = text_of(yaml, root, "kind").zip(name).map(|(kind, name)| format!("{kind}/{name}/"));
    Object { kind: document_kind(path, yaml, root), root, prefix }
}

/// Returns the images that `name` means.
///
/// # Errors
///
/// The name means more than one image, or one that cannot be edited.
pub(super) fn images_called(path: &str, yaml: &ParsedYaml<'_>, name: &str) -> Result<Vec<ImagePlace>, FileRefusal> {
    let mut found: Vec<(ImagePlace, bool)> = Vec::new();
    for object in objects(path, yaml) {
        let wanted = object.prefix.as_deref().and_then(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
        let is_object = object.prefix.as_deref().is_some_and(|prefix| prefix.trim_end_matches('/') == name);
        if is_object && object.kind == DocumentKind::OciRepository {
            found.extend(oci_repository(yaml, object.root)?.map(|place| (place, true)));
            continue;
        }
        for (mut place, is_path) in in_object(yaml, &object, wanted)? {
            if let Some(prefix) = &object.prefix {
                place.qualified = format!("{prefix}{wanted}");
            }
            found.push((place, is_path));
        }
    }
    require_one(yaml, name, &found)?;
    Ok(found.into_iter().map(|(place, _)| place).collect())
}

/// Several images of one name are edited together if they are the same image, and a path means one place.
fn require_one(yaml: &ParsedYaml<'_>, name: &str, found: &[(ImagePlace, bool)]) -> Result<(), FileRefusal> {
    let [first, others @ ..] = found else { return Ok(()) };
    let image = |place: &ImagePlace| place.fields(yaml).map(|fields| fields.new_name);
    let first_image = image(&first.0)?;
    for (other, is_path) in others {
        if !is_path && !first.1 && image(other)? == first_image {
            continue;
        }
        let told = |(place, _): &(ImagePlace, bool)| {
            let name = place.fields(yaml).ok().and_then(|fields| fields.new_name).unwrap_or_default();
            let of = if name.is_empty() { name } else { format!(" ({name})") };
            format!("`{}` at {}{of}", place.qualified, yaml.place(place.item))
        };
        let places: Vec<String> = found.iter().map(told).collect();
        return Err(FileRefusal::at(
            yaml,
            other.item,
            format!("`{name}` is ambiguous: {}", places.join(", ")),
            "write `KIND/NAME/` before it to choose a document, or a path with a dot before it",
        ));
    }
    Ok(())
}

/// Returns the images of one object, and whether a path led there.
fn in_object(yaml: &ParsedYaml<'_>, object: &Object, name: &str) -> Result<Vec<(ImagePlace, bool)>, FileRefusal> {
    let root = object.root;
    if !is_mapping(yaml, root) && !name.starts_with('.') && object.kind != DocumentKind::Values {
        return Ok(Vec::new());
    }
    if let Some(path) = name.strip_prefix('.') {
        let found = image_at(yaml, root, path, "")?;
        if object.kind == DocumentKind::OciRepository {
            refuse_semver(yaml, root)?;
        }
        return Ok(found.map(|place| (place, true)).into_iter().collect());
    }
    let mut found = Vec::new();
    match object.kind {
        DocumentKind::Manifest => found.extend(all_called(yaml, containers(yaml, root), name)?),
        DocumentKind::Compose => {
            found.extend(all_called(yaml, services(yaml, root), name)?);
            // The values of a chart may have `services` as well.
            if found.is_empty() {
                found.extend(image_at(yaml, root, name, "")?.map(|place| (place, true)));
            }
        }
        DocumentKind::Values => found.extend(image_at(yaml, root, name, "")?.map(|place| (place, true))),
        DocumentKind::HelmRelease => {
            if let Some(values) = values_of_release(yaml, root)? {
                found.extend(image_at(yaml, values, name, "spec.values.")?.map(|place| (place, true)));
            }
        }
        DocumentKind::Application | DocumentKind::ApplicationSet | DocumentKind::ApplicationSource => {
            for source in sources(yaml, object) {
                found.extend(in_source(yaml, source, name)?);
            }
        }
        DocumentKind::FluxKustomization => refuse_among_others(yaml, root, name)?,
        DocumentKind::OciRepository => {}
        DocumentKind::Kustomization | DocumentKind::Definition | DocumentKind::Empty => {}
    }
    Ok(found)
}

/// Fields of these entries come and go, which is done in a file of one document.
fn refuse_among_others(yaml: &ParsedYaml<'_>, root: NodeId, name: &str) -> Result<(), FileRefusal> {
    let images = value_of(yaml, root, "spec").and_then(|spec| value_of(yaml, spec, "images"));
    let mut items = images.into_iter().flat_map(|images| yaml.tree.children(images).collect::<Vec<_>>());
    match items.find(|item| text_of(yaml, *item, "name") == Some(name)) {
        Some(item) => Err(FileRefusal::at(
            yaml,
            item,
            "this Kustomization of Flux is one of several documents, and is not edited among others",
            "move it to a file of its own, or name the tag by a path: `.spec.images[0].newTag`",
        )),
        None => Ok(()),
    }
}

fn all_called(yaml: &ParsedYaml<'_>, all: Vec<Named>, name: &str) -> Result<Vec<(ImagePlace, bool)>, FileRefusal> {
    let called = all.into_iter().filter(|named| named.name == name);
    let mut found = Vec::new();
    for named in called {
        found.extend(image_of(yaml, &named)?.map(|place| (place, false)));
    }
    Ok(found)
}

fn values_of_release(yaml: &ParsedYaml<'_>, root: NodeId) -> Result<Option<NodeId>, FileRefusal> {
    let Some(spec) = own_pair(yaml, root, "spec")?.filter(|spec| is_mapping(yaml, spec.value)) else {
        return Ok(None);
    };
    Ok(own_pair(yaml, spec.value, "values")?.map(|values| values.value))
}

/// Returns the sources of an application: `source`, and the items of `sources`.
fn sources(yaml: &ParsedYaml<'_>, object: &Object) -> Vec<NodeId> {
    let spec = match object.kind {
        DocumentKind::ApplicationSource => return vec![object.root],
        DocumentKind::ApplicationSet => value_of(yaml, object.root, "spec")
            .and_then(|spec| value_of(yaml, spec, "template"))
            .and_then(|template| value_of(yaml, template, "spec")),
        _ => value_of(yaml, object.root, "spec"),
    };
    let Some(spec) = spec else { return Vec::new() };
    let mut sources: Vec<NodeId> = value_of(yaml, spec, "source").into_iter().collect();
    let list = value_of(yaml, spec, "sources");
    sources.extend(list.into_iter().flat_map(|list| yaml.tree.children(list).collect::<Vec<_>>()));
    sources.retain(|source| is_mapping(yaml, *source));
    sources
}

fn in_source(yaml: &ParsedYaml<'_>, source: NodeId, name: &str) -> Result<Vec<(ImagePlace, bool)>, FileRefusal> {
    let mut found: Vec<(ImagePlace, bool)> = Vec::new();
    let images = kustomize_images(yaml, source).into_iter().filter(|(other, _)| other == name);
    found.extend(images.map(|(_, place)| (place, false)));
    let helm = value_of(yaml, source, "helm");
    if let Some(values) = helm.and_then(|helm| value_of(yaml, helm, "valuesObject")) {
        found.extend(image_at(yaml, values, name, "helm.valuesObject.")?.map(|place| (place, true)));
    }
    found.extend(helm_parameter(yaml, source, name)?.map(|place| (place, true)));
    Ok(found)
}

/// Returns the values of charts that are text in an application.
pub(super) fn nested_values(path: &str, yaml: &ParsedYaml<'_>) -> Vec<Slot> {
    let mut values = Vec::new();
    for object in objects(path, yaml) {
        let is_application = matches!(
            object.kind,
            DocumentKind::Application | DocumentKind::ApplicationSet | DocumentKind::ApplicationSource
        );
        for source in sources(yaml, &object).into_iter().filter(|_| is_application) {
            let Some(helm) = value_of(yaml, source, "helm").filter(|helm| is_mapping(yaml, *helm)) else { continue };
            let pair = yaml.tree.own(helm, &|key| key == "values");
            let is_text = |pair: &crate::yaml::Pair| matches!(yaml.tree.kind(pair.value), NodeKind::Scalar(..));
            values.extend(pair.filter(is_text).map(|pair| Slot::of(helm, pair)));
        }
    }
    values
}

fn oci_repository(yaml: &ParsedYaml<'_>, root: NodeId) -> Result<Option<ImagePlace>, FileRefusal> {
    refuse_semver(yaml, root)?;
    let Some(spec) = value_of(yaml, root, "spec") else { return Ok(None) };
    let url = text_of(yaml, spec, "url").map(|url| url.trim_start_matches("oci://").to_owned());
    let Some(reference) = own_pair(yaml, spec, "ref")?.filter(|reference| is_mapping(yaml, reference.value)) else {
        return Ok(None);
    };
    let mapping = reference.value;
    let slot = |key: &str| own_pair(yaml, mapping, key).map(|pair| pair.map(|pair| Slot::of(mapping, pair)));
    let parts = Parts { tag: slot("tag")?, digest: slot("digest")?, known_name: url, ..Parts::default() };
    Ok(Some(ImagePlace {
        qualified: "spec.ref".to_owned(),
        path: "spec.ref".to_owned(),
        item: reference.key,
        slots: Slots::Parts(parts),
        trail: vec![mapping],
    }))
}

/// Flux takes a digest before `semver` and `semver` before a tag, so that a tag would change nothing.
fn refuse_semver(yaml: &ParsedYaml<'_>, root: NodeId) -> Result<(), FileRefusal> {
    let reference = value_of(yaml, root, "spec").and_then(|spec| value_of(yaml, spec, "ref"));
    match reference.and_then(|reference| value_of(yaml, reference, "semver")) {
        Some(semver) if !yaml.tree.is_null(semver) => Err(FileRefusal::at(
            yaml,
            semver,
            "`semver` decides what Flux pulls, whatever the tag",
            "remove `semver` by hand to release single tags",
        )),
        _ => Ok(()),
    }
}

/// Returns the names of the images of a file, as far as they show without being asked for.
pub(super) fn names(path: &str, yaml: &ParsedYaml<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for object in objects(path, yaml) {
        let root = object.root;
        let mut tell = |name: &str| names.push(name.to_owned());
        match object.kind {
            DocumentKind::Manifest => containers(yaml, root).iter().for_each(|named| tell(&named.name)),
            DocumentKind::Compose => services(yaml, root).iter().for_each(|named| tell(&named.name)),
            DocumentKind::Values => list_images(yaml, root, &mut tell),
            DocumentKind::HelmRelease => {
                if let Ok(Some(values)) = values_of_release(yaml, root) {
                    list_images(yaml, values, &mut tell);
                }
            }
            DocumentKind::Application | DocumentKind::ApplicationSet | DocumentKind::ApplicationSource => {
                for source in sources(yaml, &object) {
                    for (name, _) in &kustomize_images(yaml, source) {
                        tell(name);
                    }
                    let helm = value_of(yaml, source, "helm");
                    if let Some(values) = helm.and_then(|helm| value_of(yaml, helm, "valuesObject")) {
                        list_images(yaml, values, &mut tell);
                    }
                }
            }
            DocumentKind::OciRepository => {
                object.prefix.iter().for_each(|prefix| tell(prefix.trim_end_matches('/')));
            }
            DocumentKind::FluxKustomization
            | DocumentKind::Kustomization
            | DocumentKind::Definition
            | DocumentKind::Empty => {}
        }
    }
    names.dedup();
    names
}
