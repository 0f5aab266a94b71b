//! The editor of kustomizations: bytes in, bytes out, and no I/O. It never writes YAML that it parsed. It locates the
//! bytes of `newName`, `newTag` and `digest` in the entries that an argument names, splices text there, and proves the
//! result by reading it again with two independent readers; a shape that it cannot edit so is refused, with its place.
//! It leaves out everything of a kustomization but its images.

mod append;
mod block;
mod edit;
mod entry;
mod error;
mod flow;
mod locate;
mod new_entry;
mod notes;
mod outcome;
mod parse;
mod plan;
mod scalar;
mod second_reader;
mod source;
mod splice;
mod tree;
mod verify;
mod wish;

pub use edit::{Absent, edit, entries};
pub use entry::{FieldName, Fields};
pub use error::{EditError, Found, Place, Shape};
pub use locate::{FILE_NAMES, LocateError, locate};
pub use notes::{Note, NoteKind};
pub use outcome::{Edit, EntryEdit, FieldEdit};
