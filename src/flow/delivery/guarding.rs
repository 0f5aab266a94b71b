//! The stages of an attempt that can stop it: the order of releases, and holds. What they decide by is in `guards`; what
//! follows by the user's flags is in `policy`.

use super::attempt::{Attempt, Stop, reasons, stopped};
use super::edited_files::{AskedFiles, PinnedFiles};
use super::located_tip::reads_order;
use super::policy::{self, OrderDecision};
use crate::flow::edits::releases_of;
use crate::flow::release_branch::branch_tip::Destination;
use crate::flow::source_changes::compare;
use crate::git::{RepositoryPath, Snapshot};
use crate::guards::hold::{Concerned, held};
use crate::guards::order::{EntryOrders, Setting, order_of};
use crate::message::{EntrySources, Release};
use crate::outcome::failure::Failure;
use crate::outcome::{Ending, Event, FileEdit, LeftOut, Listener, Outcome};
use crate::request::{OnSuperseded, OrderBy, PinDigest};
use crate::targets::kustomization::EntryEdit;

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
        let delivery = self.job.delivery;
        let by = match delivery.on_superseded {
            OnSuperseded::Allow => OrderBy::Nothing,
            OnSuperseded::Skip | OnSuperseded::Fail => delivery.order,
        };
        self.order_by(by, snapshot, asked, place, listener)
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
        let setting = Setting {
            request: &self.job.delivery.target,
            remote: self.branch.remote(),
            branch: place,
            by,
            on_unknown: self.job.delivery.on_unknown_order,
            sources: &writing.sources,
            label_of: &|build| self.checks.source_of(build),
            digest_of: &|build| self.checks.digest_of(build),
            explained: &writing.explained,
        };
        order_of(&setting, snapshot, files, &mut |note| listener(&Event::Noted(note)))
    }

    /// Returns the entries that do not go out, for others do or may be pinned, and how the run ends if these do not change
    /// either. Stops if none goes out, or if order fails the release.
    pub(super) fn guard_order(
        &self,
        orders: &EntryOrders,
        destination: &Destination,
        files: &[FileEdit],
        listener: &mut Listener<'_>,
    ) -> Result<(Vec<LeftOut>, Option<Ending>), Stop> {
        let OrderDecision { left_out, ending, warnings, failure } = policy::decide(orders, self.job.delivery);
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
        if let (Some(ending), false) = (ending, any) {
            let mut releases = releases_of(files, self.checks);
            // From a newer commit to an older one, there is nothing to show.
            if ending == Ending::Diverged {
                self.compare_sources(&mut releases, orders);
            }
            return Err(stopped(self.outcome(files, &releases, destination), ending, reasons(&left_out)));
        }
        for left in &left_out {
            listener(&Event::Warned(format!("left out {}", left.reason)));
        }
        Ok((left_out, ending))
    }

    /// Stops if a hold stops this, on the branch or where the images come from.
    pub(super) fn guard_hold(
        &self,
        snapshot: &mut Snapshot<'_>,
        PinnedFiles { asked: AskedFiles { writing, paths, .. }, files }: &PinnedFiles<'_>,
        outcome: &Outcome,
        listener: &mut Listener<'_>,
    ) -> Result<(), Stop> {
        let concerned = |(path, file): (&RepositoryPath, &FileEdit)| {
            let changed = file.edit.entries.iter().filter(|entry| entry.changed());
            let names = changed.map(|entry| entry.name.to_string()).collect();
            Concerned { path: path.clone(), names, after: Some(file.edit.text.clone()) }
        };
        let concerned: Vec<Concerned> = paths.iter().zip(files).map(concerned).collect();
        let here = held(snapshot, &concerned, self.job.delivery.override_hold, &mut |event| listener(&event))?;
        let reasons: Vec<String> = here.into_iter().chain(writing.held_at_source.clone()).collect();
        if reasons.is_empty() {
            return Ok(());
        }
        Err(stopped(outcome.clone(), Ending::Held, reasons.join("; ")))
    }

    /// Adds to each release its source, how its order was told, and what changed in its source.
    pub(super) fn told(
        &self,
        mut releases: Vec<Release>,
        sources: &EntrySources,
        orders: &EntryOrders,
    ) -> Vec<Release> {
        self.compare_sources(&mut releases, orders);
        for release in &mut releases {
            release.source = sources.of(release.entry.name.as_str()).cloned();
            let Some(order) = orders.of(&release.file, release.entry.name.as_str()) else { continue };
            release.source = order.source.clone().or(release.source.take());
            release.order = Some(order.ordered.reason.clone());
            release.still_taken_back.clone_from(&order.still_taken_back);
        }
        releases
    }

    fn compare_sources(&self, releases: &mut [Release], orders: &EntryOrders) {
        compare(releases, orders, &self.job.delivery.target, self.branch.remote());
    }
}
