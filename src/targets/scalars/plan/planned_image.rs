//! From arguments to new texts: finds the images that an argument names, and decides which of their scalars change. A plan
//! without texts is "already so".

use super::image_of_tag::TagsOfImages;
use super::new_values::{NewText, NewValues, new_values};
use crate::image::{ImageArgument, ImageName, is_same_image};
use crate::targets::edit::{FieldName, Fields};
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::place::ImagePlace;
use crate::targets::scalars::search::lookup::FileImages;
use crate::yaml::{ParsedYaml, is_string};

/// What is to become of the images that the arguments name.
#[derive(Default)]
pub(in crate::targets::scalars) struct ImagesPlan<'a> {
    pub(in crate::targets::scalars) images: Vec<PlannedImage<'a>>,
    pub(in crate::targets::scalars) absent: Vec<ImageName>,
}

impl ImagesPlan<'_> {
    pub(super) fn tags_of_images(&self) -> TagsOfImages<'_> {
        TagsOfImages::of(self.images.iter().map(|image| (&image.place, &image.new_values.after)))
    }
}

pub(in crate::targets::scalars) struct PlannedImage<'a> {
    pub(in crate::targets::scalars) argument: &'a ImageArgument,
    pub(in crate::targets::scalars) place: ImagePlace,
    pub(in crate::targets::scalars) before: Fields,
    pub(in crate::targets::scalars) new_values: NewValues,
    /// The scalars that change.
    pub(in crate::targets::scalars) texts: Vec<NewText>,
}

impl PlannedImage<'_> {
    /// Returns the name that was asked for and is not written, unless the file says it by another spelling.
    pub(in crate::targets::scalars) fn checked_as(&self) -> Option<&String> {
        let NewValues { after, checked_as, .. } = &self.new_values;
        let is_said = |name: &&String| after.new_name.as_ref().is_some_and(|said| is_same_image(said, name));
        checked_as.as_ref().filter(|name| !is_said(name))
    }
}

/// Finds what each argument names, and decides which scalars change. No two arguments have one name.
pub(in crate::targets::scalars) fn plan<'a>(
    images: &FileImages<'_, '_>,
    arguments: &[&'a ImageArgument],
) -> Result<ImagesPlan<'a>, FileRefusal> {
    let yaml = images.yaml;
    let mut plan = ImagesPlan::default();
    for argument in arguments.iter().copied() {
        let places = images.to_edit(argument.name.as_str())?;
        if places.is_empty() {
            plan.absent.push(argument.name.clone());
        }
        for place in places {
            let before = place.fields(yaml)?;
            let new_values = new_values(yaml, &place, &before, argument)?;
            let mut texts = place.texts(yaml, &before, &new_values)?;
            let mut changed = Vec::new();
            for new in texts.drain(..) {
                if is_new(yaml, &new, argument)? {
                    changed.push(new);
                }
            }
            plan.images.push(PlannedImage { argument, place, before, new_values, texts: changed });
        }
    }
    plan.images.sort_by_key(|image| image.place.item);
    let tags = plan.tags_of_images();
    for PlannedImage { place, argument, new_values, .. } in &plan.images {
        tags.require_same(yaml, (place, argument), &new_values.after, |node| node)?;
    }
    Ok(plan)
}

/// Whether a scalar is to be written: it says something else, or what is asked for without being a string.
fn is_new(yaml: &ParsedYaml<'_>, new: &NewText, argument: &ImageArgument) -> Result<bool, FileRefusal> {
    let text = new.slot.text(yaml)?.unwrap_or_default();
    let is_set = match new.field {
        FieldName::NewName => argument.change.new_name.set().is_some(),
        FieldName::NewTag => argument.change.new_tag.set().is_some(),
        FieldName::Digest => argument.change.digest.set().is_some(),
    };
    Ok(text != new.text || (is_set && !text.is_empty() && !is_string(&yaml.tree, new.slot.value)))
}
