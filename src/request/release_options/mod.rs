//! What the commands share that release: the text and the author of the commit, its way to the branch, and who is told.
//!
//! Read `delivery` first: it brings the others together.

pub(super) mod commit;
pub(super) mod delivery;
pub(super) mod notification;
pub(super) mod route;
mod skip_ci;
