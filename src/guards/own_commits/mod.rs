//! Whether a commit is a release of ours, told by its change and never by its author. A pipeline that watches the branch to
//! which it releases must not start itself, and a head branch on which a person worked must not be replaced.
//!
//! Read `own_commit` first, the judgement. `own_push` finds the commits of the push that started the run, and `merged_request`
//! those that one of them brought. `told_change` and `titled_change` compare a commit with what it says.

mod branch_update;
mod compared_commits;
mod compared_file;
pub(crate) mod generated_heads;
pub(crate) mod head_branch;
mod merged_request;
pub mod own_commit;
pub mod own_push;
mod titled_change;
mod told_change;
