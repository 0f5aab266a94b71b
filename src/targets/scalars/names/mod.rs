//! The full name of an image, where its own parts do not tell it: charts put a registry or an organization before it, and aliases
//! bring parts from elsewhere. An argument that names another image must be told from one that names this one.
//!
//! Read `registries_around` first, then `shared_registry` and `parts_around`.

pub(super) mod name_elsewhere;
pub(super) mod name_limit;
pub(super) mod parts_around;
mod registries_around;
pub(super) mod shared_registry;
