//! What in a file sets an image after what is edited, and has the last word: other entries and patches of a kustomization, the
//! post-renderers of a HelmRelease, and what an ApplicationSet puts over its template.

use crate::targets::edit::{Fields, LaterStep, MadeImage, NoteKind};
use crate::targets::kustomization::{self, AppliedEntries, AppliedEntry, PATCHES, PatchedImage};
use crate::targets::scalars::document::document_kind::DocumentKind;
use crate::targets::scalars::document::nodes::{is_list, is_mapping, text_beside, value_of};
use crate::targets::scalars::document::object::{Object, objects};
use crate::targets::scalars::document::walk::walk;
use crate::targets::scalars::image_parts::image_text::{ImageText, is_same_image, versioned_images};
use crate::targets::scalars::image_parts::place::{ImagePlace, ReferenceForm};
use crate::targets::scalars::kinds::argo::sources;
use crate::targets::scalars::search::entries_elsewhere::renderer_lists;
use crate::targets::scalars::search::lookup::FileImages;
use crate::yaml::{NodeId, ParsedYaml};

/// Returns what sets an image again, as notes, and what it becomes by that if this is certain.
pub(super) fn later_steps(
    images: &FileImages<'_, '_>,
    place: &ImagePlace,
    image: Fields,
) -> (Vec<NoteKind>, Option<MadeImage>) {
    let yaml = images.yaml;
    let Some(object) = images.object_around(place.item) else { return (Vec::new(), None) };
    let edited = Edited { yaml, place, image };
    let kind = |(step, node): (LaterStep, NodeId)| {
        let line = yaml.source.line_number(yaml.tree.start(node));
        NoteKind::LaterStep { step, line, image: edited.image.new_name.clone().unwrap_or_default() }
    };
    let mut made = None;
    let kinds = match object.kind {
        DocumentKind::HelmRelease => edited.in_post_renderers(images, object.root).map(kind).into_iter().collect(),
        DocumentKind::Kustomization => edited.in_kustomization(object.root).map(kind).into_iter().collect(),
        DocumentKind::FluxKustomization => {
            let spec = value_of(yaml, object.root, "spec").filter(|spec| is_mapping(yaml, *spec));
            spec.and_then(|spec| edited.in_kustomization(spec)).map(kind).into_iter().collect()
        }
        DocumentKind::Application | DocumentKind::ApplicationSource | DocumentKind::ApplicationSet => {
            let later = edited.in_sources(object).or_else(|| edited.over_template(object)).map(kind);
            let (kinds, made_of_it) = edited.in_sorted_images();
            made = made_of_it;
            later.into_iter().chain(kinds).collect()
        }
        _ => Vec::new(),
    };
    (kinds, made)
}

/// An image as it is after the edit.
struct Edited<'a, 'd> {
    yaml: &'a ParsedYaml<'d>,
    place: &'a ImagePlace,
    image: Fields,
}

impl Edited<'_, '_> {
    /// The post-renderers of a HelmRelease, which an alias may bring.
    fn in_post_renderers(&self, images: &FileImages<'_, '_>, release: NodeId) -> Option<(LaterStep, NodeId)> {
        let (path, expanded) = (images.origin.path, images.expanded());
        let yaml = expanded.map_or(self.yaml, |expanded| &expanded.yaml);
        let origin = |node: NodeId| expanded.map_or(node, |expanded| expanded.origin(node));
        let root = objects(path, yaml).into_iter().map(|object| object.root).find(|root| origin(*root) == release)?;
        let lists = |key: &str| renderer_lists(yaml, root, key).into_iter().map(|(_, item)| item);
        let mut patches = lists("patches").map(|item| kustomization::patch_in(yaml, item));
        let is_set = |patch: &NodeId| yaml.tree.text(*patch).is_some_and(|text| self.is_set_in(text));
        let entry = self.entry_among(yaml, lists("images").filter(|item| !self.is_in(origin(*item))));
        let sets = entry.or_else(|| patches.find(is_set)).map(|node| (LaterStep::PostRenderer, origin(node)));
        let patched = images.patched.get_or_init(|| patched_by_renderers(path, yaml)).iter();
        let is_other = |(of, _, set): &&(NodeId, NodeId, PatchedImage)| *of == root && !set.is(&self.image);
        let other =
            || patched.clone().find(is_other).map(|(_, patch, _)| (LaterStep::MaybePostRenderer, origin(*patch)));
        sets.or_else(other)
    }

