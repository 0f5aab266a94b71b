//! A tag beside a whole image that has it too: `imageTag` beside `image`. A chart may put the tag behind the image, or read one
//! of the two, so an edit must leave both with one tag.

use std::collections::HashMap;

use crate::image::ImageArgument;
use crate::targets::edit::{FieldName, Fields};
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::image_text::ImageText;
use crate::targets::scalars::image_parts::place::{ImagePlace, Slots};
use crate::targets::scalars::image_parts::sibling_values::SiblingValues;
use crate::yaml::{NodeId, ParsedYaml};

/// The tags that the references of a plan are to have.
pub(super) struct TagsOfImages<'a>(HashMap<NodeId, Option<&'a str>>);

impl<'a> TagsOfImages<'a> {
    /// Returns those of the places that are to say `Fields`.
    pub(super) fn of(images: impl Iterator<Item = (&'a ImagePlace, &'a Fields)>) -> Self {
        let tag = |(place, after): (&'a ImagePlace, &'a Fields)| match place.slots {
            Slots::Reference { slot, .. } => Some((slot.value, after.new_tag.as_deref())),
            Slots::Parts(_) => None,
        };
        Self(images.filter_map(tag).collect())
    }

    /// Requires that the image beside a tag that is to be written ends with the same one. `origin` is where a node is written.
    ///
    /// # Errors
    ///
    /// It ends with another one.
    pub(super) fn require_same(
        &self,
        yaml: &ParsedYaml<'_>,
        (place, argument): (&ImagePlace, &ImageArgument),
        after: &Fields,
        origin: impl Fn(NodeId) -> NodeId,
    ) -> Result<(), FileRefusal> {
        let change = &argument.change;
        let is_name_alone = change.new_tag.set().is_none() && change.digest.set().is_none();
        let Some(slot) = place.slot_of(FieldName::NewTag).filter(|_| !is_name_alone) else {
            return Ok(());
        };
        let siblings = SiblingValues::of(yaml, place, slot);
        let Some((image, text)) = siblings.image_of_tag() else { return Ok(()) };
        let has_now = ImageText::parse(text, false).ok().and_then(|image| image.tag);
        let is_to_have = image.value.and_then(|value| self.0.get(&origin(value))).copied();
        let tag = is_to_have.unwrap_or(has_now.as_deref());
        if tag == after.new_tag.as_deref() {
            return Ok(());
        }
        let version = after.new_tag.as_deref().unwrap_or_default();
        let message = format!(
            "`{}` beside it is `{text}`, at {}, and no `:{version}` can stand behind that",
            image.key,
            image.place(yaml)
        );
        let hint = format!(
            "edit `{}` to the same tag in the same run, or write the name alone into it once by hand",
            image.key
        );
        Err(FileRefusal::at(yaml, slot.value, message, hint))
    }
}
