//! Finds the images of a file that a name means, object by object. A name is what the image is called there; in a file
//! without names, the path; with a dot before it, always a path; and `NAMESPACE:POLICY`, what a policy of Flux chooses.

use std::cell::OnceCell;

use crate::targets::scalars::document::document_kind::DocumentKind;
use crate::targets::scalars::document::node_path::own_pair;
use crate::targets::scalars::document::nodes::{is_mapping, text_of, value_at, value_of};
use crate::targets::scalars::document::object::{Object, objects};
use crate::targets::scalars::document::parameters::Parameters;
use crate::targets::scalars::document::repeated::RepeatedKeys;
use crate::targets::scalars::document::slot::Slot;
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::place::{ImagePlace, OCI_REFERENCE, Parts, Slots};
use crate::targets::scalars::kinds::argo::{kustomize_images, sources};
use crate::targets::scalars::kinds::container::{NamedImage, containers, image_of, services};
use crate::targets::scalars::kinds::image_path::{Below, image_at};
use crate::targets::scalars::kinds::known_mappings::KnownMappings;
use crate::targets::scalars::kinds::marked::marked_images;
use crate::targets::scalars::kinds::overridden_values::OverriddenValues;
use crate::targets::scalars::kinds::source_images::{judge_in_sources, parameter_at, source_image};
use crate::yaml::{ExpandedYaml, NodeId, ParsedYaml};

/// What is known of a text beside what it says.
#[derive(Clone, Copy)]
pub(in crate::targets) struct TextOrigin<'p> {
    pub(in crate::targets::scalars) path: &'p str,
    /// The parameters that are laid over it, if it is values of a source of Argo CD.
    pub(in crate::targets::scalars) parameters: Option<&'p Parameters<'p>>,
}

impl<'p> From<&'p str> for TextOrigin<'p> {
    fn from(path: &'p str) -> Self {
        Self { path, parameters: None }
    }
}

/// The images of a file that was read.
pub(in crate::targets) struct FileImages<'p, 'd> {
    pub(in crate::targets::scalars) origin: TextOrigin<'p>,
    pub(in crate::targets::scalars) yaml: &'p ParsedYaml<'d>,
    pub(in crate::targets::scalars) objects: Vec<Object>,
    /// The containers or services of each object.
    pub(super) named: Vec<Vec<NamedImage>>,
    repeated: RepeatedKeys<'p, 'd>,
    pub(in crate::targets::scalars) known: KnownMappings<'p>,
    /// The tree in which aliases and merge keys are followed, once that is asked for.
    expanded: OnceCell<Option<ExpandedYaml<'d>>>,
}

/// An image that a name means.
pub(super) struct NamedPlace {
    pub(super) place: ImagePlace,
    by: FoundBy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FoundBy {
    /// Several may be called so.
    Name,
    /// It means one place.
    Path,
}

impl<'p, 'd> FileImages<'p, 'd> {
    pub(in crate::targets) fn new(origin: impl Into<TextOrigin<'p>>, yaml: &'p ParsedYaml<'d>) -> Self {
        let origin = origin.into();
        let objects = objects(origin.path, yaml);
        let named = |object: &Object| match object.kind {
            DocumentKind::Manifest => containers(yaml, object.root),
            DocumentKind::Compose => services(yaml, object.root),
            _ if object.lacks_version => containers(yaml, object.root),
            _ => Vec::new(),
        };
        let named = objects.iter().map(named).collect();
        let (repeated, known, expanded) = (RepeatedKeys::of(yaml), KnownMappings::default(), OnceCell::new());
        Self { origin, yaml, objects, named, repeated, known, expanded }
    }

    /// Returns the tree in which aliases and merge keys are followed, if there are any.
    pub(in crate::targets::scalars) fn expanded(&self) -> Option<&ExpandedYaml<'d>> {
        self.expanded.get_or_init(|| self.yaml.expanded().ok().flatten()).as_ref()
    }

    /// Returns the images that `name` means.
    ///
    /// # Errors
    ///
    /// The name means more than one image, one that cannot be edited, or something else; or an image behind an alias or a merge
    /// key.
    pub(in crate::targets::scalars) fn called(&self, name: &str) -> Result<Vec<ImagePlace>, FileRefusal> {
        let places = self.called_here(name)?;
        self.refuse_through_alias(name, &places)?;
        Ok(places)
    }

