//! The HTTP client for one remote, as git's configuration wants it: its proxy, and whose certificates it believes.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Proxy, Url};

use super::error::GitError;
use super::http_config::HttpSettings;
use super::remote::RemoteOptions;
use crate::http::{Security, client};

/// Returns a client for `url`. Redirects are followed by hand: see `Conversation`.
pub(super) fn http_client(url: &Url, settings: &HttpSettings, options: &RemoteOptions) -> Result<Client, GitError> {
    let security = if url.scheme() == "https" { Security::Tls } else { Security::Plain };
    let mut builder = client(security, options.timeout).redirect(Policy::none());
    match settings.proxy.as_deref() {
        Some("") => builder = builder.no_proxy(),
        Some(proxy) => {
            let proxy = Proxy::all(proxy).map_err(|error| GitError::setting("http.proxy", error))?;
            builder = builder.proxy(proxy);
        }
        None => {}
    }
    if let (Security::Tls, Some(path)) = (security, &settings.ca_file) {
        let certificates = authorities(&in_home(path, options.home.as_deref()));
        builder = builder.tls_certs_only(certificates.map_err(|error| GitError::setting("http.sslCAInfo", error))?);
    }
    builder = builder.tls_danger_accept_invalid_certs(settings.unverified);
    builder.build().map_err(|error| GitError::unexpected("the HTTP client cannot be used", error))
}

fn authorities(path: &Path) -> anyhow::Result<Vec<Certificate>> {
    let shown = path.display();
    let pem = std::fs::read(path).with_context(|| format!("cannot read `{shown}`"))?;
    let certificates = Certificate::from_pem_bundle(&pem).with_context(|| format!("`{shown}`"))?;
    anyhow::ensure!(!certificates.is_empty(), "`{shown}` has no certificate in it");
    Ok(certificates)
}

/// Returns a path of git's configuration, in which `~` stands for the home.
fn in_home(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}
