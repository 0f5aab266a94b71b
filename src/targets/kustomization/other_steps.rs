//! The steps of a kustomization beside `images` that set an image. kustomize applies patches before `images`, so that an entry is
//! not for an image to which a patch gave another name already; replacements and transformers come behind, and have the last
//! word.

use super::chain::reference;
use super::entry::{ImageEntry, ImageLists, fields, fields_of, suffix_of};
use super::entry_names::{EntryNames, is_for, is_plain};
use super::patched_images::{
    PatchedImage, ReplacedImage, last_part, list_in, patch_in, patched_images, replaced_images, value,
};
use crate::image::is_same_image;
use crate::targets::edit::{Fields, LaterStep, MadeImage, Note, NoteKind};
use crate::targets::scalars::{ImageText, versioned_images};
use crate::yaml::{self, NodeId, ParsedYaml, SourceText};

/// The keys of lists of patches. An item is a text, or has one under `patch`.
pub(in crate::targets) const PATCHES: [&str; 3] = ["patches", "patchesJson6902", "patchesStrategicMerge"];

/// The other steps of a kustomization.
pub(super) struct OtherSteps<'y, 'd> {
    yaml: &'y ParsedYaml<'d>,
    pub(super) transformers: Vec<Transformer>,
    /// The patches, each with the images that it sets.
    patches: Vec<(NodeId, Vec<ImageText>)>,
    /// The patches that set an image which no entry is for.
    others: Vec<(NodeId, ReplacedImage)>,
    replacements: Vec<ReplacementImage>,
    /// The names of the entries, if there are patches.
    names: EntryNames<'y>,
}

impl<'y, 'd> OtherSteps<'y, 'd> {
    pub(super) fn of(yaml: &'y ParsedYaml<'d>, lists: &'y ImageLists<'_>) -> Self {
        let items = lists.root.map(|root| patch_items(yaml, root)).unwrap_or_default();
        let patches = lists.root.map(|root| patches(yaml, root)).unwrap_or_default().into_iter();
        let patches: Vec<_> = patches.map(|(patch, text)| (patch, versioned_images(text).collect())).collect();
        let matched = lists.entries.iter().filter(|_| !items.is_empty());
        let names = EntryNames::of(matched.filter_map(|entry| entry.name));
        let set = items.into_iter().flat_map(|item| patched_images(yaml, item).into_iter().map(move |set| (item, set)));
        let left: Vec<_> = set.filter(|(_, set)| names.next(0, &set.text, &|_| true).is_none()).collect();
        let copied = lists.root.map(|root| replacing(yaml, root)).unwrap_or_default();
        let entries = lists.entries.iter().filter(|_| !left.is_empty() || !copied.is_empty());
        let entries: Vec<_> = entries.filter_map(|entry| names_of(yaml, entry)).collect();
        let others = left.into_iter().map(|(item, set)| (item, set.replaced(&entries))).collect();
        let replacements = copied.into_iter().map(|(item, set)| ReplacementImage::of(item, set, &entries)).collect();
        let transformers = lists.root.map(|root| transformers(yaml, root)).unwrap_or_default();
        Self { yaml, transformers, patches, others, replacements, names }
    }

