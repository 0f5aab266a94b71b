//! Signatures and attestations of images: did the trusted signer make it, and what does it say? Bytes in, verdict out: no
//! request, no file, and no clock, because a certificate of ten minutes is judged at the time that a log or a timestamp
//! authority proves.
//!
//! A signature is read from one of the forms in which it is stored ([`verify_bundle`], [`verify_simple_signing`] and the
//! others) into one form (`stored_signature`). A key ([`PublicKey`]) then verifies it alone. For a certificate, `keyless`
//! asks the [`TrustedRoots`] for each part: the log entry (`log_proof`, `log_body`), timestamps (`timestamp_token`), the
//! chain (`certificate_chain`), the log of certificates (`certificate_log`). What fails is told by [`Rejected`]. It leaves
//! out where signatures are found, and what a predicate must say.

mod asn1;
mod base64_bytes;
mod bundle;
mod certificate_chain;
mod certificate_log;
mod certified_identity;
mod cosign_layer;
mod envelope;
mod identity_pattern;
mod keyless;
mod log_body;
mod log_proof;
mod logged_entry;
mod public_key;
mod rejected;
mod statement;
mod stored_signature;
mod timestamp_token;
mod trusted_roots;
mod verification;
mod verified;
mod x509;

pub use cosign_layer::LayerAnnotations;
pub use identity_pattern::{IdentityPattern, PatternError};
pub use public_key::{PublicKey, PublicKeyError};
pub use rejected::Rejected;
pub use statement::Statement;
pub use trusted_roots::{TrustedRoots, TrustedRootsError};
pub use verification::{verify_attestation_layer, verify_bundle, verify_content, verify_simple_signing};
pub use verified::{CertifiedIdentity, LogEntry, SignedBy, TrustedSigner, Verified};
