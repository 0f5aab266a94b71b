//! Requests to registries over HTTP: retries and redirects, the hosts a login may go to, and the certificates to trust.

pub(super) mod address;
mod clients;
pub(super) mod error_response;
pub(super) mod requests;
mod resolver;
pub(super) mod sender;
pub(super) mod trust;
