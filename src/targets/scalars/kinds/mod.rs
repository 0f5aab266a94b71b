//! Where the images are in each kind of file: manifests and compose files (`container`), values of charts (`image_path`,
//! `flat_tags`, `known_mappings`), Applications of Argo CD (`argo`, `source_images`, `overridden_values`), and any file with a
//! marker of Flux (`marked`).
//!
//! Each can be read alone, but those of Argo CD go on from `image_path`.

pub(super) mod argo;
pub(super) mod container;
mod flat_tags;
pub(super) mod image_path;
pub(super) mod known_mappings;
pub(super) mod marked;
pub(super) mod overridden_values;
pub(super) mod source_images;
