//! Judges signed things by the claims that are required of an image, wherever they were found.

use std::sync::Arc;

use super::requirement::{Finding, ImagePart};
use super::signature::{
    LayerAnnotations, Rejected, TrustedSigner, Verified, verify_attestation_layer, verify_bundle, verify_content,
    verify_simple_signing,
};
use super::signer_claim::{Claim, ProvedClaim, ProvedKind, RejectedClaim, RequiredClaim};
use super::verdict::Verdict;
use crate::image::Digest;

/// Something signed, in one of its forms.
#[derive(Debug, Clone, Copy)]
pub(super) enum SignedThing<'a> {
    Bundle(&'a [u8]),
    /// In cosign's earlier form.
    SimpleSigning {
        payload: &'a [u8],
        annotations: &'a LayerAnnotations,
    },
    Envelope {
        envelope: &'a [u8],
        annotations: &'a LayerAnnotations,
    },
}

/// The claims that are required of an image, and what was found of them.
pub(super) struct ClaimJudge<'a> {
    digest: &'a Digest,
    /// The bytes that the digest is of, if they are at hand: there are signatures over them.
    manifest: Option<&'a [u8]>,
    required: Vec<Required<'a>>,
    proved: Vec<ProvedClaim>,
}

/// A required claim, and what was found of it.
struct Required<'a> {
    wanted: &'a RequiredClaim,
    is_met: bool,
    rejected: Vec<RejectedClaim>,
}

/// What is claimed of an image.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// One for each required claim, in their order.
    pub(super) findings: Vec<Finding>,
    /// The claims that meet them, each once.
    pub(super) proved: Vec<ProvedClaim>,
}

impl<'a> ClaimJudge<'a> {
    pub(super) fn new(digest: &'a Digest, manifest: Option<&'a [u8]>, required: &[&'a RequiredClaim]) -> Self {
        let required = required.iter().map(|wanted| Required { wanted, is_met: false, rejected: Vec::new() });
        Self { digest, manifest, required: required.collect(), proved: Vec::new() }
    }

    /// Returns the claims that are not met yet.
    pub(super) fn open(&self) -> impl Iterator<Item = &'a RequiredClaim> {
        self.required.iter().filter(|required| !required.is_met).map(|required| required.wanted)
    }

    /// Verifies a signed thing for each signer of whom a claim is still required.
    pub(super) fn offer(&mut self, thing: SignedThing<'_>) {
        let mut signers: Vec<Arc<TrustedSigner>> = Vec::new();
        for wanted in self.open() {
            if !signers.iter().any(|signer| Arc::ptr_eq(signer, &wanted.by)) {
                signers.push(Arc::clone(&wanted.by));
            }
        }
        for signer in signers {
            let proved = self.verified(thing, &signer).map(ProvedClaim::of);
            let of_signer =
                |required: &&mut Required<'_>| !required.is_met && Arc::ptr_eq(&required.wanted.by, &signer);
            let (mut meets, mut is_signature_alone, mut is_denied) = (false, true, false);
            for required in self.required.iter_mut().filter(of_signer) {
                match &proved {
                    Ok(proved) => match required.wanted.claim.judge(proved) {
                        Some(Ok(())) => {
                            required.is_met = true;
                            meets = true;
                            is_signature_alone &= required.wanted.claim.is_signature();
                        }
                        Some(Err(rejected)) => {
                            required.note(&rejected);
                            is_denied = true;
                        }
                        None => {}
                    },
                    Err(rejected) => required.note(&RejectedClaim::Signature(rejected.clone())),
                }
            }
            let Some(mut proved) = proved.ok().filter(|_| meets) else { continue };
            // What it says of its commit is not told if that is not the wanted one, or not the one of its certificate.
            if is_signature_alone && (is_denied || matches!(Claim::Provenance(None).judge(&proved), Some(Err(_)))) {
                proved.kind = ProvedKind::Signature;
            }
            self.proved.push(proved);
        }
    }

    fn verified(&self, thing: SignedThing<'_>, signer: &TrustedSigner) -> Result<Verified, Rejected> {
        match thing {
            SignedThing::Bundle(bundle) => match (verify_bundle(bundle, self.digest, signer), self.manifest) {
                (Err(Rejected::NeedsContent), Some(manifest)) => verify_content(bundle, manifest, signer),
                (verified, _) => verified,
            },
            SignedThing::SimpleSigning { payload, annotations } => {
                verify_simple_signing(payload, annotations, self.digest, signer)
            }
            SignedThing::Envelope { envelope, annotations } => {
                verify_attestation_layer(envelope, annotations, self.digest, signer)
            }
        }
    }

    /// Notes why something that is attached does not count, for all claims that are not met yet.
    pub(super) fn reject(&mut self, rejected: &RejectedClaim) {
        for required in self.required.iter_mut().filter(|required| !required.is_met) {
            required.note(rejected);
        }
    }

    /// Returns what was found; `blocked` says why not all could be looked at.
    pub(super) fn claims(self, blocked: Option<&Verdict>) -> Claims {
        let finding = |required: Required<'_>| match (required.is_met, blocked) {
            (true, _) => Finding::Met,
            (false, Some(verdict)) => Finding::Blocked { part: ImagePart::Attached, verdict: verdict.clone() },
            (false, None) => Finding::NotClaimed { wanted: required.wanted.clone(), rejected: required.rejected },
        };
        Claims { findings: self.required.into_iter().map(finding).collect(), proved: self.proved }
    }
}

impl Required<'_> {
    fn note(&mut self, rejected: &RejectedClaim) {
        if !self.rejected.contains(rejected) {
            self.rejected.push(rejected.clone());
        }
    }
}