    /// Returns the images that `name` means, but for those behind aliases and merge keys.
    ///
    /// # Errors
    ///
    /// The name means more than one image, one that cannot be edited, or something else.
    pub(in crate::targets::scalars) fn called_here(&self, name: &str) -> Result<Vec<ImagePlace>, FileRefusal> {
        let mut found = Vec::new();
        for (object, named) in self.objects.iter().zip(&self.named) {
            let wanted = object.without_label(name);
            if object.kind == DocumentKind::OciRepository && object.label.as_deref() == Some(name) {
                found.push(NamedPlace::by_name(oci_repository(self.yaml, object.root)?));
                continue;
            }
            for mut image in self.called_in(object, named, wanted)? {
                if let Some(label) = &object.label {
                    image.place.qualified = format!("{label}/{wanted}");
                }
                found.push(image);
            }
        }
        let marked = marked_images(self.yaml, &self.objects, name)?;
        if let (Some(image), Some(marked)) = (found.first(), marked.first()) {
            let message = format!(
                "`{name}` is ambiguous: an image is called so at {}, and a policy of Flux here",
                self.yaml.place(image.place.item)
            );
            return Err(FileRefusal::at(
                self.yaml,
                marked.item,
                message,
                "write the path of the image, with a dot before it",
            ));
        }
        require_one(self.yaml, name, &found)?;
        let mut places: Vec<ImagePlace> = found.into_iter().map(|found| found.place).chain(marked).collect();
        places.iter_mut().try_for_each(|place| self.lay_parameters_over(place))?;
        places.iter().try_for_each(|place| self.refuse_repeated(place))?;
        Ok(places)
    }

    /// Returns the images of one object that a name without `KIND/NAME/` means.
    fn called_in(&self, object: &Object, named: &[NamedImage], name: &str) -> Result<Vec<NamedPlace>, FileRefusal> {
        let yaml = self.yaml;
        let mut found = Vec::new();
        if let Some(path) = name.strip_prefix('.') {
            found.extend(self.at_path(object, path)?);
        }
        let has_path = !found.is_empty();
        for named in named.iter().filter(|named| named.name == name && !named.is_by_path()) {
            found.extend(image_of_container(yaml, object, named)?.map(NamedPlace::by_name));
        }
        if has_path {
            return Ok(found);
        }
        let values = match object.kind {
            // The values of a chart may have `services` as well.
            DocumentKind::Compose if found.is_empty() => Some(Below { root: object.root, before: "" }),
            _ => values_of(yaml, object)?,
        };
        if let Some(values) = values {
            found.extend(image_at(yaml, &self.known, values, name)?.map(NamedPlace::by_path));
        }
        for source in sources(yaml, object) {
            for (_, image) in kustomize_images(yaml, source).into_iter().filter(|(other, _)| other == name) {
                found.push(NamedPlace::by_name(image?));
            }
            found.extend(source_image(yaml, source, name)?.map(NamedPlace::by_path));
        }
        if object.kind == DocumentKind::FluxKustomization {
            refuse_among_others(yaml, object, name)?;
        }
        Ok(found)
    }

    /// Returns the image at a path from the root of an object. Of a `List`, it is in one of the objects that are its items.
    fn at_path(&self, object: &Object, path: &str) -> Result<Option<NamedPlace>, FileRefusal> {
        let yaml = self.yaml;
        let mut found =
            image_at(yaml, &self.known, Below { root: object.root, before: "." }, path)?.map(NamedPlace::by_path);
        let item = found.as_ref().map_or(object.root, |found| found.place.item);
        for object in self.objects.iter().filter(|object| yaml.tree.is_within(item, object.root)) {
            if object.kind == DocumentKind::OciRepository {
                refuse_semver(yaml, object.root)?;
                let reference = value_at(yaml, object.root, &["spec", "ref"]);
                let is_version = |found: &&mut NamedPlace| {
                    let mut nodes = found.place.nodes().into_iter();
                    nodes.all(|node| reference.is_some_and(|reference| yaml.tree.is_within(node, reference)))
                };
                if let Some(found) = found.as_mut().filter(is_version) {
                    found.place.has_name_elsewhere(name_of_oci_repository(yaml, object.root));
                }
            }
            for source in sources(yaml, object) {
                let value = found.as_ref().and_then(|found| found.place.nodes().first().copied());
                let parameter = value.and_then(|value| parameter_at(yaml, source, value));
                let named = parameter.map_or(Ok(None), |name| source_image(yaml, source, &name))?;
                found = named.map(NamedPlace::by_path).or(found);
            }
        }
        found.as_mut().map_or(Ok(()), |found| judge_in_sources(yaml, &self.objects, &mut found.place))?;
        Ok(found)
    }

