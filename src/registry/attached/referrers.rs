//! The list of what refers to a manifest, as far as it may be a signature or an attestation. Its texts are untrusted: they
//! only choose what is read first, and what is not worth reading.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde::Deserialize;

use crate::image::Digest;
use crate::registry::manifest::lenient;
use crate::system::bounded_json;

/// What the artifact types of signatures and attestations begin with.
const ARTIFACT_TYPES: [&str; 4] = [
    "application/vnd.dev.sigstore.",
    "application/vnd.dev.cosign.",
    "application/vnd.dsse.",
    "application/vnd.in-toto",
];

/// Something that refers to an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::registry) struct Referrer {
    pub(in crate::registry) digest: Digest,
    /// What kind of statement it says that it has; `None` if it does not say.
    pub(in crate::registry) predicate_type: Option<String>,
    /// Whether it says that it signs the image alone, without a statement.
    pub(in crate::registry) is_bare_signature: bool,
    created: Option<Timestamp>,
}

#[derive(Deserialize)]
struct RawList {
    manifests: Vec<RawReferrer>,
}

#[derive(Deserialize)]
struct RawReferrer {
    #[serde(default, deserialize_with = "lenient")]
    digest: Option<String>,
    #[serde(rename = "artifactType", default, deserialize_with = "lenient")]
    artifact_type: Option<String>,
    #[serde(default)]
    annotations: Option<RawAnnotations>,
}

#[derive(Deserialize, Default)]
struct RawAnnotations {
    #[serde(rename = "org.opencontainers.image.created", default, deserialize_with = "lenient")]
    created: Option<String>,
    #[serde(rename = "dev.sigstore.bundle.predicateType", default, deserialize_with = "lenient")]
    predicate_type: Option<String>,
    #[serde(rename = "dev.sigstore.bundle.content", default, deserialize_with = "lenient")]
    content: Option<String>,
}

impl Referrer {
    /// Reads a list, in its order; `None` if it is none.
    pub(super) fn list(body: &[u8]) -> Option<Vec<Self>> {
        let raw: RawList = bounded_json::from_slice(body).ok()?;
        Some(raw.manifests.into_iter().filter_map(Self::read).collect())
    }

    fn read(raw: RawReferrer) -> Option<Self> {
        // Of an artifact of the first kind only the manifest says its type.
        let is_known = |kind: &String| ARTIFACT_TYPES.iter().any(|known| kind.starts_with(known));
        if !raw.artifact_type.as_ref().filter(|kind| !kind.is_empty()).is_none_or(is_known) {
            return None;
        }
        let annotations = raw.annotations.unwrap_or_default();
        Some(Self {
            digest: raw.digest?.parse().ok()?,
            predicate_type: annotations.predicate_type.filter(|kind| !kind.is_empty()),
            is_bare_signature: annotations.content.as_deref() == Some("message-signature"),
            created: annotations.created.and_then(|time| time.parse().ok()),
        })
    }

    /// Returns the newest ones first. Those that do not say when they were made come last, the last of the list first: most
    /// registries add at its end.
    pub(super) fn newest(mut listed: Vec<Self>) -> Vec<Self> {
        listed.reverse();
        listed.sort_by_key(|referrer| Reverse(referrer.created));
        listed
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Referrer;

    fn digest(number: usize) -> String {
        format!("sha256:{number:064x}")
    }

    fn listed(entries: &[Value]) -> Vec<Referrer> {
        let list = json!({ "schemaVersion": 2, "manifests": entries });
        Referrer::newest(Referrer::list(list.to_string().as_bytes()).unwrap())
    }

    #[test]
    fn the_newest_come_first() {
        let entry = |number: usize, created: Option<&str>| {
            json!({
                "digest": digest(number),
                "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json",
                "annotations": created.map(|time| json!({ "org.opencontainers.image.created": time })),
            })
        };
        let entries = [
            entry(1, None),
            entry(2, Some("2026-11-01T00:00:00Z")),
            entry(3, Some("2026-11-03T00:00:00Z")),
            entry(4, None),
            entry(5, Some("2026-11-02T00:00:00Z")),
            entry(6, Some("2026-11-02T23:00:00-05:00")),
            entry(7, Some("9 o'clock")),
        ];
        let order: Vec<_> = listed(&entries).iter().map(|referrer| referrer.digest.to_string()).collect();
        assert_eq!(order, [6, 3, 5, 2, 7, 4, 1].map(digest));
    }

    #[test]
    fn only_what_can_be_signed() {
        let of_type = |kind: Value| listed(&[json!({ "digest": digest(1), "artifactType": kind })]).len();
        assert_eq!(of_type(json!("application/vnd.dev.sigstore.bundle.v0.3+json")), 1);
        assert_eq!(of_type(json!("application/vnd.dev.cosign.artifact.sig.v1+json")), 1);
        assert_eq!(of_type(json!(null)), 1);
        assert_eq!(of_type(json!("")), 1);
        assert_eq!(of_type(json!("application/spdx+json")), 0);
        assert_eq!(listed(&[json!({ "digest": "sha256:1" }), json!({})]), []);
        for body in ["", "{}", "[]", r#"{"manifests":1}"#] {
            assert_eq!(Referrer::list(body.as_bytes()), None, "{body}");
        }
    }
}
