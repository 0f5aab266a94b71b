//! One attempt to deliver at one tip, as a list of stages. Every check comes before the first effect, and the only effect is
//! one ref that moves once.

use std::time::SystemTime;

use super::policy;
use super::{CheckedEntries, Decide, Job, Tip, Writing};
use crate::flow::branch::{Destination, OpenBranch, ReleaseBranch};
use crate::flow::checks::{Checks, Pace};
use crate::flow::elsewhere::kustomizations_with;
use crate::flow::files::{edit, images_of, outcome_of, releases_of, require_entries, require_versions, tell_repeated};
use crate::flow::publish::{Content, Published, Publisher, Terms, bring_forward};
use crate::git::{Authorship, Change, CommitId, CommitOnTip, GitError, Identity, Message, RepositoryPath, Snapshot};
use crate::guards::hold::{Concerned, held};
use crate::guards::order::{EntryOrder, Setting, commits_to_read, order_of};
use crate::image::ImageName;
use crate::message::Release;
use crate::message::compose::{self, Purpose};
use crate::message::trailers::{Origin, SourceCommit};
use crate::outcome::failure::Failure;
use crate::outcome::{Ending, Event, FileEdit, LeftOut, Listener, Outcome};
use crate::request::{Images, OnSuperseded, OrderBy};
use crate::targets::kustomization::{EntryEdit, NoteKind};

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
        let paths = self.locate(&mut snapshot)?;
        let writing = self.decide(&mut snapshot, &paths, decide, listener)?;
        let files = self.edit(&snapshot, &paths, &writing, &[])?;
        require_entries(&writing.images, &files, |name| kustomizations_with(&mut snapshot, name))?;
        if writing.purpose == Purpose::Release {
            require_versions(&files)?;
        }
        let orders = self.order(&mut snapshot, &files, &writing, listener)?;
        let left_out = self.guard_order(&orders, &destination, &files, listener)?;
        let files = self.leave_out(&snapshot, &paths, &writing, files, &left_out)?;
        self.check(&files, listener)?;
        let files = self.pin(&snapshot, &paths, files, &writing, &left_out)?;
        let releases = told(releases_of(&files, self.checks), &orders);
        let mut outcome = self.outcome(&files, &releases, &destination);
        outcome.left_out = left_out;
        outcome.parent = Some(snapshot.commit_id());
        require_a_change(&outcome, &files, listener)?;
        self.guard_hold(&mut snapshot, &paths, &files, &writing, &outcome, listener)?;
        let message = self.compose(&releases, &writing);
        outcome.message = Some(message.to_string());
        let Some(publisher) = publisher else {
            tell_edits(&files, listener);
            return Ok(Outcome { ending: Ending::DryRun, ..outcome });
        };
        let content = Content { changes: changes(&paths, &files), message, authorship: self.authorship()? };
        // What is edited is told with the commit, once that is made: a hold or a refusal leaves nothing of it.
        let with_edits = &mut |event: &Event<'_>| {
            if matches!(event, Event::Committed { .. }) {
                tell_edits(&files, listener);
            }
            listener(event);
        };
        let (commit, pushed) = self.publish(publisher, snapshot, &content, with_edits)?;
        self.follow(pushed.as_ref(), listener);
        Ok(Outcome { ending: Ending::Released, commit: Some(commit), pushed: pushed.is_some(), ..outcome })
    }

    fn tell_whole_download(&self, snapshot: &Snapshot<'_>, listener: &mut Listener<'_>) {
        if let (true, Some(remote)) = (snapshot.is_whole() && self.number == 1, self.branch.remote()) {
            listener(&Event::Noted(format!("{remote} does not support partial fetches; downloaded the whole commit")));
        }
    }

    /// Finds the files to write, and loads them with what the guards will read of their history.
    fn locate(&self, snapshot: &mut Snapshot<'_>) -> Result<Vec<RepositoryPath>, Failure> {
        let names: Vec<&str> = self.job.names.iter().map(ImageName::as_str).collect();
        let earlier = if self.reads_order(snapshot) { commits_to_read(snapshot, &names)? } else { Vec::new() };
        self.branch.locate(snapshot, &self.job.delivery.kustomizations, &earlier)
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

    /// Edits the files at `paths`, each but for the entries that are left out of it.
    fn edit(
        &self,
        snapshot: &Snapshot<'_>,
        paths: &[RepositoryPath],
        writing: &Writing,
        left_out: &[LeftOut],
    ) -> Result<Vec<FileEdit>, Failure> {
        let mut files = Vec::new();
        for path in paths {
            let old = snapshot.file(path)?.to_vec();
            let path = path.to_string();
            let is_left_out = |name: &str| left_out.iter().any(|left| left.file == path && left.name == name);
            let arguments = writing.images.arguments.iter().filter(|argument| !is_left_out(argument.name.as_str()));
            let mut file = edit(path.clone(), old, &arguments.cloned().collect::<Vec<_>>(), self.job.delivery.add)?;
            if writing.purpose != Purpose::Release {
                // Rollback and promote build their own arguments, so a dropped field is not the user's doing.
                file.edit.notes.retain(|note| !matches!(note.kind, NoteKind::Dropped { comment: None, .. }));
            }
            files.push(file);
        }
        Ok(files)
    }

    /// Orders each entry that changes against what runs; a rollback goes back on purpose.
    fn order(
        &self,
        snapshot: &mut Snapshot<'_>,
        files: &[FileEdit],
        writing: &Writing,
        listener: &mut Listener<'_>,
    ) -> Result<Vec<EntryOrder>, Failure> {
        if matches!(writing.purpose, Purpose::Rollback { .. }) || !self.reads_order(snapshot) {
            return Ok(Vec::new());
        }
        let delivery = self.job.delivery;
        let by = match delivery.on_superseded {
            OnSuperseded::Allow => OrderBy::Nothing,
            OnSuperseded::Skip | OnSuperseded::Fail => delivery.order,
        };
        let setting = Setting {
            request: &delivery.target,
            remote: self.branch.remote(),
            branch: &self.branch.name(),
            by,
            source: writing.source.as_ref(),
            explained: &writing.explained,
        };
        order_of(&setting, snapshot, files, &mut self.notes(listener))
    }

    /// Returns whether history is read. If order does not count, it is read only if it came with the tip: what was taken
    /// back before should not be forgotten by the way.
    fn reads_order(&self, snapshot: &Snapshot<'_>) -> bool {
        let counts =
            self.job.delivery.on_superseded != OnSuperseded::Allow && self.job.delivery.order != OrderBy::Nothing;
        counts || snapshot.came_with_history()
    }

    /// Returns the entries that do not go out, for others do. Stops if none goes out, or if order fails the release.
    fn guard_order(
        &self,
        orders: &[EntryOrder],
        destination: &Destination,
        files: &[FileEdit],
        listener: &mut Listener<'_>,
    ) -> Result<Vec<LeftOut>, Stop> {
        let verdict = policy::decide(orders, self.job.delivery);
        for warning in verdict.warnings {
            self.warn(warning, listener);
        }
        if let Some(failure) = verdict.failure {
            return Err(failure.into());
        }
        let goes_out = |entry: &EntryEdit, file: &str| {
            entry.changed()
                && !verdict.left_out.iter().any(|left| left.file == file && left.name == entry.name.as_str())
        };
        let any = files.iter().any(|file| file.edit.entries.iter().any(|entry| goes_out(entry, &file.path)));
        match verdict.ending {
            Some(ending) if !any => {
                let reasons: Vec<&str> = verdict.left_out.iter().map(|left| left.reason.as_str()).collect();
                let releases = releases_of(files, self.checks);
                Err(stopped(self.outcome(files, &releases, destination), ending, reasons.join("; ")))
            }
            _ => Ok(verdict.left_out),
        }
    }

    /// Edits the files again without what is left out.
    fn leave_out(
        &self,
        snapshot: &Snapshot<'_>,
        paths: &[RepositoryPath],
        writing: &Writing,
        files: Vec<FileEdit>,
        left_out: &[LeftOut],
    ) -> Result<Vec<FileEdit>, Failure> {
        if left_out.is_empty() { Ok(files) } else { self.edit(snapshot, paths, writing, left_out) }
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

    /// Writes the digests that the registry has beside the tags, in each file as far as they are to be pinned there.
    fn pin(
        &self,
        snapshot: &Snapshot<'_>,
        paths: &[RepositoryPath],
        files: Vec<FileEdit>,
        writing: &Writing,
        left_out: &[LeftOut],
    ) -> Result<Vec<FileEdit>, Failure> {
        let mut pinned = Vec::new();
        for (path, file) in paths.iter().zip(files) {
            let arguments = self.checks.pinned(&writing.images.arguments, &file, self.job.delivery.pinning)?;
            if arguments == writing.images.arguments {
                pinned.push(file);
                continue;
            }
            let writing = Writing { images: Images { arguments, repeated: Vec::new() }, ..writing.clone() };
            pinned.extend(self.edit(snapshot, std::slice::from_ref(path), &writing, left_out)?);
        }
        Ok(pinned)
    }

    /// Stops if a hold stops this, on the branch or where the images come from.
    fn guard_hold(
        &self,
        snapshot: &mut Snapshot<'_>,
        paths: &[RepositoryPath],
        files: &[FileEdit],
        writing: &Writing,
        outcome: &Outcome,
        listener: &mut Listener<'_>,
    ) -> Result<(), Stop> {
        let changed = |file: &'_ FileEdit| {
            let changed = file.edit.entries.iter().filter(|entry| entry.changed());
            changed.map(|entry| entry.name.to_string()).collect::<Vec<_>>()
        };
        let names: Vec<Vec<String>> = files.iter().map(changed).collect();
        let concerned: Vec<Concerned<'_>> = paths
            .iter()
            .zip(&names)
            .map(|(path, names)| Concerned { path: path.clone(), names: names.iter().map(String::as_str).collect() })
            .collect();
        let here = held(snapshot, &concerned, self.job.delivery.override_hold, &mut self.notes(listener))?;
        let reasons: Vec<String> = here.into_iter().chain(writing.held_at_source.clone()).collect();
        if reasons.is_empty() {
            return Ok(());
        }
        Err(stopped(outcome.clone(), Ending::Held, reasons.join("; ")))
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

    /// Tells a warning, once in all attempts.
    fn warn(&self, warning: String, listener: &mut Listener<'_>) {
        if self.number == 1 {
            listener(&Event::Warned(warning));
        }
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

/// Adds to each release how its order was told.
fn told(mut releases: Vec<Release>, orders: &[EntryOrder]) -> Vec<Release> {
    for release in &mut releases {
        let of_entry = |order: &&EntryOrder| order.file == release.file && order.name == release.entry.name;
        let Some(order) = orders.iter().find(of_entry) else { continue };
        release.order = Some(order.ordered.reason().to_owned());
        release.still_taken_back.clone_from(&order.still_taken_back);
    }
    releases
}

fn tell_edits(files: &[FileEdit], listener: &mut Listener<'_>) {
    for file in files {
        listener(&Event::Edited(file));
    }
}

/// Ends the run if there is nothing to change. Then a branch that does not exist is not created either: it would be its base.
fn require_a_change(outcome: &Outcome, files: &[FileEdit], listener: &mut Listener<'_>) -> Result<(), Stop> {
    if !outcome.files.is_empty() {
        return Ok(());
    }
    // There may be notes about the files.
    tell_edits(files, listener);
    Err(Stop::Ended(Box::new(Outcome { ending: Ending::Unchanged, ..outcome.clone() })))
}

fn changes(paths: &[RepositoryPath], files: &[FileEdit]) -> Vec<Change> {
    let changed = paths.iter().zip(files).filter(|(_, file)| file.edit.changed());
    changed.map(|(path, file)| Change { path: path.clone(), bytes: file.edit.text.clone() }).collect()
}
