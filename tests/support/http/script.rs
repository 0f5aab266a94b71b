//! A table of faults to come: which requests they hit, how often, and what they do.

use std::sync::Mutex;

use super::{Head, lock};

/// For a fault that never ends.
pub const ALWAYS: usize = usize::MAX;

/// Faults of one server, in the order in which they were added.
pub struct Script<F>(Mutex<Vec<Rule<F>>>);

struct Rule<F> {
    pattern: String,
    times_left: usize,
    fault: F,
}

impl<F> Default for Script<F> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<F: Clone> Script<F> {
    /// Adds a fault for the next `times` requests that begin with `pattern`: `METHOD /path?query`, or `/path?query` for
    /// every method.
    ///
    /// # Panics
    /// If a fault that never ends hits all these requests already, so that this one would never happen.
    #[track_caller]
    pub fn add(&self, pattern: &str, times: usize, fault: F) {
        let mut rules = lock(&self.0);
        let hides = |rule: &&Rule<F>| rule.times_left == ALWAYS && pattern.starts_with(&rule.pattern);
        let hidden_by = rules.iter().find(hides).map(|rule| rule.pattern.clone());
        assert!(hidden_by.is_none(), "`{pattern}` is hidden by the fault of `{}`", hidden_by.unwrap_or_default());
        rules.push(Rule { pattern: pattern.to_owned(), times_left: times, fault });
    }

    /// Returns the first fault for a request that fits the moment, which `is_due` knows, and counts it.
    pub fn take(&self, head: &Head, is_due: impl Fn(&F) -> bool) -> Option<F> {
        let target = head.target();
        let line = format!("{} {target}", head.method);
        let mut rules = lock(&self.0);
        let rule = rules.iter_mut().find(|rule| {
            let hit = if rule.pattern.starts_with('/') { &target } else { &line };
            rule.times_left > 0 && hit.starts_with(&rule.pattern) && is_due(&rule.fault)
        })?;
        if rule.times_left != ALWAYS {
            rule.times_left -= 1;
        }
        Some(rule.fault.clone())
    }
}
