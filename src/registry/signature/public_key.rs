//! A public key that signatures are verified with, in the kinds that cosign makes: ECDSA on P-256 and P-384, Ed25519, RSA.

use std::fmt;

use der::Tag;
use ring::digest::{SHA256, digest};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer, alg_id};
use webpki::ring as algorithms;

use super::asn1;
use crate::system::hexadecimal::hexadecimal;

/// A public key (`SubjectPublicKeyInfo`, RFC 5280 section 4.1.2.7).
#[derive(Clone)]
pub struct PublicKey {
    spki: Vec<u8>,
    /// The key alone.
    bits: Vec<u8>,
    algorithms: &'static [&'static dyn SignatureVerificationAlgorithm],
}

/// Why a text is no public key to verify with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    #[error("it is no public key in PEM (`-----BEGIN PUBLIC KEY-----`)")]
    NotPem,
    #[error("it has {0} public keys; give the one to verify with")]
    Several(usize),
    #[error("it is a private key; give the public key to verify with")]
    Private,
    #[error("it is no key of ECDSA (P-256, P-384), Ed25519 or RSA")]
    Unsupported,
    #[error("it is an RSA key of {0} bits, which proves nothing; it must have 2,048 to 8,192")]
    RsaSize(usize),
}

/// Beside the hash of its own size, P-384 is used with SHA-256: older versions of cosign hash so for all keys.
const P384: &[&dyn SignatureVerificationAlgorithm] = &[algorithms::ECDSA_P384_SHA384, algorithms::ECDSA_P384_SHA256];
const P256: &[&dyn SignatureVerificationAlgorithm] = &[algorithms::ECDSA_P256_SHA256, algorithms::ECDSA_P256_SHA384];
const ED25519: &[&dyn SignatureVerificationAlgorithm] = &[algorithms::ED25519];
const RSA: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA512,
    algorithms::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
];

impl PublicKey {
    /// Reads the public key of a PEM text. Of several, as a rotation of keys has them, none is chosen.
    pub fn from_pem(text: &[u8]) -> Result<Self, PublicKeyError> {
        let keys: Result<Vec<_>, _> = SubjectPublicKeyInfoDer::pem_slice_iter(text).collect();
        match keys.as_deref() {
            Ok([spki]) => Self::from_spki(spki),
            Ok(keys @ [_, _, ..]) => Err(PublicKeyError::Several(keys.len())),
            Ok([]) | Err(_) if text.windows(11).any(|word| word == b"PRIVATE KEY") => Err(PublicKeyError::Private),
            Ok([]) | Err(_) => Err(PublicKeyError::NotPem),
        }
    }

    pub(super) fn from_spki(spki: &[u8]) -> Result<Self, PublicKeyError> {
        let (algorithm, bits) = parts(spki).or(Err(PublicKeyError::Unsupported))?;
        let known = [(alg_id::ECDSA_P256, P256), (alg_id::ECDSA_P384, P384), (alg_id::ED25519, ED25519)];
        let known = known.into_iter().chain([(alg_id::RSA_ENCRYPTION, RSA)]);
        let mut fitting = known.filter(|(id, _)| id.as_ref() == algorithm);
        let (id, algorithms) = fitting.next().ok_or(PublicKeyError::Unsupported)?;
        if id == alg_id::RSA_ENCRYPTION {
            let modulus = asn1::document(bits).and_then(|mut fields| fields.next(Tag::Integer));
            let modulus = modulus.or(Err(PublicKeyError::Unsupported))?.value;
            let size = modulus.iter().skip_while(|byte| **byte == 0).count() * 8;
            if !(2_048..=8_192).contains(&size) {
                return Err(PublicKeyError::RsaSize(size));
            }
        }
        Ok(Self { spki: spki.to_vec(), bits: bits.to_vec(), algorithms })
    }

    /// Returns the key's name for people: the SHA-256 of its `SubjectPublicKeyInfo`.
    pub fn fingerprint(&self) -> String {
        format!("sha256:{}", hexadecimal(digest(&SHA256, &self.spki).as_ref()))
    }

    /// Whether this key made the signature of a message.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.algorithms.iter().any(|algorithm| algorithm.verify_signature(&self.bits, message, signature).is_ok())
    }
}

/// Returns the content of the algorithm's identifier, and the key.
fn parts(spki: &[u8]) -> der::Result<(&[u8], &[u8])> {
    let mut fields = asn1::document(spki)?;
    let algorithm = fields.next(Tag::Sequence)?.value;
    let bits = fields.next(Tag::BitString)?.bits()?;
    fields.finish()?;
    Ok((algorithm, bits))
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicKey").field(&self.fingerprint()).finish()
    }
}
