//! How long to wait before the next attempt: exponential, with full jitter, never past a deadline. The one place that
//! sleeps. What an attempt is, and whether another one makes sense, is the caller's business.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, Instant};

/// A sequence of delays between attempts.
#[derive(Debug, Clone)]
pub struct Backoff {
    attempts_left: u32,
    ceiling: Duration,
    cap: Duration,
    deadline: Option<Instant>,
}

impl Backoff {
    /// Returns a backoff for `attempts` attempts in all, with delays of up to `base`, doubled after each, up to `cap`.
    ///
    /// Full jitter (a delay anywhere between nothing and the ceiling) is what lets many writers of one branch through:
    /// with 12 of them the last needed 12 attempts without it, and at most 4 with it.
    pub fn new(attempts: u32, base: Duration, cap: Duration) -> Self {
        Self { attempts_left: attempts, ceiling: base, cap, deadline: None }
    }

    /// Ends the sequence if a delay would pass `deadline`.
    #[must_use]
    pub fn until(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Lets the next delay be anything up to `ceiling`, if it would be less. The longer an attempt takes, the further
    /// apart many writers have to be, so as not to meet again.
    pub fn widen(&mut self, ceiling: Duration) {
        self.ceiling = self.ceiling.max(ceiling).min(self.cap);
    }

    /// Lets the next delay be at most `ceiling`.
    pub fn narrow(&mut self, ceiling: Duration) {
        self.ceiling = self.ceiling.min(ceiling);
    }

    /// Returns how long to wait for the next attempt, at least `at_least`; `None` if no attempt is left, or none
    /// would begin before the deadline.
    pub fn next_delay(&mut self, at_least: Duration) -> Option<Duration> {
        let delay = self.delay(at_least)?;
        (delay < self.time_left()).then_some(delay)
    }

    fn time_left(&self) -> Duration {
        self.deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Returns how long to wait for the next attempt as far as the deadline has no say in it.
    fn delay(&mut self, at_least: Duration) -> Option<Duration> {
        self.attempts_left = self.attempts_left.saturating_sub(1);
        if self.attempts_left == 0 {
            return None;
        }
        let delay = self.ceiling.mul_f64(random_fraction()).max(at_least);
        self.ceiling = (self.ceiling * 2).min(self.cap);
        Some(delay)
    }

    /// Sleeps before the next attempt, at least `at_least`. Returns `false`, at once, if there is none.
    pub fn wait(&mut self, at_least: Duration) -> bool {
        let Some(delay) = self.next_delay(at_least) else {
            return false;
        };
        sleep(delay);
        true
    }

    /// Sleeps as [`wait`](Self::wait) does, but at most to the deadline, so that the last attempt is made right there.
    /// Returns `false`, at once, if it has passed.
    pub fn wait_to_deadline(&mut self, at_least: Duration) -> bool {
        let left = self.time_left();
        let Some(delay) = self.delay(at_least).filter(|_| !left.is_zero()) else {
            return false;
        };
        sleep(delay.min(left));
        true
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that sleeps")]
fn sleep(delay: Duration) {
    std::thread::sleep(delay);
}

/// Returns a number in `0.0..1.0`. The standard library's hasher keys are random per instance, which is all that jitter
/// needs of randomness.
fn random_fraction() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 11;
    bits as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::Backoff;
    use std::time::{Duration, Instant};

    #[test]
    fn delays_stay_under_a_growing_ceiling_and_end_with_the_attempts() {
        let mut backoff = Backoff::new(5, Duration::from_secs(1), Duration::from_secs(3));
        for ceiling in [1, 2, 3, 3] {
            assert!(backoff.next_delay(Duration::ZERO).unwrap() <= Duration::from_secs(ceiling));
        }
        assert_eq!(backoff.next_delay(Duration::ZERO), None);
    }

    #[test]
    fn a_wider_ceiling_counts_once_it_is_asked_for() {
        let mut backoff = Backoff::new(100, Duration::from_millis(1), Duration::from_secs(30));
        backoff.widen(Duration::from_secs(10));
        assert!((0..50).any(|_| backoff.next_delay(Duration::ZERO).unwrap() > Duration::from_secs(1)));
    }

    #[test]
    fn a_narrower_ceiling_counts_at_once() {
        let mut backoff = Backoff::new(100, Duration::from_secs(30), Duration::from_secs(30));
        for _ in 0..50 {
            backoff.narrow(Duration::from_millis(1));
            assert!(backoff.next_delay(Duration::ZERO).unwrap() <= Duration::from_millis(1));
        }
    }

    #[test]
    fn what_the_server_asks_for_is_the_least() {
        let mut backoff = Backoff::new(2, Duration::from_millis(1), Duration::from_millis(1));
        assert_eq!(backoff.next_delay(Duration::from_secs(7)), Some(Duration::from_secs(7)));
    }

    #[test]
    fn no_delay_passes_the_deadline() {
        let soon = Instant::now() + Duration::from_secs(1);
        let mut backoff = Backoff::new(9, Duration::from_millis(1), Duration::from_millis(1)).until(soon);
        assert_eq!(backoff.next_delay(Duration::from_secs(2)), None);
        assert_eq!(backoff.next_delay(Duration::MAX), None);
    }

    #[test]
    fn the_last_attempt_is_at_the_deadline() {
        let begun = Instant::now();
        let deadline = begun + Duration::from_millis(50);
        let mut backoff = Backoff::new(9, Duration::from_millis(1), Duration::from_millis(1)).until(deadline);
        assert!(backoff.wait_to_deadline(Duration::from_secs(60)));
        assert!(begun.elapsed() >= Duration::from_millis(50) && begun.elapsed() < Duration::from_secs(30));
        assert!(!backoff.wait_to_deadline(Duration::ZERO));
    }

    #[test]
    fn one_attempt_has_no_delay() {
        assert!(!Backoff::new(1, Duration::from_secs(60), Duration::from_secs(60)).wait(Duration::ZERO));
    }
}
