//! What a signer can say about an image: that it is signed, how it was built, or anything else that an attestation says. And
//! what of that is required.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::attestation_type::AttestationType;
use super::provenance::{ExpectedSource, Provenance};
use super::signature::{LogEntry, Rejected, SignedBy, Statement, TrustedSigner, Verified};

/// The statement by which cosign 3 signs an image: it says nothing beside its subject.
const COSIGN_SIGNATURE: &str = "https://sigstore.dev/cosign/sign/v1";

/// What a signer must say about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nothing but that it is signed; provenance says that too.
    Signature,
    /// How it was built: from this commit, if one is expected.
    Provenance(Option<ExpectedSource>),
    Attestation(AttestationType),
}

/// A claim that must be made by a trusted signer.
#[derive(Debug, Clone)]
pub struct RequiredClaim {
    pub claim: Claim,
    pub by: Arc<TrustedSigner>,
}

/// A signer is the same if it was named once.
impl PartialEq for RequiredClaim {
    fn eq(&self, other: &Self) -> bool {
        self.claim == other.claim && Arc::ptr_eq(&self.by, &other.by)
    }
}

impl Eq for RequiredClaim {}

/// A claim that a trusted signer makes, as it was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvedClaim {
    pub kind: ProvedKind,
    pub by: SignedBy,
    /// When it was signed, as a timestamp authority or the log says.
    pub signed: Option<Timestamp>,
    pub logged: Option<LogEntry>,
}

/// What a verified claim says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProvedKind {
    Signature,
    Provenance(Provenance),
    /// An attestation, by its predicate type: text of the signer.
    Attestation(String),
}

/// Why something that is attached to an image is not the claim that is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RejectedClaim {
    /// It is not signed as it must be.
    Signature(Rejected),
    /// It is signed as it must be, and says that the image was built from other commits: texts of the signer.
    OtherSource { wanted: ExpectedSource, found: Vec<String> },
    /// It cannot be read.
    Unreadable(String),
    /// The forge that may keep it cannot be asked.
    Unoffered(String),
}

impl Claim {
    /// Whether a statement of this predicate type can be the claim.
    pub(super) fn may_be(&self, predicate_type: &str) -> bool {
        match self {
            Self::Signature => predicate_type == COSIGN_SIGNATURE || Provenance::is_type(predicate_type),
            Self::Provenance(_) => Provenance::is_type(predicate_type),
            Self::Attestation(kind) => kind.is(predicate_type),
        }
    }

    /// Whether a verified claim is this one; `None` if it is about something else.
    pub(super) fn judge(&self, proved: &ProvedKind) -> Option<Result<(), RejectedClaim>> {
        match (self, proved) {
            (Self::Signature, ProvedKind::Signature | ProvedKind::Provenance(_)) => Some(Ok(())),
            (Self::Provenance(None), ProvedKind::Provenance(_)) => Some(Ok(())),
            (Self::Provenance(Some(expected)), ProvedKind::Provenance(provenance)) => {
                Some(match provenance.is_of(expected) {
                    true => Ok(()),
                    false => Err(RejectedClaim::OtherSource {
                        wanted: expected.clone(),
                        found: provenance.sources.iter().map(ToString::to_string).collect(),
                    }),
                })
            }
            (Self::Attestation(kind), ProvedKind::Attestation(found)) if kind.is(found) => Some(Ok(())),
            _ => None,
        }
    }
}

/// Completes "is not" and "has no".
impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature => f.write_str("signature"),
            Self::Provenance(_) => f.write_str("provenance"),
            Self::Attestation(kind) => write!(f, "attestation `{kind}`"),
        }
    }
}

impl ProvedClaim {
    pub(super) fn of(verified: Verified) -> Self {
        let Verified { by, signed, logged, statement } = verified;
        let kind = match statement {
            Some(Statement { predicate_type, predicate, .. }) => match Provenance::read(&predicate_type, &predicate) {
                Some(provenance) => ProvedKind::Provenance(provenance),
                None if predicate_type == COSIGN_SIGNATURE => ProvedKind::Signature,
                None => ProvedKind::Attestation(predicate_type),
            },
            None => ProvedKind::Signature,
        };
        Self { kind, by, signed, logged }
    }
}

impl fmt::Display for RejectedClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature(rejected) => rejected.fmt(f),
            Self::OtherSource { wanted, found } if found.is_empty() => {
                write!(f, "its provenance names no commit, and not {wanted}")
            }
            Self::OtherSource { wanted, found } => {
                write!(f, "its provenance is of {}, not of {wanted}", found[0])
            }
            Self::Unreadable(why) | Self::Unoffered(why) => f.write_str(why),
        }
    }
}
