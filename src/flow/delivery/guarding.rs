//! The stages of an attempt that can stop it: the order of releases, and holds. What they decide by is in `guards`; what
//! follows by the user's flags is in `policy`.

use super::attempt::{Attempt, Stop};
use super::edited_files::AskedFiles;
use super::located_tip::reads_order;
use super::policy::{self, OrderDecision};
use super::release_plan::Draft;
use crate::git::{RepositoryPath, Snapshot};
use crate::guards::hold::{AffectedEntries, held};
use crate::guards::order::{EntryOrders, OrderContext, order_of};
use crate::outcome::failure::Failure;
use crate::outcome::{Ending, Event, FileEdit, LeftOut, Listener, StopKind, Stopped};
use crate::request::{OrderBy, PinDigest};
use crate::targets::EntryEdit;

impl Attempt<'_> {
    /// Orders each entry that changes against what runs at `place`; a rollback goes back on purpose.
    pub(super) fn order(
        &self,
        snapshot: &mut Snapshot<'_>,
        asked: &AskedFiles<'_>,
        place: &str,
        listener: &mut Listener<'_>,
    ) -> Result<EntryOrders, Failure> {
        if asked.writing.purpose.is_rollback() || !reads_order(self.job.delivery, snapshot) {
            return Ok(EntryOrders::default());
        }
        self.order_by(self.job.delivery.order.by, snapshot, asked, place, listener)
    }

    /// Orders each entry that changes against what runs at `place`, by what `by` says.
    pub(super) fn order_by(
        &self,
        by: OrderBy,
        snapshot: &mut Snapshot<'_>,
        asked: &AskedFiles<'_>,
        place: &str,
        listener: &mut Listener<'_>,
    ) -> Result<EntryOrders, Failure> {
        let AskedFiles { writing, files, .. } = asked;
        let context = OrderContext {
            request: &self.job.delivery.repository,
            remote: self.branch.remote(),
            branch: place,
            by,
            on_diverged: self.job.delivery.order.on_diverged,
            on_unknown: self.job.delivery.order.on_unknown,
            sources: &writing.sources,
            label_of: &|build| self.checks.source_of(build),
            digest_of: &|build| self.checks.digest_of(build),
            taken_back_at_source: &writing.taken_back_at_source,
        };
        order_of(&context, snapshot, files, &mut |note| listener(&Event::Noted(note)))
    }

    /// Returns the entries that do not go out, for others do or may be pinned. Stops if none goes out, or if order fails the
    /// release.
    pub(super) fn guard_order(
        &self,
        orders: &EntryOrders,
        files: &[FileEdit],
        listener: &mut Listener<'_>,
    ) -> Result<Vec<LeftOut>, Stop> {
        let OrderDecision { left_out, warnings, failure } = policy::decide(orders, &self.job.delivery.order);
        for warning in warnings {
            listener(&Event::Warned(warning));
        }
        if let Some(failure) = failure {
            return Err(failure.into());
        }
        let pins = self.job.delivery.pin_digest == PinDigest::Always && self.checks.asks();
        let goes_out = |entry: &EntryEdit, file: &str| {
            (entry.changed() || (pins && entry.after.digest.is_none()))
                && !left_out.iter().any(|left| left.file == file && left.name == entry.name.as_str())
        };
        let any = files.iter().any(|file| file.edit.entries.iter().any(|entry| goes_out(entry, &file.path)));
        if let (Some(stopped), false) = (Stopped::by_order(&left_out), any) {
            return Err(self.stopped_by_order(stopped, orders, files));
        }
        for left in &left_out {
            listener(&Event::Warned(format!("left out {}", left.reason)));
        }
        Ok(left_out)
    }

    /// Stops if a hold stops this, on the branch or where the images come from.
    pub(super) fn guard_hold(
        &self,
        draft: &Draft<'_>,
        snapshot: &mut Snapshot<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<(), Stop> {
        let affected = |(path, file): (&RepositoryPath, &FileEdit)| {
            let judged = file.edit.entries.iter().filter(|entry| draft.is_judged(entry));
            let names = judged.map(|entry| entry.name.to_string()).collect();
            AffectedEntries { path: path.clone(), names, after: Some(file.edit.text.clone()) }
        };
        let affected: Vec<AffectedEntries> = draft.edited.with_paths().map(affected).collect();
        let mut held = held(snapshot, &affected, self.job.delivery.override_hold, &mut |event| listener(&event))?;
        // One hold may be for both.
        let at_source = &draft.edited.writing().held_at_source;
        let at_source: Vec<_> = at_source.iter().filter(|hold| !held.contains(hold)).cloned().collect();
        held.extend(at_source);
        if held.is_empty() {
            return Ok(());
        }
        let stopped = Stopped { kind: StopKind::Held, reason: held.join("; ") };
        Err(self.ended_draft(draft, Ending::Stopped(stopped)))
    }
}
