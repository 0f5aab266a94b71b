//! What in a file sets an image after what is edited, and has the last word: other entries and patches of a kustomization, the
//! post-renderers of a HelmRelease, files of values of a chart, and what an ApplicationSet puts over its template.

use std::collections::HashMap;

use crate::image::{is_same_image, pulled_name};
use crate::targets::edit::{FieldName, Fields, LaterStep, MadeImage, NoteKind};
use crate::targets::kustomization::{
    self, AppliedEntries, AppliedEntry, EntryNames, PATCHES, PatchedImage, ReplacedImage,
};
use crate::targets::scalars::document::document_kind::DocumentKind;
use crate::targets::scalars::document::nodes::{is_list, is_mapping, text_beside, value_of};
use crate::targets::scalars::document::object::{Object, objects};
use crate::targets::scalars::document::walk::walk;
use crate::targets::scalars::image_parts::image_text::{ImageText, versioned_images};
use crate::targets::scalars::image_parts::place::{ImagePlace, ReferenceForm};
use crate::targets::scalars::kinds::argo::sources;
use crate::targets::scalars::search::entries_elsewhere::renderer_lists;
use crate::targets::scalars::search::lookup::FileImages;
use crate::yaml::{NodeId, ParsedYaml};

/// What comes behind the images of a file, read once for all of them.
pub(in crate::targets::scalars) struct LaterSteps<'i, 'p, 'd> {
    pub(super) images: &'i FileImages<'p, 'd>,
    /// Of each kustomization and release.
    steps: HashMap<NodeId, StepsBehind<'i>>,
    /// Of each list of `kustomize.images`, as Argo CD sorts it.
    sorted: HashMap<NodeId, SortedImages<'i>>,
}

impl<'i, 'p, 'd> LaterSteps<'i, 'p, 'd> {
    pub(in crate::targets::scalars) fn of(images: &'i FileImages<'p, 'd>) -> Self {
        Self { images, steps: HashMap::new(), sorted: HashMap::new() }
    }

    /// Returns what sets an image again, as notes, and what it becomes by that if this is certain.
    pub(super) fn after(&mut self, place: &ImagePlace, image: Fields) -> (Vec<NoteKind>, Option<MadeImage>) {
        let yaml = self.images.yaml;
        let Some(object) = self.images.object_around(place.item) else { return (Vec::new(), None) };
        let edited = Edited { yaml, place, image };
        let kind = |(step, node): (LaterStep, NodeId)| {
            let line = yaml.source.line_number(yaml.tree.start(node));
            NoteKind::LaterStep { step, line, image: edited.image.new_name.clone().unwrap_or_default() }
        };
        let mut made = None;
        let kinds = match object.kind {
            DocumentKind::HelmRelease => self.in_post_renderers(&edited, object.root).map(kind).into_iter().collect(),
            DocumentKind::Kustomization => {
                let later = self.in_kustomization(&edited, object.root);
                later.or_else(|| edited.in_values_files(object.root)).map(kind).into_iter().collect()
            }
            DocumentKind::Manifest => edited.in_values_files(object.root).map(kind).into_iter().collect(),
            DocumentKind::FluxKustomization => {
                let spec = value_of(yaml, object.root, "spec").filter(|spec| is_mapping(yaml, *spec));
                spec.and_then(|spec| self.in_kustomization(&edited, spec)).map(kind).into_iter().collect()
            }
            DocumentKind::Application | DocumentKind::ApplicationSource | DocumentKind::ApplicationSet => {
                let later = self.in_sources(&edited, object).or_else(|| edited.over_template(object)).map(kind);
                let (kinds, made_of_it) = self.in_sorted_images(&edited);
                made = made_of_it;
                later.into_iter().chain(kinds).collect()
            }
            _ => Vec::new(),
        };
        (kinds, made)
    }

