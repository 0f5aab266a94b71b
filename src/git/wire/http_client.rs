//! The HTTP client for one remote, with the proxy and the CA certificates of git's configuration.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::Url;
use reqwest::blocking::Client;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::http_config::HttpSettings;
use crate::git::error::GitError;
use crate::system::disk::bounded_file::{self, in_home};
use crate::system::network::client_certificate::{CertificateFile, ClientCertificate};
use crate::system::network::http::{Security, client};
use crate::system::network::proxy::Proxies;
use crate::system::network::tls::{Authorities, SystemAuthorities, TlsError, client_config};

/// Returns a client for `url`. It does not follow redirects; `Conversation` does.
pub(in crate::git) fn http_client(
    url: &Url,
    settings: &HttpSettings,
    proxies: &Proxies,
    system: &SystemAuthorities,
    timeout: Duration,
    home: Option<&Path>,
) -> Result<Client, GitError> {
    let security = if url.scheme() == "https" { Security::Tls } else { Security::Plain };
    let mut builder = client(security, timeout);
    if proxies.of(url).is_some() {
        builder = proxies.used_by(builder);
    }
    if settings.is_pinned && security == Security::Tls {
        let why = anyhow::Error::msg(
            "a key that the server must have is not supported; name its certificate with `http.sslCAInfo`",
        );
        return Err(GitError::setting("http.pinnedPubkey", why));
    }
    builder = match (security, settings.unverified_by) {
        (Security::Plain, _) => builder,
        (Security::Tls, Some(_)) => builder.tls_danger_accept_invalid_certs(true),
        (Security::Tls, None) => {
            let (authorities, given) = match &settings.ca_file {
                Some(path) => (Authorities::GivenAlone, certificates(&in_home(path, home))),
                None => (Authorities::SystemAndGiven(system), Ok(Vec::new())),
            };
            let given = given.map_err(|error| GitError::setting("http.sslCAInfo", error))?;
            let shown = settings.client_certificate.as_ref().map(|certificate| {
                let key = settings.client_key.as_ref().unwrap_or(certificate);
                let read = ClientCertificate::read(&in_home(&certificate.path, home), &in_home(&key.path, home));
                read.map_err(|error| match error.file {
                    CertificateFile::Certificate => GitError::setting(certificate.named_by, error),
                    CertificateFile::Key => GitError::setting(key.named_by, error),
                })
            });
            let shown = shown.transpose()?;
            let config = client_config(authorities, given, shown.as_ref());
            builder.tls_backend_preconfigured(config.map_err(|error| match error {
                TlsError::Misnamed(misnamed) => GitError::MisnamedAuthorities(misnamed),
                TlsError::NoAuthorities => GitError::NoAuthorities(error),
                TlsError::Other(error) => unusable(error.into()),
            })?)
        }
    };
    builder.build().map_err(|error| unusable(error.into()))
}

fn unusable(error: anyhow::Error) -> GitError {
    GitError::unexpected("the HTTP client cannot be used", error)
}

/// Returns the proxies for a remote: that of git's configuration in place of those of the environment. As for git, the hosts
/// in `no_proxy` are reached without it.
pub(in crate::git) fn proxies(settings: &HttpSettings, environment: &Proxies) -> Result<Proxies, GitError> {
    match settings.proxy.as_deref() {
        None => Ok(environment.clone()),
        Some("") => Ok(Proxies::default()),
        Some(url) => environment
            .with(url)
            .ok_or_else(|| GitError::setting("http.proxy", anyhow::Error::msg("it is not the URL of a proxy"))),
    }
}

fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let shown = path.display();
    let pem = bounded_file::read(path).with_context(|| format!("cannot read `{shown}`"))?;
    let certificates = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.with_context(|| format!("`{shown}`"))?;
    anyhow::ensure!(!certificates.is_empty(), "`{shown}` has no certificate in it");
    Ok(certificates)
}
