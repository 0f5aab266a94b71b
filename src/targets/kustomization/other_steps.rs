//! The steps of a kustomization beside `images` that set an image. kustomize applies patches before `images`, so that an entry is
//! not for an image to which a patch gave another name already; replacements and transformers come behind, and have the last
//! word.

use super::chain::reference;
use super::entry::{ImageEntry, ImageLists, effective, fields, fields_of, suffix_of};
use super::entry_names::{EntryNames, is_for, is_plain};
use crate::targets::edit::{Fields, LaterStep, MadeImage, Note, NoteKind};
use crate::targets::scalars::{ImageText, is_same_image, versioned_images};
use crate::yaml::{self, NodeId, NodeKind, ParsedYaml, SourceText};

/// The keys of lists of patches. An item is a text, or has one under `patch`.
const PATCHES: [&str; 3] = ["patches", "patchesJson6902", "patchesStrategicMerge"];

/// The other steps of a kustomization.
pub(super) struct OtherSteps<'y, 'd> {
    yaml: &'y ParsedYaml<'d>,
    pub(super) root: Option<NodeId>,
    /// The patches, each with the images that it sets.
    patches: Vec<(NodeId, Vec<ImageText>)>,
    /// The names of the entries, if there are patches.
    names: EntryNames<'y>,
}

impl<'y, 'd> OtherSteps<'y, 'd> {
    pub(super) fn of(yaml: &'y ParsedYaml<'d>, lists: &'y ImageLists<'_>) -> Self {
        let patches = lists.root.map(|root| patches(yaml, root)).unwrap_or_default().into_iter();
        let patches: Vec<_> = patches.map(|(patch, text)| (patch, versioned_images(text).collect())).collect();
        let matched = lists.entries.iter().filter(|_| !patches.is_empty());
        let names = EntryNames::of(matched.filter_map(|entry| entry.name));
        Self { yaml, root: lists.root, patches, names }
    }

    /// Returns what may set the image of an entry to something else than the entries make of it. `made` is that, if it is not what
    /// the entry says.
    pub(super) fn notes_of(&self, entry: &ImageEntry<'_>, made: Option<&MadeImage>) -> Vec<Note> {
        let (Some(root), Some(name)) = (self.root, entry.name) else { return Vec::new() };
        let yaml = self.yaml;
        let mut image = fields(yaml, entry);
        let own = image.new_name.take().filter(|new_name| !new_name.is_empty());
        let is_of_entry = |set: &ImageText| match &own {
            Some(new_name) => is_same_image(&set.name, new_name),
            // What is written without a registry may get it by a patch.
            None => is_plain(name) && (is_same_image(&set.name, name) || ends_in(&set.name, name)),
        };
        let is_left = |set: &&ImageText| is_of_entry(set) && self.names.next(0, &set.render(), &|_| true).is_none();
        let set = self.patches.iter().find_map(|(patch, images)| Some((*patch, images.iter().find(is_left)?)));
        let patched = set.map(|(patch, set)| NoteKind::Patched { line: line(yaml, patch), image: set.name.clone() });
        let is_known = own.is_some() || is_plain(name);
        image.new_name = own.or_else(|| Some(name.to_owned())).filter(|_| is_known);
        if let Some(MadeImage { name, tag, digest, .. }) = made {
            (image.new_name, image.new_tag, image.digest) = (name.clone(), tag.clone(), digest.clone());
        }
        let later = later_step(yaml, root, &image, Some(name)).map(|(step, node)| {
            let image = image.new_name.clone().unwrap_or_default();
            NoteKind::LaterStep { step, line: line(yaml, node), image }
        });
        let place = yaml.place(entry.item);
        let note = |kind| Note { name: name.to_owned(), place, kind };
        patched.into_iter().chain(later).map(note).collect()
    }
}

/// An entry in a transformer that is written out in the kustomization, which does to images what one of `images` does.
pub(super) struct TransformerEntry {
    pub(super) name: String,
    pub(super) says: Fields,
    pub(super) suffix: Option<String>,
    /// The transformer.
    pub(super) item: NodeId,
}

/// Returns the entries of the transformers of images, in the order in which they are applied.
pub(super) fn transformer_entries(yaml: &ParsedYaml<'_>, root: NodeId) -> Vec<TransformerEntry> {
    let mut entries = Vec::new();
    for item in items(yaml, root, "transformers") {
        let Some(text) = yaml.tree.text(item).filter(|text| text.contains('\n')) else { continue };
        let Ok(source) = SourceText::read(text.as_bytes()) else { continue };
        let Ok(inner) = yaml::read(&source) else { continue };
        entries.extend(inner.tree.documents.iter().filter_map(|root| {
            let entry = value(&inner, *root, "imageTag")?;
            let name = inner.tree.text(value(&inner, entry, "name")?)?.to_owned();
            Some(TransformerEntry { name, says: fields_of(&inner, entry), suffix: suffix_of(&inner, entry), item })
        }));
    }
    entries
}

