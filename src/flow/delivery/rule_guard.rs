//! The stage of an attempt that judges it by the rules on the branch. It comes last, so that everything is known that a rule
//! can ask for, and again at each tip.

use jiff::Timestamp;

use super::attempt::{Attempt, Stop};
use super::edited_files::AskedFiles;
use super::release_plan::Draft;
use crate::flow::image_checks::rulings::{EntryToRule, Rulings, broken_beside_images, rule};
use crate::flow::image_checks::source_attestations::add_forges;
use crate::git::{RepositoryPath, Snapshot};
use crate::guards::order::{Build, EntryOrders};
use crate::guards::rules::{Demanded, ReleaseContext, RulesState, rules_for};
use crate::outcome::failure::Failure;
use crate::outcome::{Ending, Event, Listener, RuleDemand, Ruling};
use crate::request::OrderBy;
use crate::targets::EntryEdit;

impl Attempt<'_> {
    /// Stops if a rule on the branch does not hold for an entry that is judged. Adds to the draft what was found.
    pub(super) fn guard_rules(
        &mut self,
        draft: &mut Draft<'_>,
        snapshot: &mut Snapshot<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<(), Stop> {
        let edited = &draft.edited;
        let state = rules_for(snapshot, edited.asked.paths, &mut |warning| listener(&Event::Warned(warning)))?;
        let by_signer = |demanded: &Demanded| demanded.signer().is_some();
        if draft.judged_entries().any(|(path, entry)| demands(&state, path, entry, by_signer)) {
            add_forges(
                self.checks,
                &self.job.delivery.repository,
                self.branch.remote(),
                edited.writing().sources.iter(),
            );
        }
        let judged = self.orders_to_judge(&state, snapshot, draft, listener)?;
        let entries = entries_to_rule(draft, judged.as_ref().unwrap_or(&draft.orders));
        let now = self.context();
        let Rulings { rulings, is_outdated } = rule(&state, &entries, Some(&now), self.checks, listener)?;
        draft.rulings = rulings;
        match Ruling::stop(&draft.rulings) {
            Some(stopped) => Err(self.ended_draft(draft, Ending::Stopped(stopped))),
            None if is_outdated => Err(Stop::Outdated),
            None => Ok(()),
        }
    }

    /// Stops if a rule does not hold whatever the images are that are not there. Once they are, a digest may be pinned, and their
    /// labels may tell the order, so these are not judged yet.
    pub(super) fn guard_rules_beside_images(
        &mut self,
        draft: &mut Draft<'_>,
        snapshot: &mut Snapshot<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<(), Stop> {
        let paths = draft.edited.asked.paths;
        let state = rules_for(snapshot, paths, &mut |warning| listener(&Event::Warned(warning)))?;
        let (entries, now) = (entries_to_rule(draft, &draft.orders), self.context());
        // Whether a registry answered counts once the images are there, and it is asked again.
        let (mut broken, _) = broken_beside_images(&state, entries, Some(&now), self.checks, listener);
        broken.retain(|ruling| !matches!(ruling.demand, Some(RuleDemand::PinDigest | RuleDemand::Order)));
        draft.rulings = broken;
        match Ruling::stop(&draft.rulings) {
            Some(stopped) => Err(self.ended_draft(draft, Ending::Stopped(stopped))),
            None => Ok(()),
        }
    }

    fn context(&self) -> ReleaseContext {
        ReleaseContext { now: Timestamp::now(), way: self.way.publish_way() }
    }

    /// Returns the orders by which a rule judges, if they are not those that the flags ask for: no flag weakens a rule. A
    /// rollback goes back on purpose.
    fn orders_to_judge(
        &self,
        state: &RulesState,
        snapshot: &mut Snapshot<'_>,
        draft: &Draft<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<Option<EntryOrders>, Failure> {
        let edited = &draft.edited;
        let is_rollback = edited.writing().purpose.is_rollback();
        let as_asked = self.job.delivery.order.by == OrderBy::Auto;
        let is_order = |demanded: &Demanded| matches!(demanded, Demanded::Order(_));
        let demands_order = draft.judged_entries().any(|(path, entry)| demands(state, path, entry, is_order));
        if is_rollback || as_asked || !demands_order {
            return Ok(None);
        }
        self.order_by(OrderBy::Auto, snapshot, &edited.asked, &self.branch.name(), listener).map(Some)
    }
}

/// Returns the entries of a draft that are judged, with their places in `orders`.
fn entries_to_rule<'d>(draft: &'d Draft<'_>, orders: &'d EntryOrders) -> Vec<EntryToRule<'d>> {
    let AskedFiles { writing, .. } = &draft.edited.asked;
    let to_rule = |(path, entry): (&'d RepositoryPath, &'d EntryEdit)| {
        let name = entry.name.as_str();
        let source = Build::of_entry(name, &entry.after, writing.sources.of(name)).source;
        let order = orders.of(path.as_str(), entry);
        EntryToRule { path, entry, source, order, was_on_branch: writing.purpose.is_rollback() }
    };
    draft.judged_entries().map(to_rule).collect()
}

/// Returns whether a rule that is for an entry demands one of these.
fn demands(state: &RulesState, path: &RepositoryPath, entry: &EntryEdit, wanted: impl Fn(&Demanded) -> bool) -> bool {
    let applying = state.applying(path, entry.name.as_str());
    applying.iter().flat_map(|applying| &applying.rule.demands).any(|demand| wanted(&demand.demanded))
}
