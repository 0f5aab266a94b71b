//! What can stop a release. A release must never undo a newer one by accident, and a pipeline must never start itself: so exit
//! code 0 without an effect needs a proof, and what is only a guess ends with a warning or a failure. Holds and rules say what
//! the owners of the branch want.
//!
//! History is written by anyone who can push, so its messages are claims, and the files decide whether a claim is true. Each
//! guard is a pure judgement and a reader that finds out what it has to know. A reader asks repositories one after the other,
//! and changes nothing. `README.md` in this folder has examples, and what a look costs.

mod branch_line;
mod branch_update;
pub(crate) mod claims;
mod compared_commits;
mod compared_file;
pub(crate) mod entry_history;
mod file_entries;
pub(crate) mod generated_heads;
pub(crate) mod head_branch;
pub mod hold;
pub mod hold_file;
mod merged_request;
mod moved_file;
mod near_names;
pub mod order;
pub mod own_commit;
pub mod own_push;
pub mod rules;
mod spellings;
mod titled_change;
mod told_change;
