//! The two ways in which a check ends before its last step.

use super::error::{CheckError, InvalidResponse};
use super::verdict::Verdict;

/// Why a check goes no further: it has its verdict, or something went wrong.
#[derive(Debug)]
pub(super) enum EarlyEnd {
    Verdict(Verdict),
    Error(CheckError),
}

impl EarlyEnd {
    /// Whether other bytes came than a digest says: the next request may reach another node of a cache.
    pub(super) fn is_damaged(&self) -> bool {
        matches!(self, Self::Error(CheckError::InvalidResponse { source: InvalidResponse::OtherBytes, .. }))
    }

    /// Returns why nothing is known of the image now, in words; `None` if something is, or if another request would tell no more.
    pub(super) fn outage(self) -> Option<String> {
        match self {
            Self::Verdict(verdict) => verdict.outage().map(|outage| outage.to_string()),
            Self::Error(CheckError::InvalidResponse { source: InvalidResponse::TooLong { .. }, .. }) => None,
            Self::Error(error) => error.passes().then(|| format!("{:#}", anyhow::Error::from(error))),
        }
    }
}

impl From<Verdict> for EarlyEnd {
    fn from(verdict: Verdict) -> Self {
        Self::Verdict(verdict)
    }
}

impl From<CheckError> for EarlyEnd {
    fn from(error: CheckError) -> Self {
        Self::Error(error)
    }
}
