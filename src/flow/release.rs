//! A release is a function of the tip of the release branch: read it, edit the bytes, make one commit on it, push that
//! with the tip as lease; where another release got in between, begin again at the new tip. Every check comes before the
//! first effect, and the only effect is one ref that moves once.

use std::time::{Duration, Instant, SystemTime};

use super::files::{edit, require_entries, subjects_of, tell_repeated};
use crate::backoff::Backoff;
use crate::checks::{Checks, Pace};
use crate::failure::{Failure, FailureKind};
use crate::git::{
    Authorship, Change, CommitOnTip, Destination, Identity, Message, PushOutcome, Pusher, RepositoryPath, Snapshot,
};
use crate::image::ImageArgument;
use crate::outcome::{Ending, Event, FileEdit, Listener, Outcome};
use crate::plan::{self, Origin, Subject};
use crate::request::{Delivery, ReleaseRequest};
use crate::target::{Start, Target};

/// Releases images: all of them in one commit, or nothing.
pub fn release(request: &ReleaseRequest, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    let delivery = &request.delivery;
    tell_repeated(&request.images, listener);
    let mut checks = Checks::new(delivery.registry.as_ref());
    let subjects: Vec<_> = match delivery.registry {
        Some(_) => request.images.arguments.iter().map(plan::subject).collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    let target = Target::open(&delivery.target)?;
    let start = || target.start(delivery.effect, delivery.create_branch);
    let mut early = checks.require_while(&subjects, listener, start)?;
    let mut backoff = Backoff::new(delivery.attempts, Duration::from_secs(1), Duration::from_secs(30));
    let mut attempt = 1;
    loop {
        let begun = early.take().map_or_else(start, Ok)?;
        match try_once(request, &target, begun, &mut checks, attempt, listener)? {
            Attempt::Done(outcome) => return Ok(*outcome),
            Attempt::Waited => continue,
            Attempt::Raced => {}
        }
        let branch = target.branch_name();
        listener(&Event::Raced { branch: &branch, attempt, attempts: delivery.attempts });
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

fn try_once(
    request: &ReleaseRequest,
    target: &Target,
    start: Start<'_>,
    checks: &mut Checks,
    attempt: u32,
    listener: &mut Listener<'_>,
) -> Result<Attempt, Failure> {
    let Start { mut snapshot, pusher, destination } = start;
    if snapshot.is_whole() && attempt == 1 {
        listener(&Event::Noted(format!("{} serves no parts, so the whole commit was fetched", target.remote)));
    }
    let paths = target.locate(&mut snapshot, &request.delivery.kustomizations)?;
    let mut files = read_and_edit(&snapshot, &paths, request, &request.images.arguments)?;
    if request.delivery.registry.is_some() {
        if checks.require(&subjects_of(&files, listener)?, listener)? == Pace::AfterWaiting {
            return Ok(Attempt::Waited);
        }
        if request.delivery.pin_digest {
            files = read_and_edit(&snapshot, &paths, request, &checks.pinned(&request.images.arguments, &files)?)?;
        }
    }
    for file in &files {
        listener(&Event::Edited(file));
    }
    let mut outcome = Outcome::of_files("release", &files, |reference| checks.of(reference));
    outcome.branch = Some(destination.branch().to_string());
    outcome.parent = Some(snapshot.commit_id());
    outcome.attempts = attempt;
    if outcome.files.is_empty() {
        if let Destination::New(branch) = &destination {
            return Err(Failure::target(format!("`{branch}` does not exist, and there is nothing to commit on it"))
                .hint("the default branch has these images already; create the branch with git"));
        }
        outcome.ending = Ending::Unchanged;
        return Ok(Attempt::Done(Box::new(outcome)));
    }
    let message = message(&request.delivery, &files, checks);
    outcome.message = Some(message.to_string());
    let Some(pusher) = pusher else {
        outcome.ending = Ending::DryRun;
        return Ok(Attempt::Done(Box::new(outcome)));
    };
    let changes = paths.iter().zip(&files).filter(|(_, file)| file.edit.changed());
    let changes: Vec<_> =
        changes.map(|(path, file)| Change { path: path.clone(), bytes: file.edit.text.clone() }).collect();
    let commit = snapshot.commit(&changes, &message, &authorship(&request.delivery, target)?, destination)?;
    drop(snapshot);
    if !push(&request.delivery, pusher, &commit, &message, listener)? {
        return Ok(Attempt::Raced);
    }
    Ok(Attempt::Done(Box::new(Outcome { ending: Ending::Released, commit: Some(commit.id()), ..outcome })))
}

/// Returns whether the branch is at `commit` now; `false` where another release was faster.
fn push(
    delivery: &Delivery,
    pusher: Pusher<'_>,
    commit: &CommitOnTip,
    message: &Message,
    listener: &mut Listener<'_>,
) -> Result<bool, Failure> {
    listener(&Event::Committed { id: commit.id(), title: &message.title });
    let begun = Instant::now();
    let remote = pusher.remote();
    let pushed = pusher.push(commit, &delivery.push_options)?;
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
    request: &ReleaseRequest,
    arguments: &[ImageArgument],
) -> Result<Vec<FileEdit>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let old = snapshot.file(path)?.to_vec();
        files.push(edit(path.to_string(), old, arguments, request.delivery.add)?);
    }
    require_entries(&request.images, &files)?;
    Ok(files)
}

fn message(delivery: &Delivery, files: &[FileEdit], checks: &Checks) -> Message {
    let mut releases = Vec::new();
    for file in files {
        for entry in file.edit.entries.iter().filter(|entry| !entry.fields.is_empty() || entry.appended) {
            let own = entry.after.digest.as_deref().and_then(|digest| digest.parse().ok());
            let digest = match plan::subject_of_entry(entry) {
                Ok(Subject::Known(reference)) => {
                    checks.of(&reference).map(|checked| checked.descriptor.digest.clone()).or(own)
                }
                Ok(Subject::OfEntry | Subject::Open) | Err(_) => own,
            };
            releases.push(plan::Release { path: &file.path, entry, digest });
        }
    }
    let ci = delivery.target.ci.as_ref();
    let origin = Origin { source: ci.and_then(|ci| ci.source.as_deref()), run: ci.and_then(|ci| ci.run.as_deref()) };
    plan::message(&delivery.message, &releases, origin)
}

/// Flags beat git's configuration, which beats the CI's bot.
fn authorship(delivery: &Delivery, target: &Target) -> Result<Authorship, Failure> {
    let bot = delivery.target.ci.as_ref().and_then(|ci| ci.bot).and_then(|bot| bot.parse().ok());
    let (author, committer) = target.identities()?;
    let (author, committer) = (
        delivery.message.environment_author.clone().or(author),
        delivery.message.environment_committer.clone().or(committer),
    );
    let author = delivery.message.author.clone().or(author).or_else(|| bot.clone());
    let author =
        author.unwrap_or_else(|| Identity { name: "tagship".to_owned(), email: "tagship@localhost".to_owned() });
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs() as i64);
    Ok(Authorship {
        committer: committer.or(bot).unwrap_or_else(|| author.clone()),
        author,
        seconds: delivery.message.seconds.unwrap_or_else(now),
        signing: target.signing()?,
    })
}
