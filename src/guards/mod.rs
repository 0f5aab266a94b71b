//! What can stop a release: our own commit started the run, a newer release is there already, or a hold or a rule is on the
//! branch. Each guard is a pure judgement (`own_commit`, `order`, `hold_file`) and a reader that finds out what it has to
//! know (`own_push` with `merged_request`, `titled_change` and `told_change`, `order::running` and
//! `order::source_repository`, `hold`, `rules`). `head_branch` tells whether a release may take the place of an earlier
//! proposal. `branch_line` tells which commits the branch has been at, `claims` what they say that they released, and
//! `entry_history` what entries became, also in a file that was moved (`moved_file`). `near_names` finds holds and rules
//! files that are almost named as such, and `generated_heads` says where the head branches of releases are.

mod branch_line;
mod branch_update;
pub(crate) mod claims;
mod compared_commits;
mod compared_file;
pub(crate) mod entry_history;
mod file_entries;
pub(crate) mod generated_heads;
pub(crate) mod head_branch;
pub mod hold;
pub mod hold_file;
mod merged_request;
mod moved_file;
mod near_names;
pub mod order;
pub mod own_commit;
pub mod own_push;
pub mod rules;
mod spellings;
mod titled_change;
mod told_change;
