//! THE FLOWS, one a command. Effects on a repository happen here alone, each after all checks, so a flow that is read from top
//! to bottom tells what its command does. Readers in `guards` ask repositories one after the other too, and change nothing.
//!
//! A file here is a command. What several commands share is in folders: `target_files` and `release_branch` tell what is
//! meant and read it, `image_checks` asks the registries, `from_history` the past and `forges` the forges. `file_edits`
//! edits, `delivery` plans a release and tries again, and `publish` makes the one effect. Read `release` first, then
//! `delivery`.

mod check;
mod delivery;
mod file_edits;
mod forges;
mod from_history;
mod guard;
mod image_checks;
mod log;
mod promote;
mod publish;
mod release;
mod release_branch;
mod rollback;
mod set;
mod status;
mod target_files;

pub use check::check;
pub use guard::guard;
pub use log::log;
pub use promote::promote;
pub use release::release;
pub use rollback::rollback;
pub use set::set;
pub use status::status;
