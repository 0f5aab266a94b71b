//! Sigstore's bundle, in its versions 0.1 to 0.3: the signature and all that is needed to verify it offline
//! (<https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto>).

use serde::{Deserialize, Deserializer};

use super::base64_bytes::Base64;
use super::envelope::WireEnvelope;
use super::logged_entry::{EntryProof, InclusionProof, LoggedEntry};
use super::rejected::Rejected;
use super::stored_signature::{Material, SignedContent, StoredSignature};
use crate::system::bounded_json;

/// A bundle, in bytes: an attestation has a whole list of packages in it.
const LIMIT: usize = 8 << 20;

/// Entries of logs and timestamps, each: every one of them costs a signature to verify.
const MOST_ENTRIES: usize = 8;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireBundle {
    media_type: String,
    verification_material: WireMaterial,
    dsse_envelope: Option<WireEnvelope>,
    message_signature: Option<WireMessage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMaterial {
    certificate: Option<WireCertificate>,
    x509_certificate_chain: Option<WireChain>,
    public_key: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    tlog_entries: Vec<WireEntry>,
    #[serde(default)]
    timestamp_verification_data: Option<WireTimestamps>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCertificate {
    raw_bytes: Base64,
}

#[derive(Deserialize)]
struct WireChain {
    #[serde(default)]
    certificates: Vec<WireCertificate>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct WireTimestamps {
    #[serde(default)]
    rfc3161_timestamps: Vec<WireTimestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireTimestamp {
    signed_timestamp: Base64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMessage {
    signature: Base64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEntry {
    #[serde(default, deserialize_with = "number")]
    log_index: u64,
    log_id: WireLogId,
    #[serde(default, deserialize_with = "number")]
    integrated_time: u64,
    inclusion_promise: Option<WirePromise>,
    inclusion_proof: Option<WireProof>,
    canonicalized_body: Base64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLogId {
    key_id: Base64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePromise {
    signed_entry_timestamp: Base64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireProof {
    #[serde(default, deserialize_with = "number")]
    log_index: u64,
    root_hash: Base64,
    #[serde(deserialize_with = "number")]
    tree_size: u64,
    #[serde(default)]
    hashes: Vec<Base64>,
    checkpoint: Option<WireCheckpoint>,
}

#[derive(Deserialize)]
struct WireCheckpoint {
    #[serde(default)]
    envelope: String,
}

/// Reads a 64-bit number, which JSON of protocol buffers has in quotes.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Text(String),
        Plain(u64),
    }
    match Number::deserialize(deserializer)? {
        Number::Plain(number) => Ok(number),
        Number::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

/// Reads a bundle.
pub(super) fn read(json: &[u8]) -> Result<StoredSignature, Rejected> {
    if json.len() > LIMIT {
        return Err(Rejected::TooLarge { limit: LIMIT >> 20 });
    }
    let wire: WireBundle = bounded_json::from_slice(json).map_err(|error| Rejected::malformed("the bundle", error))?;
    let version = BundleVersion::read(&wire.media_type)?;
    let content = match (wire.dsse_envelope, wire.message_signature) {
        (Some(envelope), None) => SignedContent::Envelope(envelope.try_into()?),
        (None, Some(WireMessage { signature: Base64(signature) })) => SignedContent::Message { signature },
        _ => return Err(Rejected::malformed("the bundle", "it must have an envelope or a signature of a message")),
    };
    let WireMaterial { tlog_entries, timestamp_verification_data, .. } = &wire.verification_material;
    let timestamps = timestamp_verification_data.as_ref().map_or(&[][..], |data| &data.rfc3161_timestamps);
    if tlog_entries.len() > MOST_ENTRIES || timestamps.len() > MOST_ENTRIES {
        return Err(Rejected::malformed("the bundle", "it has too many log entries or timestamps"));
    }
    let timestamps = timestamps.iter().map(|timestamp| timestamp.signed_timestamp.0.clone()).collect();
    let certificate = version.certificate(&wire.verification_material)?;
    let entries = wire.verification_material.tlog_entries.into_iter().map(logged).collect();
    Ok(StoredSignature { content, material: Material { certificate, entries, proof: version.proof(), timestamps } })
}

fn logged(wire: WireEntry) -> LoggedEntry {
    let proof = wire.inclusion_proof.map(|proof| InclusionProof {
        index: proof.log_index,
        tree_size: proof.tree_size,
        root: proof.root_hash.0,
        hashes: proof.hashes.into_iter().map(|hash| hash.0).collect(),
        checkpoint: proof.checkpoint.map(|checkpoint| checkpoint.envelope).unwrap_or_default(),
    });
    LoggedEntry {
        log: wire.log_id.key_id.0,
        index: wire.log_index,
        time: wire.integrated_time,
        promise: wire.inclusion_promise.map(|promise| promise.signed_entry_timestamp.0),
        proof,
        body: wire.canonicalized_body.0,
    }
}

/// A version of the bundle: what must be in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BundleVersion {
    /// The log's promise is enough.
    V01,
    /// A proof of inclusion.
    V02,
    /// And one certificate in place of a chain.
    V03,
}

impl BundleVersion {
    fn read(media_type: &str) -> Result<Self, Rejected> {
        let parameter = media_type.strip_prefix("application/vnd.dev.sigstore.bundle+json;version=");
        let name = media_type.strip_prefix("application/vnd.dev.sigstore.bundle.v");
        match parameter.or_else(|| name?.strip_suffix("+json")) {
            Some("0.1") => Ok(Self::V01),
            Some("0.2") => Ok(Self::V02),
            Some(version) if version == "0.3" || version.starts_with("0.3.") => Ok(Self::V03),
            _ => Err(Rejected::Unsupported(format!("the bundle type `{media_type}`"))),
        }
    }

    fn proof(self) -> EntryProof {
        if self == Self::V01 { EntryProof::Promise } else { EntryProof::Inclusion }
    }

    /// Returns the certificate that signed; `None` if it is a key.
    fn certificate(self, material: &WireMaterial) -> Result<Option<Vec<u8>>, Rejected> {
        let chain = material.x509_certificate_chain.as_ref();
        match (&material.certificate, chain, &material.public_key) {
            (Some(certificate), None, None) => Ok(Some(certificate.raw_bytes.0.clone())),
            (None, Some(chain), None) if self != Self::V03 => match chain.certificates.first() {
                Some(leaf) => Ok(Some(leaf.raw_bytes.0.clone())),
                None => Err(Rejected::malformed("the bundle", "its certificate chain is empty")),
            },
            (None, None, Some(_)) => Ok(None),
            _ => Err(Rejected::malformed("the bundle", "it must have one certificate or one key")),
        }
    }
}
