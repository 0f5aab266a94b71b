//! What the newest request of a head branch means for what is proposed there: pure decisions.

use crate::forge::{PullRequest, RequestState};
use crate::git::CommitId;

/// The newest request of a head branch, as far as it is about the tip that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadRequest {
    /// There is none, nothing tells of one, or it ended with another commit.
    None,
    Open(u64),
    /// It was closed with the tip, without a merge.
    Closed(u64),
    Merged,
}

/// What follows for a release that would take the place of what is proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadDecision {
    /// The release ends: a person has closed the request of this number, which proposed the same.
    ClosedByHand(u64),
    /// What was proposed does not wait any more.
    Over,
    /// What is proposed waits, so it must not be newer.
    Waits,
}

impl HeadRequest {
    pub(super) fn of(request: Option<&PullRequest>, tip: CommitId) -> Self {
        let Some(request) = request else { return Self::None };
        match request.state {
            RequestState::Open => Self::Open(request.number),
            RequestState::Closed if proposes(request, tip) => Self::Closed(request.number),
            RequestState::Merged if proposes(request, tip) => Self::Merged,
            RequestState::Closed | RequestState::Merged => Self::None,
        }
    }

    /// Returns whether what the tip proposes does not wait any more.
    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::Closed(_) | Self::Merged)
    }

    /// Decides about a release; `is_same` tells whether the tip has just what it would write.
    pub(super) fn decide(self, is_same: bool) -> HeadDecision {
        match self {
            Self::Closed(number) if is_same => HeadDecision::ClosedByHand(number),
            Self::Closed(_) | Self::Merged => HeadDecision::Over,
            Self::None | Self::Open(_) => HeadDecision::Waits,
        }
    }

    /// Returns whether the push must know of the request. A merge of the tip may have come after the branch was read; if the
    /// branch is where it was at a second look, that merge was taken back by force, and the same can be proposed again.
    pub(super) fn counts(self, is_second_look: bool) -> bool {
        match self {
            Self::Open(_) => true,
            Self::Merged => !is_second_look,
            Self::None | Self::Closed(_) => false,
        }
    }
}

/// Returns whether a request has, or had, the commit `tip`.
pub(super) fn proposes(request: &PullRequest, tip: CommitId) -> bool {
    !request.head_id.is_empty() && tip.to_string().starts_with(&request.head_id)
}

#[cfg(test)]
mod tests {
    use super::HeadDecision::{ClosedByHand, Over, Waits};
    use super::HeadRequest;

    #[test]
    fn a_request_decides_about_what_takes_its_place() {
        for (request, same, other, [first_look, second_look]) in [
            (HeadRequest::None, Waits, Waits, [false, false]),
            (HeadRequest::Open(7), Waits, Waits, [true, true]),
            (HeadRequest::Closed(7), ClosedByHand(7), Over, [false, false]),
            (HeadRequest::Merged, Over, Over, [true, false]),
        ] {
            assert_eq!([request.decide(true), request.decide(false)], [same, other], "{request:?}");
            assert_eq!([request.counts(false), request.counts(true)], [first_look, second_look], "{request:?}");
            assert_eq!(request.is_over(), other == Over, "{request:?}");
        }
    }
}
