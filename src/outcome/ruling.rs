//! What became of a rule on the branch: which one, for which entry, and if it does not hold, why, and what would satisfy it.

use std::fmt;

use super::place_in_file::Place;
use super::{StopKind, Stopped};
use crate::message::each_once;

/// One demand of one rule, judged for one entry; or a rules file that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The place of the demand in the rules file.
    pub place: Place,
    /// How the rule is called there.
    pub rule: Option<String>,
    /// What must hold; `None`: the rules file cannot be understood.
    pub demand: Option<RuleDemand>,
    /// The file that the rule is for.
    pub file: String,
    /// The entry that was judged; `None`: all below the rules file.
    pub entry: Option<String>,
    pub verdict: RuleVerdict,
}

/// What a rule can demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleDemand {
    Images,
    Tags,
    Platforms,
    PinDigest,
    Revision,
    Signature,
    Provenance,
    Attestations,
    Publish,
    Order,
    Freeze,
}

/// What became of a demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleVerdict {
    Holds,
    Broken(BrokenRule),
    /// It is about a release, and nothing is released.
    NotJudged,
}

/// Why a rule does not hold, and what would satisfy it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenRule {
    pub why: String,
    pub remedy: String,
}

impl RuleDemand {
    /// All of them, in the order in which they are judged and told.
    pub const ALL: [Self; 11] = [
        Self::Images,
        Self::Tags,
        Self::Platforms,
        Self::PinDigest,
        Self::Revision,
        Self::Signature,
        Self::Provenance,
        Self::Attestations,
        Self::Publish,
        Self::Order,
        Self::Freeze,
    ];

    /// Returns its key in the rules file, by which it is told too.
    pub fn word(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Tags => "tags",
            Self::Platforms => "platforms",
            Self::PinDigest => "pin-digest",
            Self::Revision => "revision",
            Self::Signature => "signature",
            Self::Provenance => "provenance",
            Self::Attestations => "attestations",
            Self::Publish => "publish",
            Self::Order => "order",
            Self::Freeze => "freeze",
        }
    }
}

impl Ruling {
    /// Returns where the rule is, and how it is called: `.tagship.yaml:3 (production)`.
    pub fn source(&self) -> String {
        let name = self.rule.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
        format!("{}:{}{name}", self.place.file, self.place.line)
    }

    /// Returns why it does not hold; `None` if it does, or is not judged.
    pub fn broken(&self) -> Option<&BrokenRule> {
        match &self.verdict {
            RuleVerdict::Broken(broken) => Some(broken),
            RuleVerdict::Holds | RuleVerdict::NotJudged => None,
        }
    }

    /// Returns a sentence for each of the rulings that stop a release; each sentence once.
    pub fn sentences(rulings: &[Self]) -> Vec<String> {
        each_once(rulings.iter().filter(|ruling| ruling.broken().is_some()).map(ToString::to_string))
    }

    /// Returns how they stop a release; `None` if none does.
    pub fn stop(rulings: &[Self]) -> Option<Stopped> {
        let sentences = Self::sentences(rulings);
        (!sentences.is_empty()).then(|| Stopped { kind: StopKind::Ruled, reason: sentences.join("; ") })
    }
}

impl fmt::Display for Ruling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = self.source();
        let demand = self.demand.map(RuleDemand::word);
        let Some(BrokenRule { why, remedy }) = self.broken() else {
            let (demand, entry) = (demand.unwrap_or_default(), self.entry.as_deref().unwrap_or_default());
            return write!(f, "the rule `{source}` does not stop `{entry}` by `{demand}`");
        };
        match (demand, &self.entry) {
            (Some(demand), Some(_)) => write!(f, "the rule `{source}` stops this by `{demand}`: {why}; {remedy}"),
            _ => {
                let end = if why.ends_with('?') { "" } else { ";" };
                write!(f, "the rules in `{source}` stop this: {why}{end} {remedy}")
            }
        }
    }
}
