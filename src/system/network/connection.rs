//! Why a server gave no answer over HTTP: one reading of the errors of reqwest, rustls and the system, so that the same event
//! has the same words and the same hint whether a registry or a git server was asked.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Instant;

use reqwest::Url;
use rustls::{AlertDescription, CertificateError, Error as TlsError};

use super::proxy_route::ProxyRoute;
use super::untrusted_certificate::{CertificateFlaw, UntrustedCertificate};

/// What kept an answer from coming.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionProblem {
    NameNotResolved,
    Refused,
    TimedOut,
    /// The other end closed the connection before the answer was complete.
    Closed,
    /// The certificate of the other end is not accepted.
    Untrusted(CertificateFlaw),
    /// Another failure of TLS, such as a server that does not speak it.
    Tls,
    /// The other end wants a certificate of the client, and was shown none.
    NoClientCertificate,
    /// The other end does not accept the certificate of the client. Some say so too if they were shown none.
    ClientCertificate,
    /// The other end speaks TLS, and was asked in plain HTTP.
    SpeaksTls,
    /// The proxy did not connect us to the server.
    Proxy,
    /// The proxy does not allow us to reach the server.
    ProxyForbids,
    /// The proxy requires a login.
    ProxyLogin,
    Other,
}

impl ConnectionProblem {
    /// Whether it is about who asks, so that no retry helps.
    pub fn is_login(self) -> bool {
        matches!(self, Self::ProxyForbids | Self::ProxyLogin | Self::NoClientCertificate | Self::ClientCertificate)
    }
}

/// A request without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionError {
    pub problem: ConnectionProblem,
    /// The innermost cause: the outer ones only repeat that there was no answer, and name the URL.
    cause: String,
    /// The proxy that was to connect us, as `host:port`.
    proxy: Option<String>,
}

impl ConnectionError {
    fn new(problem: ConnectionProblem, cause: impl Into<String>) -> Self {
        Self { problem, cause: cause.into(), proxy: None }
    }

