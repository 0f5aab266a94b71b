//! The form in which cosign stored signatures before there were bundles: a layer with what is signed, and annotations with
//! the signature, its certificate and its log entry
//! (<https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md>).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;

use super::base64_bytes::Base64;
use super::envelope::{Envelope, WireEnvelope};
use super::logged_entry::{EntryProof, LoggedEntry};
use super::rejected::Rejected;
use super::stored_signature::{Material, SignedContent, StoredSignature};
use crate::image::Digest;

const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const BUNDLE: &str = "dev.sigstore.cosign/bundle";
const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";

/// What the payload of a signature says that it is.
const TYPES: [&str; 2] = ["cosign container image signature", "https://sigstore.dev/cosign/sign/v1"];

/// A layer, in bytes: an attestation has a whole list of packages in it.
const LIMIT: usize = 8 << 20;

/// The annotations of a layer.
pub type LayerAnnotations = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireBundle {
    signed_entry_timestamp: Base64,
    payload: WireEntry,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEntry {
    body: Base64,
    integrated_time: u64,
    log_index: u64,
    #[serde(rename = "logID")]
    log_id: String,
}

#[derive(Deserialize)]
struct WireTimestamp {
    #[serde(rename = "SignedRFC3161Timestamp")]
    signed_timestamp: Base64,
}

#[derive(Deserialize)]
struct SimpleSigning {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    image: PayloadImage,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct PayloadImage {
    docker_manifest_digest: String,
}

/// Reads the layer of a signature. Its payload is what is signed.
pub(super) fn read_signature(payload: &[u8], annotations: &LayerAnnotations) -> Result<StoredSignature, Rejected> {
    within_limit(payload)?;
    let signature = annotations.get(SIGNATURE).ok_or_else(|| malformed("it has no signature"))?;
    let signature = STANDARD.decode(signature).map_err(malformed)?;
    Ok(StoredSignature { content: SignedContent::Message { signature }, material: material(annotations)? })
}

/// Reads the layer of an attestation, which is an envelope.
pub(super) fn read_attestation(layer: &[u8], annotations: &LayerAnnotations) -> Result<StoredSignature, Rejected> {
    within_limit(layer)?;
    let wire: WireEnvelope = serde_json::from_slice(layer).map_err(malformed)?;
    Ok(StoredSignature {
        content: SignedContent::Envelope(Envelope::try_from(wire)?),
        material: material(annotations)?,
    })
}

/// Rejects a payload that is about another image.
pub(super) fn require_image(payload: &[u8], digest: &Digest) -> Result<(), Rejected> {
    let SimpleSigning { critical } = serde_json::from_slice(payload).map_err(malformed)?;
    if !TYPES.contains(&critical.kind.as_str()) {
        return Err(Rejected::Unsupported(format!("the payload type `{}`", critical.kind)));
    }
    let signed = critical.image.docker_manifest_digest;
    if signed == digest.as_str() {
        return Ok(());
    }
    let signed = Some(signed).filter(|signed| !signed.is_empty()).into_iter().collect();
    Err(Rejected::WrongDigest { wanted: digest.to_string(), signed })
}

fn within_limit(layer: &[u8]) -> Result<(), Rejected> {
    if layer.len() > LIMIT { Err(Rejected::TooLarge { limit: LIMIT >> 20 }) } else { Ok(()) }
}

fn malformed(why: impl ToString) -> Rejected {
    Rejected::malformed("the signature", why)
}

fn material(annotations: &LayerAnnotations) -> Result<Material, Rejected> {
    // Annotations that are there and empty say the same as none.
    let annotation = |name: &str| annotations.get(name).filter(|text| !text.is_empty()).map(String::as_bytes);
    let certificate = annotation(CERTIFICATE).map(|pem| CertificateDer::from_pem_slice(pem).map_err(malformed));
    let entry = annotation(BUNDLE).map(entry).transpose()?;
    let timestamp = annotation(TIMESTAMP).map(serde_json::from_slice::<WireTimestamp>);
    let timestamp = timestamp.transpose().map_err(malformed)?;
    Ok(Material {
        certificate: certificate.transpose()?.map(|certificate| certificate.to_vec()),
        entries: entry.into_iter().collect(),
        proof: EntryProof::Promise,
        timestamps: timestamp.into_iter().map(|timestamp| timestamp.signed_timestamp.0).collect(),
    })
}

fn entry(json: &[u8]) -> Result<LoggedEntry, Rejected> {
    let WireBundle { signed_entry_timestamp: Base64(promise), payload } =
        serde_json::from_slice(json).map_err(malformed)?;
    let log = bytes_of_hex(&payload.log_id).ok_or_else(|| malformed("the id of its log is not hexadecimal"))?;
    Ok(LoggedEntry {
        log,
        index: payload.log_index,
        time: payload.integrated_time,
        promise: Some(promise),
        proof: None,
        body: payload.body.0,
    })
}

fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}
