//! Signatures and attestations beside an image, as the tools that make them attach them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::image::media_type;
use super::storage::{Manifest, Storage, digest_of};

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const EMPTY: &[u8] = b"{}";

/// Where a signed thing is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the registry's own list of referrers.
    Referrers,
    /// In the list under the tag `sha256-HEX`, as for a registry without one.
    Tag,
}

/// A signed thing.
#[derive(Debug, Clone)]
pub struct Attachment {
    place: Place,
    /// The tag of cosign's earlier form, in place of the list of referrers.
    suffix: Option<&'static str>,
    artifact_type: String,
    layer_type: String,
    content: Vec<u8>,
    layer_annotations: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

impl Attachment {
    /// Returns a bundle as cosign 3 and GitHub attach it.
    pub fn bundle(place: Place, content: &[u8]) -> Self {
        Self {
            place,
            suffix: None,
            artifact_type: BUNDLE.to_owned(),
            layer_type: BUNDLE.to_owned(),
            content: content.to_vec(),
            layer_annotations: BTreeMap::new(),
            annotations: BTreeMap::new(),
        }
    }

    /// Returns a signature as cosign 2 attaches it: the payload is the layer, and the rest stands in its annotations.
    pub fn simple_signing(payload: &[u8], annotations: &[(&str, &str)]) -> Self {
        Self {
            suffix: Some("sig"),
            layer_type: "application/vnd.dev.cosign.simplesigning.v1+json".to_owned(),
            layer_annotations: map(annotations),
            ..Self::bundle(Place::Tag, payload)
        }
    }

    /// Returns an attestation as cosign 2 attaches it.
    pub fn envelope(envelope: &[u8], annotations: &[(&str, &str)]) -> Self {
        Self {
            suffix: Some("att"),
            layer_type: "application/vnd.dsse.envelope.v1+json".to_owned(),
            layer_annotations: map(annotations),
            ..Self::bundle(Place::Tag, envelope)
        }
    }

    /// Makes it an artifact of another type.
    #[must_use]
    pub fn artifact_type(mut self, artifact_type: &str) -> Self {
        artifact_type.clone_into(&mut self.artifact_type);
        self
    }

    /// Adds an annotation to the manifest, which the list of referrers has then too.
    #[must_use]
    pub fn annotation(mut self, key: &str, value: &str) -> Self {
        self.annotations.insert(key.to_owned(), value.to_owned());
        self
    }

    pub(super) fn put(&self, storage: &mut Storage, repository: &str, image: &str) {
        storage.put_blob(repository, EMPTY.to_vec());
        storage.put_blob(repository, self.content.clone());
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": media_type::OCI_MANIFEST,
            "artifactType": self.artifact_type,
            "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(EMPTY), "size": 2 },
            "layers": [{
                "mediaType": self.layer_type,
                "digest": digest_of(&self.content),
                "size": self.content.len(),
                "annotations": self.layer_annotations,
            }],
            "annotations": self.annotations,
        });
        let tag = image.replace(':', "-");
        if let Some(suffix) = self.suffix {
            let tag = format!("{tag}.{suffix}");
            storage.put_manifest(repository, Some(&tag), document(media_type::OCI_MANIFEST, &manifest));
            return;
        }
        manifest["subject"] = json!({ "mediaType": media_type::OCI_MANIFEST, "digest": image, "size": 2 });
        let digest = storage.put_manifest(repository, None, document(media_type::OCI_MANIFEST, &manifest));
        if self.place == Place::Tag {
            let earlier = storage.manifest(repository, &tag).map(|(_, list)| list.bytes.clone());
            let mut list = match earlier {
                Some(bytes) => serde_json::from_slice(&bytes).expect("a list"),
                None => json!({ "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": [] }),
            };
            list["manifests"].as_array_mut().expect("a list").push(json!({
                "mediaType": media_type::OCI_MANIFEST,
                "digest": digest,
                "size": manifest.to_string().len(),
                "artifactType": self.artifact_type,
                "annotations": self.annotations,
            }));
            storage.put_manifest(repository, Some(&tag), document(media_type::OCI_INDEX, &list));
        }
    }
}

fn map(annotations: &[(&str, &str)]) -> BTreeMap<String, String> {
    annotations.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn document(media_type: &str, value: &Value) -> Manifest {
    Manifest { media_type: media_type.to_owned(), bytes: value.to_string().into_bytes() }
}
