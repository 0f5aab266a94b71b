//! Manifests, as far as a check looks into them: media types, the descriptor of an answer, the digest of a body.

use std::fmt;

use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use ring::digest::{SHA256, SHA512, digest as hash};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::http::requests::HttpResponse;
use crate::image::Digest;
use crate::system::hexadecimal::hexadecimal;

/// All that a tag can mean, in one header: docker-registry 2.8.2 answers 404 `MANIFEST_UNKNOWN` if the stored type
/// is missing from it, which reads as an absent tag. The long-deprecated schema 1 is left out.
pub(super) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// What a tag or a digest stands for in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    pub digest: Digest,
    /// `None` if the registry does not say.
    pub media_type: Option<MediaType>,
    pub size: Option<u64>,
    pub evidence: DigestEvidence,
}

/// What vouches for a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestEvidence {
    /// The registry names it in a header, beside a tag. Such headers are known to be wrong.
    Header,
    /// The registry has a manifest under it: that was read, or was asked for by this digest.
    Manifest,
}

/// The kind of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaType {
    OciIndex,
    OciManifest,
    DockerList,
    DockerManifest,
    /// Another type, as the registry calls it: untrusted text.
    Other(String),
}

impl MediaType {
    pub(super) fn new(text: &str) -> Option<Self> {
        let essence = text.split(';').next().unwrap_or_default().trim();
        Some(match essence {
            "" => return None,
            "application/vnd.oci.image.index.v1+json" => Self::OciIndex,
            "application/vnd.oci.image.manifest.v1+json" => Self::OciManifest,
            "application/vnd.docker.distribution.manifest.list.v2+json" => Self::DockerList,
            "application/vnd.docker.distribution.manifest.v2+json" => Self::DockerManifest,
            other => Self::Other(other.chars().take(128).collect()),
        })
    }

    /// Whether this is docker's first kind of manifest, signed or not.
    pub(super) fn is_schema_one(&self) -> bool {
        matches!(self, Self::Other(text) if text.starts_with("application/vnd.docker.distribution.manifest.v1+"))
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OciIndex => f.write_str("application/vnd.oci.image.index.v1+json"),
            Self::OciManifest => f.write_str("application/vnd.oci.image.manifest.v1+json"),
            Self::DockerList => f.write_str("application/vnd.docker.distribution.manifest.list.v2+json"),
            Self::DockerManifest => f.write_str("application/vnd.docker.distribution.manifest.v2+json"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// Returns what the headers of an answer without a body tell; `None` without a digest that makes sense.
pub(super) fn from_headers(response: &HttpResponse) -> Option<Descriptor> {
    let digest = response.header("docker-content-digest")?.parse().ok()?;
    let size = response.header(CONTENT_LENGTH).and_then(|length| length.parse().ok());
    Some(Descriptor { digest, media_type: content_type(response), size, evidence: DigestEvidence::Header })
}

/// Returns what a body is, whatever the headers say of its digest; `None` if it is no manifest. The digest is of the
/// kind that `wanted` is.
pub(super) fn from_body(response: &HttpResponse, wanted: Option<&Digest>) -> Option<Descriptor> {
    #[derive(Deserialize)]
    struct Manifest {
        #[serde(rename = "schemaVersion")]
        schema_version: Option<u32>,
        manifests: Option<IgnoredAny>,
        config: Option<IgnoredAny>,
        #[serde(rename = "mediaType")]
        media_type: Option<String>,
    }
    let manifest: Manifest = serde_json::from_slice(&response.body).ok()?;
    // Some builders leave the version out.
    if manifest.schema_version.is_none() && manifest.manifests.is_none() && manifest.config.is_none() {
        return None;
    }
    let named = manifest.media_type.as_deref().and_then(MediaType::new);
    Some(Descriptor {
        digest: digest_of(&response.body, wanted)?,
        media_type: named.or_else(|| content_type(response)),
        size: u64::try_from(response.body.len()).ok(),
        evidence: DigestEvidence::Manifest,
    })
}

fn content_type(response: &HttpResponse) -> Option<MediaType> {
    MediaType::new(response.header(CONTENT_TYPE)?)
}

/// Computes a body's digest, SHA-512 if `wanted` is one and SHA-256 otherwise.
pub(super) fn digest_of(body: &[u8], wanted: Option<&Digest>) -> Option<Digest> {
    let text = match wanted.and_then(|digest| digest.as_str().split_once(':')) {
        Some(("sha512", _)) => format!("sha512:{}", hexadecimal(hash(&SHA512, body).as_ref())),
        _ => format!("sha256:{}", hexadecimal(hash(&SHA256, body).as_ref())),
    };
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{MediaType, from_body, from_headers};
    use crate::registry::http::requests::HttpResponse;
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
    use reqwest::{StatusCode, Url};

    fn response(headers: &[(&'static str, &'static str)], body: &str) -> HttpResponse {
        let pairs = headers.iter().map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v)));
        HttpResponse {
            method: reqwest::Method::GET,
            url: Url::parse("https://registry.example.org/v2/app/manifests/v1").unwrap(),
            status: StatusCode::OK,
            headers: pairs.collect::<HeaderMap>(),
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn headers_need_a_digest_that_is_one() {
        const DIGEST: &str = "sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3";
        const TYPE: (&str, &str) = ("content-type", "application/vnd.oci.image.index.v1+json; charset=utf-8");
        let descriptor =
            from_headers(&response(&[("docker-content-digest", DIGEST), TYPE, ("content-length", "7")], "")).unwrap();
        assert_eq!(descriptor.digest.as_str(), DIGEST);
        assert_eq!(descriptor.media_type, Some(MediaType::OciIndex));
        assert_eq!(descriptor.size, Some(7));
        assert_eq!(from_headers(&response(&[TYPE], "")), None);
        assert_eq!(from_headers(&response(&[("docker-content-digest", "sha256:abc")], "")), None);
    }

    #[test]
    fn a_body_speaks_for_itself() {
        let body = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}"#;
        let other =
            ("docker-content-digest", "sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3");
        let descriptor = from_body(&response(&[other, ("content-type", "text/plain")], body), None).unwrap();
        let sha256 = "sha256:b22c7289dd3b4785a3795c90e15d16bd66bd29b444b8974fe29ed0443ce50405";
        assert_eq!(descriptor.digest.as_str(), sha256);
        assert_eq!(descriptor.size, Some(76));
        assert_eq!(descriptor.media_type, Some(MediaType::OciManifest));
        let wanted = format!("sha512:{}", "0".repeat(128)).parse().unwrap();
        let descriptor = from_body(&response(&[], body), Some(&wanted)).unwrap();
        assert_eq!(&descriptor.digest.as_str()[..23], "sha512:51856906b4b678c3");
    }

    #[test]
    fn what_is_no_manifest() {
        for body in ["", "<html>", "[]", "{}", r#"{"schemaVersion":"2"}"#] {
            assert_eq!(from_body(&response(&[], body), None), None, "{body}");
        }
    }
}
