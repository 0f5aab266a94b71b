//! The files that name images, one room for each kind of file. `yaml` splices and proves; what a file means is known here.

pub mod kustomization;
