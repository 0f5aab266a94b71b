//! Git's objects: their names, how packs carry them, and how a commit is made and signed. No network.

pub(super) mod commit;
pub(super) mod commit_message;
pub(super) mod commit_tag;
mod default_key;
pub(super) mod delta;
pub(super) mod identity;
pub(super) mod made_elsewhere;
pub(super) mod name;
pub(super) mod pack;
mod pack_entries;
mod parsed_commit;
pub(super) mod record;
pub(super) mod sign;
mod signer;
pub(super) mod store;
mod tree_index;
