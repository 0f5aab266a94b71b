//! One attempt to deliver at one tip, as a list of stages. Every check comes before the first effect, and the only effect is
//! one ref that moves once.

use super::authorship::{authorship, signing_forge};
use super::job::{CheckedEntries, Decide, Job, Tip, Writing};
use super::located_tip::LocatedTip;
use super::way::Way;
use crate::flow::awaited::Pace;
use crate::flow::branch::ReleaseBranch;
use crate::flow::branch_tip::{Destination, OpenBranch};
use crate::flow::checks::Checks;
use crate::flow::compared_source::ImageSources;
use crate::flow::edits::{
    Manner, absent, edit, images_of, outcome_of, releases_of, require_entries, require_versions,
    tell_comment_without_source, tell_repeated, tell_unfilled,
};
use crate::flow::elsewhere::kustomizations_with;
use crate::flow::named_files::named_by;
use crate::flow::publish::{Content, Published, Publisher, Rivals, Terms, bring_forward};
use crate::flow::source_attestations::look_at_forges;
use crate::git::{Change, CommitOnTip, GitError, Loaded, Message, PushRefusal, RepositoryPath, Snapshot, TagContent};
use crate::guards::order::EntryOrder;
use crate::message::compose::{self, Purpose};
use crate::message::{Release, source_comparisons};
use crate::outcome::failure::Failure;
use crate::outcome::{Ending, Event, FileEdit, LeftOut, Listener, Outcome};
use crate::request::{Delivery, Images};
use crate::targets::kustomization::NoteKind;

/// What ends an attempt before its last stage.
pub(super) enum Stop {
    /// The run ends here, and not by a failure.
    Ended(Box<Outcome>),
    /// An image had to be waited for, so the tip may be an old one.
    Waited,
    /// Another release was faster; the server may have refused the push anyway.
    Raced(PushRefusal),
    /// Another release was faster, which showed before anything was pushed.
    Moved,
    /// The branch did not move: a hook or a rule of the server refused the push to it.
    Refused {
        branch: String,
        refusal: PushRefusal,
    },
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

/// What one attempt would write, as its guards see it.
pub(super) struct Edited<'e> {
    pub(super) paths: &'e [RepositoryPath],
    pub(super) files: &'e [FileEdit],
    pub(super) writing: &'e Writing,
    pub(super) orders: &'e [EntryOrder],
}

/// One attempt, at one tip.
pub(super) struct Attempt<'a> {
    pub(super) job: &'a Job<'a>,
    pub(super) branch: &'a ReleaseBranch,
    pub(super) checks: &'a mut Checks,
    /// From 1.
    pub(super) number: u32,
    /// How the commit gets to the branch.
    pub(super) way: &'a Way<'a>,
    /// What was read of the tip, for the next attempt.
    pub(super) loaded: &'a mut Option<Loaded>,
}

