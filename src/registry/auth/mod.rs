//! Logins: where they are found, how a registry asks for one, and what is shown to it.

pub(super) mod authenticator;
pub(super) mod challenge;
pub(super) mod docker_config;
pub(super) mod helper;
pub(super) mod login_sources;
pub(super) mod secret;
pub(super) mod token;
pub(super) mod turn;
