//! What every command does that commits to the release branch: read its tip, edit the bytes, make one commit on it, push
//! that with the tip as lease; where another release got in between, begin again at the new tip. Every check comes before
//! the first effect, and the only effect is one ref that moves once. What is to be written is its caller's.

mod follow;

use std::time::{Duration, Instant, SystemTime};

use self::follow::{bring_forward, commit_here};
use super::files::{edit, outcome_of, require_entries, subjects_of, tell_repeated};
use crate::cli::OnSuperseded;
use crate::flow::checks::{Checks, Pace};
use crate::flow::subject::{self, Subject};
use crate::flow::target::{Destination, Start, Target, Way};
use crate::git::{
    Authorship, Change, CommitOnTip, Identity, Message, NewCommit, PushOutcome, Pusher, RepositoryPath, Snapshot,
};
use crate::guards::hold::held;
use crate::guards::superseded::superseded;
use crate::image::ImageArgument;
use crate::message::compose::{self, Origin, Purpose};
use crate::message::trailers::SourceCommit;
use crate::outcome::failure::{Failure, FailureKind};
use crate::outcome::{Ending, Event, FileEdit, Listener, Outcome};
use crate::request::{Delivery, Images};
use crate::system::backoff::Backoff;
use crate::system::signals::{Gate, Stage};
use crate::targets::kustomization::{EntryEdit, NoteKind};

/// What a command delivers, and how.
pub(super) struct Shipment<'a> {
    pub(super) command: &'static str,
    pub(super) delivery: &'a Delivery,
    /// What the push passes through.
    pub(super) gate: &'a Gate,
    /// What can be said of the images before the branch is read.
    pub(super) subjects: Vec<Subject>,
    /// Whether the images of entries that stay as they are have to be in their registries too.
    pub(super) checks_unchanged: bool,
}

/// What is to be written on one tip.
#[derive(Clone)]
pub(super) struct Writing {
    pub(super) images: Images,
    pub(super) purpose: Purpose,
    /// The commit that the images were built from.
    pub(super) source: Option<SourceCommit>,
}

/// The tip of the branch, with the kustomizations that are to be written.
pub(super) struct Tip<'t, 's> {
    pub(super) target: &'t Target,
    pub(super) snapshot: &'t mut Snapshot<'s>,
    pub(super) paths: &'t [RepositoryPath],
}

/// Decides what is to be written on a tip.
pub(super) type Decide<'d> = dyn FnMut(Tip<'_, '_>, &mut Listener<'_>) -> Result<Writing, Failure> + 'd;

/// Delivers: all of it in one commit, or nothing.
pub(super) fn deliver(
    shipment: &Shipment<'_>,
    decide: &mut Decide<'_>,
    listener: &mut Listener<'_>,
) -> Result<Outcome, Failure> {
    let delivery = shipment.delivery;
    let mut checks = Checks::new(delivery.registry.as_ref());
    let target = Target::open(&delivery.target)?;
    let start = || target.start(delivery.effect, &delivery.new_branch);
    let mut early = checks.require_while(&shipment.subjects, listener, start)?;
    let mut backoff = Backoff::new(delivery.attempts, Duration::from_secs(1), Duration::from_secs(30));
    let mut attempt = 1;
    loop {
        let clock = Instant::now();
        let begun = early.take().map_or_else(start, Ok)?;
        let mut trial = Trial { shipment, target: &target, checks: &mut checks, attempt };
        match trial.run(begun, decide, listener)? {
            Attempt::Done(outcome) => return Ok(*outcome),
            Attempt::Waited => continue,
            Attempt::Raced => {}
        }
        let branch = target.branch_name();
        listener(&Event::Raced { branch: &branch, attempt, attempts: delivery.attempts });
        backoff.widen(clock.elapsed() * 4);
        if !backoff.wait(Duration::ZERO) {
            return Err(Failure::new(FailureKind::Raced, format!("lost the race for {branch} {attempt} times"))
                .hint("many releases write to this branch at once; try again, or raise `--attempts`"));
        }
        attempt += 1;
    }
}

/// How one attempt ends.
enum Attempt {
    Done(Box<Outcome>),
    /// An image had to be waited for, and the branch may have moved in the meantime.
    Waited,
    /// Another release was faster.
    Raced,
}

/// One attempt, at one tip.
struct Trial<'a> {
    shipment: &'a Shipment<'a>,
    target: &'a Target,
    checks: &'a mut Checks,
    attempt: u32,
}

