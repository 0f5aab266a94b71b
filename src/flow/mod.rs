//! THE FLOWS, one a command. Effects on a repository happen here alone, each after all checks, so a flow that is read from top
//! to bottom tells what its command does. Readers in `guards` ask repositories one after the other too, and change nothing.

mod check;
mod delivery;
mod exact_argument;
mod file_edits;
mod guard;
mod image_checks;
mod log;
mod named_release;
mod promote;
mod promoted_name;
mod publish;
mod pushed_again;
mod release;
mod release_branch;
mod remote_forge;
mod rollback;
mod rulings;
mod set;
mod source_changes;
mod status;
mod target_files;
mod unknown_entry;

pub use check::check;
pub use guard::guard;
pub use log::log;
pub use promote::promote;
pub use release::release;
pub use rollback::rollback;
pub use set::set;
pub use status::status;
