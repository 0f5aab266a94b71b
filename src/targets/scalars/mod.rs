//! The editor of all files but kustomizations: Helm values, manifests, compose files, Argo CD applications. An image there
//! is in scalars that the file has already, so that an edit replaces scalars and does nothing else: nothing is inserted or
//! deleted, and no document comes or goes. What a file is shows in its content, document by document.

mod argo;
mod as_read;
mod asked;
mod behind;
mod beside;
mod comments;
mod container;
mod document_kind;
mod entries_elsewhere;
mod exchanged;
mod file_refusal;
mod image_edit;
mod image_of_tag;
mod image_path;
mod image_text;
mod kept_variables;
mod key_stems;
mod laid_over;
mod later_steps;
mod lookup;
mod marked;
mod name_elsewhere;
mod name_limit;
mod name_parts;
mod nested;
mod nested_entries;
mod node_path;
mod nodes;
mod object;
mod parameters;
mod parts_around;
mod place;
mod planned_image;
mod pulled;
mod registries_around;
mod repeated;
mod rewrite;
mod shared_registry;
mod shown_images;
mod slot;
mod slot_text;
mod source_images;
mod tag_place;
mod together;
mod unknown_places;
mod values_text;
mod variable;
mod walk;

pub(super) use document_kind::{
    DocumentKind, FLUX_KUSTOMIZATIONS, document_kind, refuse_file, refuse_text, without_version,
};
pub(super) use entries_elsewhere::is_set_by_flux;
pub use file_refusal::FileRefusal;
pub use image_text::is_same_image;
pub(super) use image_text::{ImageText, versioned_images};
pub(super) use lookup::FileImages;
pub(super) use marked::first_marked;
pub(super) use nested::edit;
pub(super) use nested_entries::{ScalarPlace, entries, require_one_version, scalars_of, shown};
