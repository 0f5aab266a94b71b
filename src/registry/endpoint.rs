//! The URLs that a reference means. Docker Hub's API lives under another name than its images, and
//! loopback names are spoken to in plain HTTP, unless an authority for their certificates was given.

use reqwest::Url;

use super::error::CheckError;
use super::http::trust::{Trust, names};
use crate::image::{Digest, Reference};
use crate::system::network::http::is_loopback;

#[derive(Debug)]
pub(super) struct Endpoint {
    /// The registry as the reference has it; credentials are kept under this name.
    pub(super) registry: String,
    pub(super) repository: String,
    /// `…/v2/` of the registry.
    pub(super) base: Url,
    /// The manifest.
    pub(super) manifest: Url,
    /// What the manifest must be.
    pub(super) wanted: Option<Digest>,
}

/// What a registry keeps under digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    Manifests,
    Blobs,
}

impl Endpoint {
    /// Returns the endpoint of `reference`. With a tag and a digest the tag is asked for: the digest must be what it means.
    pub(super) fn new(reference: &Reference, plain_http: &[String], trust: &Trust) -> Result<Self, CheckError> {
        let name = match (reference.tag(), reference.digest()) {
            (Some(tag), _) => tag.as_str(),
            (None, Some(digest)) => digest.as_str(),
            (None, None) => return Err(CheckError::Bare(reference.to_string())),
        };
        let (registry, repository) = (reference.registry(), reference.repository());
        let host = if registry == "docker.io" { "registry-1.docker.io" } else { registry };
        let url = |scheme: &str, path: &str| {
            let parsed = Url::parse(&format!("{scheme}://{host}/v2/{path}"));
            parsed.ok().ok_or_else(|| CheckError::Host(registry.to_owned()))
        };
        let is_named = plain_http.iter().any(|entry| is_of(entry, registry));
        let secure = url("https", "")?;
        let plain = is_named || (is_loopback(&secure) && !trust.covers(&names(&secure, Some(registry))));
        let scheme = if plain { "http" } else { "https" };
        Ok(Self {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            base: url(scheme, "")?,
            manifest: url(scheme, &format!("{repository}/manifests/{name}"))?,
            wanted: reference.digest().cloned(),
        })
    }

    /// Returns the URL of a part of the image.
    pub(super) fn part(&self, store: Store, digest: &Digest) -> Result<Url, CheckError> {
        let store = match store {
            Store::Manifests => "manifests",
            Store::Blobs => "blobs",
        };
        let path = format!("{}/{store}/{digest}", self.repository);
        self.below(&path)
    }

    /// Returns the URL of the list of what refers to a manifest.
    pub(super) fn referrers(&self, digest: &Digest) -> Result<Url, CheckError> {
        self.below(&format!("{}/referrers/{digest}", self.repository))
    }

    /// Returns the URL of the manifest under another tag of the repository.
    pub(super) fn tagged(&self, tag: &str) -> Result<Url, CheckError> {
        self.below(&format!("{}/manifests/{tag}", self.repository))
    }

    fn below(&self, path: &str) -> Result<Url, CheckError> {
        self.base.join(path).ok().ok_or_else(|| CheckError::Host(self.registry.clone()))
    }
}

/// Whether `entry`, a host with or without a port, names `registry`; without one it names the host at any port. A registry
/// without one has the port of HTTP.
fn is_of(entry: &str, registry: &str) -> bool {
    let host = match registry.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => registry,
    };
    let entry = entry.strip_suffix(":80").filter(|_| host == registry).unwrap_or(entry);
    entry.eq_ignore_ascii_case(registry) || entry.eq_ignore_ascii_case(host)
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, Trust};
    use crate::registry::CheckError;

    const DIGEST: &str = "sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3";

    #[test]
    fn where_a_reference_leads() {
        let plain_http = ["lan", "other:5000", "[fd00::1]", "web.lan:80"].map(str::to_owned);
        for (reference, expected) in [
            ("nginx:1.27", "https://registry-1.docker.io/v2/library/nginx/manifests/1.27"),
            ("ghcr.io/org/app:v1", "https://ghcr.io/v2/org/app/manifests/v1"),
            ("ghcr.io/org/app@D", "https://ghcr.io/v2/org/app/manifests/D"),
            ("ghcr.io/org/app:v1@D", "https://ghcr.io/v2/org/app/manifests/v1"),
            ("ghcr.io:80/app:v1", "https://ghcr.io:80/v2/app/manifests/v1"),
            ("localhost/app:v1", "http://localhost/v2/app/manifests/v1"),
            ("localhost:5000/app:v1", "http://localhost:5000/v2/app/manifests/v1"),
            ("r.localhost:5000/app:v1", "http://r.localhost:5000/v2/app/manifests/v1"),
            ("127.0.0.1:5000/app:v1", "http://127.0.0.1:5000/v2/app/manifests/v1"),
            ("[::1]:5000/app:v1", "http://[::1]:5000/v2/app/manifests/v1"),
            ("10.0.0.1:5000/app:v1", "https://10.0.0.1:5000/v2/app/manifests/v1"),
            ("lan:5000/app:v1", "http://lan:5000/v2/app/manifests/v1"),
            ("LAN/app:v1", "http://lan/v2/app/manifests/v1"),
            ("other:5000/app:v1", "http://other:5000/v2/app/manifests/v1"),
            ("web.lan/app:v1", "http://web.lan/v2/app/manifests/v1"),
            ("web.lan:443/app:v1", "https://web.lan/v2/app/manifests/v1"),
            ("other:5001/app:v1", "https://other:5001/v2/app/manifests/v1"),
            ("[fd00::1]:5000/app:v1", "http://[fd00::1]:5000/v2/app/manifests/v1"),
            ("[fd00::2]:5000/app:v1", "https://[fd00::2]:5000/v2/app/manifests/v1"),
        ] {
            let target =
                Endpoint::new(&reference.replace('D', DIGEST).parse().unwrap(), &plain_http, &Trust::default());
            let target = target.unwrap();
            assert_eq!(target.manifest.as_str(), expected.replace('D', DIGEST), "{reference}");
            assert!(expected.starts_with(target.base.as_str()), "{reference}");
        }
    }

    #[test]
    fn an_authority_makes_loopback_speak_tls() {
        let trust = Trust { ca_file: Some("ca.pem".into()), ..Trust::default() };
        let plain_http = ["127.0.0.1".to_owned()];
        for (reference, expected) in [
            ("localhost:5000/app:v1", "https://localhost:5000/v2/"),
            ("127.0.0.1:5000/app:v1", "http://127.0.0.1:5000/v2/"),
            ("ghcr.io/org/app:v1", "https://ghcr.io/v2/"),
        ] {
            let target = Endpoint::new(&reference.parse().unwrap(), &plain_http, &trust).unwrap();
            assert_eq!(target.base.as_str(), expected, "{reference}");
        }
    }

    #[test]
    fn what_leads_nowhere() {
        for (reference, expected) in [
            ("ghcr.io/org/app", "`ghcr.io/org/app` has neither a tag nor a digest to check"),
            ("256.1.1.1/app:v1", "`256.1.1.1` is not the host of a registry"),
        ] {
            let error: CheckError = Endpoint::new(&reference.parse().unwrap(), &[], &Trust::default()).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}
