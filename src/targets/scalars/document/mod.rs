//! What stands in a file, before anything in it is an image: what a document is, how a value is reached, and which scalar may be
//! replaced. Nothing here looks for images.
//!
//! Read `document_kind` and `object` first, then `nodes`, `slot` and `walk`.

pub(super) mod document_kind;
pub(super) mod exchanged;
pub(super) mod node_path;
pub(super) mod nodes;
pub(super) mod object;
pub(super) mod parameters;
pub(super) mod repeated;
pub(super) mod slot;
pub(super) mod slot_text;
pub(super) mod variable;
pub(super) mod walk;
