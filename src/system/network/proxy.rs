//! Which forward proxy a request goes through: the variables of the environment as Go's programs and curl read them, for
//! registries and for git. reqwest's own reading passes over `*.corp` and `host:port` in `NO_PROXY`, and does not tell which
//! proxy it has taken.

use std::fmt;
use std::net::IpAddr;

use reqwest::blocking::ClientBuilder;
use reqwest::{Proxy, Url};

use super::http::literal_host;
use super::proxy_route::ProxyRoute;
use super::sent_logins;

/// The forward proxies by the scheme of a URL, and the hosts that are reached without one. It may hold logins.
#[derive(Clone, Default)]
pub struct Proxies {
    http: Option<Url>,
    https: Option<Url>,
    direct: Vec<NoProxyEntry>,
}

/// What is reached without a proxy: an entry of `NO_PROXY`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum NoProxyEntry {
    Everything,
    /// A host and, unless `is_below`, itself: `corp`, `.corp` and `*.corp` all mean what is below `corp`.
    Name {
        name: String,
        is_below: bool,
        port: Option<u16>,
    },
    Address {
        address: IpAddr,
        port: Option<u16>,
    },
    /// The addresses whose first bits are these.
    Network {
        address: IpAddr,
        bits: u32,
    },
}

/// The variable that names no proxy. Its value may hold a login, and is not told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the URL of a proxy")]
pub struct UnusableProxy(String);

impl Proxies {
    /// Returns the proxies that the environment names. As for Go, the names in capitals count first.
    ///
    /// # Errors
    /// A variable has no URL in it. To go without a proxy then would lead past the one that is meant.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, UnusableProxy> {
        // In a CGI program a client chooses `HTTP_PROXY`: it is its header `Proxy`.
        if variable("REQUEST_METHOD").is_some() {
            return Ok(Self::default());
        }
        let named = |name: String| variable(&name).filter(|text| !text.trim().is_empty()).map(|text| (name, text));
        let either = |name: &str| named(name.to_owned()).or_else(|| named(name.to_ascii_lowercase()));
        let proxy = |name: &str| match either(name).or_else(|| either("ALL_PROXY")) {
            Some((name, text)) => parse(&text).map(Some).ok_or(UnusableProxy(name)),
            None => Ok(None),
        };
        let (http, https) = (proxy("HTTP_PROXY")?, proxy("HTTPS_PROXY")?);
        let direct = direct(&either("NO_PROXY").map(|(_, list)| list).unwrap_or_default());
        Ok(Self { http, https, direct })
    }

    /// Returns the same exceptions with another proxy for all URLs; `None` if `text` is no URL.
    pub fn with(&self, text: &str) -> Option<Self> {
        let proxy = parse(text)?;
        Some(Self { http: Some(proxy.clone()), https: Some(proxy), direct: self.direct.clone() })
    }

    /// Returns the proxy for `url`; `None` if it is reached without one.
    pub fn of(&self, url: &Url) -> Option<&Url> {
        let proxy = match url.scheme() {
            "http" => self.http.as_ref(),
            "https" => self.https.as_ref(),
            _ => None,
        }?;
        (!self.direct.iter().any(|direct| direct.covers(url))).then_some(proxy)
    }

    /// Lets a client reach each URL through its proxy.
    pub fn used_by(&self, client: ClientBuilder) -> ClientBuilder {
        let proxies = self.clone();
        client.proxy(Proxy::custom(move |url| proxies.of(url).cloned()))
    }

    /// Returns the way to `url` through its proxy.
    pub fn route(&self, url: &Url) -> Option<ProxyRoute> {
        self.of(url).map(|proxy| ProxyRoute::new(proxy.clone(), url.clone()))
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxies").field("direct", &self.direct).finish_non_exhaustive()
    }
}

/// The protocols of proxies. The `h` of `socks5h` and the `a` of `socks4a` let the proxy look names up.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// Reads the URL of a proxy, which may lack its scheme.
fn parse(text: &str) -> Option<Url> {
    let text = text.trim();
    let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
    let url = url.ok().filter(|url| url.has_host() && SCHEMES.contains(&url.scheme()))?;
    sent_logins::note_url(&url);
    Some(url)
}

/// Reads `NO_PROXY`: entries between commas, or blanks as curl allows them. An entry that makes no sense counts for nothing.
fn direct(list: &str) -> Vec<NoProxyEntry> {
    list.split([',', ' ', '\t']).filter(|entry| !entry.is_empty()).filter_map(NoProxyEntry::parse).collect()
}

impl NoProxyEntry {
    fn parse(entry: &str) -> Option<Self> {
        if entry == "*" {
            return Some(Self::Everything);
        }
        if let Some((address, bits)) = entry.split_once('/') {
            let address = literal_host(address)?;
            let longest = if address.is_ipv4() { 32 } else { 128 };
            return bits.parse().ok().filter(|bits| *bits <= longest).map(|bits| Self::Network { address, bits });
        }
        if let Some(address) = literal_host(entry) {
            return Some(Self::Address { address, port: None });
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (entry, None),
        };
        if let Some(address) = literal_host(host) {
            return Some(Self::Address { address, port });
        }
        let (host, is_below) = host.strip_prefix('*').map_or((host, false), |rest| (rest, true));
        let name = host.trim_matches('.').to_ascii_lowercase();
        (!name.is_empty()).then_some(Self::Name { name, is_below, port })
    }

