//! The layers of what is attached to an image: each is one signed thing, whatever the place.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::image::Digest;
use crate::registry::limits::MAX_MANIFEST_SIZE;
use crate::system::bounded_json;

/// How many layers of one artifact are read: more than are looked at, so that it shows if there are too many.
const MAX_LAYERS: usize = 100;

/// One signed thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::registry) struct Layer {
    pub(in crate::registry) kind: LayerKind,
    pub(in crate::registry) digest: Digest,
    /// In bytes, as the manifest says.
    pub(in crate::registry) size: u64,
    /// In the earlier form of cosign, the signature is here.
    pub(in crate::registry) annotations: BTreeMap<String, String>,
}

/// What a layer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::registry) enum LayerKind {
    /// A bundle of Sigstore, which has all in it.
    Bundle,
    /// A payload of the earlier form of cosign, for a signature.
    SimpleSigning,
    /// An envelope (DSSE) of the earlier form of cosign, for an attestation.
    Envelope,
}

#[derive(Deserialize)]
struct RawManifest {
    layers: Vec<RawLayer>,
}

#[derive(Deserialize)]
struct RawLayer {
    #[serde(rename = "mediaType", default)]
    media_type: String,
    digest: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    annotations: Option<BTreeMap<String, serde_json::Value>>,
}

impl LayerKind {
    fn of(media_type: &str) -> Option<Self> {
        match media_type.split(';').next().unwrap_or_default().trim() {
            kind if kind.starts_with("application/vnd.dev.sigstore.bundle") => Some(Self::Bundle),
            "application/vnd.dev.cosign.simplesigning.v1+json" => Some(Self::SimpleSigning),
            "application/vnd.dsse.envelope.v1+json" => Some(Self::Envelope),
            _ => None,
        }
    }
}

impl Layer {
    /// Reads the layers of a manifest that are signed things, the last first: cosign adds at the end.
    pub(super) fn of_manifest(body: &[u8]) -> Vec<Self> {
        let Ok(raw) = bounded_json::from_slice::<RawManifest>(body) else {
            return Vec::new();
        };
        raw.layers.into_iter().rev().filter_map(Self::read).take(MAX_LAYERS).collect()
    }

    fn read(raw: RawLayer) -> Option<Self> {
        let text = |(key, value): (String, serde_json::Value)| match value {
            serde_json::Value::String(text) => Some((key, text)),
            _ => None,
        };
        Some(Self {
            kind: LayerKind::of(&raw.media_type)?,
            digest: raw.digest.parse().ok()?,
            size: raw.size,
            annotations: raw.annotations.unwrap_or_default().into_iter().filter_map(text).collect(),
        })
    }

    /// Whether it is larger than what is read of one.
    pub(in crate::registry) fn is_too_large(&self) -> bool {
        self.size > MAX_MANIFEST_SIZE
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Layer, LayerKind};

    #[test]
    fn signed_things_are_told_by_their_media_types() {
        let digest = format!("sha256:{}", "1".repeat(64));
        for (media_type, expected) in [
            ("application/vnd.dev.sigstore.bundle.v0.3+json", Some(LayerKind::Bundle)),
            ("application/vnd.dev.sigstore.bundle+json;version=0.2", Some(LayerKind::Bundle)),
            ("application/vnd.dev.cosign.simplesigning.v1+json", Some(LayerKind::SimpleSigning)),
            ("application/vnd.dsse.envelope.v1+json", Some(LayerKind::Envelope)),
            ("application/spdx+json", None),
        ] {
            let layer =
                json!({ "mediaType": media_type, "digest": digest, "size": 2, "annotations": { "a": "b", "c": 1 } });
            let layers = Layer::of_manifest(json!({ "layers": [layer] }).to_string().as_bytes());
            assert_eq!(layers.first().map(|layer| layer.kind), expected, "{media_type}");
            assert!(layers.iter().all(|layer| layer.annotations.len() == 1));
        }
        for body in ["", "{}", r#"{"layers":[{"mediaType":"x"}]}"#] {
            assert_eq!(Layer::of_manifest(body.as_bytes()), [], "{body}");
        }
    }
}
