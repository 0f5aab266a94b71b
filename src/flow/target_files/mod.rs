//! The files that a command is about: which are meant by what the user typed, on the branch and on disk.

pub(super) mod argocd_sources;
pub(super) mod files_never_edited;
pub(super) mod files_to_edit;
pub(super) mod kustomization_only;
pub(super) mod manifests_set_again;
mod matched;
pub(super) mod named_files;
pub(super) mod other_kustomizations;
pub(super) mod patterns_on_disk;
pub(super) mod size_of_all;
pub(super) mod tag_elsewhere;
