//! What the past of the branch tells of an entry: what its file became, commit by commit, and what commits claim to have
//! released. The files decide; a claim counts only if they agree with it.
//!
//! Read `branch_line` first (which commits the branch has been at), then `claims`, then `entry_history`, which brings them
//! together.

mod branch_line;
pub(crate) mod claims;
pub(crate) mod entry_history;
pub(crate) mod file_entries;
mod moved_file;
mod went_back;
