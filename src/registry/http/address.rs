//! Rules about hosts: to which of them a registry may send us. A registry names the host that gets the login (the realm of
//! its challenge) and can redirect any request, so the same rules hold for both. What a URL says is judged here; what its
//! name is resolved to is judged at connect, by `resolver`.

use reqwest::Url;

use crate::registry::error::LocationError;
pub(in crate::registry) use crate::system::network::address_scope::AddressScope;
pub(super) use crate::system::network::address_scope::is_own;
use crate::system::network::address_scope::is_same_host;
use crate::system::network::http;

/// Whether two URLs lead to the same scheme, host and port: only then may one see a login meant for the other.
pub(in crate::registry) fn is_same_place(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme() && is_same_host(one, other)
}

/// Returns how to show where `url` leads: its host, and its port if it is not the scheme's own, or its scheme if it has no
/// host. Paths and queries may carry signatures and stay out of messages.
pub(in crate::registry) fn shown_host(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (None, _) => format!("`{}:`", url.scheme()),
        (Some("registry-1.docker.io"), None) => "docker.io".to_owned(),
        (Some(_), _) => http::shown_host(url),
    }
}

/// Decides whether the check of an image in `registry` may go on from `from` to `to`, a place that the answer named.
///
/// The rules are those of go-containerregistry's `validateRealmURL` and regclient's `AllowRedirect`: TLS is never left,
/// and a public registry cannot make us talk to addresses that only this machine or its network can reach. A registry
/// on loopback, or in a private network, may name others there: it can reach them itself.
pub(in crate::registry) fn may_lead(registry: &Registry<'_>, from: &Url, to: &Url) -> Result<(), LocationError> {
    match (from.scheme(), to.scheme()) {
        (_, "https") | ("http", "http") => {}
        ("https", "http") => return Err(LocationError::Downgrade),
        _ => return Err(LocationError::Scheme),
    }
    if !to.username().is_empty() || to.password().is_some() {
        return Err(LocationError::Login);
    }
    if registry.place.may_lead(registry.url, to) { Ok(()) } else { Err(LocationError::Local) }
}

/// The registry that the user named.
pub(in crate::registry) struct Registry<'a> {
    pub(in crate::registry) url: &'a Url,
    pub(in crate::registry) place: AddressScope,
}

#[cfg(test)]
mod tests {
    use super::{AddressScope, LocationError, Registry, is_same_place, may_lead, shown_host};
    use crate::system::network::http::{is_loopback, literal};
    use reqwest::Url;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn loopback_names() {
        for (text, expected) in [
            ("http://localhost:5000/", true),
            ("http://LOCALHOST/", true),
            ("http://localhost./", true),
            ("http://app.localhost/", true),
            ("http://127.0.0.1/", true),
            ("http://127.9.9.9:1/", true),
            ("http://[::1]:5000/", true),
            ("http://[::ffff:127.0.0.1]/", true),
            ("http://10.0.0.1/", false),
            ("http://0.0.0.0/", false),
            ("http://notlocalhost/", false),
            ("http://localhost.example.org/", false),
            ("http://127.0.0.1.example.org/", false),
        ] {
            assert_eq!(is_loopback(&url(text)), expected, "{text}");
        }
    }

