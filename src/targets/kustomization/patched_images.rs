//! The images that a patch or a replacement gives to containers which may be there already. A container that a patch adds has an
//! image of its own, and a field `image` elsewhere is none that an entry is for.

use super::entry::effective;
use super::entry_names::is_plain;
use crate::image::{ReferenceText, is_same_image};
use crate::targets::edit::Fields;
use crate::targets::scalars::versioned_images;
use crate::yaml::{self, NodeId, NodeKind, ParsedYaml, SourceText};

/// The lists of a pod's containers.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// An image that a patch or a replacement gives to a container.
#[derive(Default)]
pub(in crate::targets) struct PatchedImage {
    /// As it is written; empty if that cannot be read. Of a copy, what the container is called that it is from.
    pub(in crate::targets) text: String,
    /// What the container is called, and then its object, as far as the patch says so.
    called: Vec<String>,
    /// Whether it is the image of another container, as `images` made it.
    is_copy: bool,
}

impl PatchedImage {
    /// Whether it is this image for certain.
    pub(in crate::targets) fn is(&self, image: &Fields) -> bool {
        let is_same = |name: &str| image.new_name.as_deref().is_some_and(|own| is_same_image(name, own));
        versioned_images(&self.text).any(|set| is_same(&set.name) && !set.version().differs_from(image))
    }

    /// Whether it is a copy of the image that has one of these names: the container that it is from is called so.
    pub(super) fn is_copy_of(&self, names: &[&str]) -> bool {
        self.is_copy && names.iter().any(|name| is_plain(name) && last_part(name) == self.text)
    }

    /// Returns which of these entries, each with its names, may have had the image that it replaces: those that are called like
    /// the container or its object, or like the new image; all of them if none is.
    pub(in crate::targets) fn replaced(&self, entries: &[[&str; 2]]) -> ReplacedImage {
        let is_called = |called: &String| is_plain(called) && entries.iter().any(|names| is_alike(called, names));
        let called = self.called.iter().find(|called| is_called(called)).cloned();
        let new_name = last_part(ReferenceText::split(&self.text).name).to_owned();
        let replaced = ReplacedImage { called, new_name, is_any: false };
        let is_any = !entries.iter().any(|names| replaced.may_be_of(names));
        ReplacedImage { is_any, ..replaced }
    }
}

/// What is known of the image that a patch replaces.
pub(in crate::targets) struct ReplacedImage {
    called: Option<String>,
    /// The last part of the new name.
    new_name: String,
    is_any: bool,
}

impl ReplacedImage {
    /// Whether an entry of these names may have it.
    pub(in crate::targets) fn may_be_of(&self, names: &[&str]) -> bool {
        let is_called = |called: &String| is_alike(called, names);
        let has_name = || names.iter().any(|name| last_part(name) == self.new_name);
        self.is_any || self.called.as_ref().map_or_else(has_name, is_called)
    }
}

/// Returns the images that a replacement gives to containers: what it takes them from says what they may be.
pub(super) fn replaced_images(yaml: &ParsedYaml<'_>, replacement: NodeId) -> Vec<PatchedImage> {
    let name_in = |mapping: NodeId| text_at(yaml, mapping, "name");
    let source = value(yaml, replacement, "source");
    let path = source.and_then(|source| text_at(yaml, source, "fieldPath")).unwrap_or_default();
    let (is_copy, text) = match container_at(&path) {
        Some("0") => (true, source.and_then(name_in)),
        Some(container) => (true, name_of(container).map(str::to_owned)),
        None => (false, None),
    };
    let mut images = Vec::new();
    for target in list_in(yaml, replacement, "targets") {
        let object = value(yaml, target, "select").and_then(name_in);
        for path in list_in(yaml, target, "fieldPaths") {
            let Some(container) = yaml.tree.text(path).and_then(container_at) else { continue };
            let called = name_of(container).map(str::to_owned).into_iter().chain(object.clone()).collect();
            images.push(PatchedImage { text: text.clone().unwrap_or_default(), called, is_copy });
        }
    }
    images
}

/// Returns which container a path leads to, or to the image of: `[name=web]`, `0` or `*`.
fn container_at(path: &str) -> Option<&str> {
    let (list, container) = path.strip_suffix(".image").unwrap_or(path).rsplit_once("ontainers.")?;
    let is_one =
        container.starts_with('[') && container.find(']') == Some(container.len() - 1) || !container.contains('.');
    (list.ends_with(['c', 'C']) && is_one).then_some(container)
}

/// Returns what a container is called that a path leads to: `web` in `[name=web]`.
fn name_of(container: &str) -> Option<&str> {
    container.strip_prefix("[name=")?.strip_suffix(']')
}

/// Returns the patch in an item of a list of patches: a text, or what is written out.
pub(in crate::targets) fn patch_in(yaml: &ParsedYaml<'_>, item: NodeId) -> NodeId {
    value(yaml, item, "patch").unwrap_or(item)
}

/// Returns the images that an item of a list of patches, or a transformer, gives to containers.
pub(in crate::targets) fn patched_images(yaml: &ParsedYaml<'_>, item: NodeId) -> Vec<PatchedImage> {
    let mut patch = Patch::default();
    let target = value(yaml, item, "target");
    patch.target = target.map(|target| text_at(yaml, target, "name"));
    let written = patch_in(yaml, item);
    match yaml.tree.text(written) {
        Some(text) => patch.read(text),
        None => patch.read_document(yaml, written),
    }
    patch.images
}

