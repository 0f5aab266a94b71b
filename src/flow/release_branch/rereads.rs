//! Reads a branch again if the repository's answer was cut off, or if a part of the server lags behind another one. Nothing was
//! pushed by then.

use std::time::{Duration, Instant};

use crate::outcome::failure::{Failure, Retry};
use crate::outcome::{Event, Listener};
use crate::system::backoff::Backoff;

/// How often a branch is read in all.
const MAX_TRIES: u32 = 5;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The tries that a command has left.
pub(in crate::flow) struct Rereads {
    timeout: Duration,
    /// The series of failures that was not ended by a success. Its time counts from the first of them: a run may have waited
    /// long before.
    failing: Option<Backoff>,
    /// How many tries came after a failure, in all series together.
    retries: u32,
}

impl Rereads {
    /// Returns the tries of a command. The last one of a series of failures begins within `timeout` of the first failure.
    pub(in crate::flow) fn new(timeout: Duration) -> Self {
        Self { timeout, failing: None, retries: 0 }
    }

    /// Waits for the next try after `failure`. Returns the failure if there is none, or if it would fail too.
    pub(in crate::flow) fn wait_after(&mut self, failure: Failure, listener: &mut Listener<'_>) -> Result<(), Failure> {
        let begin = || Backoff::new(MAX_TRIES, FIRST_PAUSE, LONGEST_PAUSE).until(Instant::now() + self.timeout);
        if failure.retry != Retry::AtTheTip || !self.failing.get_or_insert_with(begin).wait(Duration::ZERO) {
            return Err(failure);
        }
        self.retries += 1;
        // The report tells no remark twice, so the number tells this one from the last.
        listener(&Event::Noted(format!("{}; trying again (retry {})", failure.message, self.retries)));
        Ok(())
    }

    /// Ends a series of failures: all that had to be read was read.
    pub(in crate::flow) fn succeeded(&mut self) {
        self.failing = None;
    }

    /// Calls `read` until it succeeds, or fails for good.
    pub(in crate::flow) fn run<T>(
        mut self,
        listener: &mut Listener<'_>,
        mut read: impl FnMut(&mut Listener<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        loop {
            match read(listener) {
                Ok(read) => return Ok(read),
                Err(failure) => self.wait_after(failure, listener)?,
            }
        }
    }
}
