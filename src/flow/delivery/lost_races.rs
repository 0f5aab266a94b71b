//! What follows an attempt that lost a race: it is told, and a pause, or the end of the run.

use std::time::Duration;

use crate::flow::publish::RefusedPush;
use crate::outcome::failure::{Failure, FailureKind};
use crate::outcome::{Activity, Event, Listener};
use crate::system::backoff::Backoff;

/// The first pause is a random time up to this, or up to four times the time of the attempt if that is longer, as over the
/// internet. With three seconds, 24 releases that start at once make fewer than 50 pushes.
const FIRST_PAUSE: Duration = Duration::from_secs(3);

/// The limit is doubled after each pause, up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// After so many attempts, a pause is at most as long as an attempt takes: among many writers, those that have lost often are
/// the oldest, and get ahead of the others.
const PATIENT_ATTEMPTS: u32 = 3;

/// The attempts before one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct EarlierAttempts {
    /// A race ended each of them, or the refusal of the push that a pull request follows.
    pub(super) attempts: u32,
    pub(super) races: u32,
    /// Without those of pushes, if the release goes on by a pull request.
    pub(super) races_this_way: u32,
}

/// The races that a run lost.
pub(super) struct LostRaces {
    /// How many attempts there may be.
    attempts: u32,
    pub(super) earlier: EarlierAttempts,
    backoff: Backoff,
    /// The pushes among them that the server refused with words of its own.
    refusals: Vec<RefusedPush>,
}

impl LostRaces {
    pub(super) fn new(attempts: u32) -> Self {
        let backoff = Backoff::new(attempts, FIRST_PAUSE, LONGEST_PAUSE);
        Self { attempts, earlier: EarlierAttempts::default(), backoff, refusals: Vec::new() }
    }

    /// Counts an attempt whose push was refused, and which a pull request follows.
    pub(super) fn go_on_by_a_pull_request(&mut self) {
        self.earlier.attempts += 1;
        self.earlier.races_this_way = 0;
    }

    /// Counts and tells a race for `place`, and pauses. `attempt` is how long the attempt took.
    ///
    /// # Errors
    /// It was the last attempt.
    pub(super) fn pause(
        &mut self,
        place: &str,
        refused: Option<RefusedPush>,
        attempt: Duration,
        listener: &mut Listener<'_>,
    ) -> Result<(), Failure> {
        self.earlier.attempts += 1;
        self.earlier.races += 1;
        self.earlier.races_this_way += 1;
        let races = self.earlier.races;
        self.tell(place, races, refused.as_ref(), listener);
        self.refusals.extend(refused);
        match races {
            ..=PATIENT_ATTEMPTS => self.backoff.widen(attempt * 4),
            _ => self.backoff.narrow(attempt),
        }
        match self.backoff.wait(Duration::ZERO) {
            true => Ok(()),
            false => Err(self.failure(place, races)),
        }
    }

    /// Tells that another release was faster, what the server said to the push, and the pause that follows.
    fn tell(&self, place: &str, races: u32, refused: Option<&RefusedPush>, listener: &mut Listener<'_>) {
        let attempts = self.attempts;
        let has_moved = refused.is_none_or(|push| push.has_moved);
        listener(&Event::Raced { branch: place, has_moved, attempt: races, attempts });
        for line in refused.into_iter().flat_map(|push| push.refusal.lines()) {
            listener(&Event::Aside(line));
        }
        if races < attempts {
            listener(&Event::Began(Activity::Pausing { next: races + 1, attempts }));
        }
    }

    /// Returns the failure after the last race. It is a refusal if the branch never moved, or if the server named another
    /// reason each time that it refused a push.
    fn failure(&self, place: &str, races: u32) -> Failure {
        let last = self.refusals.last();
        let all = |is_so: fn(&RefusedPush) -> bool| self.refusals.iter().all(is_so);
        // The branch never moved: no other release was faster.
        if let Some(last) = last.filter(|_| self.refusals.len() == races as usize && all(|push| !push.has_moved)) {
            return Failure::refused(&last.branch, &last.refusal);
        }
        if let Some(last) = last.filter(|_| all(|push| push.refusal.is_by_rule())) {
            let moved = match races {
                1 => "the branch also moved".to_owned(),
                _ => format!("the branch also moved in each of {races} attempts"),
            };
            return Failure::refused(&last.branch, &last.refusal).detail(moved);
        }
        let lost = match races {
            1 => format!("lost the race for {place}"),
            _ => format!("lost the race for {place} {races} times"),
        };
        let mut failure = Failure::new(FailureKind::Raced, lost);
        failure.details.extend(last.into_iter().flat_map(|push| push.refusal.lines()));
        failure.hint("many releases write to this branch at once; try again, or raise `--attempts`")
    }
}
