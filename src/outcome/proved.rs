//! What a check has proved of an image's signers, in the words in which it is told.

use crate::message::{VerifiedClaim, VerifiedStatement};
use crate::registry::signature::SignedBy;
use crate::registry::{ProvedClaim, ProvedKind};

/// Returns a claim as it is told.
pub fn told(claim: ProvedClaim) -> VerifiedClaim {
    let (signer, issuer) = match claim.by {
        SignedBy::Key { fingerprint } => (fingerprint, None),
        SignedBy::Certificate(certified) => (certified.identity, Some(certified.issuer)),
    };
    let logged = claim.logged.as_ref();
    VerifiedClaim {
        statement: match claim.kind {
            ProvedKind::Signature => VerifiedStatement::Signature,
            ProvedKind::Provenance(provenance) => VerifiedStatement::Provenance {
                source: provenance.source.as_ref().map(ToString::to_string),
                builder: provenance.builder,
            },
            ProvedKind::Attestation(predicate_type) => VerifiedStatement::Attestation(predicate_type),
        },
        signer,
        issuer,
        signed: claim.signed.map(|time| time.to_string()),
        logged: logged.and_then(|entry| entry.time).map(|time| time.to_string()),
        log_index: logged.map(|entry| entry.index),
    }
}