    /// Returns what may set the image of an entry to something else than it says, or than the entries make of it.
    pub(super) fn notes_of(&self, entry: &ImageEntry<'_>, asked: StepsAsked<'_>) -> Vec<Note> {
        let Some(name) = entry.name else { return Vec::new() };
        let yaml = self.yaml;
        let mut image = fields(yaml, entry);
        let own = image.new_name.take().filter(|new_name| !new_name.is_empty());
        let is_of_entry = |set: &ImageText| match &own {
            Some(new_name) => is_same_image(&set.name, new_name),
            // What is written without a registry may get it by a patch.
            None => is_plain(name) && (is_same_image(&set.name, name) || ends_in(&set.name, name)),
        };
        let last = last_part(own.as_deref().unwrap_or(name)).to_owned();
        let may_be = |set: &ImageText| last_part(&set.name) == last;
        let is_left = |set: &&ImageText| {
            may_be(set) && is_of_entry(set) && self.names.next(0, &set.render(), &|_| true).is_none()
        };
        let set = self.patches.iter().find_map(|(patch, images)| Some((*patch, images.iter().find(is_left)?)));
        let patched = set.map(|(patch, set)| NoteKind::Patched { line: line(yaml, patch), image: set.name.clone() });
        let names = names_of(yaml, entry);
        let other = self.others.iter().find(|(_, replaced)| names.is_some_and(|names| replaced.may_be_of(&names)));
        let other = other.filter(|_| patched.is_none()).map(|(item, _)| (LaterStep::MaybePatch, patch_in(yaml, *item)));
        let is_known = own.is_some() || is_plain(name);
        image.new_name = own.or_else(|| Some(name.to_owned())).filter(|_| is_known);
        if let StepsAsked::BesideImages(Some(MadeImage { name, tag, digest, .. })) = asked {
            (image.new_name, image.new_tag, image.digest) = (name.clone(), tag.clone(), digest.clone());
        }
        let with_entries = matches!(asked, StepsAsked::All);
        let transformer = transformer_among(&self.transformers, &image, Some(name), with_entries);
        let later = transformer.or_else(|| replacement_among(&self.replacements, &names_in(&image, Some(name))));
        let later = other.into_iter().chain(later).map(|(step, node)| {
            let image = image.new_name.clone().unwrap_or_default();
            NoteKind::LaterStep { step, line: line(yaml, node), image }
        });
        let place = yaml.place(entry.item);
        let note = |kind| Note { name: name.to_owned(), place, kind };
        patched.into_iter().chain(later).map(note).collect()
    }
}

/// What is asked of the other steps.
#[derive(Clone, Copy)]
pub(super) enum StepsAsked<'m> {
    All,
    /// Not what the entries of transformers do: that is in the image that others make, if it is not what the entry says.
    BesideImages(Option<&'m MadeImage>),
}

/// A transformer that is written out in the kustomization.
pub(super) struct Transformer {
    item: NodeId,
    pub(super) entries: Vec<TransformerEntry>,
    /// The images that it has with a version, as in a patch.
    images: Vec<ImageText>,
    /// The images that it gives to containers.
    patched: Vec<PatchedImage>,
}