    /// What a kustomization does to the manifests of its charts. Of its own entries, the later ones count.
    fn in_kustomization(&self, root: NodeId) -> Option<(LaterStep, NodeId)> {
        let own = |key: &str| self.yaml.tree.own(root, &|text| text.eq_ignore_ascii_case(key)).map(|pair| pair.value);
        let lists = ["images", "imageTags"].into_iter().filter_map(own).filter(|list| is_list(self.yaml, *list));
        let items: Vec<NodeId> = lists.flat_map(|list| self.yaml.tree.children(list)).collect();
        let is_later = |item: &NodeId| (*item > self.place.item || !self.is_in_list_of(*item)) && !self.is_in(*item);
        let entry = self.entry_among(self.yaml, items.iter().copied().filter(is_later));
        let entry = entry.map(|item| (LaterStep::Entry, item));
        let name = |item: &NodeId| text_beside(self.yaml, *item, "name").map(str::to_owned);
        let patch = || self.patch_among(root, &|| items.iter().filter_map(name).collect());
        entry.or_else(|| kustomization::later_step(self.yaml, root, &self.image, None)).or_else(patch)
    }

    fn is_in(&self, item: NodeId) -> bool {
        self.place.nodes().iter().any(|node| self.yaml.tree.is_within(*node, item))
    }

    fn is_in_list_of(&self, item: NodeId) -> bool {
        let is_around = |node: &NodeId| is_list(self.yaml, *node) && self.yaml.tree.is_within(item, *node);
        self.place.trail.iter().any(is_around)
    }

    /// The patches in the source of Argo CD that the image is in.
    fn in_sources(&self, object: &Object) -> Option<(LaterStep, NodeId)> {
        let is_around = |source: &NodeId| self.yaml.tree.is_within(self.place.item, *source);
        let source = sources(self.yaml, object).into_iter().find(is_around)?;
        let kustomization = value_of(self.yaml, source, "kustomize")?;
        let list = value_of(self.yaml, kustomization, "images").filter(|list| is_list(self.yaml, *list));
        let read = |item: NodeId| ReferenceForm::Keyed.parse(self.yaml.tree.text(item)?).ok();
        let names = || list.into_iter().flat_map(|list| self.yaml.tree.children(list)).filter_map(read);
        self.patch_among(kustomization, &|| names().map(|image| image.key.unwrap_or(image.name)).collect())
    }

    /// Returns the patch that sets the image, or else one that sets an image which none of the entries is for.
    fn patch_among(&self, kustomization: NodeId, entries: &dyn Fn() -> Vec<String>) -> Option<(LaterStep, NodeId)> {
        let mut patches = kustomization::patches(self.yaml, kustomization).into_iter();
        let sets = patches.find(|(_, text)| self.is_set_in(text)).map(|(patch, _)| (LaterStep::Patch, patch));
        let is_left = |item: &NodeId| {
            let images = kustomization::patched_images(self.yaml, *item).into_iter();
            let mut others = images.filter(|set| !set.is(&self.image));
            others.any(|set| !entries().iter().any(|name| kustomization::is_for(name, &set.text)))
        };
        let mut items = kustomization::patch_items(self.yaml, kustomization).into_iter();
        sets.or_else(|| {
            items.find(is_left).map(|item| (LaterStep::MaybePatch, kustomization::patch_in(self.yaml, item)))
        })
    }

    /// What an ApplicationSet puts over its template: `templatePatch`, and the templates of its generators.
    fn over_template(&self, object: &Object) -> Option<(LaterStep, NodeId)> {
        let spec = value_of(self.yaml, object.root, "spec").filter(|_| object.kind == DocumentKind::ApplicationSet)?;
        let template = value_of(self.yaml, spec, "template")?;
        if !self.yaml.tree.is_within(self.place.item, template) {
            return None;
        }
        let patch = value_of(self.yaml, spec, "templatePatch").filter(|patch| {
            let text = self.yaml.tree.text(*patch).unwrap_or_default().to_ascii_lowercase();
            text.contains("image") || text.contains("tag:")
        });
        let mut own = None;
        if let (None, Some(generators)) = (patch, value_of(self.yaml, spec, "generators")) {
            walk(self.yaml, generators, &mut |visit| {
                let sets = visit.slot.key_text(self.yaml) == "template" && self.has_source(visit.slot.value);
                own = own.or(sets.then_some(visit.slot.value));
            });
        }
        let patch = patch.map(|patch| (LaterStep::TemplatePatch, patch));
        patch.or(own.map(|template| (LaterStep::GeneratorTemplate, template)))
    }

