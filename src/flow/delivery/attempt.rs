//! One attempt to deliver at one tip, as a list of stages. Every check comes before the first effect, and the only effect is
//! one ref that moves once.

use std::time::SystemTime;

use super::{CheckedEntries, Decide, Job, Tip, Writing};
use crate::flow::branch::{Destination, OpenBranch, ReleaseBranch};
use crate::flow::checks::{Checks, Pace};
use crate::flow::files::{edit, images_of, outcome_of, releases_of, require_entries, tell_repeated};
use crate::flow::publish::{Content, Published, Publisher, Terms, bring_forward};
use crate::git::{Authorship, Change, CommitId, CommitOnTip, GitError, Identity, Message, RepositoryPath, Snapshot};
use crate::guards::hold::held;
use crate::guards::superseded::superseded;
use crate::image::ImageArgument;
use crate::message::Release;
use crate::message::compose::{self, Purpose};
use crate::message::trailers::{Origin, SourceCommit};
use crate::outcome::failure::{Failure, FailureKind};
use crate::outcome::{Ending, Event, FileEdit, Listener, Outcome};
use crate::request::OnSuperseded;
use crate::targets::kustomization::NoteKind;

/// What ends an attempt before its last stage.
pub(super) enum Stop {
    /// The run ends here, and not by a failure.
    Ended(Box<Outcome>),
    /// An image had to be waited for, so the tip may be an old one.
    Waited,
    /// Another release was faster.
    Raced,
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<GitError> for Stop {
    fn from(error: GitError) -> Self {
        Self::Failed(error.into())
    }
}

/// One attempt, at one tip.
pub(super) struct Attempt<'a> {
    pub(super) job: &'a Job<'a>,
    pub(super) branch: &'a ReleaseBranch,
    pub(super) checks: &'a mut Checks,
    /// From 1.
    pub(super) number: u32,
}

