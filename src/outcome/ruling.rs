//! What became of a rule on the branch: which one, for which entry, and if it does not hold, why, and what would satisfy it.

use std::fmt;

use super::failure::Place;

/// One demand of one rule, judged for one entry; or a rules file that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The place of the demand in the rules file.
    pub place: Place,
    /// How the rule is called there.
    pub rule: Option<String>,
    /// The key of what must hold; `None`: the rules file cannot be understood.
    pub demand: Option<&'static str>,
    /// The file that the rule is for.
    pub file: String,
    /// The entry that was judged; `None`: all below the rules file.
    pub entry: Option<String>,
    /// `None`: it holds.
    pub broken: Option<BrokenRule>,
}

/// Why a rule does not hold, and what would satisfy it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenRule {
    pub why: String,
    pub remedy: String,
}

impl Ruling {
    /// Returns where the rule is, and how it is called: `.tagship.yaml:3 (production)`.
    pub fn source(&self) -> String {
        let name = self.rule.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
        format!("{}:{}{name}", self.place.file, self.place.line)
    }

    /// Returns the rulings that stop a release as one sentence; `None` if all hold.
    pub fn reason(rulings: &[Self]) -> Option<String> {
        let broken: Vec<String> =
            rulings.iter().filter(|ruling| ruling.broken.is_some()).map(ToString::to_string).collect();
        (!broken.is_empty()).then(|| broken.join("; "))
    }
}

impl fmt::Display for Ruling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = self.source();
        match (&self.broken, self.demand, &self.entry) {
            (Some(BrokenRule { why, remedy }), Some(demand), Some(_)) => {
                write!(f, "the rule `{source}` stops this by `{demand}`: {why}; {remedy}")
            }
            (Some(BrokenRule { why, remedy }), ..) => write!(f, "the rules in `{source}` stop this: {why}; {remedy}"),
            (None, demand, entry) => {
                let (demand, entry) = (demand.unwrap_or_default(), entry.as_deref().unwrap_or_default());
                write!(f, "the rule `{source}` holds for `{entry}` by `{demand}`")
            }
        }
    }
}
