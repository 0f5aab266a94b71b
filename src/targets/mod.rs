//! The files that name images: `any_file` tells what a file is, and one of two editors edits it. Lists of kustomize and of Flux,
//! whose fields come and go, are for `kustomization`; the scalars of all other files are for `scalars`. `yaml` splices and
//! proves; what a file means is known here.

mod any_file;
mod edit;
mod flux_marker;
pub mod kustomization;
mod kustomization_beside;
mod never_edited;
mod scalars;
mod shown_entries;

pub use any_file::{
    ReadFile, TargetError, edit, entries, flux_images, is_kustomization, may_be_another_name, read, spellings,
};
pub use edit::{
    Absent, BeforeName, Comments, Edit, EditOptions, EntryEdit, FieldEdit, FieldName, Fields, LaterStep, MadeImage,
    Note, NoteKind, OtherKind, PlaceVersion, PulledImage, UncertainImage, Unnamed, Untagged, UnusableValue, ValuesNote,
};
pub use kustomization_beside::{ManifestText, set_again};
pub use never_edited::never_edited;
pub use scalars::{FileRefusal, FluxImages};
pub use shown_entries::ShownEntries;
