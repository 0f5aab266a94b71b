//! What an attacker controls, such as a tag's name, and what must not come of it.

mod checkouts;
mod git_server;
mod logins;
mod values;