    /// Returns what an error of reqwest, or of reading an answer's body, means.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        if causes(error).any(|cause| cause.to_string() == SOCKS_LOOKUP_ERROR) {
            let cause = "the name of the host cannot be resolved here; with `socks5h` the proxy resolves it";
            return Self::new(ConnectionProblem::Proxy, cause);
        }
        let problem = causes(error).filter_map(problem).last().unwrap_or(ConnectionProblem::Other);
        let certificate = causes(error).find_map(untrusted).map(ToString::to_string);
        let cause = certificate.or_else(|| causes(error).last().map(ToString::to_string));
        Self::new(problem, cause.unwrap_or_default())
    }

    /// Returns what it means that a proxy answers 407.
    pub fn proxy_login() -> Self {
        Self::new(ConnectionProblem::ProxyLogin, "")
    }

    /// Returns what it means that a server answers plain HTTP with the words that it speaks TLS.
    pub fn speaks_tls() -> Self {
        Self::new(ConnectionProblem::SpeaksTls, "")
    }

    /// Returns what the answer to a request for `url` says of the client's certificate: nginx ends the handshake without one, and
    /// answers each request with such a page.
    pub fn of_page(url: &Url, page: &[u8]) -> Option<Self> {
        let page = Some(String::from_utf8_lossy(page)).filter(|_| url.scheme() == "https")?;
        let (problem, words) =
            NGINX_PAGES.iter().find(|(_, words)| page.contains(&format!("<title>400 {words}</title>")))?;
        Some(Self::new(*problem, format!("it answered `{words}`")))
    }

    /// Returns the error of a request that went through this proxy, if there is one. A proxy that refused is asked for its
    /// status, until the deadline of the request.
    #[must_use]
    pub fn through(self, proxy: Option<&ProxyRoute>, deadline: Instant) -> Self {
        let error = Self { proxy: proxy.map(ToString::to_string), ..self };
        let refused = proxy.filter(|_| error.cause == TUNNEL_REFUSED);
        let refusal = refused.and_then(|proxy| proxy.refusal(deadline));
        let Some(status) = refusal else { return error };
        let problem = match status.as_u16() {
            401 | 403 | 451 => ConnectionProblem::ProxyForbids,
            _ => ConnectionProblem::Proxy,
        };
        Self { problem, cause: format!("it answered {status}"), ..error }
    }

    /// Returns the error of a request that was not made, because its time was over.
    pub fn out_of_time() -> Self {
        Self::new(ConnectionProblem::TimedOut, "no time left")
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> &'static str {
        match self.problem {
            ConnectionProblem::NameNotResolved | ConnectionProblem::Refused if self.proxy.is_some() => CHECK_PROXY,
            ConnectionProblem::NameNotResolved => "check the name of the host, and the DNS settings of this machine",
            ConnectionProblem::Refused => {
                "check the host and its port; a firewall or a proxy may refuse the connection"
            }
            ConnectionProblem::TimedOut => ALLOW_TIME,
            ConnectionProblem::Untrusted(CertificateFlaw::Expired) => "renew the certificate of the server",
            ConnectionProblem::Untrusted(CertificateFlaw::NotValidYet) => {
                "check the clock of this machine, and the certificate of the server"
            }
            ConnectionProblem::Untrusted(CertificateFlaw::OtherName) => {
                "use a name that the certificate is made for, or give the server a certificate for this one"
            }
            ConnectionProblem::Untrusted(CertificateFlaw::UnknownIssuer) => {
                "let this machine trust the authority of the certificate"
            }
            ConnectionProblem::Untrusted(CertificateFlaw::VersionOne) => {
                "issue it again as version 3 with a subject alternative name, as `openssl x509 -extfile` does"
            }
            ConnectionProblem::Untrusted(CertificateFlaw::Other) => "give the server another certificate",
            ConnectionProblem::Tls => "check that the host speaks TLS at this port",
            ConnectionProblem::NoClientCertificate | ConnectionProblem::ClientCertificate => CLIENT_CERTIFICATE,
            ConnectionProblem::SpeaksTls => {
                "name its CA certificate with `--ca-file`, and do not name it with `--plain-http`"
            }
            ConnectionProblem::Proxy => CHECK_PROXY,
            ConnectionProblem::ProxyForbids => {
                "let the proxy allow this host, or name the host in `NO_PROXY` if it can be reached without the proxy"
            }
            ConnectionProblem::ProxyLogin => {
                "put a login that the proxy accepts into the URL of the proxy, such as `HTTPS_PROXY`"
            }
            ConnectionProblem::Closed | ConnectionProblem::Other => CHECK_ALL,
        }
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cause = &self.cause;
        let proxy = match &self.proxy {
            Some(proxy) => format!("the proxy {proxy}"),
            None => "the proxy".to_owned(),
        };
        let is_proxied = self.proxy.is_some();
        match self.problem {
            ConnectionProblem::Proxy => write!(f, "{proxy} did not connect: {}", reason_of_proxy(cause)),
            ConnectionProblem::ProxyForbids => write!(f, "{proxy} does not allow the connection: {cause}"),
            ConnectionProblem::ProxyLogin => {
                let status = if cause.starts_with(SOCKS_ERROR) { "" } else { " (407)" };
                write!(f, "{proxy} requires a login that it accepts{status}")
            }
            ConnectionProblem::NameNotResolved if is_proxied => {
                write!(f, "the name of {proxy} cannot be resolved: {cause}")
            }
            ConnectionProblem::Refused if is_proxied => write!(f, "{proxy} does not accept connections: {cause}"),
            _ if is_proxied => write!(f, "through {proxy}: {}", Self { proxy: None, ..self.clone() }),
            ConnectionProblem::NameNotResolved => write!(f, "the name of the host cannot be resolved: {cause}"),
            ConnectionProblem::Tls => write!(f, "TLS failed: {cause}"),
            ConnectionProblem::NoClientCertificate => f.write_str("it requires a client certificate"),
            ConnectionProblem::ClientCertificate => {
                write!(f, "it does not accept the client certificate, or requires one: {cause}")
            }
            ConnectionProblem::SpeaksTls => f.write_str("it speaks TLS, and was asked in plain HTTP"),
            _ => f.write_str(cause),
        }
    }
}

