//! A file as a reader sees it, with its aliases and merge keys followed. What they bring beside an image or around it counts as
//! what is written out there, so an argument must make the same of both.

use super::asked::asked;
use super::file_refusal::FileRefusal;
use super::lookup::FileImages;
use super::place::ImagePlace;
use super::planned_image::PlannedImage;
use crate::image::ImageArgument;
use crate::yaml::{ExpandedYaml, NodeId, ParsedYaml};

/// Requires that an argument makes of the images that it names what it makes of them as a reader sees the file.
///
/// # Errors
///
/// It makes something else of one, or is refused there.
pub(super) fn require_same_as_read(
    images: &FileImages<'_, '_>,
    argument: &ImageArgument,
    planned: &[PlannedImage<'_>],
) -> Result<(), FileRefusal> {
    let Some(expanded) = images.yaml.expanded()?.filter(|_| !planned.is_empty()) else { return Ok(()) };
    for place in FileImages::new(images.path, &expanded.yaml).called_here(argument.name.as_str())? {
        let version = |place: &ImagePlace| place.version_slot().map(|slot| slot.value);
        let written = version(&place).map(|value| expanded.origin(value));
        if let Some(image) = planned.iter().find(|image| version(&image.place) == written) {
            require_same(images.yaml, image, &expanded, place)?;
        }
    }
    Ok(())
}

fn require_same(
    yaml: &ParsedYaml<'_>,
    image: &PlannedImage<'_>,
    expanded: &ExpandedYaml<'_>,
    mut place: ImagePlace,
) -> Result<(), FileRefusal> {
    let before = place.fields(&expanded.yaml)?;
    if place.nodes().iter().any(|node| expanded.through(*node).is_some()) {
        place.has_name_elsewhere(before.new_name.clone());
    }
    let asked = asked(&expanded.yaml, &place, &before, image.argument)?;
    let as_read = place.texts(&expanded.yaml, &before, &asked)?;
    let as_read: Vec<(NodeId, String)> =
        as_read.into_iter().map(|new| (expanded.origin(new.slot.value), new.text)).collect();
    let as_written = image.place.texts(yaml, &image.before, &image.asked)?;
    let is_same = as_written.into_iter().all(|new| as_read.contains(&(new.slot.value, new.text)));
    let is_same_name = image.before.new_name.is_none() || image.before.new_name == before.new_name;
    if is_same && is_same_name {
        return Ok(());
    }
    let message = "an alias or a merge key brings what makes another name of this image";
    Err(FileRefusal::at(yaml, image.place.item, message, "write out here once by hand what it brings"))
}
