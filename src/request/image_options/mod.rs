//! Which images a command writes or asks for, what it requires of them, and which registries it asks with which login.
//!
//! Read `images` first, then `registry` and `required_claims`.

pub(super) mod comment;
pub(super) mod images;
pub(super) mod logins;
pub(super) mod registry;
mod required_claims;
pub(super) mod version;
