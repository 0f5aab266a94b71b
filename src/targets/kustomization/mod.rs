//! The editor of kustomizations: bytes in, bytes out, and no I/O. It finds `newName`, `newTag` and `digest` in the
//! entries that an argument names, decides what happens to each, and lets `yaml` splice and prove. A shape that it
//! cannot edit is refused, with its place. It knows nothing of a kustomization but its images.

mod action;
mod append;
mod chain;
mod claim;
mod edit;
mod entry;
mod entry_names;
mod error;
mod go_yaml;
mod locate;
mod new_entry;
mod other_steps;
mod outcome;
mod patched_images;
mod plan;
mod pulled;
mod requested;
mod survey;
mod trailing_comment;
mod verify;

pub(super) use chain::{AppliedEntries, AppliedEntry, reference};
pub(in crate::targets) use claim::says_so;
pub use edit::{edit, entries};
pub(super) use edit::{edit_parsed, entries_as_pulled, entries_of, nodes_of};
pub(super) use entry::ListsPlace;
pub(super) use entry_names::{EntryNames, is_for};
pub use error::{EditError, ImagesShape};
pub use locate::{FILE_NAMES, LocateError, folder_or_file, is_kustomization_name, locate};
pub(super) use other_steps::{PATCHES, later_step, patch_items, patches};
pub(super) use patched_images::{PatchedImage, ReplacedImage, list_in, patch_in, patched_images};
pub(super) use pulled::pulled_around;