impl Attempt<'_> {
    pub(super) fn run(
        &mut self,
        tip: LocatedTip<'_>,
        decide: &mut Decide<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<Outcome, Stop> {
        let LocatedTip { open: OpenBranch { mut snapshot, destination, publisher }, paths } = tip;
        let paths = paths?;
        self.tell_whole_download(&snapshot, listener);
        let writing = self.decide(&mut snapshot, &paths, decide, listener)?;
        let files = self.edit(&snapshot, &paths, &writing, &[])?;
        let Delivery { files: typed, add, .. } = self.job.delivery;
        let named: Vec<_> = paths.iter().map(|path| named_by(&self.branch.base, typed, path)).collect();
        require_entries(&writing.images, &files, &named, absent(*add), |name| match writing.purpose {
            // Where the entry comes from has it, and no flag names another place.
            Purpose::Promotion => Vec::new(),
            Purpose::Release | Purpose::Rollback { .. } => kustomizations_with(&mut snapshot, name),
        })?;
        if writing.purpose == Purpose::Release {
            require_versions(&files)?;
        }
        let orders = self.order(&mut snapshot, &files, &writing, &self.branch.name(), listener)?;
        let left_out = self.guard_order(&orders, &destination, &files, listener)?;
        let files = self.leave_out(&snapshot, &paths, &writing, files, &left_out)?;
        self.check(&files, &writing, listener)?;
        let files = self.pin(&snapshot, &paths, files, &writing, &left_out)?;
        let releases = self.told(releases_of(&files, self.checks), &writing.sources, &orders);
        let mut outcome = self.outcome(&files, &releases, &destination);
        outcome.left_out = left_out;
        outcome.parent = Some(snapshot.commit_id());
        require_a_change(&outcome, &files, listener)?;
        self.guard_hold(&mut snapshot, &paths, &files, &writing, &outcome, listener)?;
        let edited = Edited { paths: &paths, files: &files, writing: &writing, orders: &orders };
        outcome.rulings = self.guard_rules(&mut snapshot, &edited, &outcome, listener)?;
        // With what the rules made the registry say.
        let releases = self.told(releases_of(&files, self.checks), &writing.sources, &orders);
        outcome.releases.clone_from(&releases);
        let (message, tag) = self.compose(&files, &releases, &writing, listener)?;
        outcome.message = Some(message.to_string());
        outcome.git_tag = tag.as_ref().map(|tag| tag.name.to_string());
        let Some(publisher) = publisher else {
            self.require_new(tag.as_ref(), &mut snapshot)?;
            tell_edits(&files, &releases, listener);
            return Ok(Outcome { ending: Ending::DryRun, ..outcome });
        };
        let authorship = authorship(self.job.delivery, self.branch, &mut |note| listener(&Event::Noted(note)))?;
        self.checks.require_unmoved(&releases)?;
        let content = Content { changes: changes(&paths, &files), message, authorship, tag };
        // What is edited is told with the commit, once that is made: a hold or a refusal leaves nothing of it.
        let with_edits = &mut |event: &Event<'_>| {
            if matches!(event, Event::Committed { .. }) {
                tell_edits(&files, &releases, listener);
            }
            listener(event);
        };
        let signer = signing_forge(self.job.delivery, self.branch)?;
        let rivals = if self.number == 1 { Rivals::Unknown } else { Rivals::Known };
        let terms = Terms { signer: signer.as_ref(), rivals, ..self.job.terms() };
        let published = match publisher {
            Publisher::Direct(direct) => direct.publish(snapshot, &content, &terms, self.loaded, with_edits)?,
            Publisher::Propose(proposer) => {
                let seen = self.look_at_head(&mut snapshot, &proposer, &paths, &writing, &outcome, with_edits)?;
                let text = self.request_text(&content.message, &releases, &writing.purpose);
                proposer.publish(snapshot, &content, &text, seen, &terms, with_edits)?
            }
        };
        self.ended(published, outcome, listener)
    }

    /// Returns how the attempt ended, and lets the checkout follow.
    fn ended(&self, published: Published, outcome: Outcome, listener: &mut Listener<'_>) -> Result<Outcome, Stop> {
        match published {
            Published::Updated { commit, mut pushed, .. } => {
                self.follow(pushed.as_deref_mut(), listener);
                Ok(Outcome { ending: Ending::Released, commit: Some(commit), pushed: pushed.is_some(), ..outcome })
            }
            Published::Proposed { commit, was_pushed, request } => Ok(Outcome {
                ending: Ending::Proposed,
                commit: Some(commit),
                pushed: was_pushed,
                proposed: Some(request),
                ..outcome
            }),
            Published::Raced(refusal) => Err(Stop::Raced(refusal)),
            Published::Moved => Err(Stop::Moved),
            Published::Refused { branch, refusal } => Err(Stop::Refused { branch, refusal }),
        }
    }

    fn tell_whole_download(&self, snapshot: &Snapshot<'_>, listener: &mut Listener<'_>) {
        if let (true, Some(remote)) = (snapshot.is_whole(), self.branch.remote()) {
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
        tell_repeated(&writing.images, listener);
        Ok(writing)
    }

    fn manner(&self, writing: &Writing) -> Manner<'_> {
        let Delivery { add, comment, .. } = self.job.delivery;
        Manner { add: *add, comment, sources: writing.sources.clone() }
    }

    /// Edits the files at `paths`, each but for the entries that are left out of it.
    pub(super) fn edit(
        &self,
        snapshot: &Snapshot<'_>,
        paths: &[RepositoryPath],
        writing: &Writing,
        left_out: &[LeftOut],
    ) -> Result<Vec<FileEdit>, Failure> {
        let manner = self.manner(writing);
        let mut files = Vec::new();
        for path in paths {
            let old = snapshot.file(path)?.to_vec();
            let path = path.to_string();
            let is_left_out = |name: &str| left_out.iter().any(|left| left.file == path && left.name == name);
            let arguments = writing.images.arguments.iter().filter(|argument| !is_left_out(argument.name.as_str()));
            let mut file = edit(path.clone(), old, &arguments.cloned().collect::<Vec<_>>(), &manner)?;
            if writing.purpose != Purpose::Release {
                // Rollback and promote build their own arguments, so a dropped field is not the user's doing.
                file.edit.notes.retain(|note| !matches!(note.kind, NoteKind::Dropped { comment: None, .. }));
            }
            files.push(file);
        }
        Ok(files)
    }

    /// Requires the images to be in their registries.
    fn check(&mut self, files: &[FileEdit], writing: &Writing, listener: &mut Listener<'_>) -> Result<(), Stop> {
        if self.job.delivery.registry.is_none() {
            return Ok(());
        }
        self.checks.expect_sources(ImageSources::of_files(files, &writing.sources));
        look_at_forges(self.checks, &self.job.delivery.target, self.branch.remote(), writing.sources.iter());
        let all = self.job.checked == CheckedEntries::All;
        let images = images_of(files, |entry| all || entry.changed(), listener)?;
        if writing.purpose != Purpose::Release {
            self.checks.digests_count(&images);
        }
        match self.checks.require(&images, listener)? {
            Pace::AtOnce => Ok(()),
            Pace::AfterWaiting => Err(Stop::Waited),
        }
    }

    /// Writes the digests that the registry has beside the tags, in each file as far as they are to be pinned there.
    pub(super) fn pin(
        &mut self,
        snapshot: &Snapshot<'_>,
        paths: &[RepositoryPath],
        files: Vec<FileEdit>,
        writing: &Writing,
        left_out: &[LeftOut],
    ) -> Result<Vec<FileEdit>, Failure> {
        let mut pinned = Vec::new();
        for (path, file) in paths.iter().zip(files) {
            let arguments = self.checks.pinned(&writing.images.arguments, &file, self.job.delivery.pin_digest)?;
            if arguments == writing.images.arguments {
                pinned.push(file);
                continue;
            }
            let writing = Writing { images: Images { arguments, repeated: Vec::new() }, ..writing.clone() };
            pinned.extend(self.edit(snapshot, std::slice::from_ref(path), &writing, left_out)?);
        }
        Ok(pinned)
    }

    /// Returns the message of the commit, and the tag on it.
    fn compose(
        &self,
        files: &[FileEdit],
        releases: &[Release],
        writing: &Writing,
        listener: &mut Listener<'_>,
    ) -> Result<(Message, Option<TagContent>), Failure> {
        let changed = changed(releases);
        let tag = self.job.delivery.commit.git_tag.as_ref().map(|tag| tag.fill(&changed)).transpose()?;
        let options = self.way.options(&self.job.delivery.commit);
        if let Some(place) = compose::unfilled_place(options, &changed) {
            tell_unfilled(place, "message", listener);
        }
        tell_comment_without_source(&self.manner(writing), files, listener);
        Ok((compose::message(options, &changed, self.job.delivery.target.run.page(), &writing.purpose), tag))
    }

    /// Requires that there is no such tag, as a push does, which is told what tags there are.
    fn require_new(&self, tag: Option<&TagContent>, snapshot: &mut Snapshot<'_>) -> Result<(), GitError> {
        match (tag, self.branch.remote()) {
            (Some(tag), Some(remote)) if snapshot.remote_has_tag(&tag.name)? => {
                Err(GitError::TagTaken { remote: remote.to_string(), tag: tag.name.to_string() })
            }
            _ => Ok(()),
        }
    }

    /// Lets a checkout follow what was pushed. The release is done, so nothing here makes it fail.
    fn follow(&self, pushed: Option<&mut CommitOnTip>, listener: &mut Listener<'_>) {
        let (Some(commit), Some((checkout, name)), Some(remote)) =
            (pushed, self.branch.follower(), self.branch.remote())
        else {
            return;
        };
        match commit.fetch_object(remote) {
            Ok(()) => bring_forward(checkout, name, commit, listener),
            Err(error) => listener(&Event::Noted(format!("the checkout was left as it is: {}", error.told()))),
        }
    }

    pub(super) fn outcome(&self, files: &[FileEdit], releases: &[Release], destination: &Destination) -> Outcome {
        let mut outcome = outcome_of(self.job.command, files, releases);
        outcome.branch = destination.branch().map(ToString::to_string);
        outcome.attempts = self.number;
        outcome
    }
}

/// Tells what is edited, and each change of a source once.
fn tell_edits(files: &[FileEdit], releases: &[Release], listener: &mut Listener<'_>) {
    for file in files {
        listener(&Event::Edited(file));
    }
    for comparison in source_comparisons(releases) {
        listener(&Event::Compared(comparison));
    }
}

/// Ends the run if there is nothing to change. Then a branch that does not exist is not created either: it would be its base.
fn require_a_change(outcome: &Outcome, files: &[FileEdit], listener: &mut Listener<'_>) -> Result<(), Stop> {
    if !outcome.files.is_empty() {
        return Ok(());
    }
    // There may be notes about the files.
    tell_edits(files, &[], listener);
    Err(Stop::Ended(Box::new(Outcome { ending: Ending::Unchanged, ..outcome.clone() })))
}

fn changes(paths: &[RepositoryPath], files: &[FileEdit]) -> Vec<Change> {
    let changed = paths.iter().zip(files).filter(|(_, file)| file.edit.changed());
    changed.map(|(path, file)| Change { path: path.clone(), bytes: file.edit.text.clone() }).collect()
}

pub(super) fn changed(releases: &[Release]) -> Vec<Release> {
    releases.iter().filter(|release| release.entry.changed()).cloned().collect()
}
