//! One attempt to deliver at one tip, as a list of stages. Every check comes before the first effect, and the only effect is
//! one ref that moves once.

use super::authorship::Authors;
use super::edited_files::{AskedFiles, EditedFiles, WantedRelease, edit_settings};
use super::head_at_push::HeadAtPush;
use super::job::{Decide, Job, Writing};
use super::located_tip::LocatedTip;
use super::lost_races::EarlierAttempts;
use super::release_plan::{Draft, ReleasePlan};
use super::way::Way;
use crate::flow::file_edits::edit_file::absent;
use crate::flow::file_edits::remarks::{tell_comment_without_source, tell_repeated, tell_unfilled, warn_of_notes};
use crate::flow::file_edits::required_entries::require_entries;
use crate::flow::file_edits::required_versions::{require_effect, require_versions};
use crate::flow::image_checks::checks::Checks;
use crate::flow::image_checks::compared_source::ImageSources;
use crate::flow::image_checks::source_attestations::add_forges_if_claims_are_required;
use crate::flow::publish::{Content, OtherWriters, PublishOptions, Published, Publisher, RefusedPush, bring_forward};
use crate::flow::release_branch::announcements::tell_whole_download;
use crate::flow::release_branch::branch::{LocatedFiles, ReleaseBranch};
use crate::flow::release_branch::branch_tip::OpenBranch;
use crate::flow::release_branch::read_branch::Tip;
use crate::flow::target_files::argocd_sources::warn_of_replaced;
use crate::flow::target_files::files_never_edited::NeverEdited;
use crate::flow::target_files::named_files::named_by;
use crate::flow::target_files::other_kustomizations::kustomizations_with;
use crate::forge::Forge;
use crate::git::{CommitOnTip, GitError, Message, Snapshot, TagContent};
use crate::message::compose::{self, Purpose};
use crate::message::trailers::UntoldRelease;
use crate::message::{Release, source_comparisons};
use crate::outcome::failure::Failure;
use crate::outcome::{Ending, Event, FileEdit, Listener, Outcome, Stopped};
use crate::request::Delivery;

/// What ends an attempt before its last stage.
pub(super) enum Stop {
    /// The run ends here, and not by a failure.
    Ended(Box<Outcome>),
    /// An image was waited for: what was read may be out of date.
    Outdated,
    /// Another release was faster. `None`: the server refused no push.
    Raced(Option<RefusedPush>),
    /// The branch did not move: a hook or a rule of the server refused the push to it.
    Refused(RefusedPush),
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
    pub(super) authors: &'a Authors,
    pub(super) checks: &'a mut Checks,
    pub(super) earlier: EarlierAttempts,
    /// How the commit gets to the branch.
    pub(super) way: &'a Way<'a>,
    /// Whether the branch does not exist yet.
    pub(super) is_new: bool,
}

