//! Images that an alias or a merge key leads to. They are looked for in the file as a reader sees it, so that one is found
//! wherever the alias stands: in place of a value, a list, a `spec`. They are told, and edited, where they are written.

use std::collections::{HashMap, HashSet};

use super::lookup::{FileImages, NamedPlace};
use crate::targets::edit::Fields;
use crate::targets::scalars::document::walk::{path_to, paths_to};
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::place::{ImagePlace, Parts, Slots};
use crate::targets::scalars::kinds::image_path::{Below, image_at};
use crate::targets::scalars::kinds::known_mappings::KnownMappings;
use crate::yaml::{ExpandedYaml, NodeId, NodeKind, ParsedYaml};

/// An image that an alias or a merge key leads to.
pub(super) struct ThroughAlias {
    /// The first alias or merge key on the way.
    through: NodeId,
    /// The scalars of the image, where they are written.
    nodes: Vec<NodeId>,
    /// What to name in place of the alias: the scalar, or the mapping around the scalars.
    target: NodeId,
    says: Fields,
}

/// Where an image of the expanded file is.
pub(super) enum Written {
    Here(NamedPlace),
    ThroughAlias(ThroughAlias),
}

impl Written {
    /// Returns where an image of `expanded` is written.
    ///
    /// # Errors
    ///
    /// A part is no string that can be replaced.
    pub(super) fn of(expanded: &ExpandedYaml<'_>, mut found: NamedPlace) -> Result<Self, FileRefusal> {
        let says = found.place.fields(&expanded.yaml)?;
        let Some(through) = through(expanded, &found.place) else {
            if found.place.nodes().iter().any(|node| expanded.through(*node).is_some()) {
                found.place.has_name_elsewhere(says.new_name);
            }
            found.place.change_nodes(|node| expanded.origin(node));
            return Ok(Self::Here(found));
        };
        let nodes = found.place.nodes().into_iter().map(|node| expanded.origin(node)).collect();
        let target = target(expanded, &found.place);
        Ok(Self::ThroughAlias(ThroughAlias { through, nodes, target, says }))
    }
}

/// Returns the first alias or merge key on the way to the version of an image.
fn through(expanded: &ExpandedYaml<'_>, place: &ImagePlace) -> Option<NodeId> {
    place.trail.iter().copied().chain(place.version_nodes()).find_map(|node| expanded.through(node))
}

/// Returns what to name in place of the alias.
fn target(expanded: &ExpandedYaml<'_>, place: &ImagePlace) -> NodeId {
    let node = match &place.slots {
        Slots::Reference { slot, .. } => slot.value,
        Slots::Parts(Parts { registry, repository, tag, digest, .. }) => {
            let mut parts = [tag, digest, repository, registry].into_iter().flatten();
            let part = parts.find(|slot| expanded.through(slot.value).is_some());
            part.map_or(place.item, |slot| match expanded.through(slot.parent) {
                Some(_) => slot.parent,
                None => slot.value,
            })
        }
    };
    expanded.origin(node)
}

/// The images that were told, so that what is behind an alias is told once.
pub(super) struct ToldImages<'p, 'd> {
    yaml: &'p ParsedYaml<'d>,
    /// What the image says that a scalar is of.
    says: HashMap<NodeId, Fields>,
    paths: HashMap<NodeId, String>,
}

impl<'p, 'd> ToldImages<'p, 'd> {
    /// Returns those that are `here`; others are behind an alias.
    pub(super) fn new<'i>(
        yaml: &'p ParsedYaml<'d>,
        here: impl Iterator<Item = &'i ImagePlace>,
        through_aliases: impl Iterator<Item = &'i ThroughAlias>,
    ) -> Self {
        let targets: HashSet<NodeId> = through_aliases.map(|image| image.target).collect();
        let mut told = Self { yaml, says: HashMap::new(), paths: paths_to(yaml, &targets) };
        here.for_each(|place| told.add(place));
        told
    }

    fn add(&mut self, place: &ImagePlace) {
        let Ok(says) = place.fields(self.yaml) else { return };
        self.says.extend(place.nodes().into_iter().map(|node| (node, says.clone())));
    }

    /// Returns the image behind an alias by its path, where it is written; nothing if it was told already.
    ///
    /// # Errors
    ///
    /// The path does not mean the same image.
    pub(super) fn tell(
        &mut self,
        images: &FileImages<'_, '_>,
        image: &ThroughAlias,
    ) -> Result<Option<(String, NamedPlace)>, FileRefusal> {
        if image.nodes.iter().all(|node| self.says.get(node) == Some(&image.says)) {
            return Ok(None);
        }
        let by_path = self.paths.get(&image.target).and_then(|path| {
            let mut documents = self.yaml.tree.documents.iter().copied();
            let root = documents.find(|root| self.yaml.tree.is_within(image.target, *root))?;
            let place = image_at(self.yaml, &KnownMappings::default(), Below { root, before: "." }, path).ok()??;
            images.refuse_repeated(&place).ok()?;
            let is_same = place.fields(self.yaml).is_ok_and(|says| says == image.says);
            is_same.then(|| (format!(".{path}"), NamedPlace::by_path(place)))
        });
        let (name, found) = by_path.ok_or_else(|| refusal(self.yaml, image.through, image.target))?;
        self.add(&found.place);
        Ok(Some((name, found)))
    }
}

/// Returns the refusal of what an alias or a merge key brings, with the place at which it is written.
pub(in crate::targets::scalars) fn refusal(yaml: &ParsedYaml<'_>, through: NodeId, target: NodeId) -> FileRefusal {
    let message = match yaml.tree.kind(through) {
        NodeKind::Alias(_) => "this is an alias",
        _ => "this merge key brings the image",
    };
    let path = path_to(yaml, target).map(|path| format!("`.{path}` at ")).unwrap_or_default();
    let hint = format!("edit {path}{}, where it is written, or write it out here", yaml.place(target));
    FileRefusal::at(yaml, through, message, hint)
}

impl FileImages<'_, '_> {
    /// Refuses a name that means an image behind an alias or a merge key, beside those that were `found`.
    pub(super) fn refuse_through_alias(&self, name: &str, found: &[ImagePlace]) -> Result<(), FileRefusal> {
        let Some(expanded) = self.yaml.expanded()? else { return Ok(()) };
        let places = match FileImages::new(self.origin, &expanded.yaml).called_here(name) {
            Err(refusal) if found.is_empty() => return Err(refusal),
            places => places.unwrap_or_default(),
        };
        let here: HashSet<NodeId> = found.iter().flat_map(ImagePlace::nodes).collect();
        for place in places {
            let is_here = place.nodes().iter().all(|node| here.contains(&expanded.origin(*node)));
            if let Some(through) = through(&expanded, &place).filter(|_| !is_here) {
                return Err(refusal(self.yaml, through, target(&expanded, &place)));
            }
        }
        Ok(())
    }
}
