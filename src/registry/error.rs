//! What can go wrong with a check that is not a verdict, and who must act on it: each variant says under which kind of
//! failure it belongs. No variant holds a secret, and none a registry's own words.

use std::path::PathBuf;

use crate::system::network::client_certificate::ClientCertificateError;
use crate::system::network::tls::MisnamedAuthorities;

/// Why a check came to no verdict.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The caller's mistake: usage.
    #[error("`{0}` has neither a tag nor a digest to check")]
    Bare(String),
    /// The host passed for a reference, but no URL can have it, such as `256.1.1.1`: usage.
    #[error("`{0}` is not the host of a registry")]
    Host(String),
    /// A configuration that holds logins is broken: usage.
    #[error("cannot use the docker configuration `{path}`")]
    Config { path: PathBuf, source: ConfigProblem },
    /// The certificates of an authority that was given cannot be used: usage.
    #[error("cannot use the certificates in `{path}`")]
    Authority { path: PathBuf, source: AuthorityProblem },
    /// The certificate to show to a registry cannot be used: usage.
    #[error(transparent)]
    ClientCertificate(ClientCertificateError),
    /// A variable names certificates in place of the system's, and there are none: usage.
    #[error(transparent)]
    Misnamed(MisnamedAuthorities),
    /// The login cannot be had from the program that the docker configuration names: unauthorized.
    #[error("cannot get the login for `{server}` from `{program}`")]
    Helper { program: String, server: String, source: HelperProblem },
    /// The registry, or a server in its place, sends us to a URL that a check must not follow: unauthorized, since a person
    /// must correct it, and the rules keep logins where they belong. Redirects that do not end are a registry that is not
    /// available.
    #[error("{from} leads to {to}, which is not followed")]
    Misdirected { from: String, to: String, source: LocationError },
    /// The registry has TLS, and its token server has not: unauthorized.
    #[error("{host} asks for the login at http://{realm}, without TLS")]
    PlainRealm { host: String, realm: String },
    /// The token server led elsewhere, where the login was not shown, and was refused: unauthorized.
    #[error("the login was not shown to {to}, where the token server of {host} leads; it answered {status}")]
    LoginDropped { host: String, to: String, status: u16 },
    /// A login would go to a proxy in clear text: unauthorized.
    #[error("the login for {host} was not sent: it would go to the proxy {proxy} in clear text")]
    LoginInClear { host: String, proxy: String },
    /// The registry wants a login of a kind we do not have: unauthorized.
    #[error("{host} wants a login of an unknown kind: {schemes}")]
    Scheme { host: String, schemes: String },
    /// The registry, or its token server, succeeds with an answer that cannot be used: unavailable.
    #[error("the answer of {host} cannot be used")]
    InvalidResponse { host: String, source: InvalidResponse },
    /// The HTTP client cannot be made, as on a machine without CA certificates: unexpected.
    #[error("cannot set up the HTTP client")]
    Setup(#[source] anyhow::Error),
}

impl CheckError {
    /// Whether an answer came that cannot be used, so that nothing is known of the image: the next answer may be another.
    pub fn passes(&self) -> bool {
        match self {
            // It is what was pushed, and a retry gets the same.
            Self::InvalidResponse { source, .. } => *source != InvalidResponse::Nested,
            Self::Misdirected { source, .. } => {
                matches!(source, LocationError::Circle | LocationError::Endless | LocationError::Malformed)
            }
            _ => false,
        }
    }
}

/// What is wrong with a file of certificates.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityProblem {
    #[error("cannot read it")]
    Unreadable(#[source] std::io::Error),
    #[error("it holds no certificate in the PEM form")]
    NoCertificate,
}

/// What is wrong with a docker configuration. The parser's own message is not kept: it quotes values.
#[derive(Debug, thiserror::Error)]
pub enum ConfigProblem {
    #[error("cannot read it")]
    Unreadable(#[source] std::io::Error),
    #[error("it names the file `{path}`, which cannot be read")]
    NamedFile { path: PathBuf, source: std::io::Error },
    #[error("line {line}, column {column}: not JSON, or not of docker's form")]
    Malformed { line: usize, column: usize },
    #[error("the `auth` of `{key}` is not the base64 of `user:password` in UTF-8")]
    Auth { key: String },
    #[error("`{0}` is not the name of a credential helper")]
    HelperName(String),
}

/// What is wrong with a credential helper. What the program wrote is never kept: its output holds the secret.
#[derive(Debug, thiserror::Error)]
pub enum HelperProblem {
    #[error("it is not in the search path")]
    Missing,
    #[error("it cannot be started")]
    Start(#[source] std::io::Error),
    #[error("it did not end in time and was stopped")]
    TimedOut,
    #[error("it failed: {0}")]
    Failed(std::process::ExitStatus),
    #[error("its output is not a login")]
    Output,
}

/// Why a URL that an answer names is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    #[error("it is not a URL of HTTP")]
    Scheme,
    #[error("it leads from HTTPS to plain HTTP")]
    Downgrade,
    #[error("it is an address inside this machine or its network")]
    Local,
    #[error("it has a login in it")]
    Login,
    #[error("it is not a URL")]
    Malformed,
    #[error("there are too many redirects")]
    Endless,
    #[error("the redirects lead in a circle")]
    Circle,
    #[error("the login of the CI system is for its own servers alone")]
    OtherServer,
}

/// Why a successful answer cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidResponse {
    #[error("it is too long; it may have {limit} bytes")]
    TooLong { limit: u64 },
    #[error("it is not a manifest; is this host a registry?")]
    NotAManifest,
    #[error("it has other bytes than the digest says that was asked for")]
    OtherBytes,
    #[error("it has too many indexes, or they are nested too deeply")]
    Nested,
    #[error("it holds no token")]
    NoToken,
    #[error("it is compressed, which was not asked for")]
    Encoded,
}