    /// Returns the object that a node is in.
    pub(in crate::targets::scalars) fn object_around(&self, node: NodeId) -> Option<&Object> {
        let is_within = |object: &&Object| self.yaml.tree.is_within(node, object.root);
        // Each object ends behind the one before.
        let ended = self.objects.partition_point(|object| object.root <= node && !is_within(&object));
        self.objects[ended..].iter().find(is_within)
    }

    /// Takes from the parameters that are laid over the text, or over the values of a HelmRelease, what they make of an image
    /// there.
    ///
    /// # Errors
    ///
    /// A parameter decides.
    pub(super) fn lay_parameters_over(&self, place: &mut ImagePlace) -> Result<(), FileRefusal> {
        let yaml = self.yaml;
        if let (Some(parameters), Some(values)) = (self.origin.parameters, yaml.tree.documents.first()) {
            return OverriddenValues { yaml, values: *values, parameters }.change(place);
        }
        let release = self.object_around(place.item).filter(|object| object.kind == DocumentKind::HelmRelease);
        let Some(release) = release.map(|object| object.root) else { return Ok(()) };
        let parameters = Parameters::of_release(yaml, release);
        match value_at(yaml, release, &["spec", "values"]).filter(|values| yaml.tree.is_within(place.item, *values)) {
            Some(values) if !parameters.0.is_empty() => {
                OverriddenValues { yaml, values, parameters: &parameters }.change(place)
            }
            _ => Ok(()),
        }
    }

    /// Refuses an image that is below a key that is there twice.
    pub(super) fn refuse_repeated(&self, place: &ImagePlace) -> Result<(), FileRefusal> {
        let mut nodes = std::iter::once(place.item).chain(place.nodes());
        nodes.try_for_each(|node| self.repeated.refuse(node))
    }

    /// Returns where the first image is that `name` means; nothing if it means none that can be edited.
    pub(in crate::targets) fn first_called(&self, name: &str) -> Option<NodeId> {
        self.called(name).ok()?.first().map(|place| place.item)
    }

    /// Returns the images that `name` means; none if it leads to something else.
    ///
    /// # Errors
    ///
    /// The name means more than one image, or one that cannot be edited.
    pub(in crate::targets::scalars) fn to_edit(&self, name: &str) -> Result<Vec<ImagePlace>, FileRefusal> {
        self.called(name).or_else(|refusal| if refusal.is_no_image() { Ok(Vec::new()) } else { Err(refusal) })
    }
}

impl NamedPlace {
    pub(super) fn by_name(place: ImagePlace) -> Self {
        Self { place, by: FoundBy::Name }
    }

    pub(super) fn by_path(place: ImagePlace) -> Self {
        Self { place, by: FoundBy::Path }
    }
}

/// Several images of one name are edited together if they are the same image, and a path means one place.
pub(super) fn require_one(yaml: &ParsedYaml<'_>, name: &str, found: &[NamedPlace]) -> Result<(), FileRefusal> {
    let [first, others @ ..] = found else { return Ok(()) };
    let image = |found: &NamedPlace| found.place.fields(yaml).map(|fields| fields.new_name);
    for other in others {
        if (first.by, other.by) == (FoundBy::Name, FoundBy::Name) && image(other)? == image(first)? {
            continue;
        }
        let places: Vec<String> = found.iter().map(|found| found.place.told(yaml)).collect();
        let message = format!("`{name}` is ambiguous: {}", places.join(", "));
        return Err(FileRefusal::at(yaml, other.place.item, message, apart(yaml, name, first, other)));
    }
    Ok(())
}