impl Attempt<'_> {
    pub(super) fn run(
        &mut self,
        tip: OpenBranch<'_>,
        decide: &mut Decide<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<Outcome, Stop> {
        let OpenBranch { mut snapshot, destination, publisher } = tip;
        self.tell_whole_download(&snapshot, listener);
        let paths = self.branch.locate(&mut snapshot, &self.job.delivery.kustomizations)?;
        let writing = self.decide(&mut snapshot, &paths, decide, listener)?;
        let files = self.edit(&snapshot, &paths, &writing.images.arguments, &writing)?;
        self.guard_order(&mut snapshot, &destination, &files, &writing, listener)?;
        self.check(&files, listener)?;
        let files = self.pin(&snapshot, &paths, files, &writing)?;
        let releases = releases_of(&files, self.checks);
        let mut outcome = self.outcome(&files, &releases, &destination);
        outcome.parent = Some(snapshot.commit_id());
        tell_edits(&files, listener);
        require_a_change(&destination, &outcome)?;
        self.guard_hold(&mut snapshot, &paths, &files, &outcome, listener)?;
        let message = self.compose(&releases, &writing);
        outcome.message = Some(message.to_string());
        let Some(publisher) = publisher else {
            return Ok(Outcome { ending: Ending::DryRun, ..outcome });
        };
        let content = Content { changes: changes(&paths, &files), message, authorship: self.authorship()? };
        let (commit, pushed) = self.publish(publisher, snapshot, &content, listener)?;
        self.follow(pushed.as_ref(), listener);
        Ok(Outcome { ending: Ending::Released, commit: Some(commit), pushed: pushed.is_some(), ..outcome })
    }

    fn tell_whole_download(&self, snapshot: &Snapshot<'_>, listener: &mut Listener<'_>) {
        if let (true, Some(remote)) = (snapshot.is_whole() && self.number == 1, self.branch.remote()) {
            listener(&Event::Noted(format!("{remote} does not support partial fetches; downloaded the whole commit")));
        }
    }

    fn decide(
        &self,
        snapshot: &mut Snapshot<'_>,
        paths: &[RepositoryPath],
        decide: &mut Decide<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<Writing, Failure> {
        let writing = decide(Tip { branch: self.branch, snapshot, paths }, listener)?;
        if self.number == 1 {
            tell_repeated(&writing.images, listener);
        }
        Ok(writing)
    }

    fn edit(
        &self,
        snapshot: &Snapshot<'_>,
        paths: &[RepositoryPath],
        arguments: &[ImageArgument],
        writing: &Writing,
    ) -> Result<Vec<FileEdit>, Failure> {
        let mut files = Vec::new();
        for path in paths {
            let old = snapshot.file(path)?.to_vec();
            let mut file = edit(path.to_string(), old, arguments, self.job.delivery.add)?;
            if writing.purpose != Purpose::Release {
                // Rollback and promote build their own arguments, so a dropped field is not the user's doing.
                file.edit.notes.retain(|note| !matches!(note.kind, NoteKind::Dropped { comment: None, .. }));
            }
            files.push(file);
        }
        require_entries(&writing.images, &files)?;
        Ok(files)
    }

    /// Stops if the branch carries a newer release already.
    fn guard_order(
        &self,
        snapshot: &mut Snapshot<'_>,
        destination: &Destination,
        files: &[FileEdit],
        writing: &Writing,
        listener: &mut Listener<'_>,
    ) -> Result<(), Stop> {
        let delivery = self.job.delivery;
        if delivery.on_superseded == OnSuperseded::Allow {
            return Ok(());
        }
        let (remote, branch) = (self.branch.remote(), self.branch.name());
        let source = writing.source.as_ref();
        let notes = &mut self.notes(listener);
        match superseded(&delivery.target, remote, &branch, snapshot, files, source, notes)? {
            None => Ok(()),
            Some(reason) if delivery.on_superseded == OnSuperseded::Fail => {
                let failure = Failure::new(FailureKind::Guarded, format!("superseded: {reason}"));
                Err(failure.hint("`--on-superseded allow` releases it all the same").into())
            }
            Some(reason) => {
                let releases = releases_of(files, self.checks);
                Err(stopped(self.outcome(files, &releases, destination), Ending::Superseded, reason))
            }
        }
    }

    /// Requires the images to be in their registries.
    fn check(&mut self, files: &[FileEdit], listener: &mut Listener<'_>) -> Result<(), Stop> {
        if self.job.delivery.registry.is_none() {
            return Ok(());
        }
        let all = self.job.checked == CheckedEntries::All;
        let images = images_of(files, |entry| all || entry.changed(), listener)?;
        match self.checks.require(&images, listener)? {
            Pace::AtOnce => Ok(()),
            Pace::AfterWaiting => Err(Stop::Waited),
        }
    }

    /// Writes the digests that the registry has beside the tags, if that is asked for.
    fn pin(
        &self,
        snapshot: &Snapshot<'_>,
        paths: &[RepositoryPath],
        files: Vec<FileEdit>,
        writing: &Writing,
    ) -> Result<Vec<FileEdit>, Failure> {
        if !self.job.delivery.pin_digest {
            return Ok(files);
        }
        let pinned = self.checks.pinned(&writing.images.arguments, &files)?;
        self.edit(snapshot, paths, &pinned, writing)
    }

    /// Stops if a hold on the branch stops this.
    fn guard_hold(
        &self,
        snapshot: &mut Snapshot<'_>,
        paths: &[RepositoryPath],
        files: &[FileEdit],
        outcome: &Outcome,
        listener: &mut Listener<'_>,
    ) -> Result<(), Stop> {
        let overrides = self.job.delivery.override_hold;
        match held(snapshot, paths, files, overrides, &mut self.notes(listener))? {
            None => Ok(()),
            Some(reason) => Err(stopped(outcome.clone(), Ending::Held, reason)),
        }
    }

    fn compose(&self, releases: &[Release], writing: &Writing) -> Message {
        let delivery = self.job.delivery;
        let changed: Vec<Release> = releases.iter().filter(|release| release.entry.changed()).cloned().collect();
        let source = writing.source.as_ref().map(SourceCommit::to_string);
        let run = delivery.target.run.page();
        compose::message(
            &delivery.commit.message,
            &changed,
            Origin { source: source.as_deref(), run },
            &writing.purpose,
        )
    }

    /// Flags beat git's configuration, which beats the CI system's bot.
    fn authorship(&self) -> Result<Authorship, Failure> {
        let delivery = self.job.delivery;
        let bot = delivery.target.run.bot().cloned();
        let (author, committer) = self.branch.identities()?;
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
            signing: self.branch.signing(delivery.commit.signed, &committer)?,
            committer,
            author,
            seconds: delivery.commit.seconds.unwrap_or_else(now),
        })
    }

    fn publish(
        &self,
        publisher: Publisher<'_>,
        snapshot: Snapshot<'_>,
        content: &Content,
        listener: &mut Listener<'_>,
    ) -> Result<(CommitId, Option<CommitOnTip>), Stop> {
        let terms = Terms { gate: self.job.gate, push_options: &self.job.delivery.push_options };
        match publisher.publish(snapshot, content, &terms, listener)? {
            Published::Updated { commit, pushed } => Ok((commit, pushed)),
            Published::Raced => Err(Stop::Raced),
        }
    }

    fn follow(&self, pushed: Option<&CommitOnTip>, listener: &mut Listener<'_>) {
        if let (Some(commit), Some((checkout, remote))) = (pushed, self.branch.follower()) {
            bring_forward(checkout, remote, commit, listener);
        }
    }

    fn outcome(&self, files: &[FileEdit], releases: &[Release], destination: &Destination) -> Outcome {
        let mut outcome = outcome_of(self.job.command, files, releases);
        outcome.branch = destination.branch().map(ToString::to_string);
        outcome.attempts = self.number;
        outcome
    }

    /// Returns a function that tells a note, once in all attempts.
    fn notes<'l>(&self, listener: &'l mut Listener<'_>) -> impl FnMut(String) + 'l {
        let first = self.number == 1;
        move |note| {
            if first {
                listener(&Event::Noted(note));
            }
        }
    }
}

/// Ends the run because a guard stops it: nothing of `outcome` comes about.
fn stopped(outcome: Outcome, ending: Ending, reason: String) -> Stop {
    Stop::Ended(Box::new(Outcome { ending, reason: Some(reason), files: Vec::new(), diff: String::new(), ..outcome }))
}

fn tell_edits(files: &[FileEdit], listener: &mut Listener<'_>) {
    for file in files {
        listener(&Event::Edited(file));
    }
}

/// Ends the run if there is nothing to change.
fn require_a_change(destination: &Destination, outcome: &Outcome) -> Result<(), Stop> {
    match destination {
        _ if !outcome.files.is_empty() => Ok(()),
        Destination::New(branch) => {
            let failure = Failure::target(format!("`{branch}` does not exist, and there is nothing to commit on it"));
            Err(failure.hint("the default branch has these images already; create the branch with git").into())
        }
        Destination::Tip(_) | Destination::Head(_) => {
            Err(Stop::Ended(Box::new(Outcome { ending: Ending::Unchanged, ..outcome.clone() })))
        }
    }
}

fn changes(paths: &[RepositoryPath], files: &[FileEdit]) -> Vec<Change> {
    let changed = paths.iter().zip(files).filter(|(_, file)| file.edit.changed());
    changed.map(|(path, file)| Change { path: path.clone(), bytes: file.edit.text.clone() }).collect()
}
