//! Logins for registries: looking them up, answering challenges, and fetching tokens.

pub(super) mod authenticator;
pub(super) mod authorization;
pub(super) mod challenge;
pub(super) mod docker_config;
mod helper;
pub(super) mod login;
pub(super) mod login_check;
pub(super) mod login_sources;
pub(super) mod scheme;
mod scope;
pub(super) mod secret;
mod token;
