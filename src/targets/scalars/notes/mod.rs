//! What the user is told of an edit: what became of each image, and what in the file may keep an old version all the same.
//!
//! Read `image_edit` first: it collects what the others find.

pub(super) mod image_edit;
mod kept_variables;
pub(super) mod kustomization_beside;
pub(super) mod later_steps;
pub(super) mod pulled;
