//! The verification of a signature of an image, in each form that registries have: bytes in, verdict out. It makes no
//! request and reads no clock.

use std::borrow::Cow;

use ring::digest::{SHA256, digest as hash};

use super::bundle;
use super::certified_identity;
use super::cosign_layer::{self, LayerAnnotations};
use super::keyless;
use super::log_body::LoggedContent;
use super::rejected::Rejected;
use super::statement::Statement;
use super::stored_signature::{SignedContent, StoredSignature};
use super::verified::{CertifiedIdentity, SignedBy, TrustedSigner, Verified};
use super::x509::X509;
use crate::image::Digest;
use crate::system::hexadecimal::hexadecimal;

/// Verifies a bundle (its JSON) that says something about the image with this digest: cosign's signatures of images,
/// attestations of GitHub and others.
pub fn verify_bundle(bundle: &[u8], digest: &Digest, trusted: &TrustedSigner) -> Result<Verified, Rejected> {
    let signed = bundle::read(bundle)?;
    verify(&signed, File::None, trusted, |statement| require_statement(statement, digest.as_str()))
}

/// Verifies a bundle (its JSON) about `content`: over its bytes, or a statement about its SHA-256.
pub fn verify_content(bundle: &[u8], content: &[u8], trusted: &TrustedSigner) -> Result<Verified, Rejected> {
    let is_about = |statement: Option<&Statement>| match statement {
        Some(_) => require_statement(statement, &format!("sha256:{}", hexadecimal(hash(&SHA256, content).as_ref()))),
        None => Ok(()),
    };
    verify(&bundle::read(bundle)?, File::Content(content), trusted, is_about)
}

/// Verifies a signature of the image with this digest in cosign's earlier form: a layer and its annotations.
pub fn verify_simple_signing(
    payload: &[u8],
    annotations: &LayerAnnotations,
    digest: &Digest,
    trusted: &TrustedSigner,
) -> Result<Verified, Rejected> {
    let signed = cosign_layer::read_signature(payload, annotations)?;
    verify(&signed, File::Content(payload), trusted, |_| cosign_layer::require_image(payload, digest))
}

/// Verifies an attestation about the image with this digest in cosign's earlier form: a layer and its annotations.
pub fn verify_attestation_layer(
    envelope: &[u8],
    annotations: &LayerAnnotations,
    digest: &Digest,
    trusted: &TrustedSigner,
) -> Result<Verified, Rejected> {
    let signed = cosign_layer::read_attestation(envelope, annotations)?;
    verify(&signed, File::Envelope(envelope), trusted, |statement| require_statement(statement, digest.as_str()))
}

fn require_statement(statement: Option<&Statement>, digest: &str) -> Result<(), Rejected> {
    let none = || Rejected::WrongDigest { wanted: digest.to_owned(), signed: Vec::new() };
    statement.ok_or_else(none)?.require(digest)
}

/// What is stored beside the signature.
#[derive(Clone, Copy)]
enum File<'a> {
    None,
    /// What is signed.
    Content(&'a [u8]),
    /// The envelope that has the signature.
    Envelope(&'a [u8]),
}

/// Verifies in this order: that the signature is one, what it is about, and its signer.
fn verify(
    signed: &StoredSignature,
    file: File<'_>,
    trusted: &TrustedSigner,
    is_about: impl FnOnce(Option<&Statement>) -> Result<(), Rejected>,
) -> Result<Verified, Rejected> {
    let (message, signature, envelope) = match (&signed.content, file) {
        (SignedContent::Envelope(envelope), _) => {
            (Cow::Owned(envelope.signed_bytes()), &envelope.signature, Some(envelope))
        }
        (SignedContent::Message { signature }, File::Content(content)) => (Cow::Borrowed(content), signature, None),
        (SignedContent::Message { .. }, _) => return Err(Rejected::NeedsContent),
    };
    let envelope_json = if let File::Envelope(json) = file { Some(json) } else { None };
    let (message, statement) = (&*message, || envelope.map(Statement::read).transpose());
    let (identity, issuer, roots) = match trusted {
        TrustedSigner::Keyless { identity, issuer, roots } => (identity, issuer, roots),
        TrustedSigner::Key(key) if key.verifies(message, signature) => {
            let statement = statement()?;
            is_about(statement.as_ref())?;
            let by = SignedBy::Key { fingerprint: key.fingerprint() };
            return Ok(Verified { by, signed: None, logged: None, statement });
        }
        TrustedSigner::Key(key) => return Err(Rejected::WrongKey { wanted: key.fingerprint() }),
    };
    let certificate = signed.material.certificate.as_ref().ok_or(Rejected::NoCertificate)?;
    let x509 = X509::read(certificate).map_err(|error| Rejected::malformed("the certificate", error))?;
    let content = LoggedContent { message, signature, certificate, envelope, envelope_json };
    let proved = keyless::verify(&x509, content, &signed.material, roots)?;
    let statement = statement()?;
    is_about(statement.as_ref())?;
    let found = certified_identity::read(&x509)?;
    if !identity.matches(&found.identity) {
        return Err(Rejected::WrongIdentity { wanted: identity.to_string(), found: found.identity });
    }
    if found.issuer != *issuer {
        let CertifiedIdentity { identity, issuer: found, .. } = found;
        return Err(Rejected::WrongIssuer { identity, wanted: issuer.clone(), found });
    }
    let by = SignedBy::Certificate(found);
    Ok(Verified { by, signed: Some(proved.signed), logged: proved.logged, statement })
}
