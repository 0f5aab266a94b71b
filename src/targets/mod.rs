//! The files that name images, one room a kind of file.

pub mod kustomization;
