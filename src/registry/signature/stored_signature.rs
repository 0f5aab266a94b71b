//! A signature with what is said to prove it, in one form for all the forms in which it is stored. Nothing of it is
//! verified yet.

use super::envelope::Envelope;
use super::logged_entry::{EntryProof, LoggedEntry};

/// A signature as it was found.
#[derive(Debug)]
pub(super) struct StoredSignature {
    pub(super) content: SignedContent,
    pub(super) material: Material,
}

/// What is signed.
#[derive(Debug)]
pub(super) enum SignedContent {
    Envelope(Envelope),
    /// Bytes that are not with the signature.
    Message {
        signature: Vec<u8>,
    },
}

/// What is said to prove the signer and the time.
#[derive(Debug)]
pub(super) struct Material {
    /// The signer's certificate, in DER; none for a key.
    pub(super) certificate: Option<Vec<u8>>,
    pub(super) entries: Vec<LoggedEntry>,
    pub(super) proof: EntryProof,
    /// Answers of timestamp authorities (RFC 3161).
    pub(super) timestamps: Vec<Vec<u8>>,
}
