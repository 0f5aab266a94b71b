//! The files that name images, one room for each kind of file. `yaml` splices and proves; what a file means is known here.

mod any_file;
mod flux_marker;
pub mod kustomization;
mod scalars;

pub use any_file::{TargetError, edit, entries, is_kustomization};
pub use scalars::FileRefusal;
