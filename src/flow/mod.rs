//! THE FLOWS, one a command; nothing else sequences.

mod check;
mod checkout;
mod delivery;
mod files;
mod guard;
mod hold;
mod log;
mod order;
mod promote;
mod release;
mod rollback;
mod set;
mod timeline;

pub use check::check;
pub use guard::guard;
pub use log::log;
pub use promote::promote;
pub use release::release;
pub use rollback::rollback;
pub use set::set;
