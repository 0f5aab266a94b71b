//! What follows from the order of the entries of a release, by the user's flags: a pure decision.

use crate::guards::order::{EntryOrder, EntryOrders, OrderVerdict};
use crate::outcome::failure::{Failure, FailureKind};
use crate::outcome::{LeftOut, StopKind};
use crate::request::{OnDiverged, OnSuperseded, OnUnknownOrder, OrderRequest};

/// What follows for a release.
#[derive(Default)]
pub(super) struct OrderDecision {
    /// The entries that stay as they are.
    pub(super) left_out: Vec<LeftOut>,
    /// What a person must see although the release goes on.
    pub(super) warnings: Vec<String>,
    /// Set if order fails the whole release.
    pub(super) failure: Option<Failure>,
}

/// Decides on `orders`, which are of the entries that change.
pub(super) fn decide(orders: &EntryOrders, asked: &OrderRequest) -> OrderDecision {
    let mut decision = OrderDecision::default();
    let are_of_one_file = orders.are_of_one_file();
    // A promotion may have many entries, and a release many files.
    let of_entry = |order: &EntryOrder| match are_of_one_file {
        true => format!("`{}`: {}", order.name, order.ordered.reason),
        false => format!("`{}` in `{}`: {}", order.name, order.file, order.ordered.reason),
    };
    for order in orders.iter() {
        let reason = &order.ordered.reason;
        match order.ordered.verdict {
            OrderVerdict::Newer | OrderVerdict::Allowed => {}
            OrderVerdict::Replaces => decision.warnings.push(reason.clone()),
            OrderVerdict::Superseded => match asked.on_superseded {
                OnSuperseded::Skip => decision.leave_out(order, of_entry(order), StopKind::Superseded),
                OnSuperseded::Fail => decision.fail(
                    format!("superseded: {}", of_entry(order)),
                    "`--on-superseded allow` releases it all the same; `--on-superseded skip` leaves it out",
                ),
                OnSuperseded::Allow => {}
            },
            OrderVerdict::Diverged => match asked.on_diverged {
                OnDiverged::Fail => decision.fail(
                    format!("diverged: {}", of_entry(order)),
                    "merge the lines and release the merge; or `--on-diverged release` releases this build, and \
                     `--on-diverged skip` leaves what runs",
                ),
                OnDiverged::Release => decision.warnings.push(reason.clone()),
                OnDiverged::Skip => decision.leave_out(order, of_entry(order), StopKind::Diverged),
            },
            OrderVerdict::Contradicted if asked.on_unknown != Some(OnUnknownOrder::Release) => decision.fail(
                of_entry(order),
                "name the commit that the image was built from with `--source`; or `--on-unknown-order release` releases \
                 it, with a warning",
            ),
            OrderVerdict::Unknown | OrderVerdict::Contradicted => match asked.on_unknown {
                None | Some(OnUnknownOrder::Release) => decision.warnings.push(reason.clone()),
                Some(OnUnknownOrder::Fail) => decision.fail(
                    of_entry(order),
                    "name the commit that the image was built from with `--source` of `tagship release`, or leave out \
                     `--on-unknown-order fail` as long as that of what runs is not known",
                ),
            },
        }
    }
    decision
}

impl OrderDecision {
    fn leave_out(&mut self, order: &EntryOrder, reason: String, kind: StopKind) {
        self.left_out.push(LeftOut { file: order.file.clone(), name: order.name.to_string(), kind, reason });
    }

    fn fail(&mut self, message: String, hint: &str) {
        let failure = Failure::new(FailureKind::Guarded, message).hint(hint);
        self.failure = Some(match self.failure.take() {
            Some(earlier) => earlier.and(vec![failure]),
            None => failure,
        });
    }
}
