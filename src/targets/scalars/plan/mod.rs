//! What an argument makes of an image: the new texts of its scalars, or why it is refused. Nothing is written yet.
//!
//! Read `planned_image` first, then `new_values`, then what may refuse: `tag_place`, `image_of_tag` and `as_read`.

pub(super) mod as_read;
pub(super) mod comments;
mod image_of_tag;
pub(super) mod new_values;
pub(super) mod planned_image;
pub(super) mod tag_place;