impl<'a> Attempt<'a> {
    /// Decides what to do at the tip, and does it, unless this is a dry run.
    pub(super) fn run(
        &mut self,
        LocatedTip { open: OpenBranch { snapshot, publisher, .. }, files, signer }: &mut LocatedTip<'_>,
        decide: &mut Decide<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<Outcome, Stop> {
        let files = files.as_ref().map_err(Failure::clone)?;
        tell_whole_download(self.branch, snapshot, listener);
        files.never_edited.tell(listener);
        let writing = decide(Tip { branch: self.branch, snapshot, files }, listener)?;
        tell_repeated(&writing.images, listener);
        let plan = self.plan(&writing, files, snapshot, listener);
        let plan = plan.map_err(|stop| self.without_beginning(stop, snapshot));
        let head_at_push = publisher.as_ref().and_then(Publisher::pusher).and_then(HeadAtPush::of);
        let wanted = WantedRelease { writing: &writing, paths: &files.paths, left_out: Vec::new() };
        if let (Err(stop), Some(at_push)) = (&plan, &head_at_push) {
            self.disarm_outdated(stop, snapshot, &wanted, at_push, listener);
        }
        let plan = match plan {
            Err(Stop::Ended(outcome)) if self.is_new && matches!(outcome.ending, Ending::Unchanged) => {
                let branch_created = self.begin_branch(snapshot, publisher.take(), signer.as_ref(), listener)?;
                return Ok(Outcome { branch_created, ..*outcome });
            }
            plan => plan?,
        };
        match publisher.take() {
            Some(publisher) => {
                let published = self.publish(&plan, snapshot, publisher, signer.as_ref(), listener);
                let is_released =
                    matches!(&published, Ok(outcome) if matches!(outcome.ending, Ending::Released { .. }));
                if let (true, Some(at_push)) = (is_released, &head_at_push) {
                    self.disarm_replaced(snapshot, &wanted, at_push, listener);
                }
                published.map_err(|stop| self.without_request(stop))
            }
            None => self.dry_run(&plan, snapshot, listener),
        }
    }

    /// Edits the files, asks every guard, and composes the message.
    fn plan<'w>(
        &mut self,
        writing: &'w Writing,
        LocatedFiles { paths, never_edited }: &'w LocatedFiles,
        snapshot: &mut Snapshot<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<ReleasePlan<'w>, Stop>
    where
        'a: 'w,
    {
        let asked = AskedFiles::edit(self.job.delivery, writing, paths, Vec::new(), snapshot)?;
        self.require_images(&asked, never_edited, snapshot)?;
        warn_of_notes(&asked.files, listener);
        warn_of_replaced(snapshot, paths, &asked.files, listener);
        self.expect_sources(&asked);
        if self.checks.have_problems() {
            self.guard_missing_images(&asked, snapshot, listener)?;
        }
        let asked = self.keep_digests(asked, snapshot, listener)?;
        let name = self.branch.name();
        let place = if self.is_new { format!("what {name} would begin at") } else { name };
        let orders = self.order(snapshot, &asked, &place, listener)?;
        let left_out = self.guard_order(&orders, &asked.files, listener)?;
        let asked = asked.leave_out(snapshot, left_out)?;
        // What is left out names no source any more.
        self.expect_sources(&asked);
        let mut draft = Draft::unpinned(asked, orders, snapshot.commit_id(), self.is_new);
        self.guard_images(&mut draft, snapshot, listener)?;
        draft.edited = draft.edited.asked.pin(snapshot, self.checks)?;
        // Of the digests that are pinned; what was told is not told twice.
        warn_of_notes(&draft.edited.files, listener);
        let has_change = self.require_a_change(&draft, listener);
        if self.is_new || has_change.is_ok() {
            self.guard_hold(&draft, snapshot, listener)?;
            self.guard_rules(&mut draft, snapshot, listener)?;
        }
        has_change?;
        let releases = self.releases(&draft);
        let (message, tag) = self.compose(&draft.edited, &releases, listener)?;
        Ok(ReleasePlan { draft, releases, message, tag })
    }

    /// Does what was decided.
    fn publish(
        &mut self,
        plan: &ReleasePlan<'_>,
        snapshot: &mut Snapshot<'_>,
        publisher: Publisher<'_>,
        signer: Option<&Forge>,
        listener: &mut Listener<'_>,
    ) -> Result<Outcome, Stop> {
        let ReleasePlan { draft: Draft { edited, .. }, releases, message, tag } = plan;
        self.authors.tell_notes(listener);
        self.checks.require_unmoved(releases)?;
        let content = Content {
            changes: edited.changes(),
            message: message.clone(),
            authorship: self.authors.authorship(),
            tag: tag.clone(),
        };
        // What is edited is told with the commit, once that is made: a hold or a refusal leaves nothing of it.
        let with_edits = &mut |event: &Event<'_>| {
            if matches!(event, Event::Committed { .. }) {
                tell_edits(&edited.files, releases, listener);
            }
            listener(event);
        };
        let options = self.publish_options(signer);
        let published = match publisher {
            Publisher::Direct(direct) => direct.publish(snapshot, &content, &options, with_edits)?,
            Publisher::Propose(proposer) => {
                let to_replace = self.look_at_head(plan, snapshot, &proposer, with_edits)?;
                let text = self.request_text(message, releases, &edited.writing().purpose);
                proposer.publish(snapshot, &content, &text, to_replace, &options, with_edits)?
            }
        };
        self.ended(published, plan, listener)
    }

