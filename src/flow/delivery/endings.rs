//! Makes the outcome of an attempt, from what is planned so far.

use super::attempt::{Attempt, Stop};
use super::release_plan::{Draft, ReleasePlan, Stopped};
use crate::flow::file_edits::released::{outcome_of, releases_of};
use crate::flow::source_changes::compare;
use crate::guards::order::EntryOrders;
use crate::message::Release;
use crate::outcome::{Ending, FileEdit, Outcome};

impl Stopped {
    /// Returns the end of the attempt: nothing of `outcome` comes about.
    fn end(self, outcome: Outcome) -> Stop {
        let (files, rollback_of, diff) = (Vec::new(), Vec::new(), String::new());
        Stop::Ended(Box::new(Outcome { reason: Some(self.reason), files, rollback_of, diff, ..outcome }))
    }
}

impl Attempt<'_> {
    /// Returns what a plan comes to.
    pub(super) fn outcome(&self, plan: &ReleasePlan<'_>, ending: Ending) -> Outcome {
        Outcome {
            message: Some(plan.message.to_string()),
            git_tag: plan.tag.as_ref().map(|tag| tag.name.to_string()),
            rollback_of: plan.draft.edited.asked.writing.purpose.rollback_of().to_vec(),
            ..self.outcome_of_draft(&plan.draft, plan.releases.clone(), ending)
        }
    }

    /// Returns the end of the attempt by a guard that judged its plan.
    pub(super) fn stopped_plan(&self, plan: &ReleasePlan<'_>, stopped: Stopped) -> Stop {
        let outcome = self.outcome(plan, stopped.ending);
        stopped.end(outcome)
    }

    /// Returns the end of the attempt by a guard that judged a draft.
    pub(super) fn stopped(&self, draft: &Draft<'_>, stopped: Stopped) -> Stop {
        let outcome = self.outcome_of_draft(draft, self.releases(draft), stopped.ending);
        stopped.end(outcome)
    }

    /// Returns the end of the attempt if the draft has nothing to change.
    pub(super) fn unchanged(&self, draft: &Draft<'_>) -> Stop {
        Stop::Ended(Box::new(self.outcome_of_draft(draft, self.releases(draft), Ending::Unchanged)))
    }

    /// Returns the end of the attempt by the order of the entries of `files`, none of which goes out.
    pub(super) fn stopped_by_order(&self, stopped: Stopped, orders: &EntryOrders, files: &[FileEdit]) -> Stop {
        let mut releases = releases_of(files, self.checks);
        // From a newer commit to an older one, there is nothing to show.
        if stopped.ending == Ending::Diverged {
            self.compare_sources(&mut releases, orders);
        }
        let outcome = Outcome { releases, ..self.outcome_at(stopped.ending) };
        stopped.end(outcome)
    }

    /// Returns what a draft releases, with what the registries said of the images: each entry with its source, how its order was
    /// told, and what changed in its source.
    pub(super) fn releases(&self, Draft { edited, orders, .. }: &Draft<'_>) -> Vec<Release> {
        let mut releases = releases_of(&edited.files, self.checks);
        self.compare_sources(&mut releases, orders);
        for release in &mut releases {
            release.source = edited.asked.writing.sources.of(release.entry.name.as_str()).cloned();
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

    fn outcome_of_draft(&self, draft: &Draft<'_>, releases: Vec<Release>, ending: Ending) -> Outcome {
        let Outcome { releases, files, diff, .. } = outcome_of(self.job.command, &draft.edited.files, releases);
        Outcome {
            releases,
            files,
            diff,
            left_out: draft.edited.asked.left_out.clone(),
            rulings: draft.rulings.clone(),
            parent: Some(draft.parent),
            ..self.outcome_at(ending)
        }
    }

    /// Returns what is known of an outcome before anything is planned.
    fn outcome_at(&self, ending: Ending) -> Outcome {
        Outcome {
            branch: self.branch.known().map(ToString::to_string),
            attempts: self.earlier.attempts + 1,
            ..Outcome::new(self.job.command, ending)
        }
    }
}
