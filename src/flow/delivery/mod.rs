//! What every command does that commits to the release branch: one attempt at the branch's tip, and another one at the new
//! tip if a different release was faster. Each command decides what to write ([`Decide`]); the stages are in [`attempt`].

mod attempt;
mod authorship;
mod dry_run;
mod edited_files;
mod endings;
mod guarding;
mod head;
mod head_at_push;
mod head_request;
mod image_guard;
mod job;
mod kept_digests;
mod located_tip;
mod lost_races;
mod new_branch;
mod outdated_request;
mod policy;
mod release_plan;
mod rule_guard;
mod way;

use std::mem;
use std::time::Instant;

pub(super) use job::{Decide, Job, Writing};

use self::attempt::{Attempt, Stop};
use self::authorship::Authors;
use self::located_tip::LocatedTip;
use self::lost_races::LostRaces;
use self::way::Way;
use super::image_checks::checks::Checks;
use super::image_checks::compared_source::ImageSources;
use super::image_checks::image_origins::ImageOrigins;
use super::image_checks::source_attestations::add_forges_if_claims_are_required;
use super::release_branch::announcements::{tell_connections, tell_reading};
use super::release_branch::branch::ReleaseBranch;
use super::release_branch::rereads::Rereads;
use crate::outcome::failure::Failure;
use crate::outcome::{Listener, Outcome};

/// Delivers everything in one commit, or nothing.
pub(super) fn deliver(job: &Job<'_>, decide: &mut Decide<'_>, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    let delivered = attempts(job, decide, listener);
    tell_connections(&job.delivery.repository, listener);
    delivered
}

fn attempts(job: &Job<'_>, decide: &mut Decide<'_>, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    let delivery = job.delivery;
    let known = job.known_images()?;
    let branch = ReleaseBranch::open(&delivery.repository)?;
    branch.require_named_if_unmerged(&delivery.repository, listener)?;
    let authors = Authors::read(delivery, &branch)?;
    let mut way = Way::of(delivery, &branch, listener)?;
    let mut checks = checks_of(job, &branch);
    let read_tip = |way: &Way<'_>, loaded| LocatedTip::read(job, &branch, way, loaded);
    let mut rereads = Rereads::new(delivery.repository.remote_options.timeout);
    let images = checks.not_found(&known);
    // Without images, the next line about the branch would be the same one.
    let mut is_reading_told = images.is_empty();
    tell_reading(branch.remote(), &branch.name(), images, listener);
    // What is wrong with an image is told with what is wrong at the tip.
    let mut early = Some(checks.find_while(&known, listener, || read_tip(&way, None)));
    let mut loaded = None;
    let mut lost_races = LostRaces::new(delivery.attempts);
    loop {
        let begun = Instant::now();
        if !mem::take(&mut is_reading_told) {
            tell_reading(branch.remote(), &branch.name(), Vec::new(), listener);
        }
        let ended = match early.take().unwrap_or_else(|| read_tip(&way, loaded.take())) {
            Ok(mut tip) => {
                tell_connections(&delivery.repository, listener);
                let (checks, earlier) = (&mut checks, lost_races.earlier);
                let (authors, way, is_new) = (&authors, &way, tip.open.is_new);
                let mut attempt = Attempt { job, branch: &branch, authors, checks, earlier, way, is_new };
                let ended = attempt.run(&mut tip, decide, listener);
                loaded = Some(tip.open.snapshot.into_loaded());
                ended
            }
            Err(failure) => Err(Stop::Failed(failure)),
        };
        // A tip that was read is not enough: an attempt goes on to read, and would begin a series at each failure.
        if !matches!(ended, Err(Stop::Failed(_))) {
            rereads.succeeded();
        }
        match ended {
            Ok(outcome) => return Ok(outcome),
            Err(Stop::Ended(outcome)) => return Ok(*outcome),
            // To read the branch again brings no image.
            Err(Stop::Failed(failure)) if checks.have_final_problem() => return Err(checks.beside(failure)),
            Err(Stop::Failed(failure)) => {
                rereads.wait_after(failure, listener).map_err(|failure| checks.beside(failure))?;
            }
            Err(Stop::Outdated) => {}
            Err(Stop::Refused(push)) => {
                way = way.after_refusal(&push.branch, &push.refusal, listener)?;
                lost_races.go_on_by_a_pull_request();
            }
            Err(Stop::Raced(refused)) => {
                lost_races.pause(&way.place(&branch.name()), refused, begun.elapsed(), listener)?;
            }
        }
    }
}

/// Returns the checks of images, with what is known of these before the branch is read.
fn checks_of(job: &Job<'_>, branch: &ReleaseBranch) -> Checks {
    let mut checks = Checks::new(job.delivery.registry.as_ref());
    checks.set_origins(ImageOrigins::of_arguments(&job.arguments));
    checks.expect_sources(ImageSources::of_arguments(&job.arguments, &job.sources));
    add_forges_if_claims_are_required(&mut checks, &job.delivery.repository, branch.remote(), job.sources.iter());
    checks
}
