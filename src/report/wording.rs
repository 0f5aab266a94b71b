//! The words of the place where a run is set up: a step has inputs or settings, and no flags, so that what we say of flags is
//! said of those. What servers said stays as it is.

use std::sync::Arc;

use crate::cli::{Surface, in_words_of};
use crate::outcome::failure::{Failure, FailureKind};
use crate::outcome::{Ending, Outcome, RuleVerdict, Ruling, StopKind};

/// Returns a failure in the words of `surface`.
pub(super) fn failure(surface: Surface, failure: &Failure) -> Failure {
    let translated = |text: &String| in_words_of(surface, text);
    let problems: Vec<_> = failure.problems.iter().map(|problem| self::failure(surface, problem)).collect();
    let further = failure.details.iter().skip(Failure::sum(&failure.problems).len());
    let message = match failure.kind {
        FailureKind::Usage | FailureKind::Guarded => translated(&failure.message),
        _ => failure.message.clone(),
    };
    Failure {
        message,
        details: Failure::sum(&problems).into_iter().chain(further.cloned()).collect(),
        hint: failure.hint.as_ref().map(translated),
        problems,
        rulings: Arc::new(rulings(surface, &failure.rulings)),
        ..failure.clone()
    }
}

/// Returns an outcome in the words of `surface`.
pub(super) fn outcome(surface: Surface, outcome: &Outcome) -> Outcome {
    let mut told = Outcome { rulings: rulings(surface, &outcome.rulings), ..outcome.clone() };
    if let Ending::Stopped(stopped) = &mut told.ending
        && stopped.kind == StopKind::Ruled
    {
        stopped.reason = in_words_of(surface, &stopped.reason);
    }
    told
}

fn rulings(surface: Surface, rulings: &[Ruling]) -> Vec<Ruling> {
    let mut told = rulings.to_vec();
    for ruling in &mut told {
        if let RuleVerdict::Broken(broken) = &mut ruling.verdict {
            broken.remedy = in_words_of(surface, &broken.remedy);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::{Failure, FailureKind, Surface};

    /// What a server says is quoted, also if it looks like a hint of ours.
    #[test]
    fn only_our_own_words_are_those_of_the_surface() {
        let server = "hint: use `--wait`";
        let refused = Failure::new(FailureKind::Refused, "refused").detail(server).hint("add `--wait 5m`");
        let told = super::failure(Surface::Action, &refused);
        assert_eq!((told.details, told.hint.as_deref()), (vec![server.to_owned()], Some("add `wait: 5m`")));
        let both = refused.and(vec![Failure::usage("`--wait` is too long")]).detail(server);
        let told = ["refused", "  hint: use `--wait`", "  hint: add `wait: 5m`", "`wait` is too long", server];
        assert_eq!(super::failure(Surface::Action, &both).details, told);
    }
}