/// Returns the step behind `images` that may set an image to something else than it is. `entry` is the name of its entry.
pub(in crate::targets) fn later_step(
    yaml: &ParsedYaml<'_>,
    root: NodeId,
    image: &Fields,
    entry: Option<&str>,
) -> Option<(LaterStep, NodeId)> {
    let names: Vec<&str> = entry.into_iter().chain(image.new_name.as_deref()).collect();
    let mut transformers = items(yaml, root, "transformers").into_iter();
    let sets = |item: &NodeId| yaml.tree.text(*item).is_some_and(|text| transforms(text, image));
    let transformer = transformers.find(sets).map(|item| (LaterStep::Transformer, item));
    let replacement = || items(yaml, root, "replacements").into_iter().find(|item| writes_image(yaml, *item, &names));
    transformer.or_else(|| replacement().map(|item| (LaterStep::Replacement, item)))
}

/// Returns the patches in the kustomization with their texts.
pub(in crate::targets) fn patches<'y>(yaml: &'y ParsedYaml<'_>, root: NodeId) -> Vec<(NodeId, &'y str)> {
    let text = |item: NodeId| {
        let patch = value(yaml, item, "patch").unwrap_or(item);
        Some((patch, yaml.tree.text(patch)?))
    };
    PATCHES.iter().flat_map(|key| items(yaml, root, key)).filter_map(text).collect()
}

/// Whether the last parts of an image's name are `end`.
fn ends_in(image: &str, end: &str) -> bool {
    image.strip_suffix(end).is_some_and(|rest| rest.ends_with('/'))
}

/// Whether a transformer that is written out sets an image to something else than it is.
fn transforms(text: &str, image: &Fields) -> bool {
    let Some(name) = image.new_name.as_deref().filter(|_| text.contains('\n')) else { return false };
    let Ok(source) = SourceText::read(text.as_bytes()) else { return false };
    let Ok(inner) = yaml::read(&source) else { return false };
    let sets = |root: &NodeId| {
        let entry = value(&inner, *root, "imageTag")?;
        let entry_name = inner.tree.text(value(&inner, entry, "name")?)?;
        is_for(entry_name, &reference(image)).then(|| fields_of(&inner, entry).differs_from(image))
    };
    let is_other = |set: ImageText| is_same_image(&set.name, name) && set.version().differs_from(image);
    inner.tree.documents.iter().any(|root| sets(root).unwrap_or_default()) || versioned_images(text).any(is_other)
}

/// Whether a replacement writes into the field `image` of a container that may have an image. What it takes from another one is
/// what that has behind `images`.
fn writes_image(yaml: &ParsedYaml<'_>, replacement: NodeId, names: &[&str]) -> bool {
    let text = |node: NodeId| yaml.tree.text(node);
    let source = value(yaml, replacement, "source").and_then(|source| value(yaml, source, "fieldPath"));
    if source.and_then(text).is_some_and(|path| path.rsplit('.').next() == Some("image")) {
        return false;
    }
    let writes = |target: &NodeId| {
        let object = value(yaml, *target, "select").and_then(|select| value(yaml, select, "name")).and_then(text);
        let mut paths = items(yaml, *target, "fieldPaths").into_iter().filter_map(text).filter_map(container);
        // The name of a container says more of its image than that of the object.
        paths.any(|container| match container.strip_prefix("[name=").and_then(|name| name.strip_suffix(']')) {
            Some(name) => may_have(name, names),
            None => object.is_none_or(|object| may_have(object, names)),
        })
    };
    items(yaml, replacement, "targets").iter().any(writes)
}

/// Returns which container a path leads to the image of: `[name=web]`, `0` or `*`.
fn container(path: &str) -> Option<&str> {
    let (list, container) = path.strip_suffix(".image")?.rsplit_once("ontainers.")?;
    list.ends_with(['c', 'C']).then_some(container)
}

/// Whether what is called `called` may have an image of one of these names: one of the two is in the other one. An expression
/// may be for any.
fn may_have(called: &str, names: &[&str]) -> bool {
    let is_alike = |name: &&str| called.contains(last_part(name)) || last_part(name).contains(called);
    let is_known = !names.is_empty() && is_plain(called) && names.iter().all(|name| is_plain(name));
    !is_known || names.iter().any(is_alike)
}

fn value(yaml: &ParsedYaml<'_>, mapping: NodeId, key: &str) -> Option<NodeId> {
    let mapping = yaml.tree.resolve(mapping);
    let is_mapping = matches!(yaml.tree.kind(mapping), NodeKind::Mapping(_));
    effective(yaml, is_mapping.then_some(mapping)?, key).map(|value| yaml.tree.resolve(value))
}

fn items(yaml: &ParsedYaml<'_>, mapping: NodeId, key: &str) -> Vec<NodeId> {
    let list = value(yaml, mapping, key).filter(|list| matches!(yaml.tree.kind(*list), NodeKind::Sequence(_)));
    list.into_iter().flat_map(|list| yaml.tree.children(list)).map(|item| yaml.tree.resolve(item)).collect()
}

fn line(yaml: &ParsedYaml<'_>, node: NodeId) -> usize {
    yaml.source.line_number(yaml.tree.start(node))
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
