//! What is read of a remote: its branches, the commit at a tip with the files at some paths, and the history of both. Nothing
//! is read that the checkout has already.
//!
//! Read `reader` first, the conversation with the server, then `snapshot`, then `history` and `lineage`.

pub(super) mod ancestry;
mod answered_pack;
pub(super) mod changes;
pub(super) mod glob_pattern;
pub(super) mod history;
pub(super) mod lineage;
mod made_object;
pub(super) mod matching_files;
pub(super) mod reader;
pub(super) mod snapshot;
pub(super) mod tips;
