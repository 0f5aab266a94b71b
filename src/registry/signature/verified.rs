//! What a signature proves, once it is verified, and what is asked of it.

use std::sync::Arc;

use jiff::Timestamp;

use super::identity_pattern::IdentityPattern;
use super::public_key::PublicKey;
use super::statement::Statement;
use super::trusted_roots::TrustedRoots;

/// By which signature an image is trusted.
#[derive(Debug, Clone)]
pub enum TrustedSigner {
    /// Made with this key. Whether it is logged is not asked.
    Key(PublicKey),
    /// Made by this identity, which `issuer` vouches for, by a certificate of one of the roots.
    Keyless { identity: IdentityPattern, issuer: String, roots: Arc<TrustedRoots> },
}

/// A signature that was verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    pub by: SignedBy,
    /// When it was made, as a timestamp authority or the log says; unknown if it was made with a key.
    pub signed: Option<Timestamp>,
    /// Its entry in the transparency log; none if it was made with a key, and with roots that have no log (GitHub's).
    pub logged: Option<LogEntry>,
    /// What is said about the image, if more is said than that it is signed.
    pub statement: Option<Statement>,
}

/// The signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedBy {
    /// The key's fingerprint, `sha256:` and hexadecimal digits.
    Key {
        fingerprint: String,
    },
    Certificate(CertifiedIdentity),
}

/// What a certificate says about the signer (<https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertifiedIdentity {
    /// A URL of a workflow, an address of mail, or the like.
    pub identity: String,
    /// The URL of the issuer of the identity.
    pub issuer: String,
    /// The URL of the repository that the signing job was built from.
    pub source_repository: Option<String>,
    /// The commit that the signing job was built from.
    pub source_commit: Option<String>,
}

/// An entry of a transparency log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    pub index: u64,
    /// When it was logged; newer logs do not say.
    pub time: Option<Timestamp>,
}
