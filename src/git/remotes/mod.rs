//! Where a repository is and how it is reached: its URL, git's configuration for it, and its login.
//!
//! Read `remote` first.

pub(super) mod remote;
pub(super) mod remote_url;
mod same_place;
pub(super) mod server_api;
pub(super) mod unmet_include;
pub(super) mod url_logins;
