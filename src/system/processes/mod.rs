//! This process and the programs that it starts: how they are run to their end, and what a signal does.
//!
//! Read `programs` first, then `program_run`, then `signals`.

pub mod accounts;
pub mod memory;
pub mod program_run;
pub mod programs;
pub mod signals;
pub mod thread_limit;
