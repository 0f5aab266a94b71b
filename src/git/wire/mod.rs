//! The connection to a git server: bytes to it and back, over HTTP or over the pipes of a program, and the login.

pub(super) mod allowance;
pub(super) mod conversation;
pub(super) mod credential_helper;
pub(super) mod error_packet;
mod exchange;
mod exchange_failure;
pub(super) mod host_login;
pub(super) mod http_client;
pub(super) mod http_config;
pub(super) mod known_login;
pub(super) mod netrc;
mod pipe;
pub(super) mod protection;
pub(super) mod push_report;
pub(super) mod restrictions;
mod retries;
pub(super) mod service_connection;
pub(super) mod small_packets;
pub(super) mod ssh;
pub(super) mod traffic;
