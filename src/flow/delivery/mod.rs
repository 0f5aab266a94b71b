//! What every command does that commits to the release branch: one attempt at the branch's tip, and another one at the new
//! tip if a different release was faster. Each command decides what to write ([`Decide`]); the stages are in [`attempt`].

mod attempt;
mod policy;

use std::time::{Duration, Instant};

use self::attempt::{Attempt, Stop};
use super::branch::ReleaseBranch;
use super::checks::Checks;
use super::image_to_check::ImageToCheck;
use crate::git::{RepositoryPath, Snapshot};
use crate::guards::order::Build;
use crate::image::ImageName;
use crate::message::compose::Purpose;
use crate::message::trailers::SourceCommit;
use crate::outcome::failure::{Failure, FailureKind};
use crate::outcome::{Event, Listener, Outcome};
use crate::request::{Delivery, Images};
use crate::system::backoff::Backoff;
use crate::system::signals::Gate;

/// One run of a command that commits.
pub(super) struct Job<'a> {
    pub(super) command: &'static str,
    pub(super) delivery: &'a Delivery,
    /// Stops new effects after a signal.
    pub(super) gate: &'a Gate,
    /// The entries that are known before the branch is read.
    pub(super) names: Vec<ImageName>,
    /// The images that are known before the branch is read.
    pub(super) images: Vec<ImageToCheck>,
    pub(super) checked: CheckedEntries,
}

/// The entries whose images must be in their registries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CheckedEntries {
    /// Every entry that the command names.
    All,
    /// The entries that change.
    Changed,
}

/// What to write on one tip.
#[derive(Clone)]
pub(super) struct Writing {
    pub(super) images: Images,
    pub(super) purpose: Purpose,
    /// The commit that the images were built from.
    pub(super) source: Option<SourceCommit>,
    /// Builds that were taken back where the images come from, by entry.
    pub(super) explained: Vec<(ImageName, Build)>,
    /// Why the entries that the images come from are held.
    pub(super) held_at_source: Option<String>,
}

/// The tip of the branch, with the kustomizations to write.
pub(super) struct Tip<'t, 's> {
    pub(super) branch: &'t ReleaseBranch,
    pub(super) snapshot: &'t mut Snapshot<'s>,
    pub(super) paths: &'t [RepositoryPath],
}

/// Decides what to write on a tip.
pub(super) type Decide<'d> = dyn FnMut(Tip<'_, '_>, &mut Listener<'_>) -> Result<Writing, Failure> + 'd;

/// The pauses between attempts grow from the first to the second, at random up to each.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Delivers everything in one commit, or nothing.
pub(super) fn deliver(job: &Job<'_>, decide: &mut Decide<'_>, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    let delivery = job.delivery;
    let mut checks = Checks::new(delivery.registry.as_ref());
    let branch = ReleaseBranch::open(&delivery.target)?;
    let read_tip = || branch.read_tip(delivery.effect, &delivery.new_branch);
    let mut early = checks.require_while(&job.images, listener, read_tip)?;
    let mut backoff = Backoff::new(delivery.attempts, FIRST_PAUSE, LONGEST_PAUSE);
    let mut number = 1;
    loop {
        let begun = Instant::now();
        let tip = early.take().map_or_else(read_tip, Ok)?;
        let mut attempt = Attempt { job, branch: &branch, checks: &mut checks, number };
        match attempt.run(tip, decide, listener) {
            Ok(outcome) => return Ok(outcome),
            Err(Stop::Ended(outcome)) => return Ok(*outcome),
            Err(Stop::Failed(failure)) => return Err(failure),
            Err(Stop::Waited) => continue,
            Err(Stop::Raced) => {}
        }
        let branch = branch.name();
        listener(&Event::Raced { branch: &branch, attempt: number, attempts: delivery.attempts });
        backoff.widen(begun.elapsed() * 4);
        if !backoff.wait(Duration::ZERO) {
            return Err(Failure::new(FailureKind::Raced, format!("lost the race for {branch} {number} times"))
                .hint("many releases write to this branch at once; try again, or raise `--attempts`"));
        }
        number += 1;
    }
}