fn text_at(yaml: &ParsedYaml<'_>, mapping: NodeId, key: &str) -> Option<String> {
    yaml.tree.text(value(yaml, mapping, key)?).map(str::to_owned)
}

#[derive(Default)]
struct Patch {
    /// The name of its `target`, if it has one.
    target: Option<Option<String>>,
    /// What the object that is read is called.
    object: Option<String>,
    images: Vec<PatchedImage>,
}

impl Patch {
    fn read(&mut self, text: &str) {
        // Most patches set other fields.
        if !text.contains("image") {
            return;
        }
        let source = SourceText::read(text.as_bytes()).ok();
        match source.as_ref().and_then(|source| yaml::read(source).ok()) {
            Some(inner) => inner.tree.documents.iter().for_each(|root| self.read_document(&inner, *root)),
            None => self.push(None, None),
        }
    }

    fn read_document(&mut self, yaml: &ParsedYaml<'_>, root: NodeId) {
        let own = || text_at(yaml, value(yaml, root, "metadata")?, "name");
        self.object = self.target.clone().unwrap_or_else(own);
        match yaml.tree.kind(root) {
            NodeKind::Sequence(_) => yaml.tree.children(root).for_each(|item| self.read_operation(yaml, item)),
            _ => self.read_below(yaml, root),
        }
    }

    /// An operation of a JSON patch. What it copies or moves is not known.
    fn read_operation(&mut self, yaml: &ParsedYaml<'_>, item: NodeId) {
        let (operation, path) = (text_at(yaml, item, "op"), text_at(yaml, item, "path").unwrap_or_default());
        let operation = operation.unwrap_or_default();
        let set = value(yaml, item, "value").filter(|_| matches!(&*operation, "add" | "replace"));
        let mut steps = path.rsplit('/');
        let mut step = || steps.next().unwrap_or_default();
        let [last, before, list] = [step(), step(), step()];
        let is_image = last == "image" && CONTAINERS.contains(&list);
        match set {
            _ if matches!(&*operation, "test" | "remove") => {}
            Some(image) if is_image => self.push(yaml.tree.text(image), None),
            _ if CONTAINERS.contains(&before) && operation == "add" => {}
            Some(container) if CONTAINERS.contains(&before) => self.read_container(yaml, container),
            Some(list) if CONTAINERS.contains(&last) => self.read_list(yaml, list),
            Some(other) => self.read_below(yaml, other),
            None if is_image || [last, before].iter().any(|step| CONTAINERS.contains(step)) => self.push(None, None),
            None => {}
        }
    }

    fn read_below(&mut self, yaml: &ParsedYaml<'_>, root: NodeId) {
        let is_mapping = |node: &NodeId| matches!(yaml.tree.kind(*node), NodeKind::Mapping(_));
        for pair in yaml.tree.subtree(root).filter(is_mapping).flat_map(|mapping| yaml.tree.pairs(mapping)) {
            match yaml.tree.text(pair.key) {
                Some(key) if CONTAINERS.contains(&key) => self.read_list(yaml, pair.value),
                // In a transformer that patches.
                Some("patch" | "patches" | "jsonOp") => self.read(yaml.tree.text(pair.value).unwrap_or_default()),
                _ => {}
            }
        }
    }

    fn read_list(&mut self, yaml: &ParsedYaml<'_>, list: NodeId) {
        if let NodeKind::Sequence(_) = yaml.tree.kind(list) {
            yaml.tree.children(list).for_each(|container| self.read_container(yaml, container));
        }
    }

    fn read_container(&mut self, yaml: &ParsedYaml<'_>, container: NodeId) {
        if let Some(image) = value(yaml, container, "image") {
            self.push(yaml.tree.text(image), text_at(yaml, container, "name"));
        }
    }

    fn push(&mut self, image: Option<&str>, container: Option<String>) {
        let called = container.into_iter().chain(self.object.clone()).collect();
        self.images.push(PatchedImage { text: image.unwrap_or_default().to_owned(), called, is_copy: false });
    }
}

/// Whether what is called `called` has a word in common with the last part of one of these names. An expression may be for any.
fn is_alike(called: &str, names: &[&str]) -> bool {
    let is_in_name = |name: &str| words(last_part(name)).any(|word| words(called).any(|other| other == word));
    names.iter().any(|name| !is_plain(name) || is_in_name(name))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

/// Returns the items of the list under a key.
pub(in crate::targets) fn list_in(yaml: &ParsedYaml<'_>, mapping: NodeId, key: &str) -> Vec<NodeId> {
    let list = value(yaml, mapping, key).filter(|list| matches!(yaml.tree.kind(*list), NodeKind::Sequence(_)));
    list.into_iter().flat_map(|list| yaml.tree.children(list)).map(|item| yaml.tree.resolve(item)).collect()
}

pub(super) fn value(yaml: &ParsedYaml<'_>, mapping: NodeId, key: &str) -> Option<NodeId> {
    let mapping = yaml.tree.resolve(mapping);
    let is_mapping = matches!(yaml.tree.kind(mapping), NodeKind::Mapping(_));
    effective(yaml, is_mapping.then_some(mapping)?, key).map(|value| yaml.tree.resolve(value))
}

pub(super) fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
