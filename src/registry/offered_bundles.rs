//! Bundles that were found elsewhere than in the registry, such as in a forge's own store of attestations: they are offered to
//! an image for which a claim is still missing.

use super::claim_judge::{ClaimJudge, SignedThing};
use super::client::CheckedImage;
use super::requirement::Finding;
use super::signer_claim::{RejectedClaim, Unoffered};
use super::verdict::Verdict;
use crate::image::Digest;

impl CheckedImage {
    /// Returns the digest of an image that is there, and for which a required claim is missing.
    pub fn unclaimed(&self) -> Option<&Digest> {
        match &self.verdict {
            Verdict::Present(found) if self.findings.iter().any(is_not_claimed) => Some(&found.digest),
            _ => None,
        }
    }

    /// Judges a bundle, which is JSON, by the claims that are missing.
    pub fn offer_bundle(&mut self, bundle: &[u8]) {
        let Verdict::Present(found) = &self.verdict else { return };
        let wanted = self.findings.iter().filter_map(|finding| match finding {
            Finding::NotClaimed { wanted, .. } => Some(wanted),
            _ => None,
        });
        let wanted: Vec<_> = wanted.cloned().collect();
        let mut judge = ClaimJudge::new(&found.digest, None, &wanted.iter().collect::<Vec<_>>());
        judge.offer(SignedThing::Bundle(bundle));
        let judged = judge.claims(None);
        self.claims.extend(judged.proved);
        let missing = self.findings.iter_mut().filter(|finding| is_not_claimed(finding));
        for (finding, judged) in missing.zip(judged.findings) {
            match (finding, judged) {
                (Finding::NotClaimed { rejected, .. }, Finding::NotClaimed { rejected: more, .. }) => {
                    rejected.extend(more.into_iter().filter(|more| !rejected.contains(more)).collect::<Vec<_>>());
                }
                (finding, judged) => *finding = judged,
            }
        }
    }

    /// Notes why a bundle was not offered, for the claims that are missing.
    pub fn note_unoffered(&mut self, unoffered: Unoffered, why: &str) {
        self.note(&RejectedClaim::Unoffered(unoffered, why.to_owned()));
    }

    /// Notes why there may be bundles that were not offered.
    pub fn note_unread(&mut self, why: &str) {
        self.note(&RejectedClaim::Unread(why.to_owned()));
    }

    fn note(&mut self, why: &RejectedClaim) {
        for finding in &mut self.findings {
            if let Finding::NotClaimed { rejected, .. } = finding {
                rejected.push(why.clone());
            }
        }
    }
}

fn is_not_claimed(finding: &Finding) -> bool {
    matches!(finding, Finding::NotClaimed { .. })
}
