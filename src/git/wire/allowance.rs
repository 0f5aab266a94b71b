//! What a server may cost us in one conversation: bytes that are kept beside objects, since gix keeps the lists of an answer
//! whole, and time, whether it passes on the wire or in our own work on what was sent.

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::system::lock::lock;

/// The most bytes that a conversation reads beside packs and lists that are not kept.
const MAX_BYTES: u64 = 16 << 20;

/// How many times the limit of a single wait all answers of a conversation may take.
const TIMEOUT_FACTOR: u32 = 20;

/// A server sends more than is read.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("{0}")]
pub(in crate::git) struct Excess(pub(in crate::git) &'static str);

/// A server takes longer than it may.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub enum OutOfTime {
    #[error("no answer within {0:?}, the limit of `--timeout`")]
    Silent(Duration),
    #[error("its answers took more than {:?}, {TIMEOUT_FACTOR} times `--timeout`", *.0 * TIMEOUT_FACTOR)]
    InAll(Duration),
}

/// The allowance of one conversation.
pub(in crate::git) struct Allowance {
    pub(super) timeout: Duration,
    state: Mutex<State>,
}

struct State {
    bytes_left: u64,
    /// Whether what comes now is kept by gix.
    counts: bool,
    /// What the answers so far have left of the time for all.
    time_left: Duration,
    /// When the last request was sent, and when its answer was last worked on.
    asked: Instant,
    seen: Instant,
}

impl Allowance {
    /// Returns the allowance of a conversation in which no single wait may take longer than `timeout`.
    pub(in crate::git) fn new(timeout: Duration) -> Self {
        let (now, time_left) = (Instant::now(), timeout.saturating_mul(TIMEOUT_FACTOR));
        let state = State { bytes_left: MAX_BYTES, counts: true, time_left, asked: now, seen: now };
        Self { timeout, state: Mutex::new(state) }
    }

    /// A request is sent. What passed since the last answer was read is not the server's time.
    pub(super) fn ask(&self) {
        let mut state = self.state();
        state.time_left = state.time_left.saturating_sub(state.seen.duration_since(state.asked));
        state.asked = Instant::now();
        state.seen = state.asked;
        state.counts = true;
    }

    /// The pack of an answer begins, or a list that is not kept: up to the next request, nothing is counted.
    pub(in crate::git) fn pause(&self) {
        self.state().counts = false;
    }

    /// Counts bytes that have been read.
    pub(super) fn draw(&self, bytes: usize) -> Result<(), Excess> {
        let mut state = self.state();
        if state.counts {
            let left = state.bytes_left.checked_sub(bytes as u64);
            state.bytes_left = left.ok_or(Excess("it sends more than 16 MiB beside objects"))?;
        }
        Ok(())
    }

    /// Fails if the answers have taken all their time.
    pub(in crate::git) fn check_time(&self) -> Result<(), OutOfTime> {
        let mut state = self.state();
        state.seen = Instant::now();
        match state.seen.duration_since(state.asked) <= state.time_left {
            true => Ok(()),
            false => Err(OutOfTime::InAll(self.timeout)),
        }
    }

    /// Returns how long the answer to the last request has taken so far.
    pub(super) fn elapsed(&self) -> Duration {
        self.state().asked.elapsed()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}
