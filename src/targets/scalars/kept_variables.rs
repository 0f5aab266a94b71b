//! Variables beside an image that keep its old version, such as `{name: IMAGE_TAG, value: v1}`: they are told, because what is
//! deployed may be made of them.

use std::collections::BTreeMap;

use super::image_path::{Holds, holds};
use super::lookup::FileImages;
use super::object::Object;
use super::planned_image::{ImagesPlan, PlannedImage};
use super::variable::{is_of_chart, key_of};
use super::walk::{Visit, walk};
use crate::targets::edit::{Note, NoteKind};
use crate::yaml::{NodeId, ParsedYaml};

/// A variable that is a version.
struct Variable<'y> {
    key: &'y str,
    value: NodeId,
    path: String,
}

/// Returns a note of each variable that has the old version of an image still, in the object of the image.
pub(super) fn notes_of_variables(images: &FileImages<'_, '_>, plan: &ImagesPlan<'_>) -> Vec<Note> {
    let yaml = images.yaml;
    let mut variables: BTreeMap<NodeId, Vec<Variable<'_>>> = BTreeMap::new();
    let mut notes = Vec::new();
    for image in &plan.images {
        let (Some(old), Some(new)) = (&image.before.new_tag, &image.asked.after.new_tag) else { continue };
        let mut objects = images.objects.iter();
        let object = objects.find(|object| yaml.tree.is_within(image.place.item, object.root));
        let Some(object) = object.filter(|_| old != new) else { continue };
        let of_object = variables.entry(object.root).or_insert_with(|| versions(yaml, object));
        for variable in of_object.iter().filter(|variable| yaml.tree.text(variable.value) == Some(old)) {
            let label = object.label.as_ref().filter(|_| images.objects.len() > 1);
            let name = match is_of_chart(&variable.path) {
                true => variable.key.to_owned(),
                false => format!("{}.{}", label.map(|label| format!("{label}/")).unwrap_or_default(), variable.path),
            };
            let argument = format!("{name}={}:{new}", image_name(image));
            let kind = NoteKind::VariableKept { key: variable.key.to_owned(), version: old.clone(), argument };
            notes.push(Note { name: image.argument.name.to_string(), place: yaml.place(variable.value), kind });
        }
    }
    notes
}

/// Returns the variables of an object that are versions. A name with a dot is a path in the values of a chart.
fn versions<'y>(yaml: &'y ParsedYaml<'_>, object: &Object) -> Vec<Variable<'y>> {
    let mut versions = Vec::new();
    walk(yaml, object.root, &mut |Visit { path, slot, .. }| {
        let key = if slot.key_text(yaml) == "value" { key_of(yaml, slot) } else { return };
        if holds(key) == Holds::Tag && !key.contains('.') {
            versions.push(Variable { key, value: slot.value, path: path.to_owned() });
        }
    });
    versions
}

fn image_name<'i>(image: &'i PlannedImage<'_>) -> &'i str {
    let name = image.asked.after.new_name.as_ref().or(image.asked.checked_as.as_ref());
    name.map_or("NEWNAME", String::as_str)
}
