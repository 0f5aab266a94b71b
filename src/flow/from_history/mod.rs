//! What commands take from history: which release a person means, what ran then, and whether its tag still means the same image.
//! `rollback` and `promote` write such values again, to the letter.
//!
//! Read `named_release` and `exact_argument` first; the others are questions about what these found.

pub(super) mod exact_argument;
pub(super) mod named_release;
pub(super) mod promoted_name;
pub(super) mod pushed_again;
pub(super) mod unknown_entry;
