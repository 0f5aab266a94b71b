//! The editor of all files but kustomizations: Helm values, manifests, compose files, Argo CD applications. An image there
//! is in scalars that the file has already, so that an edit replaces scalars and does nothing else: nothing is inserted or
//! deleted, and no document comes or goes. What a file is shows in its content, document by document.

mod asked;
mod container;
mod document_kind;
mod file_refusal;
mod image_path;
mod image_text;
mod lookup;
mod nested;
mod node_path;
mod place;
mod rewrite;
mod slot;
mod slot_text;

pub(super) use document_kind::{DocumentKind, document_kind};
pub use file_refusal::FileRefusal;
pub(super) use nested::{edit, entries};
pub(super) use rewrite::require_editable;
