//! The HTTP client for one remote, with the proxy and the CA certificates of git's configuration.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use reqwest::{Certificate, NoProxy, Proxy, Url};

use super::http_config::HttpSettings;
use crate::git::error::GitError;
use crate::system::http::{Security, client};

/// Returns a client for `url`. It does not follow redirects; `Conversation` does.
pub(in crate::git) fn http_client(
    url: &Url,
    settings: &HttpSettings,
    timeout: Duration,
    home: Option<&Path>,
) -> Result<Client, GitError> {
    let security = if url.scheme() == "https" { Security::Tls } else { Security::Plain };
    let mut builder = client(security, timeout).redirect(Policy::none());
    match settings.proxy.as_deref() {
        Some("") => builder = builder.no_proxy(),
        Some(url) => builder = builder.proxy(proxy(url).map_err(|error| GitError::setting("http.proxy", error))?),
        None => {}
    }
    if let (Security::Tls, Some(path)) = (security, &settings.ca_file) {
        let certificates = authorities(&in_home(path, home));
        builder = builder.tls_certs_only(certificates.map_err(|error| GitError::setting("http.sslCAInfo", error))?);
    }
    builder = builder.tls_danger_accept_invalid_certs(settings.unverified_by.is_some());
    builder.build().map_err(|error| GitError::unexpected("the HTTP client cannot be used", error))
}

/// Returns the proxy at `url`. As for git, the hosts in `no_proxy` are reached without it.
fn proxy(url: &str) -> anyhow::Result<Proxy> {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    anyhow::ensure!(matches!(scheme, None | Some("http" | "https")), "only proxies that speak HTTP are supported");
    Ok(Proxy::all(url)?.no_proxy(NoProxy::from_env()))
}

fn authorities(path: &Path) -> anyhow::Result<Vec<Certificate>> {
    let shown = path.display();
    let pem = std::fs::read(path).with_context(|| format!("cannot read `{shown}`"))?;
    let certificates = Certificate::from_pem_bundle(&pem).with_context(|| format!("`{shown}`"))?;
    anyhow::ensure!(!certificates.is_empty(), "`{shown}` has no certificate in it");
    Ok(certificates)
}

/// Returns a path of git's configuration with `~` replaced by the home folder.
fn in_home(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}
