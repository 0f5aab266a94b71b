//! A file as a reader sees it, with its aliases and merge keys followed. What they bring beside an image or around it counts as
//! what is written out there, so an argument must make the same of both.

use std::collections::HashMap;

use super::image_of_tag::TagsOfImages;
use super::new_values::new_values;
use super::planned_image::{ImagesPlan, PlannedImage};
use crate::image::{ImageArgument, ImageName};
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::place::ImagePlace;
use crate::targets::scalars::search::lookup::FileImages;
use crate::yaml::{ExpandedYaml, NodeId, ParsedYaml};

/// Requires that a plan is the same for the file as a reader sees it.
///
/// # Errors
///
/// An argument makes something else of an image there, or is refused.
pub(in crate::targets::scalars) fn require_same_as_read(
    images: &FileImages<'_, '_>,
    arguments: &[&ImageArgument],
    plan: &ImagesPlan<'_>,
) -> Result<(), FileRefusal> {
    let Some(expanded) = images.yaml.expanded()? else { return Ok(()) };
    let as_read = FileImages::new(images.origin, &expanded.yaml);
    let planned: HashMap<(&ImageName, Option<NodeId>), &PlannedImage<'_>> =
        plan.images.iter().map(|image| ((&image.argument.name, version(&image.place)), image)).collect();
    let tags = plan.tags_of_images();
    for name in arguments.iter().map(|argument| &argument.name).filter(|name| !plan.absent.contains(name)) {
        for place in as_read.called_here(name.as_str())? {
            let written = version(&place).map(|value| expanded.origin(value));
            if let Some(image) = planned.get(&(name, written)) {
                require_same(images.yaml, image, &expanded, place, &tags)?;
            }
        }
    }
    Ok(())
}

fn version(place: &ImagePlace) -> Option<NodeId> {
    place.version_slot().map(|slot| slot.value)
}

fn require_same(
    yaml: &ParsedYaml<'_>,
    image: &PlannedImage<'_>,
    expanded: &ExpandedYaml<'_>,
    mut place: ImagePlace,
    tags: &TagsOfImages<'_>,
) -> Result<(), FileRefusal> {
    let before = place.fields(&expanded.yaml)?;
    if place.nodes().iter().any(|node| expanded.through(*node).is_some()) {
        place.has_name_elsewhere(before.new_name.clone());
    }
    let new_values = new_values(&expanded.yaml, &place, &before, image.argument)?;
    tags.require_same(&expanded.yaml, (&place, image.argument), &new_values.after, |node| expanded.origin(node))?;
    let as_read = place.texts(&expanded.yaml, &before, &new_values)?;
    let as_read: Vec<(NodeId, String)> =
        as_read.into_iter().map(|new| (expanded.origin(new.slot.value), new.text)).collect();
    let as_written = image.place.texts(yaml, &image.before, &image.new_values)?;
    let is_same = as_written.into_iter().all(|new| as_read.contains(&(new.slot.value, new.text)));
    let is_same_name = image.before.new_name.is_none() || image.before.new_name == before.new_name;
    if is_same && is_same_name {
        return Ok(());
    }
    let message = "an alias or a merge key brings what makes another name of this image";
    Err(FileRefusal::at(yaml, image.place.item, message, "write out here once by hand what it brings"))
}