    /// The post-renderers of a HelmRelease, which an alias may bring.
    fn in_post_renderers(&mut self, edited: &Edited<'_, '_>, release: NodeId) -> Option<(LaterStep, NodeId)> {
        let images = self.images;
        let steps = self.steps.entry(release).or_insert_with(|| StepsBehind::of_release(images, release));
        let entry = steps.entry_for(&edited.image, |item| !edited.is_in(item));
        let sets = entry.or_else(|| steps.patch_of(&edited.image)).map(|node| (LaterStep::PostRenderer, node));
        sets.or_else(|| steps.patch_of_another(&edited.image).map(|patch| (LaterStep::MaybePostRenderer, patch)))
    }

    /// What a kustomization does to the manifests of its charts. Of its own entries, the later ones count.
    fn in_kustomization(&mut self, edited: &Edited<'_, '_>, root: NodeId) -> Option<(LaterStep, NodeId)> {
        let yaml = self.images.yaml;
        let steps = self.steps.entry(root).or_insert_with(|| StepsBehind::of_kustomization(yaml, root));
        let is_later = |item: NodeId| (item > edited.place.item || !edited.is_in_list_of(item)) && !edited.is_in(item);
        let entry = steps.entry_for(&edited.image, is_later).map(|item| (LaterStep::Entry, item));
        entry
            .or_else(|| kustomization::later_step(yaml, root, &edited.image, None))
            .or_else(|| steps.patch_step(&edited.image))
    }

    /// The patches in the source of Argo CD that the image is in.
    fn in_sources(&mut self, edited: &Edited<'_, '_>, object: &Object) -> Option<(LaterStep, NodeId)> {
        let yaml = self.images.yaml;
        let is_around = |source: &NodeId| yaml.tree.is_within(edited.place.item, *source);
        let source = sources(yaml, object).into_iter().find(is_around)?;
        let root = value_of(yaml, source, "kustomize")?;
        let steps = self.steps.entry(root).or_insert_with(|| StepsBehind::of_source(yaml, root));
        steps.patch_step(&edited.image)
    }

    /// What the other `kustomize.images` make of one of them: Argo CD hands them to `kustomize edit set image`, which sorts.
    fn in_sorted_images(&mut self, edited: &Edited<'_, '_>) -> (Vec<NoteKind>, Option<MadeImage>) {
        let yaml = self.images.yaml;
        let [list, item] = edited.place.trail.as_slice() else { return (Vec::new(), None) };
        if !is_list(yaml, *list) || *item != edited.place.item {
            return (Vec::new(), None);
        }
        let SortedImages { steps, places } = self.sorted.entry(*list).or_insert_with(|| SortedImages::of(yaml, *list));
        let Some(at) = places.get(item).copied() else { return (Vec::new(), None) };
        let made = steps.made_of(at).map(|(last, made)| {
            let line = yaml.source.line_number(yaml.tree.start(steps.at(last).item));
            MadeImage { by: format!("the image on line {line}"), ..made }
        });
        (steps.notes_of(yaml, at), made)
    }
}

/// The entries that Argo CD makes of a list of `kustomize.images`.
struct SortedImages<'y> {
    steps: AppliedEntries<'y>,
    places: HashMap<NodeId, usize>,
}

impl<'y> SortedImages<'y> {
    fn of(yaml: &'y ParsedYaml<'_>, list: NodeId) -> Self {
        let step = |item: NodeId| {
            let (name, image) = keyed_image(yaml, item)?;
            let new_name = image.key.as_ref().map(|_| image.name.clone());
            Some(AppliedEntry { name, says: Fields { new_name, ..image.version() }, suffix: None, item })
        };
        let mut steps: Vec<_> = yaml.tree.children(list).filter_map(step).collect();
        steps.sort_by_key(|step| step.name);
        let places = steps.iter().enumerate().map(|(at, step)| (step.item, at)).collect();
        Self { steps: AppliedEntries::of(steps.into_iter()), places }
    }
}