impl Trial<'_> {
    fn run(
        &mut self,
        start: Start<'_>,
        decide: &mut Decide<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<Attempt, Failure> {
        let delivery = self.shipment.delivery;
        let Start { mut snapshot, destination, way } = start;
        if let (true, Some(remote)) = (snapshot.is_whole() && self.attempt == 1, self.target.remote()) {
            listener(&Event::Noted(format!("{remote} serves no parts, so the whole commit was fetched")));
        }
        let paths = self.target.locate(&mut snapshot, &delivery.kustomizations)?;
        let writing = decide(Tip { target: self.target, snapshot: &mut snapshot, paths: &paths }, listener)?;
        if self.attempt == 1 {
            tell_repeated(&writing.images, listener);
        }
        let files = read_and_edit(&snapshot, &paths, &writing.images.arguments, &writing, delivery)?;
        if delivery.on_superseded != OnSuperseded::Allow
            && let Some(reason) = self.superseded(&mut snapshot, &files, &writing, listener)?
        {
            return self.behind(&destination, &files, reason);
        }
        if delivery.registry.is_some() && self.require(&files, listener)? == Pace::AfterWaiting {
            return Ok(Attempt::Waited);
        }
        let files = match delivery.pin_digest {
            true => {
                let pinned = self.checks.pinned(&writing.images.arguments, &files)?;
                read_and_edit(&snapshot, &paths, &pinned, &writing, delivery)?
            }
            false => files,
        };
        for file in &files {
            listener(&Event::Edited(file));
        }
        let mut outcome = self.outcome(&files, &destination);
        outcome.parent = Some(snapshot.commit_id());
        if outcome.files.is_empty() {
            return unchanged(&destination, outcome);
        }
        let overrides = delivery.override_hold;
        if let Some(reason) = held(&mut snapshot, &paths, &files, overrides, &mut self.notes(listener))? {
            return Ok(stopped(outcome, Ending::Held, reason));
        }
        let message = message(delivery, &files, &writing, self.checks);
        outcome.message = Some(message.to_string());
        let Some(way) = way else {
            outcome.ending = Ending::DryRun;
            return Ok(Attempt::Done(Box::new(outcome)));
        };
        let commit = snapshot.commit(&changes(&paths, &files), &message, &authorship(delivery, self.target)?)?;
        drop(snapshot);
        outcome.commit = Some(commit.id());
        self.send(commit, way, &message, outcome, listener)
    }

    /// Requires the images that are to be written to be in their registries.
    fn require(&mut self, files: &[FileEdit], listener: &mut Listener<'_>) -> Result<Pace, Failure> {
        let wanted = |entry: &EntryEdit| self.shipment.checks_unchanged || entry.changed();
        self.checks.require(&subjects_of(files, wanted, listener)?, listener)
    }

    /// Sends a commit its way; `outcome` is what it comes to.
    fn send(
        &self,
        commit: NewCommit,
        way: Way<'_>,
        message: &Message,
        mut outcome: Outcome,
        listener: &mut Listener<'_>,
    ) -> Result<Attempt, Failure> {
        match way {
            Way::Push(pusher) => {
                let commit = pusher.lease(commit);
                if !push(self.shipment, pusher, &commit, message, listener)? {
                    return Ok(Attempt::Raced);
                }
                bring_forward(self.target, &commit, listener);
                outcome.pushed = true;
            }
            Way::Commit(checkout) => {
                self.shipment.gate.whole(|| commit_here(checkout, &commit, message, listener))??;
            }
        }
        outcome.ending = Ending::Released;
        Ok(Attempt::Done(Box::new(outcome)))
    }

    fn superseded(
        &self,
        snapshot: &mut Snapshot<'_>,
        files: &[FileEdit],
        writing: &Writing,
        listener: &mut Listener<'_>,
    ) -> Result<Option<String>, Failure> {
        let request = &self.shipment.delivery.target;
        let branch = self.target.branch_name();
        superseded(
            request,
            self.target.remote(),
            &branch,
            snapshot,
            files,
            writing.source.as_ref(),
            &mut self.notes(listener),
        )
    }

    /// Returns what tells a note, once in all attempts.
    fn notes<'l>(&self, listener: &'l mut Listener<'_>) -> impl FnMut(String) + 'l {
        let first = self.attempt == 1;
        move |note| {
            if first {
                listener(&Event::Noted(note));
            }
        }
    }

    fn outcome(&self, files: &[FileEdit], destination: &Destination) -> Outcome {
        let mut outcome = outcome_of(self.shipment.command, files, |reference| self.checks.of(reference));
        outcome.branch = destination.branch().map(ToString::to_string);
        outcome.attempts = self.attempt;
        outcome
    }

    /// Ends where the branch carries a newer release.
    fn behind(&self, destination: &Destination, files: &[FileEdit], reason: String) -> Result<Attempt, Failure> {
        if self.shipment.delivery.on_superseded == OnSuperseded::Fail {
            return Err(Failure::new(FailureKind::Guarded, format!("superseded: {reason}"))
                .hint("`--on-superseded allow` releases it all the same"));
        }
        Ok(stopped(self.outcome(files, destination), Ending::Superseded, reason))
    }
}

/// Ends where something is in the way of `outcome`, so that nothing of it comes about.
fn stopped(outcome: Outcome, ending: Ending, reason: String) -> Attempt {
    let nothing = Outcome { files: Vec::new(), diff: String::new(), ..outcome };
    Attempt::Done(Box::new(Outcome { ending, reason: Some(reason), ..nothing }))
}

