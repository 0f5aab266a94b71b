//! One image of a file, of whatever kind the file is: the text of a reference, the keys that hold its parts, and the values
//! beside them.
//!
//! Read `image_text` first, then `name_parts`, `key_stems` and `texts_by_stem`, then `place`, which brings them together.

pub(super) mod image_text;
pub(super) mod key_stems;
pub(super) mod name_parts;
pub(super) mod place;
pub(super) mod sibling_values;
pub(super) mod texts_by_stem;
