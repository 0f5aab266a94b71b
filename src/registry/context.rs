//! One check under way: what it is after, until when, and what it has taken so far; and the two ways in which it can
//! stop before its end.

use std::time::{Duration, Instant};

use reqwest::Url;

use super::answer::Verdict;
use super::auth::authenticator::Proof;
use super::auth::login_sources::Source;
use super::auth::turn::Taken;
use super::endpoint::Target;
use super::error::{CheckError, Refusal};
use super::http::address::{may_lead, shown_host};

pub(super) struct Visit {
    pub(super) target: Target,
    pub(super) deadline: Instant,
    pub(super) requests: u32,
    pub(super) source: Source,
    /// What the registry is shown from now on.
    pub(super) proof: Option<Proof>,
    /// The duty to find out how the registry asks, as long as this check has it.
    pub(super) discovery: Option<Taken<()>>,
}

impl Visit {
    pub(super) fn new(target: Target, deadline: Instant) -> Self {
        Self { target, deadline, requests: 0, source: Source::NotAsked, proof: None, discovery: None }
    }

    /// Lets other checks of the registry go on.
    pub(super) fn settle_discovery(&mut self) {
        if let Some(taken) = self.discovery.take() {
            taken.settle(());
        }
    }

    /// Returns how much time is left, at most `limit`.
    pub(super) fn time_left(&self, limit: Duration) -> Duration {
        self.deadline.saturating_duration_since(Instant::now()).min(limit)
    }

    /// Fails where an answer from `from` must not lead to `to`.
    pub(super) fn allow(&self, from: &Url, to: &Url) -> Result<(), CheckError> {
        may_lead(&self.target.base, from, to).map_err(|refusal| misdirected(from, shown_host(to), refusal))
    }
}

pub(super) fn misdirected(from: &Url, to: String, source: Refusal) -> CheckError {
    CheckError::Misdirected { from: shown_host(from), to, source }
}

/// Why a check goes no further: it has its verdict, or something went wrong.
#[derive(Debug)]
pub(super) enum Stop {
    Verdict(Verdict),
    Error(CheckError),
}

impl From<CheckError> for Stop {
    fn from(error: CheckError) -> Self {
        Self::Error(error)
    }
}
