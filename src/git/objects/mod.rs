//! Git's objects: names, packs, and the making of a commit. No network.

pub(super) mod commit;
pub(super) mod commit_message;
mod delta;
pub(super) mod identity;
pub(super) mod name;
pub(super) mod pack;
pub(super) mod record;
pub(super) mod sign;
pub(super) mod store;
