//! The editor of all files but kustomizations: Helm values, manifests, compose files, Argo CD applications. An image there
//! is in scalars that the file has already, so that an edit replaces scalars and does nothing else: nothing is inserted or
//! deleted, and no document comes or goes. What a file is shows in its content, document by document.
//!
//! `rewrite` has the steps of an edit. It asks the folders, which go on from each other in this order: `document` (nodes and
//! scalars), `image_parts` and `names` (one image), `kinds` (where images are), `search` (the images of a whole file), `plan`
//! (their new texts) and `notes` (what the user is told). `nested_text` makes an edit inside an edit.

mod document;
mod file_refusal;
mod image_parts;
mod kinds;
mod names;
mod nested_text;
mod notes;
mod plan;
mod rewrite;
mod search;

pub(super) use document::document_kind::{
    DocumentKind, FLUX_KUSTOMIZATIONS, document_kind, file_name, is_called_dotenv, no_yaml, refuse_encrypted,
    refuse_file, refuse_sops, refuse_text, without_version,
};
pub use file_refusal::FileRefusal;
pub(super) use image_parts::image_text::{ImageText, versioned_images};
pub(super) use kinds::marked::first_marked;
pub(super) use nested_text::nested::edit;
pub(super) use nested_text::nested_entries::{ScalarPlace, entries, require_one_version, scalars_of, shown};
pub(super) use notes::kustomization_beside::StepsBeside;
pub use search::entries_elsewhere::FluxImages;
pub(super) use search::entries_elsewhere::flux_images;
pub(super) use search::lookup::FileImages;