/// Returns how to name one of two images.
fn apart(yaml: &ParsedYaml<'_>, name: &str, one: &NamedPlace, other: &NamedPlace) -> &'static str {
    let is_in = |document: &NodeId, found: &NamedPlace| yaml.tree.is_within(found.place.item, *document);
    let mut documents = yaml.tree.documents.iter();
    let is_one_document = documents.any(|document| is_in(document, one) && is_in(document, other));
    let is_qualified = one.place.qualified != other.place.qualified;
    if is_one_document && (!is_qualified || one.by != other.by) {
        "write the path of one of them, with a dot before it"
    } else if is_qualified && name.starts_with('.') {
        "write `KIND/NAME/` before it to choose a document"
    } else if is_qualified {
        "write `KIND/NAME/` before it to choose a document, or a path with a dot before it"
    } else {
        "move one of the documents to a file of its own"
    }
}

/// Returns the image of a container or a service of an object; nothing if it has none.
pub(super) fn image_of_container(
    yaml: &ParsedYaml<'_>,
    object: &Object,
    named: &NamedImage,
) -> Result<Option<ImagePlace>, FileRefusal> {
    let image = image_of(yaml, named)?;
    match image {
        Some(_) if object.lacks_version => {
            let message =
                format!("this object has a container `{}` and no `apiVersion`, so it is not a manifest", named.name);
            Err(FileRefusal::at(yaml, object.root, message, "add the `apiVersion` of the object"))
        }
        image => Ok(image),
    }
}

/// Fields of these entries come and go, which is done in a file of one document.
fn refuse_among_others(yaml: &ParsedYaml<'_>, object: &Object, name: &str) -> Result<(), FileRefusal> {
    let images = value_at(yaml, object.root, &["spec", "images"]);
    let items = images.into_iter().flat_map(|images| yaml.tree.children(images));
    match items.enumerate().find(|(_, item)| text_of(yaml, *item, "name") == Some(name)) {
        Some((index, item)) => Err(FileRefusal::at(
            yaml,
            item,
            "this Kustomization of Flux is one of several documents, and is not edited among others",
            format!(
                "move it to a file of its own, or name the tag by a path: `{}.spec.images[{index}].newTag`",
                object.label.as_ref().map(|label| format!("{label}/")).unwrap_or_default()
            ),
        )),
        None => Ok(()),
    }
}

/// Returns where the values of a chart are in an object whose images are called by paths below it.
///
/// # Errors
///
/// They come from a merge key, or are there twice.
pub(super) fn values_of(yaml: &ParsedYaml<'_>, object: &Object) -> Result<Option<Below<'static>>, FileRefusal> {
    match object.kind {
        DocumentKind::Values => Ok(Some(Below { root: object.root, before: "" })),
        DocumentKind::HelmRelease => {
            let spec = own_pair(yaml, object.root, "spec")?.filter(|spec| is_mapping(yaml, spec.value));
            let values = spec.map_or(Ok(None), |spec| own_pair(yaml, spec.value, "values"))?;
            Ok(values.map(|values| Below { root: values.value, before: "spec.values." }))
        }
        _ => Ok(None),
    }
}

pub(super) fn oci_repository(yaml: &ParsedYaml<'_>, root: NodeId) -> Result<ImagePlace, FileRefusal> {
    refuse_semver(yaml, root)?;
    let Some(spec) = value_of(yaml, root, "spec") else { return Err(no_reference(yaml, root)) };
    let Some(reference) = own_pair(yaml, spec, "ref")?.filter(|reference| is_mapping(yaml, reference.value)) else {
        return Err(no_reference(yaml, root));
    };
    let mapping = reference.value;
    let slot = |key: &str| own_pair(yaml, mapping, key).map(|pair| pair.map(|pair| Slot::of(mapping, pair)));
    let parts = Parts {
        tag: slot("tag")?,
        digest: slot("digest")?,
        known_name: name_of_oci_repository(yaml, root),
        ..Parts::default()
    };
    let (path, slots) = (OCI_REFERENCE.to_owned(), Slots::Parts(parts));
    Ok(ImagePlace::new(path.clone(), path, reference.key, slots, vec![mapping]))
}

fn name_of_oci_repository(yaml: &ParsedYaml<'_>, root: NodeId) -> Option<String> {
    let url = yaml.tree.text(value_at(yaml, root, &["spec", "url"])?)?;
    Some(url.trim_start_matches("oci://").to_owned())
}

fn no_reference(yaml: &ParsedYaml<'_>, root: NodeId) -> FileRefusal {
    let place = own_pair(yaml, root, "spec").ok().flatten().map_or(root, |spec| spec.key);
    let message = "this OCIRepository has no `ref`, and so no place for a tag";
    FileRefusal::at(yaml, place, message, "write `ref: {tag: …}` below `spec` once by hand")
}

/// Flux takes a digest before `semver` and `semver` before a tag, so that a tag would change nothing.
fn refuse_semver(yaml: &ParsedYaml<'_>, root: NodeId) -> Result<(), FileRefusal> {
    match value_at(yaml, root, &["spec", "ref", "semver"]) {
        Some(semver) if !yaml.tree.is_null(semver) => Err(FileRefusal::at(
            yaml,
            semver,
            "`semver` decides what Flux pulls, whatever the tag",
            "remove `semver` by hand to release single tags",
        )),
        _ => Ok(()),
    }
}
