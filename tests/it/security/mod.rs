//! What an attacker controls, such as a tag's name, and what must not come of it.

mod checkouts;
mod connections;
mod git_server;
mod logins;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(unix)]
mod programs;
#[cfg(unix)]
mod set;
mod values;
