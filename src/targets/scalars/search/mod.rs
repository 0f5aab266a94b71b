//! The images of a whole file: those that a name means, and those that show without a name. What the kinds of files find is
//! brought together here, also where aliases lead and where one image is in several places.
//!
//! Read `lookup` first, then `shown_images`.

pub(super) mod entries_elsewhere;
pub(super) mod lookup;
pub(super) mod shown_images;
pub(super) mod through_alias;
pub(super) mod together;
mod unknown_places;
