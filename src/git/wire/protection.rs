//! Whether a connection over HTTP protects the login that goes over it. Without a check of the certificate, or without TLS, a
//! machine in between can read it.

use std::fmt;

use reqwest::Url;

use crate::system::network::http::is_loopback;
use crate::system::network::proxy::Proxies;

/// What keeps a login secret on its way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::git) enum Protection {
    /// TLS with a certificate that is checked.
    #[default]
    Tls,
    /// The connection does not leave this machine.
    Loopback,
    /// TLS without a check of the certificate, on this machine.
    UnverifiedLoopback(Unprotected),
    None(Unprotected),
}

/// Why a connection protects nothing; its text can stand alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::git) struct Unprotected {
    host: String,
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    PlainHttp,
    /// The proxy reads what goes through it, also to a server on this machine.
    PlainHttpByProxy,
    /// The certificate is not checked, because this setting says so.
    Unverified(&'static str),
}

impl Protection {
    /// Returns the protection of connections to `url`. `unverified_by` is the setting that turns the check of certificates
    /// off.
    pub(in crate::git) fn of(url: &Url, unverified_by: Option<&'static str>, proxies: &Proxies) -> Self {
        let unprotected = |why| Unprotected { host: url.host_str().unwrap_or_default().to_owned(), why };
        let is_proxied = proxies.of(url).is_some();
        match (url.scheme(), unverified_by, is_loopback(url) && !is_proxied) {
            ("https", None, _) => Self::Tls,
            ("https", Some(setting), true) => Self::UnverifiedLoopback(unprotected(Why::Unverified(setting))),
            ("https", Some(setting), false) => Self::None(unprotected(Why::Unverified(setting))),
            (_, _, true) => Self::Loopback,
            (_, _, false) if is_proxied => Self::None(unprotected(Why::PlainHttpByProxy)),
            (_, _, false) => Self::None(unprotected(Why::PlainHttp)),
        }
    }

    /// Returns what a person should know; `None` if there is nothing to tell.
    pub(in crate::git) fn notice(&self) -> Option<String> {
        match self {
            Self::Tls | Self::Loopback => None,
            Self::UnverifiedLoopback(unprotected) => Some(unprotected.to_string()),
            Self::None(unprotected) => {
                Some(format!("{unprotected}: a machine in between can read and change all of it"))
            }
        }
    }
}

impl fmt::Display for Unprotected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, why } = self;
        match why {
            Why::PlainHttp => write!(f, "`{host}` is reached over plain HTTP"),
            Why::PlainHttpByProxy => write!(f, "`{host}` is reached over plain HTTP through a proxy"),
            Why::Unverified(setting) => write!(f, "the certificate of `{host}` is not checked (`{setting}`)"),
        }
    }
}
