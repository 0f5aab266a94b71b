//! The stage of an attempt that looks at the head branch of a pull request: whether what is there may be replaced, and whether
//! it is newer. An older release, whose pipeline ends late, must not take the place of a newer proposal.

use std::collections::HashSet;

use super::attempt::{Attempt, Stop, changed};
use super::edited_files::{AskedFiles, EditedFiles, WantedRelease};
use super::head_request::{HeadDecision, HeadRequest};
use super::policy::{self, OrderDecision};
use super::release_plan::ReleasePlan;
use crate::flow::forges::remote_forge::Opener;
use crate::flow::publish::{HeadToReplace, Proposer};
use crate::forge::{PullRequest, RequestState};
use crate::git::{BranchName, CommitId, Message, RepositoryPath, Snapshot, TreeEntry};
use crate::guards::order::EntryOrders;
use crate::guards::own_commits::generated_heads::folder_of_heads;
use crate::guards::own_commits::head_branch::ProposedReleases;
use crate::message::Release;
use crate::message::compose::Purpose;
use crate::message::request_text::{RequestText, request_text};
use crate::outcome::failure::{Failure, FailureKind};
use crate::outcome::{Event, LeftOut, Listener, StopKind, Stopped};

/// A head branch that has commits of ours.
struct ProposedHead {
    tip: CommitId,
    proposed: ProposedReleases,
    request: HeadRequest,
    /// The request if it is open, else the branch, for a message.
    place: String,
}

/// What a head branch says of the entries of a release.
struct HeadContent {
    orders: EntryOrders,
    /// Whether the entries are what this release makes of them.
    is_same: bool,
    /// The files and names of the entries that this release would change there.
    changed: HashSet<(String, String)>,
}

