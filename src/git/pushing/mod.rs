//! How a commit gets to its branch, under a lease, and how that ended: no outcome is guessed.
//!
//! Read `push` first, then `refusal`. `replaceable` is the proof that the head branch of a pull request may be replaced.

pub(super) mod advertised_refs;
pub(super) mod both_services;
pub(super) mod push;
mod push_request;
pub(super) mod refusal;
pub(super) mod replaceable;
pub(super) mod undo_push;