/// Ends where everything is as wanted already.
fn unchanged(destination: &Destination, outcome: Outcome) -> Result<Attempt, Failure> {
    match destination {
        Destination::New(branch) => {
            Err(Failure::target(format!("`{branch}` does not exist, and there is nothing to commit on it"))
                .hint("the default branch has these images already; create the branch with git"))
        }
        _ => Ok(Attempt::Done(Box::new(Outcome { ending: Ending::Unchanged, ..outcome }))),
    }
}

fn changes(paths: &[RepositoryPath], files: &[FileEdit]) -> Vec<Change> {
    let changed = paths.iter().zip(files).filter(|(_, file)| file.edit.changed());
    changed.map(|(path, file)| Change { path: path.clone(), bytes: file.edit.text.clone() }).collect()
}

/// Returns whether the branch is at `commit` now; `false` where another release was faster.
fn push(
    shipment: &Shipment<'_>,
    pusher: Pusher<'_>,
    commit: &CommitOnTip,
    message: &Message,
    listener: &mut Listener<'_>,
) -> Result<bool, Failure> {
    listener(&Event::Committed { id: commit.id(), title: &message.title });
    let begun = Instant::now();
    let remote = pusher.remote();
    let Shipment { delivery, gate, .. } = shipment;
    gate.begin_push()?;
    let pushed = pusher.push(commit, &delivery.push_options)?;
    gate.end_push(if pushed.outcome == PushOutcome::Updated { Stage::Done } else { Stage::Before });
    let traffic = remote.traffic();
    let remote = remote.to_string();
    let branch = commit.lease().branch.to_string();
    if !pushed.takes_options && !delivery.push_options.is_empty() {
        listener(&Event::Noted(format!("{remote} takes no push options, so they were left out")));
    }
    match pushed.outcome {
        PushOutcome::Updated => {
            listener(&Event::Pushed {
                remote: &remote,
                branch: &branch,
                parent: commit.lease().tip,
                id: commit.id(),
                traffic,
                elapsed: begun.elapsed(),
            });
            Ok(true)
        }
        PushOutcome::Raced { .. } => Ok(false),
        PushOutcome::Refused(refusal) => Err(Failure::refused(&branch, &refusal)),
    }
}

fn read_and_edit(
    snapshot: &Snapshot<'_>,
    paths: &[RepositoryPath],
    arguments: &[ImageArgument],
    writing: &Writing,
    delivery: &Delivery,
) -> Result<Vec<FileEdit>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let old = snapshot.file(path)?.to_vec();
        let mut file = edit(path.to_string(), old, arguments, delivery.add)?;
        if writing.purpose != Purpose::Release {
            // Nobody typed an argument that could have left something out.
            file.edit.notes.retain(|note| !matches!(note.kind, NoteKind::Dropped { comment: None, .. }));
        }
        files.push(file);
    }
    require_entries(&writing.images, &files)?;
    Ok(files)
}

fn message(delivery: &Delivery, files: &[FileEdit], writing: &Writing, checks: &Checks) -> Message {
    let mut releases = Vec::new();
    for file in files {
        for entry in file.edit.entries.iter().filter(|entry| entry.changed()) {
            let own = entry.after.digest.as_deref().and_then(|digest| digest.parse().ok());
            let digest = match subject::subject_of_entry(entry) {
                Ok(Subject::Known(reference)) => {
                    checks.of(&reference).map(|checked| checked.descriptor.digest.clone()).or(own)
                }
                Ok(Subject::OfEntry | Subject::Open) | Err(_) => own,
            };
            releases.push(compose::Release { path: &file.path, entry, digest });
        }
    }
    let source = writing.source.as_ref().map(SourceCommit::to_string);
    let run = delivery.target.ci.as_ref().and_then(|ci| ci.run.as_deref());
    compose::message(&delivery.commit.message, &releases, Origin { source: source.as_deref(), run }, &writing.purpose)
}

/// Flags beat git's configuration, which beats the CI's bot.
fn authorship(delivery: &Delivery, target: &Target) -> Result<Authorship, Failure> {
    let bot = delivery.target.ci.as_ref().and_then(|ci| ci.bot).and_then(|bot| bot.parse().ok());
    let (author, committer) = target.identities()?;
    let (author, committer) = (
        delivery.commit.environment_author.clone().or(author),
        delivery.commit.environment_committer.clone().or(committer),
    );
    let author = delivery.commit.author.clone().or(author).or_else(|| bot.clone());
    let author =
        author.unwrap_or_else(|| Identity { name: "tagship".to_owned(), email: "tagship@localhost".to_owned() });
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs() as i64);
    let committer = committer.or(bot).unwrap_or_else(|| author.clone());
    Ok(Authorship {
        signing: target.signing(delivery.commit.signed, &committer)?,
        committer,
        author,
        seconds: delivery.commit.seconds.unwrap_or_else(now),
    })
}