/// Returns what Argo CD takes an item of `kustomize.images` for, with the name that it is for.
fn keyed_image<'y>(yaml: &'y ParsedYaml<'_>, item: NodeId) -> Option<(&'y str, ImageText)> {
    let text = yaml.tree.text(item)?;
    let image = ReferenceForm::Keyed.parse(text).ok()?;
    // The text begins with either.
    Some((&text[..image.key.as_ref().unwrap_or(&image.name).len()], image))
}

/// An image that a patch gives to a container and that no entry is for.
struct PatchedAlone {
    set: PatchedImage,
    /// What it may take the place of.
    replaced: ReplacedImage,
    patch: NodeId,
}

/// Entries and patches behind an image, which are found by its name.
pub(super) struct StepsBehind<'y> {
    entries: SetImages,
    names: EntryNames<'y>,
    patches: SetImages,
    /// The images that patches give to containers and that no entry is for.
    others: Vec<PatchedAlone>,
}

impl<'y> StepsBehind<'y> {
    fn of_release(images: &'y FileImages<'_, '_>, release: NodeId) -> Self {
        let (path, expanded) = (images.origin.path, images.expanded());
        let yaml = expanded.map_or(images.yaml, |expanded| &expanded.yaml);
        let origin = |node: NodeId| expanded.map_or(node, |expanded| expanded.origin(node));
        let root = objects(path, yaml).into_iter().map(|object| object.root).find(|root| origin(*root) == release);
        let lists = |key: &str| root.map(|root| renderer_lists(yaml, root, key)).into_iter().flatten();
        let items = |key: &str| lists(key).map(|(_, item)| item);
        let patch = |item: NodeId| {
            let patch = value_of(yaml, item, "patch")?;
            Some((patch, yaml.tree.text(patch)?))
        };
        let steps = Self::new(yaml, items("images"), items("patches").filter_map(patch), origin);
        // An entry of a post-renderer may be for the image, or stand before the patch.
        let patched: Vec<_> = patched_by(yaml, PATCHES.into_iter().flat_map(items), origin).collect();
        let shown = if patched.is_empty() { Vec::new() } else { images.all().images };
        let fields = shown.iter().flat_map(|(_, places)| places).filter_map(|place| place.fields(images.yaml).ok());
        let names: Vec<String> = fields.filter_map(|fields| fields.new_name).collect();
        let names: Vec<_> = names.iter().map(|name| [name.as_str(); 2]).collect();
        Self { others: patched.into_iter().map(|(set, patch)| alone(set, patch, &names)).collect(), ..steps }
    }

    pub(super) fn of_kustomization(yaml: &'y ParsedYaml<'_>, root: NodeId) -> Self {
        let own = |key: &str| yaml.tree.own(root, &|text| text.eq_ignore_ascii_case(key)).map(|pair| pair.value);
        let lists = ["images", "imageTags"].into_iter().filter_map(own).filter(|list| is_list(yaml, *list));
        let entries = lists.flat_map(|list| yaml.tree.children(list));
        let steps = Self::new(yaml, entries, kustomization::patches(yaml, root).into_iter(), |node| node);
        Self { others: patched_alone(yaml, root, &steps.names, &[]), ..steps }
    }

    /// `root` is what a source of Argo CD says of its kustomization.
    fn of_source(yaml: &'y ParsedYaml<'_>, root: NodeId) -> Self {
        let list = value_of(yaml, root, "images").filter(|list| is_list(yaml, *list));
        let items = list.into_iter().flat_map(|list| yaml.tree.children(list));
        let images: Vec<_> = items.filter_map(|item| keyed_image(yaml, item)).collect();
        let names = EntryNames::of(images.iter().map(|(name, _)| *name));
        let entries: Vec<_> = images.iter().map(|(name, image)| [*name, image.name.as_str()]).collect();
        let patches = kustomization::patches(yaml, root).into_iter();
        let steps = Self::new(yaml, std::iter::empty(), patches, |node| node);
        Self { others: patched_alone(yaml, root, &names, &entries), ..steps }
    }

