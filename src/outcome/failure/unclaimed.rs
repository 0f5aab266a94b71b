//! The failure of an image that no trusted signer vouches for: it says which part of the proof is missing, and what to do
//! about it.

use std::time::Duration;

use super::{Failure, FailureKind};
use crate::image::Reference;
use crate::registry::signature::{Rejected, TrustedSigner};
use crate::registry::{Claim, RejectedClaim, RequiredClaim, SourceNaming, Unoffered};

/// How many reasons are told.
const MAX_TOLD: usize = 5;

impl Failure {
    /// Returns the failure of an image for which the `wanted` claim is not made; what is attached was `rejected` for these
    /// reasons.
    pub(super) fn unclaimed(
        reference: &Reference,
        wanted: &RequiredClaim,
        rejected: &[RejectedClaim],
        wait: Option<Duration>,
    ) -> Self {
        let signer = signer(&wanted.by);
        let message = match (&wanted.claim, rejected) {
            (claim, []) if claim.is_signature() => format!("`{reference}` is not signed"),
            (claim, []) => format!("`{reference}` has no {claim}"),
            (claim, _) if claim.is_signature() => format!("`{reference}` is not signed by {signer}"),
            (claim, _) => format!("`{reference}` has no {claim} by {signer}"),
        };
        if let Some(failure) = unsettled(reference, &wanted.claim, rejected) {
            return failure;
        }
        let mut failure = Self::new(FailureKind::Image, message);
        match rejected {
            [] => failure = failure.detail(format!("nothing of that kind is attached to it; it must be by {signer}")),
            rejected => {
                let (unread, looked_at): (Vec<_>, Vec<_>) =
                    rejected.iter().partition(|rejected| matches!(rejected, RejectedClaim::Unread(_)));
                failure.details = unread.iter().chain(&looked_at).take(MAX_TOLD).map(ToString::to_string).collect();
                if let Some(rest @ 1..) = rejected.len().checked_sub(MAX_TOLD) {
                    failure = failure.detail(format!("and {rest} more reasons"));
                }
            }
        }
        failure.hint(match rejected.first() {
            None if wait.is_some() => {
                "sign the image in the build, with cosign or an attestation of GitHub; `--wait` ended without it"
            }
            None => "sign the image in the build, with cosign or an attestation of GitHub; `--wait 5m` waits for it",
            Some(RejectedClaim::Unreadable(_) | RejectedClaim::Unanswered(_) | RejectedClaim::Forbidden(_)) => {
                "push the image with its signatures again"
            }
            Some(RejectedClaim::Unread(_)) => {
                "delete signatures and attestations of the image that nothing needs any more, or build it again"
            }
            Some(RejectedClaim::Unoffered(Unoffered::TooLong, _)) => "make the attestation smaller, such as without a list of files",
            Some(RejectedClaim::Unoffered(..)) => {
                "allow the token to read attestations (`attestations: read`), or push them to the registry"
            }
            Some(RejectedClaim::OtherSource { wanted, .. }) => other_commit(wanted.named_by),
            Some(RejectedClaim::OtherRun { .. }) => {
                "check which repository called the workflow that signs: its own provenance must name that repository and commit"
            }
            Some(RejectedClaim::Signature(rejected)) => remedy(rejected),
        })
    }
}

/// Returns the failure of an image of which nothing is known, because what may be the claim cannot be had.
fn unsettled(reference: &Reference, claim: &Claim, rejected: &[RejectedClaim]) -> Option<Failure> {
    let (unsettled, others): (Vec<_>, Vec<_>) = rejected.iter().partition(|rejected| rejected.is_unsettled());
    let (kind, why, hint) = match unsettled.first()? {
        RejectedClaim::Forbidden(_) => (
            FailureKind::Unauthorized,
            "the registry does not give this login all that is attached to it",
            "let the login read it, or delete it if nothing needs it any more",
        ),
        RejectedClaim::Unoffered(Unoffered::LoginRefused, _) => (
            FailureKind::Unauthorized,
            "the forge that may keep it refused the login",
            "check the token: is it expired, or for another host?",
        ),
        RejectedClaim::Unoffered(Unoffered::Forbidden, _) => (
            FailureKind::Unauthorized,
            "the forge that may keep it does not let this login read it",
            "allow the token to read attestations (`attestations: read`), or push them to the registry",
        ),
        RejectedClaim::Unoffered(unoffered, _) => (
            FailureKind::Unavailable,
            match unoffered {
                Unoffered::Unavailable => "the forge that may keep it is not available",
                _ => "an answer of the forge that may keep it cannot be used",
            },
            "try again, or push the attestations to the registry as well",
        ),
        _ => (
            FailureKind::Unavailable,
            "an answer of the registry cannot be used",
            "try again; if it stays so, check the registry and the proxy in front of it, or push the image with its signatures \
             again",
        ),
    };
    let message = format!("cannot check the {claim} of `{reference}`: {why}");
    let details = unsettled.iter().chain(&others).take(MAX_TOLD).map(ToString::to_string).collect();
    Some(Failure { details, ..Failure::new(kind, message).hint(hint) })
}

/// Returns what to do about provenance of another commit than the one that is named so.
fn other_commit(named_by: SourceNaming) -> &'static str {
    match named_by {
        SourceNaming::Revision => {
            "check whether another build pushed the tag; `--expect-revision` names another commit"
        }
        SourceNaming::Release => {
            "check whether another build pushed the tag; `--source` of `tagship release` names another commit"
        }
        SourceNaming::Tag => {
            "check whether another build pushed the tag; `--expect-revision`, or `--source` of `tagship release`, names another \
             commit"
        }
    }
}

/// Returns how a signer is told.
fn signer(signer: &TrustedSigner) -> String {
    match signer {
        TrustedSigner::Key(key) => format!("the key {}", key.fingerprint()),
        TrustedSigner::Keyless { identity, issuer, .. } => format!("`{identity}` ({issuer})"),
    }
}

fn remedy(rejected: &Rejected) -> &'static str {
    match rejected {
        Rejected::WrongIdentity { .. } | Rejected::WrongIssuer { .. } => {
            "check which workflow built the image; `--verify-identity` and `--verify-issuer`, or `identity` and `issuer` of a \
             rule, name the one that may"
        }
        Rejected::WrongKey { .. } | Rejected::NoCertificate => {
            "check with which key the build signs; `--verify-key`, or `key` of a rule, names it"
        }
        Rejected::WrongDigest { .. } => {
            "sign the digest that the tag means now: that of the index, if it has several platforms"
        }
        Rejected::UnknownAuthority { .. } | Rejected::UnknownLog { .. } => {
            "a newer tagship has newer trusted roots; `--trusted-root`, which rules ignore, names those of another Sigstore \
             instance"
        }
        Rejected::NotInLog(_) | Rejected::OtherLogEntry(_) | Rejected::NoTime(_) | Rejected::CertificateNotInLog(_) => {
            "sign the image again with the transparency log, as cosign does by default"
        }
        Rejected::Unsupported(_) => {
            "a newer tagship may know it; else sign the image again, with a version of cosign that this one knows"
        }
        Rejected::Malformed { .. }
        | Rejected::TooLarge { .. }
        | Rejected::NeedsContent
        | Rejected::WrongSignature
        | Rejected::WrongCertificate { .. }
        | Rejected::Expired { .. } => "sign the image again, with a current version of cosign",
    }
}