impl Transformer {
    /// Whether it sets an image to something else than it is, by an entry or otherwise.
    fn sets(&self, image: &Fields, with_entries: bool) -> bool {
        let Some(name) = image.new_name.as_deref() else { return false };
        let by_entry =
            |entry: &TransformerEntry| entry.says.differs_from(image) && is_for(&entry.name, &reference(image));
        let last = last_part(name);
        let is_other = |set: &ImageText| {
            last_part(&set.name) == last && is_same_image(&set.name, name) && set.version().differs_from(image)
        };
        (with_entries && self.entries.iter().any(by_entry)) || self.images.iter().any(is_other)
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

/// Returns the transformers of a kustomization that are written out there, in the order in which they are applied.
fn transformers(yaml: &ParsedYaml<'_>, root: NodeId) -> Vec<Transformer> {
    let read = |item: NodeId| {
        let text = yaml.tree.text(item).filter(|text| text.contains('\n'))?;
        let source = SourceText::read(text.as_bytes()).ok()?;
        let inner = yaml::read(&source).ok()?;
        let entry = |root: &NodeId| {
            let entry = value(&inner, *root, "imageTag")?;
            let name = inner.tree.text(value(&inner, entry, "name")?)?.to_owned();
            Some(TransformerEntry { name, says: fields_of(&inner, entry), suffix: suffix_of(&inner, entry), item })
        };
        let entries = inner.tree.documents.iter().filter_map(entry).collect();
        let images = versioned_images(text).collect();
        let mut patched = patched_images(yaml, item);
        patched.extend(inner.tree.documents.iter().flat_map(|root| replacing(&inner, *root)).map(|(_, set)| set));
        Some(Transformer { item, entries, images, patched })
    };
    list_in(yaml, root, "transformers").into_iter().filter_map(read).collect()
}

/// Returns the step behind `images` that may set an image to something else than it is. `entry` is the name of its entry.
pub(in crate::targets) fn later_step(
    yaml: &ParsedYaml<'_>,
    root: NodeId,
    image: &Fields,
    entry: Option<&str>,
) -> Option<(LaterStep, NodeId)> {
    let transformer = transformer_among(&transformers(yaml, root), image, entry, true);
    transformer.or_else(|| {
        let replacements = replacing(yaml, root).into_iter().map(|(item, set)| ReplacementImage::of(item, set, &[]));
        replacement_among(&replacements.collect::<Vec<_>>(), &names_in(image, entry))
    })
}

/// Returns the first transformer that sets an image to something else than it is, or else the first one that may.
fn transformer_among(
    transformers: &[Transformer],
    image: &Fields,
    entry: Option<&str>,
    with_entries: bool,
) -> Option<(LaterStep, NodeId)> {
    let sets = transformers.iter().find(|transformer| transformer.sets(image, with_entries));
    let is_other = |set: &PatchedImage| !set.is(image) && !set.is_copy_of(&names_in(image, entry));
    let may = |transformer: &&Transformer| transformer.patched.iter().any(is_other);
    let sets = sets.map(|transformer| (LaterStep::Transformer, transformer.item));
    sets.or_else(|| transformers.iter().find(may).map(|transformer| (LaterStep::MaybeTransformer, transformer.item)))
}

/// Returns the names by which an image is known: that of its entry, and its own.
fn names_in<'n>(image: &'n Fields, entry: Option<&'n str>) -> Vec<&'n str> {
    entry.into_iter().chain(image.new_name.as_deref()).collect()
}

/// An image that a replacement gives to a container.
struct ReplacementImage {
    item: NodeId,
    set: PatchedImage,
    /// What it may take the place of.
    replaced: ReplacedImage,
}

impl ReplacementImage {
    fn of(item: NodeId, set: PatchedImage, entries: &[[&str; 2]]) -> Self {
        Self { item, replaced: set.replaced(entries), set }
    }
}

/// Returns the images that the replacements in a kustomization, or in a transformer, give to containers.
fn replacing(yaml: &ParsedYaml<'_>, root: NodeId) -> Vec<(NodeId, PatchedImage)> {
    let items = list_in(yaml, root, "replacements").into_iter();
    items.flat_map(|item| replaced_images(yaml, item).into_iter().map(move |set| (item, set))).collect()
}

/// Returns the first replacement that may set the image of these names to another one.
fn replacement_among(replacements: &[ReplacementImage], names: &[&str]) -> Option<(LaterStep, NodeId)> {
    let may_be = |other: &&ReplacementImage| other.replaced.may_be_of(names) && !other.set.is_copy_of(names);
    replacements.iter().find(may_be).map(|other| (LaterStep::Replacement, other.item))
}

/// Returns the patches in the kustomization with their texts.
pub(in crate::targets) fn patches<'y>(yaml: &'y ParsedYaml<'_>, root: NodeId) -> Vec<(NodeId, &'y str)> {
    let text = |item: NodeId| {
        let patch = patch_in(yaml, item);
        Some((patch, yaml.tree.text(patch)?))
    };
    patch_items(yaml, root).into_iter().filter_map(text).collect()
}

/// Returns the patches in the kustomization as the items of their lists.
pub(in crate::targets) fn patch_items(yaml: &ParsedYaml<'_>, root: NodeId) -> Vec<NodeId> {
    PATCHES.iter().flat_map(|key| list_in(yaml, root, key)).collect()
}

/// Returns the name of an entry, and the one that it gives to its image.
fn names_of<'y>(yaml: &'y ParsedYaml<'_>, entry: &'y ImageEntry<'_>) -> Option<[&'y str; 2]> {
    let new_name = value(yaml, entry.mapping, "newName").and_then(|new_name| yaml.tree.text(new_name));
    let name = entry.name?;
    Some([name, new_name.filter(|new_name| !new_name.is_empty()).unwrap_or(name)])
}

/// Whether the last parts of an image's name are `end`.
fn ends_in(image: &str, end: &str) -> bool {
    image.strip_suffix(end).is_some_and(|rest| rest.ends_with('/'))
}

fn line(yaml: &ParsedYaml<'_>, node: NodeId) -> usize {
    yaml.source.line_number(yaml.tree.start(node))
}