impl Error for ConnectionError {}

/// Returns an error and its causes, the outermost first.
pub fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn Error + 'static) = *error;
        // An I/O error passes over the error that it wraps when it is asked for its source.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|wrapped| wrapped as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

/// Returns the problem that one of the causes tells; `None` if it is not the one that tells.
fn problem(cause: &(dyn Error + 'static)) -> Option<ConnectionProblem> {
    if let Some(error) = cause.downcast_ref::<TlsError>() {
        let flaw = untrusted(cause).map_or(CertificateFlaw::Other, |certificate| certificate.flaw);
        return Some(match error {
            TlsError::InvalidCertificate(_) => ConnectionProblem::Untrusted(flaw),
            TlsError::AlertReceived(alert) => of_alert(*alert),
            _ => ConnectionProblem::Tls,
        });
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return match error.kind() {
            io::ErrorKind::ConnectionRefused => Some(ConnectionProblem::Refused),
            io::ErrorKind::TimedOut => Some(ConnectionProblem::TimedOut),
            io::ErrorKind::UnexpectedEof if error.to_string() == TLS_EOF => Some(ConnectionProblem::Tls),
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => Some(ConnectionProblem::Closed),
            _ => None,
        };
    }
    if let Some(error) = cause.downcast_ref::<reqwest::Error>() {
        return error.is_timeout().then_some(ConnectionProblem::TimedOut);
    }
    // The types of these errors are private to hyper.
    match cause.to_string() {
        text if text == DNS_ERROR => Some(ConnectionProblem::NameNotResolved),
        text if text == PROXY_LOGIN_ERROR => Some(ConnectionProblem::ProxyLogin),
        text if text.starts_with(TUNNEL_ERROR) => Some(ConnectionProblem::Proxy),
        text if text.starts_with(SOCKS_ERROR) && SOCKS_LOGIN_ERRORS.iter().any(|end| text.ends_with(end)) => {
            Some(ConnectionProblem::ProxyLogin)
        }
        text if text.starts_with(SOCKS_ERROR) => Some(ConnectionProblem::Proxy),
        text if text == INCOMPLETE => Some(ConnectionProblem::Closed),
        _ => None,
    }
}

/// Returns the problem that the other end tells. What it says of a certificate is about that of the client: its own is judged
/// here.
fn of_alert(alert: AlertDescription) -> ConnectionProblem {
    match alert {
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
            ConnectionProblem::NoClientCertificate
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::DecryptError
        | AlertDescription::AccessDenied => ConnectionProblem::ClientCertificate,
        _ => ConnectionProblem::Tls,
    }
}

/// Returns why a proxy did not connect us, without how the library calls such errors.
fn reason_of_proxy(cause: &str) -> &str {
    if cause == TUNNEL_REFUSED {
        return "it refused";
    }
    let reason = cause.strip_prefix(TUNNEL_ERROR).or_else(|| cause.strip_prefix(SOCKS_ERROR)).unwrap_or(cause);
    reason.trim_start_matches([':', ' '])
}

/// Returns what our own check of certificates says.
fn untrusted<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a UntrustedCertificate> {
    match cause.downcast_ref::<TlsError>()? {
        TlsError::InvalidCertificate(CertificateError::Other(other)) => other.0.downcast_ref(),
        _ => None,
    }
}

/// What to do if a server is slow.
pub const ALLOW_TIME: &str = "try again, or allow more time with `--timeout`";

/// What to do if nothing is known about what failed.
pub const CHECK_ALL: &str = "try again; if it stays so, check the URL, the network and the proxy";

const CLIENT_CERTIFICATE: &str = "give it a certificate that it accepts, and its key: for a registry `client.cert` and `client.key` in \
    `~/.config/docker/certs.d/HOST`, for git `http.sslCert` and `http.sslKey`";

const CHECK_PROXY: &str = "check the settings of the proxy, such as `HTTPS_PROXY` and `NO_PROXY`";

/// What nginx answers to a request without the client's certificate, and to one with a certificate that it does not accept.
const NGINX_PAGES: [(ConnectionProblem, &str); 2] = [
    (ConnectionProblem::NoClientCertificate, "No required SSL certificate was sent"),
    (ConnectionProblem::ClientCertificate, "The SSL certificate error"),
];

/// What tokio-rustls says if the connection ends during the handshake.
const TLS_EOF: &str = "tls handshake eof";

/// What hyper says if the connection ends before the answer.
const INCOMPLETE: &str = "connection closed before message completed";

/// How hyper-util calls the failure of a lookup.
const DNS_ERROR: &str = "dns error";

/// How hyper-util begins what it says of a proxy's `CONNECT`.
const TUNNEL_ERROR: &str = "tunnel error";

/// What hyper-util says if a proxy answers a `CONNECT` with another status than 200 and 407.
const TUNNEL_REFUSED: &str = "tunnel error: unsuccessful";

/// What hyper-util says if a proxy answers a `CONNECT` with 407.
const PROXY_LOGIN_ERROR: &str = "tunnel error: proxy authorization required";

/// How hyper-util begins what it says of a SOCKS proxy.
const SOCKS_ERROR: &str = "SOCKS error";

/// How it ends if the proxy wants a login, or another one.
const SOCKS_LOGIN_ERRORS: [&str; 2] = ["server does not support user/pass authentication", "credentials not accepted"];

/// What reqwest says if the name of the server, for a SOCKS proxy that wants its address, leads nowhere.
const SOCKS_LOOKUP_ERROR: &str = "error resolving for socks proxy";

#[cfg(test)]
mod tests {
    use super::{CertificateFlaw, ConnectionError, ConnectionProblem, io};

    /// Returns an error as the connector wraps it.
    fn wrapped(error: io::Error) -> io::Error {
        io::Error::other(error)
    }

    #[test]
    fn the_inmost_cause_that_tells_decides() {
        let certificate = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let alert = rustls::Error::AlertReceived(rustls::AlertDescription::HandshakeFailure);
        let wanted = rustls::Error::AlertReceived(rustls::AlertDescription::CertificateRequired);
        let refused = rustls::Error::AlertReceived(rustls::AlertDescription::UnknownCA);
        for (error, problem, text) in [
            (
                io::Error::new(io::ErrorKind::InvalidData, certificate),
                ConnectionProblem::Untrusted(CertificateFlaw::Other),
                "invalid peer certificate: UnknownIssuer",
            ),
            (
                io::Error::new(io::ErrorKind::InvalidData, alert),
                ConnectionProblem::Tls,
                "TLS failed: received fatal alert: HandshakeFailure",
            ),
            (
                io::Error::new(io::ErrorKind::InvalidData, wanted),
                ConnectionProblem::NoClientCertificate,
                "it requires a client certificate",
            ),
            (
                io::Error::new(io::ErrorKind::InvalidData, refused),
                ConnectionProblem::ClientCertificate,
                "it does not accept the client certificate, or requires one: received fatal alert: UnknownCA",
            ),
            (
                io::Error::new(io::ErrorKind::UnexpectedEof, "tls handshake eof"),
                ConnectionProblem::Tls,
                "TLS failed: tls handshake eof",
            ),
            (io::Error::new(io::ErrorKind::InvalidData, "inmost"), ConnectionProblem::Other, "inmost"),
            (io::Error::new(io::ErrorKind::ConnectionReset, "inmost"), ConnectionProblem::Closed, "inmost"),
            (io::Error::new(io::ErrorKind::ConnectionRefused, "inmost"), ConnectionProblem::Refused, "inmost"),
            (io::Error::new(io::ErrorKind::TimedOut, "inmost"), ConnectionProblem::TimedOut, "inmost"),
            (
                io::Error::other("dns error"),
                ConnectionProblem::NameNotResolved,
                "the name of the host cannot be resolved: dns error",
            ),
            (
                io::Error::other("tunnel error: unsuccessful"),
                ConnectionProblem::Proxy,
                "the proxy did not connect: it refused",
            ),
        ] {
            let error = ConnectionError::of(&wrapped(error));
            assert_eq!((error.problem, error.to_string().as_str()), (problem, text));
        }
    }
}
