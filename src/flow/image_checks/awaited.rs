//! Which of the things that an image lacks may still come by themselves, so that a wait for them makes sense.

use std::time::Duration;

use crate::outcome::failure::FailureKind;
use crate::registry::{CheckError, Finding, InvalidResponse, LoginSource, Outage, RejectedClaim, Verdict};
use crate::system::network::connection::ConnectionProblem;

const UNAVAILABLE: &str = "the registry is not available";

/// Whether an image was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitedForImages {
    No,
    /// What was read elsewhere in the meantime may have changed.
    Yes,
}

/// Returns what is missing, in words; `None` if it cannot come by itself. Waits for a registry that does not answer only if it
/// answered before: at the first look, its name is probably wrong. The same holds for an HTML page, which a proxy may have sent.
/// A repository that does not exist yet looks like one that the login may not see.
pub(in crate::flow) fn awaited(
    verdict: &Verdict,
    findings: &[Finding],
    source: &LoginSource,
    waited: WaitedForImages,
) -> Option<String> {
    match verdict {
        Verdict::Absent(_) => Some("not there yet".to_owned()),
        Verdict::Mismatch { .. } => Some("still another digest".to_owned()),
        Verdict::Withheld(_) => Some("the registry does not allow the pull yet".to_owned()),
        Verdict::RateLimited(_) => Some("the registry limits our requests".to_owned()),
        // No pause brings a login for a proxy, or a certificate that was not given.
        Verdict::Unavailable(Outage::NoAnswer { cause, .. })
            if cause.problem.is_login() || cause.problem == ConnectionProblem::SpeaksTls =>
        {
            None
        }
        Verdict::Unavailable(outage) => {
            let has_answered = waited == WaitedForImages::Yes || matches!(outage, Outage::Answered(_));
            has_answered.then(|| UNAVAILABLE.to_owned())
        }
        Verdict::NoAccess(_) if source.is_shown() => Some("not there yet, or hidden from this login".to_owned()),
        Verdict::NotAnImage(_)
        | Verdict::Refused(_)
        | Verdict::NoAccess(_)
        | Verdict::LoginElsewhere(_)
        | Verdict::LoginRejected(_) => None,
        Verdict::Present(_) => {
            let unmet = findings.iter().filter(|finding| **finding != Finding::Met);
            let states: Option<Vec<_>> = unmet
                .map(|finding| match finding {
                    Finding::Met => None,
                    Finding::OtherPlatforms { wanted, .. } => Some(format!("not for {wanted} yet")),
                    Finding::OtherRevision { wanted, .. } => Some(format!("not the build of {wanted} yet")),
                    Finding::NotClaimed { rejected, .. } if rejected.iter().any(RejectedClaim::is_unsettled) => {
                        Some("its signatures cannot be read now".to_owned())
                    }
                    Finding::NotClaimed { wanted, rejected } => Some(match (&wanted.claim, rejected.is_empty()) {
                        (claim, true) if claim.is_signature() => "not signed yet".to_owned(),
                        (claim, false) if claim.is_signature() => "not signed by the wanted signer yet".to_owned(),
                        (claim, true) => format!("no {claim} yet"),
                        (claim, false) => format!("no {claim} as it must be yet"),
                    }),
                    Finding::Blocked { verdict, .. } => awaited(verdict, &[], source, waited),
                })
                .collect();
            states.map(|states| states.join(", "))
        }
    }
}

/// Returns what is missing after a check that came to no verdict. An answer that cannot be used is waited for as a page is; one
/// that is damaged at the first look too, because a host that has the image is a registry.
pub(in crate::flow) fn awaited_without_verdict(error: &CheckError, waited: WaitedForImages) -> Option<String> {
    let may_pass = match error {
        CheckError::InvalidResponse { source: InvalidResponse::OtherBytes, .. } => true,
        error => FailureKind::of_check(error) == FailureKind::Unavailable && waited == WaitedForImages::Yes,
    };
    may_pass.then(|| UNAVAILABLE.to_owned())
}

/// Returns the least delay that the registry asked for (`Retry-After`).
pub(in crate::flow) fn pause(verdict: &Verdict) -> Duration {
    match verdict {
        Verdict::RateLimited(answer) | Verdict::Unavailable(Outage::Answered(answer)) => {
            answer.retry_after.unwrap_or_default()
        }
        _ => Duration::ZERO,
    }
}