    pub(super) fn publish_options<'t>(&self, signer: Option<&'t Forge>) -> PublishOptions<'t>
    where
        'a: 't,
    {
        let other_writers = if self.earlier.races == 0 { OtherWriters::Unknown } else { OtherWriters::Known };
        let Job { gate, delivery, .. } = self.job;
        PublishOptions {
            gate,
            push_options: &delivery.push_options,
            signer,
            other_writers,
            repository: &delivery.repository,
        }
    }

    /// Requires that the files have the images that are named, and that these get a version, which is deployed.
    fn require_images(
        &self,
        asked: &AskedFiles<'_>,
        never_edited: &NeverEdited,
        snapshot: &mut Snapshot<'_>,
    ) -> Result<(), Failure> {
        let AskedFiles { writing, paths, files, .. } = asked;
        let Delivery { files: typed, add, .. } = self.job.delivery;
        let named = paths.iter().map(|path| named_by(&self.branch.base, typed, path));
        let entries = require_entries(&writing.images, files, named, absent(*add), |name| match writing.purpose {
            // Where the entry comes from has it, and no flag names another place.
            Purpose::Promotion => Vec::new(),
            Purpose::Release | Purpose::Rollback { .. } => kustomizations_with(snapshot, name),
        });
        entries.map_err(|failure| never_edited.beside(failure))?;
        match writing.purpose {
            Purpose::Release => require_effect(files).and_then(|()| require_versions(files)),
            Purpose::Rollback { .. } => require_effect(files),
            // It becomes what the other environment is.
            Purpose::Promotion => Ok(()),
        }
    }

    /// Returns how the attempt ended, and lets the checkout follow.
    fn ended(
        &self,
        published: Published,
        plan: &ReleasePlan<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<Outcome, Stop> {
        match published {
            Published::Updated { commit, mut pushed, .. } => {
                self.follow(pushed.as_deref_mut(), listener);
                let outcome = self.outcome(plan, Ending::Released { commit, pushed: pushed.is_some() });
                Ok(Outcome { branch_created: self.is_new, ..outcome })
            }
            Published::Proposed { commit, was_pushed: pushed, request } => {
                let refused = self.way.refused();
                Ok(self.outcome(plan, Ending::Proposed { commit, pushed, request, refused }))
            }
            Published::Raced(push) => Err(Stop::Raced(push)),
            Published::Refused(push) => Err(Stop::Refused(push)),
        }
    }

    /// Says which commits the provenance of the images must name.
    fn expect_sources(&mut self, asked: &AskedFiles<'_>) {
        let AskedFiles { writing, files, .. } = asked;
        self.checks.expect_sources(ImageSources::of_files(files, &writing.sources));
        add_forges_if_claims_are_required(
            self.checks,
            &self.job.delivery.repository,
            self.branch.remote(),
            writing.sources.iter(),
        );
    }

    /// Returns the message of the commit, and the tag on it.
    fn compose(
        &self,
        EditedFiles { asked: AskedFiles { writing, .. }, files }: &EditedFiles<'_>,
        releases: &[Release],
        listener: &mut Listener<'_>,
    ) -> Result<(Message, Option<TagContent>), Failure> {
        let changed = changed(releases);
        let tag = self.job.delivery.commit.git_tag.as_ref().map(|tag| tag.fill(&changed)).transpose()?;
        let options = self.way.options(&self.job.delivery.commit);
        if let Some(place) = compose::unfilled_place(options, &changed) {
            tell_unfilled(place, listener);
        }
        tell_comment_without_source(&edit_settings(self.job.delivery, writing), files, listener);
        let message =
            compose::message(options, &changed, self.job.delivery.repository.run.page.as_deref(), &writing.purpose);
        let untold = |error: UntoldRelease| {
            Failure::target(error.to_string()).hint("correct the name in the file, or release it by another one")
        };
        Ok((message.map_err(untold)?, tag))
    }

    /// Requires that there is no such tag, as a push does, which is told what tags there are.
    pub(super) fn require_new(&self, tag: Option<&TagContent>, snapshot: &mut Snapshot<'_>) -> Result<(), GitError> {
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

    /// Ends the attempt if there is nothing to change, which may be for what is left out.
    fn require_a_change(&self, draft: &Draft<'_>, listener: &mut Listener<'_>) -> Result<(), Stop> {
        let EditedFiles { asked, files } = &draft.edited;
        if files.iter().any(|file| file.edit.changed()) {
            return Ok(());
        }
        // There may be notes about the files.
        tell_edits(files, &[], listener);
        let stopped = Stopped::by_order(&asked.left_out);
        Err(self.ended_draft(draft, stopped.map_or(Ending::Unchanged, Ending::Stopped)))
    }
}

/// Tells what is edited, and each change of a source once.
pub(super) fn tell_edits(files: &[FileEdit], releases: &[Release], listener: &mut Listener<'_>) {
    for file in files {
        listener(&Event::Edited(file));
    }
    for comparison in source_comparisons(releases) {
        listener(&Event::Compared(comparison));
    }
}

pub(super) fn changed(releases: &[Release]) -> Vec<Release> {
    releases.iter().filter(|release| release.entry.changed()).cloned().collect()
}
