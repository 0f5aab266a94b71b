//! Asks registries and forges about the images of a command: what is asked for, when it is waited for, and what came of it.

pub(super) mod awaited;
pub(super) mod branch_digests;
pub(super) mod checks;
pub(super) mod compared_source;
pub(super) mod forge_attestations;
pub(super) mod further_questions;
pub(super) mod image_origins;
pub(super) mod image_to_check;
mod met_requirements;
pub(super) mod ordered_images;
pub(super) mod pinned_digests;
pub(super) mod problem;
mod required_images;
pub(super) mod rulings;
pub(super) mod source_attestations;
