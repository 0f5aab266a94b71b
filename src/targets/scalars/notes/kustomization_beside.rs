//! What the kustomization in the folder of a manifest makes of the images there, if it lists the manifest: what it sets is
//! deployed, whatever the manifest says.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use super::later_steps::StepsBehind;
use crate::targets::edit::{Note, NoteKind};
use crate::targets::kustomization::{folder_or_file, list_in, patch_items};
use crate::targets::scalars::document::document_kind::DocumentKind;
use crate::targets::scalars::document::nodes::text_of;
use crate::targets::scalars::kinds::container::is_set_by_kustomize;
use crate::targets::scalars::search::lookup::FileImages;
use crate::yaml::NodeId;

/// The steps of a kustomization, for the files that it takes as resources or as patches.
pub(in crate::targets) struct StepsBeside<'k, 'p, 'd> {
    kustomization: &'k FileImages<'p, 'd>,
    root: NodeId,
    steps: StepsBehind<'p>,
    listed: HashSet<PathBuf>,
}

impl<'k, 'p, 'd> StepsBeside<'k, 'p, 'd> {
    /// Returns the steps of a file; `None` if it is no kustomization.
    pub(in crate::targets) fn of(kustomization: &'k FileImages<'p, 'd>) -> Option<Self> {
        let yaml = kustomization.yaml;
        let mut objects = kustomization.objects.iter();
        let root = objects.find(|object| object.kind == DocumentKind::Kustomization)?.root;
        let folder = Path::new(kustomization.origin.path).parent()?;
        let path = |item: &NodeId| yaml.tree.text(*item).or_else(|| text_of(yaml, *item, "path"));
        let items = [list_in(yaml, root, "resources"), patch_items(yaml, root)].concat();
        let listed = items.iter().filter_map(path).filter_map(|path| from_the_beginning(&folder.join(path))).collect();
        Some(Self { kustomization, root, steps: StepsBehind::of_kustomization(yaml, root), listed })
    }

    pub(in crate::targets) fn lists(&self, manifest: &str) -> bool {
        from_the_beginning(Path::new(manifest)).is_some_and(|path| self.listed.contains(&path))
    }

    /// Returns a note for each container called by one of `names` that the kustomization sets to another image. kustomize looks
    /// for images in some containers alone.
    pub(in crate::targets) fn notes(&self, manifest: &FileImages<'_, '_>, names: &[&str]) -> Vec<Note> {
        let (yaml, path) = (self.kustomization.yaml, self.kustomization.origin.path);
        let mut notes = Vec::new();
        for name in names {
            let places = manifest.called_here(name).unwrap_or_default();
            for place in places.iter().filter(|place| is_set_by_kustomize(place)) {
                let Ok(image) = place.fields(manifest.yaml) else { continue };
                let Some((step, node)) = self.steps.step_for(yaml, self.root, &image) else { continue };
                let line = yaml.source.line_number(yaml.tree.start(node));
                let (file, folder) = (path.to_owned(), folder_or_file(path).to_owned());
                let kind = NoteKind::StepBeside { file, folder, step, line, image: image.new_name.unwrap_or_default() };
                notes.push(Note { name: (*name).to_owned(), place: manifest.yaml.place(place.item), kind });
            }
        }
        notes
    }
}

/// Returns a path with each `..` taken for the folder above; `None` if that is above where the path begins.
fn from_the_beginning(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => plain.pop().then_some(())?,
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    Some(plain)
}
