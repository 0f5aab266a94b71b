//! THE FLOWS, one a command; nothing else sequences.

mod check;
mod delivery;
mod files;
mod order;
mod release;
mod set;

pub use check::check;
pub use release::release;
pub use set::set;
