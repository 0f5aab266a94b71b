//! The forges of a command: the one that the release branch is at, with its login, and those of the sources, whose pages are
//! named. What a forge can do is known in `forge`.
//!
//! Read `remote_forge` first.

pub(super) mod remote_forge;
pub(super) mod source_changes;
