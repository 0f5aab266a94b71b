//! RULES: what the people who own the release branch demand of every release, said once on the branch in `.tagship.yaml`.
//! Rules only add: no flag weakens one, and of several that match all must hold. `rules_file` reads a file, `judgement`
//! judges, and `branch_rules` finds the files that are for a release at the tip that is written on.

mod branch_rules;
mod freeze;
mod judgement;
mod rule;
mod rules_file;
mod typed_mapping;

pub use branch_rules::{ApplyingRule, RulesState, rules_for};
pub use freeze::{Freeze, FreezeError, FreezeTexts};
pub use judgement::{ReleaseContext, RuleJudgement, RuledEntry, judge_demand};
pub use rule::{Demand, Demanded, PublishWay, ReleaseRule, RequiredOrder, TagPattern};
pub use rules_file::{MAX_RULES_BYTES, RULES_FILE_NAME, RulesFile};
pub use typed_mapping::RulesRefusal;
