//! The signed image in `tests/sigstore`, and what a Sigstore of our own made for it: certificates of ten minutes that are long
//! over, and the log's proof that they were not when they signed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::registry::{Attachment, Place, Registry, media_type};

/// The workflow that signed, and the issuer that vouches for it.
pub const IDENTITY: &str = "https://github.com/org/app/.github/workflows/release.yml@refs/heads/main";
pub const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// The commit that the image was built from.
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

const PREDICATE_TYPE: &str = "dev.sigstore.bundle.predicateType";

/// Returns the path of a file there.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/sigstore/world").join(name)
}

pub fn read(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Puts the image under a tag, without what is attached to it. Returns its digest.
pub fn put_image(registry: &Registry, repository: &str, tag: &str) -> String {
    registry.put_blob(repository, &read("config.json"));
    registry.put_manifest(repository, tag, media_type::OCI_MANIFEST, &read("manifest.json"))
}

/// Returns a bundle of the image, with the annotations that cosign 3 makes.
pub fn bundle(place: Place, name: &str) -> Attachment {
    let attachment = Attachment::bundle(place, &read(&format!("{name}.bundle.json")));
    let predicate_type = match name {
        "provenance" => "https://slsa.dev/provenance/v1",
        "provenance-v0.2" => "https://slsa.dev/provenance/v0.2",
        "spdx" => "https://spdx.dev/Document",
        "content" => return attachment.annotation("dev.sigstore.bundle.content", "message-signature"),
        _ => "https://sigstore.dev/cosign/sign/v1",
    };
    attachment.annotation("dev.sigstore.bundle.content", "dsse-envelope").annotation(PREDICATE_TYPE, predicate_type)
}

/// Returns the signature of the image in cosign's earlier form.
pub fn simple_signing() -> Attachment {
    let annotations = annotations("simple-signing.annotations.json");
    Attachment::simple_signing(&read("simple-signing.payload.json"), &borrowed(&annotations))
}

/// Returns the provenance of the image in cosign's earlier form.
pub fn attestation_layer() -> Attachment {
    let annotations = annotations("attestation.annotations.json");
    Attachment::envelope(&read("attestation.layer.json"), &borrowed(&annotations))
}

fn annotations(name: &str) -> BTreeMap<String, String> {
    serde_json::from_slice(&read(name)).expect("annotations")
}

fn borrowed(annotations: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    annotations.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}
