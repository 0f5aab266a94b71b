//! The wire: how bytes get to a git server and back, over HTTP or the pipes of a program, with which login.

pub(super) mod connection;
pub(super) mod conversation;
mod exchange;
pub(super) mod host_login;
pub(super) mod http_client;
pub(super) mod http_config;
mod pipe;
pub(super) mod push_report;
mod small_packets;
pub(super) mod ssh;
pub(super) mod traffic;
