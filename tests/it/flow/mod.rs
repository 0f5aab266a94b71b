//! The commands, one file each, and what follows a release.

mod checkout;
mod log;
mod no_push;
mod promote;
mod release;
mod rollback;
mod set;
mod slips;
