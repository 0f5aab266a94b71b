//! Connections to servers: HTTP and TLS, certificates, proxies, which login is sent, and why there was no answer.
//!
//! Read `http` and `tls` first, then `connection`, which tells what went wrong.

pub mod address_scope;
pub(crate) mod authorization_header;
mod certificate;
pub mod client_certificate;
pub mod connection;
pub mod http;
pub mod notices;
pub mod proxy;
pub mod proxy_route;
pub mod retry_after;
pub(crate) mod sent_logins;
pub mod tls;
pub mod untrusted_certificate;
pub(crate) mod web_host;
pub mod webhook;
