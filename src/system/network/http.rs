//! The one HTTP and TLS stack: reqwest on rustls with ring, shared by the registry's client and by git's transport.
//! It decides on TLS, time limits and the user agent; its users decide on redirects, proxies, retries and credentials.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::blocking::{Client, ClientBuilder};
use reqwest::redirect::Policy;
use reqwest::{StatusCode, Url};

/// Our name in requests, unless the protocol has a rule of its own.
pub const USER_AGENT: &str = concat!("tagship/", env!("CARGO_PKG_VERSION"));

/// Whether a client will ever speak TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Plain HTTP only: the system's certificates, about 150 files, are not read, and need not exist.
    Plain,
    Tls,
}

/// Returns a client builder with our limits: 10 s to connect, `timeout` for a whole request and its response. It follows no
/// redirect by itself, and asks no proxy unless it is given one.
pub fn client(security: Security, timeout: Duration) -> ClientBuilder {
    // An error means that a provider is installed, which is this one: only this line installs one.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = Client::builder()
        .user_agent(USER_AGENT)
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(Duration::from_secs(10))
        .timeout(timeout)
        .tcp_nodelay(true);
    match security {
        Security::Plain => builder.tls_certs_only([]),
        Security::Tls => builder,
    }
}

/// Returns whether an answer of this status may be another one soon: that of a busy server, of a gateway before it, or of a
/// connection that was idle for too long. 501 is left out: it means that the method is not spoken.
pub fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 421 | 425 | 429 | 499 | 500 | 502 | 503 | 504 | 520..=524)
}

/// Returns whether `url` leads to this machine by its name alone.
pub fn is_loopback(url: &Url) -> bool {
    match literal(url) {
        Some(address) => address.is_loopback(),
        None => {
            let name = url.host_str().unwrap_or_default().trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

/// Returns the host of a URL as it is shown, with its port if that is not the scheme's own.
pub fn shown_host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Returns the address of a URL whose host is one.
pub fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str().and_then(literal_host)
}

/// Returns the address that a host is; `::ffff:127.0.0.1` is 127.0.0.1.
pub(super) fn literal_host(host: &str) -> Option<IpAddr> {
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}
