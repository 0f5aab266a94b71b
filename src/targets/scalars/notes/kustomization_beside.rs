//! What the kustomization in the folder of a manifest makes of the images there, if it lists the manifest: what it sets is
//! deployed, whatever the manifest says.

use super::later_steps::StepsBehind;
use crate::targets::edit::{Note, NoteKind};
use crate::targets::kustomization::{folder_or_file, list_in, patch_items};
use crate::targets::scalars::document::document_kind::{DocumentKind, file_name};
use crate::targets::scalars::document::nodes::text_of;
use crate::targets::scalars::kinds::container::is_set_by_kustomize;
use crate::targets::scalars::search::lookup::FileImages;
use crate::yaml::{NodeId, ParsedYaml};

/// Returns a note for each container called by one of `names` that the kustomization sets to another image. kustomize looks for
/// images in some containers alone.
pub(in crate::targets) fn steps_beside(
    kustomization: &FileImages<'_, '_>,
    manifest: &FileImages<'_, '_>,
    names: &[&str],
) -> Vec<Note> {
    let yaml = kustomization.yaml;
    let is_kustomization = |kind: DocumentKind| kind == DocumentKind::Kustomization;
    let object = kustomization.objects.iter().find(|object| is_kustomization(object.kind));
    let root = object.map(|object| object.root).filter(|root| is_listed(yaml, *root, file_name(manifest.origin.path)));
    let Some(root) = root else { return Vec::new() };
    let steps = StepsBehind::of_kustomization(yaml, root);
    let mut notes = Vec::new();
    for name in names {
        let places = manifest.called_here(name).unwrap_or_default();
        for place in places.iter().filter(|place| is_set_by_kustomize(place)) {
            let Ok(image) = place.fields(manifest.yaml) else { continue };
            let Some((step, node)) = steps.step_for(yaml, root, &image) else { continue };
            let line = yaml.source.line_number(yaml.tree.start(node));
            let path = kustomization.origin.path;
            let (file, folder) = (path.to_owned(), folder_or_file(path).to_owned());
            let kind = NoteKind::StepBeside { file, folder, step, line, image: image.new_name.unwrap_or_default() };
            notes.push(Note { name: (*name).to_owned(), place: manifest.yaml.place(place.item), kind });
        }
    }
    notes
}

/// Whether a kustomization takes a file of its own folder, as a resource or as a patch.
fn is_listed(yaml: &ParsedYaml<'_>, root: NodeId, file: &str) -> bool {
    let is_file = |text: &str| text.trim_start_matches("./") == file;
    let is_it = |item: &NodeId| yaml.tree.text(*item).or_else(|| text_of(yaml, *item, "path")).is_some_and(is_file);
    list_in(yaml, root, "resources").iter().chain(&patch_items(yaml, root)).any(is_it)
}
