//! Judges what is attached to an image by what is required of it: looks at one signed thing after the other, in the order in
//! which they are likely to be the right ones, until every required claim is met.

use std::sync::Arc;

use super::attached::{AttachedSearch, CosignTag, Layer, LayerKind, Referrer};
use super::early_end::EarlyEnd;
use super::error::{CheckError, InvalidResponse};
use super::requirement::{Finding, Part};
use super::signature::{
    Rejected, TrustedSigner, Verified, verify_attestation_layer, verify_bundle, verify_content, verify_simple_signing,
};
use super::signer_claim::{Claim, ProvedClaim, RejectedClaim, RequiredClaim};
use super::verdict::Verdict;
use crate::image::Digest;

/// How many signed things are looked at for one image.
const MAX_LOOKED_AT: usize = 50;

/// An image, and what must be claimed of it.
pub(super) struct SignedImage<'a> {
    search: AttachedSearch<'a>,
    digest: &'a Digest,
    /// The bytes that the digest is of.
    manifest: &'a [u8],
    required: Vec<Required<'a>>,
    proved: Vec<ProvedClaim>,
    looked_at: usize,
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

impl<'a> SignedImage<'a> {
    pub(super) fn new(
        search: AttachedSearch<'a>,
        digest: &'a Digest,
        manifest: &'a [u8],
        required: &[&'a RequiredClaim],
    ) -> Self {
        let required = required.iter().map(|wanted| Required { wanted, is_met: false, rejected: Vec::new() });
        Self { search, digest, manifest, required: required.collect(), proved: Vec::new(), looked_at: 0 }
    }

    /// Returns what is found of each required claim.
    pub(super) fn judge(mut self) -> Result<Claims, CheckError> {
        let blocked = match self.look() {
            Ok(()) => None,
            Err(EarlyEnd::Verdict(verdict)) => Some(verdict),
            Err(EarlyEnd::Error(error)) => return Err(error),
        };
        let finding = |required: Required<'_>| match (required.is_met, &blocked) {
            (true, _) => Finding::Met,
            (false, Some(verdict)) => Finding::Blocked { part: Part::Attached, verdict: verdict.clone() },
            (false, None) => Finding::NotClaimed { wanted: required.wanted.clone(), rejected: required.rejected },
        };
        Ok(Claims { findings: self.required.into_iter().map(finding).collect(), proved: self.proved })
    }

    fn look(&mut self) -> Result<(), EarlyEnd> {
        let mut referrers = self.search.referrers()?;
        // What says more than a signature is one, too, and saves the request for another.
        referrers.sort_by_key(|referrer| !self.says_more(referrer));
        for referrer in referrers {
            if self.may_meet(&referrer) {
                match self.search.layers_of(&referrer) {
                    Ok(layers) => self.look_at_all(&layers)?,
                    Err(end) => self.note_unreadable(end)?,
                }
            }
        }
        for tag in [CosignTag::Attestations, CosignTag::Signatures] {
            if self.open().any(|required| (required.wanted.claim == Claim::Signature) == (tag == CosignTag::Signatures))
            {
                let layers = self.search.layers_under(tag)?;
                self.look_at_all(&layers)?;
            }
        }
        Ok(())
    }

    fn look_at_all(&mut self, layers: &[Layer]) -> Result<(), EarlyEnd> {
        for layer in layers {
            if self.open().next().is_none() || self.looked_at == MAX_LOOKED_AT {
                break;
            }
            self.looked_at += 1;
            if layer.is_too_large() {
                self.reject(&RejectedClaim::Unreadable(format!("it is too large to be read ({} bytes)", layer.size)));
                continue;
            }
            match self.search.read(layer) {
                Ok(response) => self.verify(layer, &response.body),
                Err(end) => self.note_unreadable(end)?,
            }
        }
        Ok(())
    }

    /// Verifies a signed thing for each signer of whom a claim is still required.
    fn verify(&mut self, layer: &Layer, content: &[u8]) {
        let mut signers: Vec<Arc<TrustedSigner>> = Vec::new();
        for required in self.open() {
            if !signers.iter().any(|signer| Arc::ptr_eq(signer, &required.wanted.by)) {
                signers.push(Arc::clone(&required.wanted.by));
            }
        }
        for signer in signers {
            let proved = self.verified(layer, content, &signer).map(ProvedClaim::of);
            let of_signer =
                |required: &&mut Required<'_>| !required.is_met && Arc::ptr_eq(&required.wanted.by, &signer);
            let mut meets = false;
            for required in self.required.iter_mut().filter(of_signer) {
                match &proved {
                    Ok(proved) => match required.wanted.claim.judge(&proved.kind) {
                        Some(Ok(())) => {
                            required.is_met = true;
                            meets = true;
                        }
                        Some(Err(rejected)) => required.note(&rejected),
                        None => {}
                    },
                    Err(rejected) => required.note(&RejectedClaim::Signature(rejected.clone())),
                }
            }
            self.proved.extend(proved.ok().filter(|_| meets));
        }
    }

    fn verified(&self, layer: &Layer, content: &[u8], signer: &TrustedSigner) -> Result<Verified, Rejected> {
        match layer.kind {
            LayerKind::Bundle => match verify_bundle(content, self.digest, signer) {
                Err(Rejected::NeedsContent) => verify_content(content, self.manifest, signer),
                verified => verified,
            },
            LayerKind::SimpleSigning => verify_simple_signing(content, &layer.annotations, self.digest, signer),
            LayerKind::Envelope => verify_attestation_layer(content, &layer.annotations, self.digest, signer),
        }
    }

    /// Notes that something that is listed cannot be read. Fails if the registry cannot be asked any more.
    fn note_unreadable(&mut self, end: EarlyEnd) -> Result<(), EarlyEnd> {
        let why = match end {
            EarlyEnd::Verdict(Verdict::Absent(_)) => "it is listed, and not in the registry".to_owned(),
            EarlyEnd::Verdict(Verdict::Mismatch { .. }) => "it is not what its digest says".to_owned(),
            EarlyEnd::Error(CheckError::InvalidResponse { source: InvalidResponse::TooLong, .. }) => {
                "it is too large to be read".to_owned()
            }
            end => return Err(end),
        };
        self.reject(&RejectedClaim::Unreadable(why));
        Ok(())
    }

    fn reject(&mut self, rejected: &RejectedClaim) {
        self.required.iter_mut().filter(|required| !required.is_met).for_each(|required| required.note(rejected));
    }

    fn open(&self) -> impl Iterator<Item = &Required<'a>> {
        self.required.iter().filter(|required| !required.is_met)
    }

    /// Whether it may be one of the claims that are still open, by what the list says of it.
    fn may_meet(&self, referrer: &Referrer) -> bool {
        self.open().any(|required| match &referrer.predicate_type {
            _ if referrer.is_bare_signature => required.wanted.claim == Claim::Signature,
            Some(predicate_type) => required.wanted.claim.may_be(predicate_type),
            None => true,
        })
    }

    /// Whether it may be a required claim that says more than that the image is signed.
    fn says_more(&self, referrer: &Referrer) -> bool {
        let claims =
            || self.required.iter().map(|required| &required.wanted.claim).filter(|claim| **claim != Claim::Signature);
        referrer.predicate_type.as_ref().is_some_and(|kind| claims().any(|claim| claim.may_be(kind)))
    }
}

impl Required<'_> {
    fn note(&mut self, rejected: &RejectedClaim) {
        if !self.rejected.contains(rejected) {
            self.rejected.push(rejected.clone());
        }
    }
}