    #[test]
    fn where_a_registry_may_send_us() {
        const HUB: &str = "https://registry-1.docker.io/v2/";
        for (registry, to, expected) in [
            (HUB, "https://auth.docker.io/token", Ok(())),
            (HUB, "https://8.8.8.8/token", Ok(())),
            (HUB, "http://auth.docker.io/token", Err(LocationError::Downgrade)),
            (HUB, "ftp://auth.docker.io/token", Err(LocationError::Scheme)),
            (HUB, "file:///etc/passwd", Err(LocationError::Scheme)),
            (HUB, "https://user@auth.docker.io/token", Err(LocationError::Login)),
            (HUB, "https://:pw@auth.docker.io/token", Err(LocationError::Login)),
            (HUB, "https://127.0.0.1/token", Err(LocationError::Local)),
            (HUB, "https://0x7f.1/token", Err(LocationError::Local)),
            (HUB, "https://localhost/token", Err(LocationError::Local)),
            (HUB, "https://0.0.0.0/token", Err(LocationError::Local)),
            (HUB, "https://10.1.2.3/token", Err(LocationError::Local)),
            (HUB, "https://172.16.0.1/token", Err(LocationError::Local)),
            (HUB, "https://192.168.0.1/token", Err(LocationError::Local)),
            (HUB, "https://100.64.0.1/token", Err(LocationError::Local)),
            (HUB, "https://169.254.169.254/latest/meta-data", Err(LocationError::Local)),
            (HUB, "https://[::1]/token", Err(LocationError::Local)),
            (HUB, "https://[fe80::1]/token", Err(LocationError::Local)),
            (HUB, "https://[fd00::1]/token", Err(LocationError::Local)),
            (HUB, "https://[::ffff:10.0.0.1]/token", Err(LocationError::Local)),
            (HUB, "https://[64:ff9b::a9fe:a9fe]/token", Err(LocationError::Local)),
            (HUB, "https://[64:ff9b::808:808]/token", Ok(())),
            (HUB, "https://[64:ff9b:1::1]/token", Err(LocationError::Local)),
            (HUB, "https://[::7f00:1]/token", Err(LocationError::Local)),
            (HUB, "https://[2002:7f00:1::]/token", Err(LocationError::Local)),
            (HUB, "https://[2002:808:808::1]/token", Ok(())),
            (HUB, "https://[fec0::1]/token", Err(LocationError::Local)),
            (HUB, "https://240.0.0.1/token", Err(LocationError::Local)),
            (HUB, "https://198.18.0.1/token", Err(LocationError::Local)),
            (HUB, "https://192.0.0.192/token", Err(LocationError::Local)),
            (HUB, "https://metadata.google.internal/token", Err(LocationError::Local)),
            (HUB, "https://localhost.localdomain/token", Err(LocationError::Local)),
            (HUB, "https://ip6-localhost/token", Err(LocationError::Local)),
            (HUB, "https://METADATA.google.internal./token", Err(LocationError::Local)),
            ("https://10.0.0.5/v2/", "https://10.0.0.5/token", Ok(())),
            ("https://10.0.0.5/v2/", "https://10.0.0.5:444/token", Ok(())),
            ("https://10.0.0.5/v2/", "https://10.0.0.6:444/token", Ok(())),
            ("https://10.0.0.5/v2/", "https://[fd00::6]/token", Ok(())),
            ("https://10.0.0.5/v2/", "https://127.0.0.1/token", Err(LocationError::Local)),
            ("https://10.0.0.5/v2/", "https://[::ffff:127.0.0.1]/token", Err(LocationError::Local)),
            ("https://10.0.0.5/v2/", "https://[64:ff9b::a00:6]/token", Err(LocationError::Local)),
            ("https://10.0.0.5/v2/", "https://localhost/token", Err(LocationError::Local)),
            ("https://10.0.0.5/v2/", "https://metadata.google.internal/token", Err(LocationError::Local)),
            ("http://10.0.0.5:5000/v2/", "http://10.0.0.5:5000/token", Ok(())),
            ("http://10.0.0.5:5000/v2/", "https://auth.example.org/token", Ok(())),
            ("http://10.0.0.5:5000/v2/", "http://169.254.169.254/token", Err(LocationError::Local)),
            ("http://localhost:5000/v2/", "http://127.0.0.1:5001/token", Ok(())),
            ("http://localhost:5000/v2/", "http://10.0.0.5/token", Err(LocationError::Local)),
        ] {
            let url = url(registry);
            let registry = Registry { url: &url, place: AddressScope::of(literal(&url)) };
            assert_eq!(may_lead(&registry, &url, &self::url(to)), expected, "{url} -> {to}");
        }
    }

    #[test]
    fn tls_that_a_redirect_reached_is_not_left_again() {
        let registry = Registry { url: &url("http://10.0.0.5:5000/v2/"), place: AddressScope::Private };
        let realm = url("https://auth.example.org/token");
        assert_eq!(may_lead(&registry, &realm, &url("http://auth.example.org/")), Err(LocationError::Downgrade));
    }

    #[test]
    fn what_a_name_may_be_resolved_to() {
        let place = |addresses: &[&str]| AddressScope::of(addresses.iter().map(|text| text.parse().unwrap()));
        for (registry, address, expected) in [
            (&["8.8.8.8"][..], "8.8.4.4", true),
            (&["8.8.8.8"], "10.0.0.1", false),
            (&["8.8.8.8"], "127.0.0.1", false),
            (&["8.8.8.8"], "::ffff:169.254.169.254", false),
            (&["8.8.8.8"], "64:ff9b::a9fe:a9fe", false),
            (&["8.8.8.8"], "2002:7f00:1::", false),
            (&["8.8.8.8"], "::7f00:1", false),
            (&["8.8.8.8", "10.0.0.1"], "10.0.0.1", false),
            (&[], "10.0.0.1", false),
            (&["10.0.0.5"], "10.0.0.6", true),
            (&["10.0.0.5", "fd00::5"], "192.168.0.6", true),
            (&["10.0.0.5"], "fd00::6", true),
            (&["10.0.0.5"], "127.0.0.1", false),
            (&["10.0.0.5"], "169.254.169.254", false),
            (&["10.0.0.5"], "64:ff9b::a00:6", false),
            (&["10.0.0.5"], "8.8.8.8", true),
            (&["127.0.0.1"], "127.0.1.1", true),
            (&["127.0.0.1", "::1"], "::1", true),
            (&["127.0.0.1"], "10.0.0.6", false),
        ] {
            assert_eq!(place(registry).may_reach(address.parse().unwrap()), expected, "{registry:?} -> {address}");
        }
    }

    #[test]
    fn places() {
        let registry = url("https://registry.example.org/v2/");
        assert!(is_same_place(&registry, &url("https://registry.example.org:443/other")));
        for other in ["http://registry.example.org/", "https://registry.example.org:444/", "https://example.org/"] {
            assert!(!is_same_place(&registry, &url(other)), "{other}");
        }
    }

    #[test]
    fn a_host_is_shown_as_people_know_it() {
        for (text, expected) in [
            ("https://registry-1.docker.io/v2/", "docker.io"),
            ("https://auth.docker.io/token?account=me", "auth.docker.io"),
            ("http://localhost:5000/v2/", "localhost:5000"),
            ("https://[::1]:5000/v2/", "[::1]:5000"),
        ] {
            assert_eq!(shown_host(&url(text)), expected, "{text}");
        }
    }
}
