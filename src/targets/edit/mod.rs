//! The words of both editors: what a caller asks of a file, and what an edit tells of it.

mod before_name;
mod entry_edit;
mod fields;
mod kept_comment;
mod later_step;
mod note;
mod options;
mod other_kind;
mod pulled;
mod values_note;

pub use before_name::BeforeName;
pub use entry_edit::{Edit, EntryEdit, FieldEdit};
pub use fields::{FieldName, Fields, PlaceVersion, Unnamed, Untagged, UnusableValue};
pub(super) use kept_comment::{Belongs, kept_comment};
pub use later_step::LaterStep;
pub use note::{Note, NoteKind};
pub use options::{Absent, Comments, EditOptions};
pub use other_kind::OtherKind;
pub(super) use pulled::{Doubt, Pulled};
pub use pulled::{MadeImage, PulledImage, UncertainImage};
pub use values_note::ValuesNote;
