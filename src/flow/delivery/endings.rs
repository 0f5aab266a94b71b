//! Makes the outcome of an attempt, from what is planned so far.

use super::attempt::{Attempt, Stop};
use super::release_plan::{Draft, ReleasePlan};
use crate::flow::file_edits::released::releases_of;
use crate::flow::forges::source_changes::compare;
use crate::guards::order::{EntryOrder, EntryOrders};
use crate::message::Release;
use crate::outcome::{Changes, Ending, FileEdit, Outcome, StopKind, Stopped};

impl From<Outcome> for Stop {
    fn from(outcome: Outcome) -> Self {
        Self::Ended(Box::new(outcome))
    }
}

impl Attempt<'_> {
    /// Returns what a plan comes to.
    pub(super) fn outcome(&self, plan: &ReleasePlan<'_>, ending: Ending) -> Outcome {
        Outcome {
            changes: Changes::of(&plan.draft.edited.files),
            rollback_of: plan.draft.edited.writing().purpose.rollback_of().to_vec(),
            ..self.outcome_without_changes(plan, ending)
        }
    }

    /// Returns the end of the attempt by a guard that judged its plan.
    pub(super) fn stopped_plan(&self, plan: &ReleasePlan<'_>, stopped: Stopped) -> Stop {
        self.outcome_without_changes(plan, Ending::Stopped(stopped)).into()
    }

    /// Returns the end of the attempt before there is a plan: by a guard, or with nothing to change.
    pub(super) fn ended_draft(&self, draft: &Draft<'_>, ending: Ending) -> Stop {
        self.outcome_of_draft(draft, self.releases(draft), ending).into()
    }

    /// Returns the end of the attempt by the order of the entries of `files`, none of which goes out.
    pub(super) fn stopped_by_order(&self, stopped: Stopped, orders: &EntryOrders, files: &[FileEdit]) -> Stop {
        let mut releases = releases_of(files, self.checks);
        // From a newer commit to an older one, there is nothing to show.
        if stopped.kind == StopKind::Diverged {
            self.compare_sources(&mut releases, orders);
        }
        Outcome { releases, ..self.outcome_at(Ending::Stopped(stopped)) }.into()
    }

    /// Returns what a draft releases, with what the registries said of the images: each entry with its source, how its order was
    /// told, and what changed in its source.
    pub(super) fn releases(&self, Draft { edited, orders, .. }: &Draft<'_>) -> Vec<Release> {
        let mut releases = releases_of(&edited.files, self.checks);
        self.compare_sources(&mut releases, orders);
        for release in &mut releases {
            release.source = edited.writing().sources.of(release.entry.name.as_str()).cloned();
            // The commit tells of a name what any place of it needs.
            let of_name: Vec<&EntryOrder> = orders.of_name(&release.file, &release.entry).collect();
            let source = of_name.iter().find_map(|order| order.source.clone());
            let still_taken_back = of_name.iter().flat_map(|order| &order.still_taken_back).copied();
            release.order = orders.of(&release.file, &release.entry).map(|order| order.ordered.reason.clone());
            let is_doubted = of_name.iter().any(|order| order.is_source_doubted);
            release.source = source.or(release.source.take().filter(|_| !is_doubted));
            release.still_taken_back = still_taken_back.collect();
        }
        releases
    }

    fn compare_sources(&self, releases: &mut [Release], orders: &EntryOrders) {
        compare(releases, orders, &self.job.delivery.repository, self.branch.remote());
    }

    fn outcome_without_changes(&self, plan: &ReleasePlan<'_>, ending: Ending) -> Outcome {
        Outcome {
            message: Some(plan.message.to_string()),
            git_tag: plan.tag.as_ref().map(|tag| tag.name.to_string()),
            ..self.outcome_of_draft(&plan.draft, plan.releases.clone(), ending)
        }
    }

    fn outcome_of_draft(&self, draft: &Draft<'_>, releases: Vec<Release>, ending: Ending) -> Outcome {
        Outcome {
            releases,
            left_out: draft.edited.asked.left_out.clone(),
            rulings: draft.rulings.clone(),
            parent: Some(draft.parent),
            ..self.outcome_at(ending)
        }
    }

    /// Returns what is known of an outcome before anything is planned.
    fn outcome_at(&self, ending: Ending) -> Outcome {
        let branch = self.branch.known().map(ToString::to_string);
        Outcome { branch, attempts: self.earlier.attempts + 1, ..Outcome::new(ending) }
    }
}
