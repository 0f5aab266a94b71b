//! THE FLOWS, one a command; nothing else sequences.

mod check;
mod checks;
mod delivery;
mod files;
mod guard;
mod log;
mod nearest;
mod promote;
mod release;
mod rollback;
mod set;
mod subject;
mod target;
mod timeline;

pub use check::check;
pub use guard::guard;
pub use log::log;
pub use promote::promote;
pub use release::release;
pub use rollback::rollback;
pub use set::set;
