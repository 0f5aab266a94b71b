//! Patches in the kustomization itself that set an image. kustomize applies them before `images`, so that an entry is not for an
//! image to which a patch gave its new name already.

use super::entry::{ImageLists, fields};
use super::requested::Requested;
use crate::targets::edit::{Note, NoteKind};
use crate::targets::scalars::has_reference;
use crate::yaml::{NodeId, NodeKind, ParsedYaml};

/// The keys of lists of patches. An item is a text, or has one under `patch`.
const PATCHES: [&str; 3] = ["patches", "patchesJson6902", "patchesStrategicMerge"];

/// Notes each named entry whose new name a patch sets, if no other entry is for that name.
pub(super) fn patched(yaml: &ParsedYaml<'_>, lists: &ImageLists<'_>, requested: &Requested<'_>) -> Vec<Note> {
    let patches = patches(yaml, lists);
    let mut notes = Vec::new();
    for entry in lists.entries.iter().filter(|entry| !patches.is_empty() && requested.of(entry).is_some()) {
        let Some(new_name) = fields(yaml, entry).new_name.filter(|new_name| !new_name.is_empty()) else { continue };
        if lists.entries.iter().any(|other| other.name == Some(&new_name)) {
            continue;
        }
        if let Some((patch, _)) = patches.iter().find(|(_, text)| has_reference(text, &new_name)) {
            let line = yaml.source.line_number(yaml.tree.start(*patch));
            let name = entry.name.unwrap_or_default().to_owned();
            notes.push(Note { name, place: yaml.place(entry.item), kind: NoteKind::Patched { line, image: new_name } });
        }
    }
    notes
}

/// Returns the patches in the file with their texts.
fn patches<'y>(yaml: &'y ParsedYaml<'_>, lists: &ImageLists<'_>) -> Vec<(NodeId, &'y str)> {
    let tree = &yaml.tree;
    let Some(root) = lists.root.filter(|root| matches!(tree.kind(*root), NodeKind::Mapping(_))) else {
        return Vec::new();
    };
    let of_list = |key: &&str| {
        let list = tree.own(root, &|text| text.eq_ignore_ascii_case(key))?.value;
        matches!(tree.kind(list), NodeKind::Sequence(_)).then(|| tree.children(list).collect::<Vec<_>>())
    };
    let text = |item: NodeId| match tree.kind(item) {
        NodeKind::Mapping(_) => {
            let patch = tree.own(item, &|text| text.eq_ignore_ascii_case("patch"))?.value;
            Some((patch, tree.text(patch)?))
        }
        _ => Some((item, tree.text(item)?)),
    };
    PATCHES.iter().filter_map(of_list).flatten().filter_map(text).collect()
}
