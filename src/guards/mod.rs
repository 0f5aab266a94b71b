//! What can stop a release. A release must never undo a newer one by accident, and a pipeline must never start itself: so exit
//! code 0 without an effect needs a proof, and what is only a guess ends with a warning or a failure. Holds and rules say what
//! the owners of the branch want.
//!
//! History is written by anyone who can push, so its messages are claims, and the files decide whether a claim is true. Each
//! guard is a pure judgement and a reader that finds out what it has to know. A reader asks repositories one after the other,
//! and changes nothing. `README.md` in this folder has examples, and what a look costs.

pub(crate) mod history;
pub mod hold;
mod near_names;
pub mod order;
pub mod own_commits;
pub mod rules;