    /// `origin` tells where a node is written.
    fn new(
        yaml: &'y ParsedYaml<'_>,
        items: impl Iterator<Item = NodeId>,
        texts: impl Iterator<Item = (NodeId, &'y str)>,
        origin: impl Fn(NodeId) -> NodeId,
    ) -> Self {
        let (mut entries, mut names, mut patches) = (SetImages::default(), Vec::new(), SetImages::default());
        for (name, item) in items.filter_map(|item| Some((text_beside(yaml, item, "name")?, item))) {
            let text = |key: &str| text_beside(yaml, item, key).map(str::to_owned);
            let [new_name, new_tag, digest] = ["newName", "newTag", "digest"].map(text);
            entries.add(name, Fields { new_name, new_tag, digest, ..Fields::default() }, origin(item));
            names.push(name);
        }
        for (patch, text) in texts {
            versioned_images(text).for_each(|image| patches.add(&image.name, image.version(), origin(patch)));
        }
        Self { entries, names: EntryNames::of(names.into_iter()), patches, others: Vec::new() }
    }

    /// Returns what sets an image of a manifest that the kustomization at `root` lists.
    pub(super) fn step_for(&self, yaml: &ParsedYaml<'_>, root: NodeId, image: &Fields) -> Option<(LaterStep, NodeId)> {
        let entry = self.entry_for(image, |_| true).map(|item| (LaterStep::Entry, item));
        entry.or_else(|| kustomization::later_step(yaml, root, image, None)).or_else(|| self.patch_step(image))
    }

    /// Returns the first entry of those that count that is for an image and makes something else of it.
    fn entry_for(&self, image: &Fields, counts: impl Fn(NodeId) -> bool) -> Option<NodeId> {
        image.new_name.as_ref()?;
        let sets = |at: usize| self.entries.sets(at, image) && counts(self.entries.all[at].1);
        let matching = self.names.next(0, &kustomization::reference(image), &sets);
        // A chart may write the name of Docker Hub's registry before the image's.
        let by_name = self.entries.of(image).find(|at| sets(*at));
        matching.into_iter().chain(by_name).min().map(|at| self.entries.all[at].1)
    }

    /// Returns the patch that sets an image to another version, or else one that may.
    fn patch_step(&self, image: &Fields) -> Option<(LaterStep, NodeId)> {
        let sets = self.patch_of(image).map(|patch| (LaterStep::Patch, patch));
        sets.or_else(|| self.patch_of_another(image).map(|patch| (LaterStep::MaybePatch, patch)))
    }

    /// Returns the first patch that gives another image to a container.
    fn patch_of_another(&self, image: &Fields) -> Option<NodeId> {
        let name = image.new_name.as_deref();
        let may_be = |other: &&PatchedAlone| name.is_none_or(|name| other.replaced.may_be_of(&[name]));
        self.others.iter().find(|other| !other.set.is(image) && may_be(other)).map(|other| other.patch)
    }

    /// Returns the first patch that sets an image to another version.
    fn patch_of(&self, image: &Fields) -> Option<NodeId> {
        self.patches.of(image).find(|at| self.patches.sets(*at, image)).map(|at| self.patches.all[at].1)
    }
}

/// Returns the images that the patches of a kustomization give to containers and that none of its entries is for. If the images
/// of all `entries` are known by their names, each replaces one of those.
fn patched_alone(
    yaml: &ParsedYaml<'_>,
    root: NodeId,
    names: &EntryNames<'_>,
    entries: &[[&str; 2]],
) -> Vec<PatchedAlone> {
    let patched = patched_by(yaml, kustomization::patch_items(yaml, root).into_iter(), |node| node);
    let others = patched.filter(|(set, _)| names.next(0, &set.text, &|_| true).is_none());
    others.map(|(set, patch)| alone(set, patch, entries)).collect()
}

fn alone(set: PatchedImage, patch: NodeId, entries: &[[&str; 2]]) -> PatchedAlone {
    PatchedAlone { replaced: set.replaced(entries), set, patch }
}

/// Returns the images that items of lists of patches give to containers, each with its patch.
fn patched_by(
    yaml: &ParsedYaml<'_>,
    items: impl Iterator<Item = NodeId>,
    origin: impl Fn(NodeId) -> NodeId,
) -> impl Iterator<Item = (PatchedImage, NodeId)> {
    items.flat_map(move |item| {
        let patch = origin(kustomization::patch_in(yaml, item));
        kustomization::patched_images(yaml, item).into_iter().map(move |set| (set, patch))
    })
}

/// What sets images, by their names.
#[derive(Default)]
struct SetImages {
    /// What each makes of its image, and where that is written.
    all: Vec<(Fields, NodeId)>,
    by_name: HashMap<String, Vec<usize>>,
}

impl SetImages {
    fn add(&mut self, name: &str, says: Fields, node: NodeId) {
        self.by_name.entry(pulled_name(name)).or_default().push(self.all.len());
        self.all.push((says, node));
    }

