//! The two ways in which a check ends before its last step.

use super::error::CheckError;
use super::verdict::Verdict;

/// Why a check goes no further: it has its verdict, or something went wrong.
#[derive(Debug)]
pub(super) enum EarlyEnd {
    Verdict(Verdict),
    Error(CheckError),
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
