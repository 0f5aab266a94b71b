//! The files of a call, edited: how each is edited, what all of them must have, what is told of them, and what they release.

pub(super) mod edit_file;
pub(super) mod released;
pub(super) mod remarks;
pub(super) mod required_entries;
pub(super) mod required_versions;
