//! Which repository, branch and files a command is for, and how they are reached.
//!
//! Read `repository_request` first, then `target_file`.

pub(super) mod forge_hints;
pub(super) mod repository_request;
pub(super) mod target_file;
pub(super) mod typed_again;
