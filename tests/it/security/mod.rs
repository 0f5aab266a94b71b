//! What an attacker controls, such as a tag's name, and what must not come of it.

mod checkouts;
mod git_server;
mod hostile_sizes;
mod logins;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(unix)]
mod set;
mod values;
