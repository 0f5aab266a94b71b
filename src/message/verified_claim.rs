//! What a trusted signer says of a released image, as it was verified: in the words in which the commit and the report tell
//! it.

/// A verified claim of a signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedClaim {
    pub statement: VerifiedStatement,
    /// The identity in the certificate, or the fingerprint of the key: text of the signer.
    pub signer: String,
    /// The URL of the issuer that vouches for the identity; none for a key.
    pub issuer: Option<String>,
    /// When it was signed (RFC 3339), as the log or a timestamp authority says.
    pub signed: Option<String>,
    /// When the log took it (RFC 3339).
    pub logged: Option<String>,
    /// Its number in the transparency log.
    pub log_index: Option<u64>,
}

/// What is claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerifiedStatement {
    /// Nothing but that the image is signed.
    Signature,
    Provenance {
        /// The commit, as `owner/repo@sha`, if the provenance names one.
        source: Option<String>,
        /// The URI of the builder.
        builder: Option<String>,
    },
    /// An attestation, by its predicate type.
    Attestation(String),
}
