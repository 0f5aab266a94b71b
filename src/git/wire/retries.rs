//! Which requests to a git server are made again: those that a busy server or gateway did not take, and those that met a
//! connection which had been closed. Servers close connections that are kept, and a client learns that when it uses one.

use std::time::{Duration, Instant};

use reqwest::StatusCode;

use crate::system::backoff::Backoff;
use crate::system::network::http::is_passing;

/// How often a request is made in all, and the pauses between.
const MAX_ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How many connections may be kept to one server: both services are asked at once.
const MAX_KEPT: u32 = 2;

/// A connection that was closed shows within this time. One that breaks later may have been cut off from a server that is
/// still at work.
const DEAD_AT_ONCE: Duration = Duration::from_secs(2);

/// What a request does at the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestEffect {
    None,
    /// It may move the branch. The lease lets that happen once.
    Push,
}

/// Why a request has no answer to go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetryReason {
    /// The server, or a gateway before it, answered with this status, and wants this pause.
    Busy(StatusCode, Duration),
    /// The connection was closed before anything of the answer came.
    Dropped,
}

/// The tries of one request.
pub(super) struct Retries {
    effect: RequestEffect,
    begun: Instant,
    backoff: Backoff,
    drops: u32,
}

impl Retries {
    pub(super) fn new(effect: RequestEffect, timeout: Duration) -> Self {
        let begun = Instant::now();
        let backoff = Backoff::new(MAX_ATTEMPTS, FIRST_PAUSE, LONGEST_PAUSE).until(begun + timeout);
        Self { effect, begun, backoff, drops: 0 }
    }

    /// Waits for the next try. Returns `false`, at once, if the request is not made again.
    pub(super) fn wait(&mut self, reason: RetryReason) -> bool {
        self.drops += u32::from(reason == RetryReason::Dropped);
        let was_kept = self.drops <= MAX_KEPT;
        match (reason, self.effect) {
            // Nothing of such a push was taken.
            (RetryReason::Busy(StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT, pause), _) => {
                self.backoff.wait(pause)
            }
            (RetryReason::Busy(status, pause), RequestEffect::None) if is_passing(status) => self.backoff.wait(pause),
            (RetryReason::Busy(..), _) => false,
            (RetryReason::Dropped, RequestEffect::Push) => was_kept && self.begun.elapsed() < DEAD_AT_ONCE,
            (RetryReason::Dropped, RequestEffect::None) => was_kept || self.backoff.wait(Duration::ZERO),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{RequestEffect, Retries, RetryReason};
    use reqwest::StatusCode;
    use std::time::Duration;

    #[test]
    fn what_is_tried_again() {
        let long = Duration::from_secs(60);
        let busy = |status| RetryReason::Busy(StatusCode::from_u16(status).unwrap(), Duration::ZERO);
        let later = RetryReason::Busy(StatusCode::SERVICE_UNAVAILABLE, Duration::from_secs(61));
        for (effect, reasons, expected) in [
            (RequestEffect::None, &[RetryReason::Dropped][..], true),
            (RequestEffect::None, &[RetryReason::Dropped; 3], true),
            (RequestEffect::Push, &[RetryReason::Dropped], true),
            (RequestEffect::Push, &[RetryReason::Dropped; 2], true),
            (RequestEffect::Push, &[RetryReason::Dropped; 3], false),
            (RequestEffect::None, &[busy(502)], true),
            (RequestEffect::None, &[busy(500)], true),
            (RequestEffect::None, &[busy(522)], true),
            (RequestEffect::None, &[busy(408)], true),
            (RequestEffect::None, &[busy(501)], false),
            (RequestEffect::None, &[busy(403)], false),
            (RequestEffect::None, &[later], false),
            (RequestEffect::Push, &[busy(429)], true),
            (RequestEffect::Push, &[busy(408)], true),
            (RequestEffect::Push, &[busy(503)], false),
        ] {
            let mut retries = Retries::new(effect, long);
            let last = reasons.iter().map(|reason| retries.wait(*reason)).last();
            assert_eq!(last, Some(expected), "{effect:?} {reasons:?}");
        }
    }
}
