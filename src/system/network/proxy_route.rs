//! The way through a proxy to one server, for what is told if it leads nowhere.

use std::fmt;
use std::time::{Duration, Instant};

use reqwest::{Method, Proxy, StatusCode, Url};

use super::http::{Security, client};

/// How long the proxy may take at most to say again that it refuses.
const LIMIT: Duration = Duration::from_secs(5);

/// The proxy that a server is reached through. Its URL may hold a login, so it has no `Debug`.
#[derive(Clone)]
pub struct ProxyRoute {
    proxy: Url,
    server: Url,
}

impl ProxyRoute {
    pub(super) fn new(proxy: Url, server: Url) -> Self {
        Self { proxy, server }
    }

    /// Asks the proxy once more to connect us to the server, because reqwest does not tell the status of a refusal. Returns the
    /// status; `None` if the proxy connects now, or does not answer by the deadline of the request that it refused.
    pub(super) fn refusal(&self, deadline: Instant) -> Option<StatusCode> {
        let limit = LIMIT.min(deadline.saturating_duration_since(Instant::now()));
        let (host, port) = (self.server.host_str()?, self.server.port_or_known_default()?);
        // A `CONNECT` names host and port alone. For port 80 a URL has none.
        let server = Url::parse(&format!("http://{host}:{port}/")).ok().filter(|url| url.port().is_some())?;
        let client = client(Security::Plain, limit).proxy(Proxy::all(self.proxy.clone()).ok()?).build().ok()?;
        let status = client.request(Method::CONNECT, server).send().ok()?.status();
        (!status.is_success()).then_some(status)
    }
}

/// As it is shown: `host:port`, without a login.
impl fmt::Display for ProxyRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.proxy.host_str().unwrap_or_default())?;
        self.proxy.port_or_known_default().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}
