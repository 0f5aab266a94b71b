//! Looks at what is attached to an image, one signed thing after the other, in the order in which they are likely to be the
//! right ones, until every required claim is met.

use super::attached::{AttachedSearch, CosignTag, Layer, LayerKind, Referrer, ReferrerList};
use super::claim_judge::{ClaimJudge, Claims, SignedThing};
use super::early_end::EarlyEnd;
use super::error::{CheckError, InvalidResponse};
use super::signer_claim::{RejectedClaim, RequiredClaim};
use super::verdict::{Outage, Verdict};
use crate::image::Digest;

/// How many signed things are looked at for one image.
const MAX_LOOKED_AT: usize = 50;

/// An image, and what must be claimed of it.
pub(super) struct SignedImage<'a> {
    search: AttachedSearch<'a>,
    required: Vec<&'a RequiredClaim>,
    judge: ClaimJudge<'a>,
    looked_at: usize,
    /// Whether the registry failed at one of them.
    has_failed: bool,
    /// Whether there was more to look at.
    is_cut: bool,
}

impl<'a> SignedImage<'a> {
    /// `manifest` has the bytes that `digest` is of.
    pub(super) fn new(
        search: AttachedSearch<'a>,
        digest: &'a Digest,
        manifest: &'a [u8],
        required: Vec<&'a RequiredClaim>,
    ) -> Self {
        let judge = ClaimJudge::new(digest, Some(manifest), &required);
        Self { search, required, judge, looked_at: 0, has_failed: false, is_cut: false }
    }

    /// Returns what is found of each required claim.
    pub(super) fn judge(mut self) -> Result<Claims, CheckError> {
        match self.look() {
            Ok(()) => Ok(self.judge.claims(None)),
            Err(EarlyEnd::Verdict(verdict)) => Ok(self.judge.claims(Some(&verdict))),
            Err(EarlyEnd::Error(error)) => Err(error),
        }
    }

    fn look(&mut self) -> Result<(), EarlyEnd> {
        let ReferrerList { mut referrers, hidden } = {
            let judge = &self.judge;
            self.search.referrers(|referrer| may_meet(judge, referrer))?
        };
        let too_many = referrers.len() > MAX_LOOKED_AT;
        referrers.truncate(MAX_LOOKED_AT);
        // What says more than a signature is one, too, and saves the request for another.
        referrers.sort_by_key(|referrer| !self.says_more(referrer));
        for referrer in referrers {
            if may_meet(&self.judge, &referrer) {
                match self.search.layers_of(&referrer) {
                    Ok(layers) => self.look_at_all(&layers)?,
                    Err(end) => self.note_unreadable(&referrer.digest, end)?,
                }
            }
        }
        let more_is_open = self.judge.open().any(|wanted| !wanted.claim.is_signature());
        if more_is_open {
            self.look_under(CosignTag::Attestations)?;
        }
        let is_open = |judge: &ClaimJudge<'_>| judge.open().any(|wanted| wanted.claim.is_signature());
        if is_open(&self.judge) {
            self.look_under(CosignTag::Signatures)?;
        }
        if is_open(&self.judge) && !more_is_open {
            self.look_under(CosignTag::Attestations)?;
        }
        for why in &self.search.unread {
            self.judge.reject(why);
        }
        if too_many || self.is_cut {
            let why = format!("only the newest {MAX_LOOKED_AT} of what may be it were looked at");
            self.judge.reject(&RejectedClaim::Unread(why));
        }
        match hidden {
            Some(verdict) if self.judge.open().next().is_some() => Err(verdict.into()),
            _ => Ok(()),
        }
    }

    fn look_under(&mut self, tag: CosignTag) -> Result<(), EarlyEnd> {
        let layers = self.search.layers_under(tag)?;
        self.look_at_all(&layers)
    }

    fn look_at_all(&mut self, layers: &[Layer]) -> Result<(), EarlyEnd> {
        for layer in layers {
            if self.judge.open().next().is_none() {
                break;
            }
            if self.looked_at == MAX_LOOKED_AT {
                self.is_cut = true;
                break;
            }
            self.looked_at += 1;
            if layer.is_too_large() {
                let why = format!("it is too large to be read ({} bytes)", layer.size);
                self.judge.reject(&RejectedClaim::Unreadable(why));
                continue;
            }
            match self.search.read(layer) {
                Ok(response) => {
                    let (content, annotations) = (response.body.as_slice(), &layer.annotations);
                    self.judge.offer(match layer.kind {
                        LayerKind::Bundle => SignedThing::Bundle(content),
                        LayerKind::SimpleSigning => SignedThing::SimpleSigning { payload: content, annotations },
                        LayerKind::Envelope => SignedThing::Envelope { envelope: content, annotations },
                    });
                }
                Err(end) => self.note_unreadable(&layer.digest, end)?,
            }
        }
        Ok(())
    }

    /// Notes that something that is listed cannot be read: another one may be enough. Fails if the registry cannot be asked any
    /// more, which the second failure of its own says.
    fn note_unreadable(&mut self, digest: &Digest, end: EarlyEnd) -> Result<(), EarlyEnd> {
        let unreadable = |why: &str| RejectedClaim::Unreadable(why.to_owned());
        let part = format!("the attachment {digest}");
        self.judge.reject(&match end {
            EarlyEnd::Verdict(Verdict::Absent(_)) => unreadable("it is listed, and not in the registry"),
            EarlyEnd::Error(CheckError::InvalidResponse { source: InvalidResponse::TooLong { .. }, .. }) => {
                unreadable("it is too large to be read")
            }
            EarlyEnd::Verdict(
                Verdict::NoAccess(answer) | Verdict::Withheld(answer) | Verdict::LoginElsewhere(answer),
            ) => RejectedClaim::Forbidden(format!("{part} may not be read: {answer}")),
            EarlyEnd::Verdict(Verdict::Unavailable(Outage::Answered(answer))) if !self.has_failed => {
                self.has_failed = true;
                RejectedClaim::Unanswered(format!("{part} cannot be read: {answer}"))
            }
            end => RejectedClaim::at(&part, end)?,
        });
        Ok(())
    }

    /// Whether it may be a required claim that says more than that the image is signed.
    fn says_more(&self, referrer: &Referrer) -> bool {
        let claims = || self.required.iter().map(|wanted| &wanted.claim).filter(|claim| !claim.is_signature());
        referrer.predicate_type.as_ref().is_some_and(|kind| claims().any(|claim| claim.may_be(kind)))
    }
}

/// Whether a referrer may be one of the claims that are still open, by what the list says of it.
fn may_meet(judge: &ClaimJudge<'_>, referrer: &Referrer) -> bool {
    judge.open().any(|wanted| match &referrer.predicate_type {
        _ if referrer.is_bare_signature => wanted.claim.is_signature(),
        Some(predicate_type) => wanted.claim.may_be(predicate_type),
        None => true,
    })
}