    /// Whether a template has a source that says something of its chart or its kustomization.
    fn has_source(&self, template: NodeId) -> bool {
        let spec = value_of(self.yaml, template, "spec").filter(|spec| is_mapping(self.yaml, *spec));
        let own = |key: &str| spec.and_then(|spec| value_of(self.yaml, spec, key));
        let says = |source: NodeId| ["helm", "kustomize"].iter().any(|key| value_of(self.yaml, source, key).is_some());
        own("source").is_some_and(says) || own("sources").is_some_and(|list| self.yaml.tree.children(list).any(says))
    }

    /// What the other `kustomize.images` make of one of them: Argo CD hands them to `kustomize edit set image`, which sorts.
    fn in_sorted_images(&self) -> (Vec<NoteKind>, Option<MadeImage>) {
        let [list, item] = self.place.trail.as_slice() else { return (Vec::new(), None) };
        if !is_list(self.yaml, *list) || *item != self.place.item {
            return (Vec::new(), None);
        }
        let read = |item: NodeId| Some((item, ReferenceForm::Keyed.parse(self.yaml.tree.text(item)?).ok()?));
        let images: Vec<(NodeId, ImageText)> = self.yaml.tree.children(*list).filter_map(read).collect();
        let step = |(item, image): &'_ (NodeId, ImageText)| {
            let new_name = image.key.as_ref().map(|_| image.name.clone());
            (*item, image.key.clone().unwrap_or_else(|| image.name.clone()), Fields { new_name, ..image.version() })
        };
        let mut steps: Vec<_> = images.iter().map(step).collect();
        steps.sort_by(|(_, one, _), (_, other, _)| one.cmp(other));
        let at = steps.iter().position(|(node, ..)| node == item);
        let steps = AppliedEntries::of(steps.iter().map(|(item, name, says)| AppliedEntry {
            name,
            says: says.clone(),
            suffix: None,
            item: *item,
        }));
        let Some(at) = at else { return (Vec::new(), None) };
        let made = steps.made_of(at).map(|(last, made)| {
            let line = self.yaml.source.line_number(self.yaml.tree.start(steps.at(last).item));
            MadeImage { by: format!("the image on line {line}"), ..made }
        });
        (steps.notes_of(self.yaml, at), made)
    }

    /// Returns the entry that is for the image and makes something else of it.
    fn entry_among(&self, yaml: &ParsedYaml<'_>, mut entries: impl Iterator<Item = NodeId>) -> Option<NodeId> {
        let name = self.image.new_name.as_deref()?;
        let Fields { new_tag, digest, .. } = self.image.clone();
        let image = ImageText { key: None, name: name.to_owned(), tag: new_tag, digest };
        // A chart may write the name of Docker Hub's registry before the image's.
        let is_for = |entry: &str| kustomization::is_for(entry, &image.render()) || is_same_image(entry, name);
        entries.find(|item| {
            let text = |key: &str| text_beside(yaml, *item, key).map(str::to_owned);
            let new_name = text("newName").filter(|new_name| !is_same_image(new_name, name));
            let says = Fields { new_name, new_tag: text("newTag"), digest: text("digest"), ..Fields::default() };
            text("name").is_some_and(|entry| is_for(&entry)) && says.differs_from(&self.image)
        })
    }

    /// Whether a patch sets the image to another version.
    fn is_set_in(&self, patch: &str) -> bool {
        let Some(name) = self.image.new_name.as_deref() else { return false };
        versioned_images(patch).any(|set| is_same_image(&set.name, name) && set.version().differs_from(&self.image))
    }
}

/// Returns the images that the patches in the post-renderers of each object give to containers.
fn patched_by_renderers(path: &str, yaml: &ParsedYaml<'_>) -> Vec<(NodeId, NodeId, PatchedImage)> {
    let mut all = Vec::new();
    for root in objects(path, yaml).into_iter().map(|object| object.root) {
        for (_, item) in PATCHES.into_iter().flat_map(|key| renderer_lists(yaml, root, key)) {
            let patch = kustomization::patch_in(yaml, item);
            all.extend(kustomization::patched_images(yaml, item).into_iter().map(|set| (root, patch, set)));
        }
    }
    all
}
