//! What every command does that commits to the release branch: one attempt at the branch's tip, and another one at the new
//! tip if a different release was faster. Each command decides what to write ([`Decide`]); the stages are in [`attempt`].

mod attempt;
mod authorship;
mod dry_run;
mod edited_files;
mod guarding;
mod head;
mod job;
mod kept_digests;
mod located_tip;
mod outdated_request;
mod policy;
mod rule_guard;
mod way;

use std::mem;
use std::time::{Duration, Instant};

pub(super) use job::{CheckedEntries, Decide, Job, Tip, Writing};

use self::attempt::{Attempt, EarlierAttempts, Stop};
use self::located_tip::LocatedTip;
use self::way::Way;
use super::image_checks::checks::Checks;
use super::image_checks::compared_source::ImageSources;
use super::image_checks::image_origins::ImageOrigins;
use super::image_checks::source_attestations::look_at_forges;
use super::publish::RefusedPush;
use super::release_branch::announcements::{tell_connections, tell_reading};
use super::release_branch::branch::ReleaseBranch;
use super::release_branch::rereads::Rereads;
use crate::outcome::failure::{Failure, FailureKind};
use crate::outcome::{Activity, Event, Listener, Outcome};
use crate::system::backoff::Backoff;

/// The pauses between attempts grow from the first to the second, at random up to each. With the first of them, 24 releases that
/// start at once make fewer than 50 pushes; where an attempt takes a second, as over the internet, it is longer anyhow.
const FIRST_PAUSE: Duration = Duration::from_secs(3);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// After so many attempts, a pause is at most as long as an attempt takes: among many writers, those that have lost often are
/// the oldest, and get ahead of the others.
const PATIENT_ATTEMPTS: u32 = 3;

/// Delivers everything in one commit, or nothing.
pub(super) fn deliver(job: &Job<'_>, decide: &mut Decide<'_>, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    let delivered = attempts(job, decide, listener);
    tell_connections(&job.delivery.target, listener);
    delivered
}

fn attempts(job: &Job<'_>, decide: &mut Decide<'_>, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    let delivery = job.delivery;
    let branch = ReleaseBranch::open(&delivery.target)?;
    let mut way = Way::of(delivery, &branch, listener)?;
    let mut checks = checks_of(job, &branch);
    let read_tip = |way: &Way<'_>, loaded| LocatedTip::read(job, &branch, way, loaded);
    let mut rereads = Rereads::new(delivery.target.timeout);
    let images = checks.unasked(&job.images);
    // Without images, the next line about the branch would be the same one.
    let mut is_reading_told = images.is_empty();
    tell_reading(branch.remote(), &branch.name(), images, listener);
    let mut early = match checks.require_while(&job.images, listener, || read_tip(&way, None)) {
        Ok(early) => early,
        Err(failure) => rereads.wait_after(failure, listener).map(|()| None)?,
    };
    let mut backoff = Backoff::new(delivery.attempts, FIRST_PAUSE, LONGEST_PAUSE);
    let mut earlier = EarlierAttempts::default();
    let mut loaded = None;
    let mut refusals = Vec::new();
    loop {
        let begun = Instant::now();
        if !mem::take(&mut is_reading_told) {
            tell_reading(branch.remote(), &branch.name(), Vec::new(), listener);
        }
        let tip = match early.take().map_or_else(|| read_tip(&way, loaded.take()), Ok) {
            Ok(tip) => tip,
            Err(failure) => {
                rereads.wait_after(failure, listener)?;
                continue;
            }
        };
        tell_connections(&delivery.target, listener);
        let mut attempt =
            Attempt { job, branch: &branch, checks: &mut checks, earlier, way: &way, loaded: &mut loaded };
        let ended = attempt.run(tip, decide, listener);
        // A tip that was read is not enough: an attempt goes on to read, and would begin a series at each failure.
        if !matches!(ended, Err(Stop::Failed(_))) {
            rereads.succeeded();
        }
        let refused = match ended {
            Ok(outcome) => return Ok(way.told(outcome)),
            Err(Stop::Ended(outcome)) => return Ok(*outcome),
            Err(Stop::Failed(failure)) => {
                rereads.wait_after(failure, listener)?;
                continue;
            }
            Err(Stop::Outdated) => continue,
            Err(Stop::Refused(push)) => {
                way = way.after_refusal(&push.branch, &push.refusal, listener)?;
                earlier = earlier.and_a_refusal();
                continue;
            }
            Err(Stop::Raced(push)) => push,
        };
        let place = way.place(&branch.name());
        earlier = earlier.and_a_race();
        tell_race(&place, earlier.races, delivery.attempts, refused.as_ref(), listener);
        refusals.extend(refused);
        fit_pause(&mut backoff, earlier.races, begun.elapsed());
        if !backoff.wait(Duration::ZERO) {
            return Err(lost(&place, earlier.races, &refusals));
        }
    }
}

/// Fits the next pause to how long the last attempt took.
fn fit_pause(backoff: &mut Backoff, races: u32, attempt: Duration) {
    match races {
        ..=PATIENT_ATTEMPTS => backoff.widen(attempt * 4),
        _ => backoff.narrow(attempt),
    }
}

/// Returns the checks of images, with what is known of these before the branch is read.
fn checks_of(job: &Job<'_>, branch: &ReleaseBranch) -> Checks {
    let mut checks = Checks::new(job.delivery.registry.as_ref());
    checks.come_from(ImageOrigins::of_arguments(&job.arguments));
    let sources = (job.sources)(branch);
    checks.expect_sources(ImageSources::of_arguments(&job.arguments, &sources));
    look_at_forges(&mut checks, &job.delivery.target, branch.remote(), sources.iter());
    checks
}

/// Tells that another release was faster, for the `attempt`th time, what the server said to the push, and the pause that follows.
fn tell_race(branch: &str, attempt: u32, attempts: u32, refused: Option<&RefusedPush>, listener: &mut Listener<'_>) {
    listener(&Event::Raced { branch, attempt, attempts });
    for line in refused.into_iter().flat_map(|push| push.refusal.lines()) {
        listener(&Event::Aside(line));
    }
    if attempt < attempts {
        listener(&Event::Began(Activity::Pausing { next: attempt + 1, attempts }));
    }
}

/// Returns the failure after the last race, or a refusal if the server named another reason each time that it refused a push.
/// `place` is what was pushed to, for a message.
fn lost(place: &str, races: u32, refusals: &[RefusedPush]) -> Failure {
    let last = refusals.last();
    if let Some(last) = last.filter(|_| refusals.iter().all(|push| push.refusal.is_by_rule())) {
        let moved = match races {
            1 => "the branch moved, too".to_owned(),
            _ => format!("the branch moved in each of {races} attempts, too"),
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