    /// Returns the places of what is for the name of an image.
    fn of(&self, image: &Fields) -> impl Iterator<Item = usize> {
        let name = image.new_name.as_deref().map(pulled_name);
        name.and_then(|name| self.by_name.get(&name)).into_iter().flatten().copied()
    }

    /// Whether what is at a place makes something else of an image that it is for.
    fn sets(&self, at: usize, image: &Fields) -> bool {
        let (says, _) = &self.all[at];
        let differs = |field| says.get(field).is_some_and(|set| image.get(field) != Some(set));
        let new_name = says.new_name.as_ref().zip(image.new_name.as_ref());
        differs(FieldName::NewTag)
            || differs(FieldName::Digest)
            || new_name.is_some_and(|(new_name, name)| !is_same_image(new_name, name))
    }
}

/// The lists of charts in a kustomization, and the keys of values in a chart. The second of each is of an old version.
const CHARTS: [&str; 2] = ["helmCharts", "helmChartInflationGenerator"];
const VALUES: [&str; 2] = ["valuesInline", "valuesLocal"];

/// An image as it is after the edit.
struct Edited<'a, 'd> {
    yaml: &'a ParsedYaml<'d>,
    place: &'a ImagePlace,
    image: Fields,
}

impl Edited<'_, '_> {
    fn is_in(&self, item: NodeId) -> bool {
        self.place.nodes().iter().any(|node| self.yaml.tree.is_within(*node, item))
    }

    fn is_in_list_of(&self, item: NodeId) -> bool {
        let is_around = |node: &NodeId| is_list(self.yaml, *node) && self.yaml.tree.is_within(item, *node);
        self.place.trail.iter().any(is_around)
    }

    /// The files of values that count before those that are in a chart of kustomize, or in its generator.
    fn in_values_files(&self, root: NodeId) -> Option<(LaterStep, NodeId)> {
        let own = |chart: NodeId, key: &str| value_of(self.yaml, chart, key);
        let lists = CHARTS.iter().filter_map(|key| own(root, key)).filter(|charts| is_list(self.yaml, *charts));
        let charts = lists.flat_map(|charts| self.yaml.tree.children(charts)).chain([root]);
        let is_in = |values: NodeId| self.yaml.tree.is_within(self.place.item, values);
        let mut charts = charts.filter(|chart| is_mapping(self.yaml, *chart));
        let has_values = |chart: NodeId| VALUES.iter().filter_map(|key| own(chart, key)).any(is_in);
        let chart = charts.find(|chart| has_values(*chart))?;
        let files = own(chart, "additionalValuesFiles");
        let files =
            files.filter(|files| is_list(self.yaml, *files) && self.yaml.tree.children(*files).next().is_some());
        let merge = own(chart, "valuesMerge").filter(|merge| self.yaml.tree.text(*merge) == Some("merge"));
        let files = files.map(|files| (LaterStep::ValuesFiles, files));
        files.or_else(|| merge.map(|merge| (LaterStep::ValuesMerge, merge)))
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
}
