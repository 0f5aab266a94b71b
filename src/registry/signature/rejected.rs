//! Why a signature proves nothing: each variant is the part of the verification that failed. Texts of the signature's
//! author are in the variants as they came.

use jiff::Timestamp;
use jiff::civil::Date;

/// Why a signature was rejected. No retry helps: the signature has to be made again, or the expectation to be
/// changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The bytes are not what they have to be.
    #[error("{part} cannot be read: {why}")]
    Malformed { part: &'static str, why: String },
    /// More bytes than are read, in MiB.
    #[error("it is larger than {limit} MiB")]
    TooLarge { limit: usize },
    /// A form that we do not verify.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// The signature is over the bytes of the image's manifest, and only its digest was given.
    #[error("it signs the bytes of a file, not a statement about the image")]
    NeedsContent,
    /// An identity is wanted, and the signature was made with a key.
    #[error("it was made with a key and has no certificate")]
    NoCertificate,
    /// The wanted key did not make this signature.
    #[error("the key {wanted} did not make it")]
    WrongKey { wanted: String },
    /// The key of the certificate did not make this signature.
    #[error("the key of its certificate did not make it")]
    WrongSignature,
    /// Something else is signed.
    #[error("it is about {}, not about {wanted}", list(.signed))]
    WrongDigest { wanted: String, signed: Vec<String> },
    /// The certificate is of another identity.
    #[error("it is signed by `{found}`, not by `{wanted}`")]
    WrongIdentity { wanted: String, found: String },
    /// Another issuer vouches for the identity.
    #[error("the identity `{identity}` is from the issuer `{found}`, not from `{wanted}`")]
    WrongIssuer { identity: String, wanted: String, found: String },
    /// The certificate, of the signer or of the timestamp, is from an authority that the trusted roots do not have, or
    /// from one that only has the name of one that they have.
    #[error("the authority of {part} is unknown ({issuer}){}", age(.roots))]
    UnknownAuthority { part: &'static str, issuer: String, roots: Option<Date> },
    /// The certificate is not one that the authority may issue for this purpose.
    #[error("{part} cannot be used: {why}")]
    WrongCertificate { part: &'static str, why: String },
    /// The authority, or its certificate, was not valid when the signature was made.
    #[error("{part} was not valid when it was signed, at {at}")]
    Expired { part: &'static str, at: Timestamp },
    /// No log of certificates has recorded the certificate.
    #[error("its certificate is in no log of certificates: {0}")]
    CertificateNotInLog(String),
    /// The transparency log has no entry of it, or the proof of the entry is not right.
    #[error("it is not in the transparency log: {0}")]
    NotInLog(String),
    /// The entry in the log is of another signature.
    #[error("its entry in the transparency log is of another signature: {0}")]
    OtherLogEntry(String),
    /// The log is not among the trusted roots.
    #[error("the transparency log with the key {key} is unknown{}", age(.roots))]
    UnknownLog { key: String, roots: Option<Date> },
    /// Nothing proves when the signature was made, so its certificate proves nothing.
    #[error("no time of signing is proved: {0}")]
    NoTime(String),
}

impl Rejected {
    /// Adds the date of the roots that are built in to what is unknown to them.
    pub(super) fn dated(mut self, date: Option<Date>) -> Self {
        if let Self::UnknownAuthority { roots, .. } | Self::UnknownLog { roots, .. } = &mut self {
            *roots = date;
        }
        self
    }

    pub(super) fn malformed(part: &'static str, why: impl ToString) -> Self {
        Self::Malformed { part, why: why.to_string() }
    }
}

fn list(digests: &[String]) -> String {
    match digests {
        [] => "no digest".to_owned(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

/// An unknown key is most likely newer than the roots that are built in.
fn age(roots: &Option<Date>) -> String {
    roots.map_or_else(String::new, |date| format!("; the built-in trusted roots are of {date}"))
}