impl Attempt<'_> {
    /// Returns what is on the head branch, for a release that may take its place.
    pub(super) fn look_at_head(
        &mut self,
        plan: &ReleasePlan<'_>,
        snapshot: &mut Snapshot<'_>,
        proposer: &Proposer<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<HeadToReplace, Stop> {
        let Some(tip) = proposer.pusher.head_tip() else { return Ok(HeadToReplace { over: None, newest: None }) };
        let proposed = ProposedReleases::read(snapshot, &proposer.head, tip)
            .map_err(|failure| with_earlier_merge(failure, proposer))?;
        if !proposed.over.is_ahead() {
            return Ok(HeadToReplace { over: Some(proposed.over), newest: None });
        }
        let newest = newest_request(proposer)?;
        let request = HeadRequest::of(newest.as_ref(), tip);
        let place = match request {
            HeadRequest::Open(number) => format!("pull request #{number}"),
            _ => format!("`{}`", proposer.head),
        };
        let head = ProposedHead { tip, proposed, request, place };
        let there = self.read_head(plan, &head, snapshot, &proposer.base, listener)?;
        match request.decide(there.is_same) {
            HeadDecision::ClosedByHand(number) => {
                let reason = format!(
                    "#{number} proposed the same and was closed by hand; it is opened again for a newer release only"
                );
                return Err(self.stopped_plan(plan, Stopped { kind: StopKind::Skipped, reason }));
            }
            HeadDecision::Over => {}
            HeadDecision::Waits => self.guard_head(plan, &head, there, listener)?,
        }
        let is_second_look = self.earlier.races_this_way > 0;
        let newest = newest.filter(|_| request.counts(is_second_look));
        Ok(HeadToReplace { over: Some(head.proposed.over), newest })
    }

    /// Reads what the head branch says of the entries that this release writes there.
    fn read_head(
        &mut self,
        plan: &ReleasePlan<'_>,
        ProposedHead { tip, proposed, request, place }: &ProposedHead,
        snapshot: &mut Snapshot<'_>,
        base: &BranchName,
        listener: &mut Listener<'_>,
    ) -> Result<HeadContent, Failure> {
        let asked = &plan.draft.edited.asked;
        let is_proposed = |left: &&LeftOut| proposed.has(&left.file, &left.name);
        // Entries that the head branch does not propose cannot be lost there.
        let left_out = asked.left_out.iter().filter(|left| !is_proposed(left)).cloned().collect();
        let wanted = WantedRelease { writing: asked.writing, paths: asked.paths, left_out };
        self.require_same_releases(proposed, base, &wanted, request.is_over())?;
        self.on_head(snapshot, *tip, &wanted, listener, |attempt, snapshot, there, listener| {
            Ok(HeadContent {
                is_same: there.says_all_of(asked.paths),
                changed: there
                    .changed_entries()
                    .map(|(path, entry)| (path.to_string(), entry.name.to_string()))
                    .collect(),
                orders: attempt.order(snapshot, &there.asked, place, listener)?,
            })
        })
    }

    /// Requires that a head branch which the user names has nothing that this release would not put there. Any other name is that
    /// of these entries alone. If the request is closed or merged, what it proposed no longer counts.
    pub(super) fn require_same_releases(
        &self,
        proposed: &ProposedReleases,
        base: &BranchName,
        WantedRelease { writing, paths, .. }: &WantedRelease<'_>,
        is_over: bool,
    ) -> Result<(), Failure> {
        let Some(head) = self.way.proposal().and_then(|request| request.head.as_ref()) else { return Ok(()) };
        let refused = |message: String| {
            Err(Failure::new(FailureKind::Guarded, message)
                .hint("leave out `--head`, so that each release has a branch of its own, or name another one"))
        };
        // A proposal is one commit, and an environment's branch may have many.
        let count = proposed.count();
        if count > 1 && !head.as_str().starts_with(&folder_of_heads(base.as_str())) {
            return refused(format!("`{head}` has {count} releases that `{base}` lacks, which would be lost"));
        }
        if is_over {
            return Ok(());
        }
        let is_asked = |name: &str| writing.images.arguments.iter().any(|argument| argument.name.as_str() == name);
        let is_written = |file: &str| paths.iter().any(|path| path.as_str() == file);
        match &proposed.beyond(is_asked, is_written)[..] {
            [] => Ok(()),
            lost => refused(format!("`{head}` proposes other images, which would be lost: `{}`", lost.join("`, `"))),
        }
    }

    /// Reads the head branch at `tip`, with the files as this release would make them there.
    pub(super) fn on_head<T>(
        &mut self,
        snapshot: &mut Snapshot<'_>,
        tip: CommitId,
        WantedRelease { writing, paths, left_out }: &WantedRelease<'_>,
        listener: &mut Listener<'_>,
        read: impl FnOnce(&mut Self, &mut Snapshot<'_>, &EditedFiles<'_>, &mut Listener<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        snapshot.beside(tip, |snapshot| {
            snapshot.load(paths)?;
            let is_file = |path: &&RepositoryPath| matches!(snapshot.entry(path), Ok(TreeEntry::File(_)));
            let present: Vec<RepositoryPath> = paths.iter().filter(is_file).cloned().collect();
            let there = AskedFiles::edit(self.job.delivery, writing, &present, left_out.clone(), snapshot)?;
            let there = self.keep_digests(there, snapshot, listener)?.pin(snapshot, self.checks)?;
            read(self, snapshot, &there, listener)
        })
    }

    /// Stops if what is proposed is newer, by the same flags that decide about what runs. Warns if it is of another kind.
    fn guard_head(
        &self,
        plan: &ReleasePlan<'_>,
        ProposedHead { proposed, place, .. }: &ProposedHead,
        HeadContent { orders, is_same, mut changed }: HeadContent,
        listener: &mut Listener<'_>,
    ) -> Result<(), Stop> {
        let OrderDecision { left_out, warnings, failure } = policy::decide(&orders, &self.job.delivery.order);
        if let Some(failure) = failure {
            return Err(failure.into());
        }
        // Equal places of one name are changed one by one, and judged once.
        for left in &left_out {
            changed.remove(&(left.file.clone(), left.name.clone()));
        }
        match Stopped::by_order(&left_out) {
            None => warnings.into_iter().for_each(|warning| listener(&Event::Warned(warning))),
            Some(stopped) if changed.is_empty() => return Err(self.stopped_plan(plan, stopped)),
            Some(_) => {
                // Without them, the request would lose what is newer.
                let message = "a part of this release is older than what is proposed already";
                let failure = Failure::new(FailureKind::Guarded, message);
                let failure = left_out.into_iter().fold(failure, |failure, left| failure.detail(left.reason));
                let hint = "release the entries apart, so that each has a pull request of its own";
                return Err(failure.hint(hint).into());
            }
        }
        let is_rollback = plan.draft.edited.writing().purpose.is_rollback();
        if let Some(title) = proposed.title_of_another_kind(is_rollback).filter(|_| !is_same) {
            listener(&Event::Warned(format!("{place} proposed `{title}`, which this release is to replace")));
        }
        Ok(())
    }

    /// Returns what the pull request says.
    pub(super) fn request_text(&self, message: &Message, releases: &[Release], purpose: &Purpose) -> RequestText {
        let run = &self.job.delivery.repository.run;
        let options = self.way.options(&self.job.delivery.commit);
        let page_of_source = |source: &str| run.page_of(source);
        request_text(message, options, &changed(releases), run.page.as_deref(), purpose, &page_of_source)
    }
}

/// Adds to a failure that leaves a head branch as it is whether the forge may merge what is there by itself.
fn with_earlier_merge(failure: Failure, proposer: &Proposer<'_>) -> Failure {
    match newest_request(proposer) {
        Ok(Some(request)) if request.state == RequestState::Open && request.is_armed != Some(false) => {
            failure.detail(format!("pull request #{} may be merged by itself: {}", request.number, request.url))
        }
        _ => failure,
    }
}

/// Returns the newest request of the head branch, as far as the forge tells.
fn newest_request(proposer: &Proposer<'_>) -> Result<Option<PullRequest>, Failure> {
    match &proposer.opener {
        Opener::Api(forge) => Ok(forge.newest_request(proposer.head.as_str(), proposer.base.as_str())?),
        // Nothing tells whether a request is open, so what is proposed counts.
        Opener::ByPush(_) => Ok(None),
    }
}