    fn covers(&self, url: &Url) -> bool {
        let at = |wanted: &Option<u16>| wanted.is_none() || *wanted == url.port_or_known_default();
        let host = url.host_str().unwrap_or_default().trim_end_matches('.');
        match self {
            Self::Everything => true,
            Self::Name { name, is_below, port } => {
                let is_under = host.strip_suffix(name.as_str()).is_some_and(|rest| rest.ends_with('.'));
                at(port) && (is_under || (!is_below && host == name))
            }
            Self::Address { address, port } => at(port) && literal_host(host) == Some(*address),
            Self::Network { address, bits } => match (address, literal_host(host)) {
                (IpAddr::V4(network), Some(IpAddr::V4(host))) => {
                    shares(u128::from(network.to_bits()), u128::from(host.to_bits()), 32 - bits)
                }
                (IpAddr::V6(network), Some(IpAddr::V6(host))) => shares(network.to_bits(), host.to_bits(), 128 - bits),
                _ => false,
            },
        }
    }
}

/// Whether two addresses are the same but for their last `free` bits.
fn shares(one: u128, other: u128, free: u32) -> bool {
    (one ^ other).checked_shr(free).unwrap_or_default() == 0
}

#[cfg(test)]
mod tests {
    use super::Proxies;
    use reqwest::Url;

    fn of(variables: &[(&str, &str)]) -> Proxies {
        let value =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Proxies::of_environment(value).unwrap()
    }

    fn shown(variables: &[(&str, &str)], url: &str) -> Option<String> {
        of(variables).route(&Url::parse(url).unwrap()).map(|route| route.to_string())
    }

    /// What Go's `golang.org/x/net/http/httpproxy` does with each, and curl where it knows the form.
    #[test]
    fn what_is_reached_without_a_proxy() {
        for (list, url, is_direct) in [
            ("reg.corp", "https://reg.corp/", true),
            ("reg.corp", "https://a.reg.corp/", true),
            ("reg.corp", "https://areg.corp/", false),
            ("REG.corp", "https://reg.CORP/", true),
            ("reg.corp.", "https://reg.corp./", true),
            (".corp", "https://reg.corp/", true),
            ("*.corp", "https://reg.corp/", true),
            ("*.corp", "https://a.reg.corp/", true),
            ("*.corp", "https://corp/", false),
            ("*.corp", "https://regcorp/", false),
            ("*", "https://reg.corp/", true),
            ("other.test,*.corp", "https://reg.corp/", true),
            ("other.test *.corp", "https://reg.corp/", true),
            ("reg.corp:5000", "https://reg.corp:5000/", true),
            ("reg.corp:5000", "https://reg.corp/", false),
            ("reg.corp:443", "https://reg.corp/", true),
            ("reg.corp:80", "http://reg.corp/", true),
            ("*.corp:443", "https://reg.corp/", true),
            ("10.0.0.0/8", "https://10.1.2.3/", true),
            ("10.0.0.0/8", "https://11.1.2.3/", false),
            ("0.0.0.0/0", "https://11.1.2.3/", true),
            ("10.1.2.3", "https://10.1.2.3:5000/", true),
            ("10.1.2.3:5000", "https://10.1.2.3:5000/", true),
            ("10.1.2.3:5000", "https://10.1.2.3/", false),
            ("fd00::/8", "https://[fd00::1]:5000/", true),
            ("fd00::/8", "https://[fe00::1]/", false),
            ("::/0", "https://[fe00::1]/", true),
            ("[fd00::1]:5000", "https://[fd00::1]:5000/", true),
            ("fd00::1", "https://[fd00::1]/", true),
            ("10.0.0.0/33, nonsense:port, :1, .", "https://10.1.2.3/", false),
            ("", "https://reg.corp/", false),
        ] {
            let proxy = shown(&[("HTTP_PROXY", "http://p:1"), ("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", list)], url);
            assert_eq!(proxy.is_none(), is_direct, "{list} {url}");
        }
    }

    #[test]
    fn a_proxy_that_is_no_url() {
        for (name, text) in [
            ("https_proxy", "u:s3cret@:::"),
            ("ALL_PROXY", "http://"),
            ("HTTP_PROXY", "h:1x"),
            ("ALL_PROXY", "ftp://h:1"),
        ] {
            let error = Proxies::of_environment(|known| (known == name).then(|| text.to_owned())).err().unwrap();
            assert_eq!(error.to_string(), format!("`{name}` is not the URL of a proxy"), "{text}");
        }
    }

    #[test]
    fn which_variable_counts() {
        for (variables, url, expected) in [
            (&[("https_proxy", "http://low:1"), ("HTTPS_PROXY", "http://high:1")][..], "https://h/", Some("high:1")),
            (&[("https_proxy", "http://low:1")], "https://h/", Some("low:1")),
            (&[("https_proxy", "http://low:1")], "http://h/", None),
            (&[("http_proxy", "low:3128")], "http://h/", Some("low:3128")),
            (&[("all_proxy", "http://me:s3cret@all")], "http://h/", Some("all:80")),
            (&[("http_proxy", "http://low:1"), ("no_proxy", "h")], "http://h/", None),
            (&[("http_proxy", "http://low:1"), ("REQUEST_METHOD", "GET")], "http://h/", None),
            (&[("http_proxy", "")], "http://h/", None),
        ] {
            assert_eq!(shown(variables, url).as_deref(), expected, "{variables:?}");
        }
        assert!(!format!("{:?}", of(&[("all_proxy", "http://me:s3cret@all")])).contains("s3cret"));
    }
}
