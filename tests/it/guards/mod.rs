//! What stops a release: a newer one, a hold, a rule, or that the run was started by a release.

mod guard;
mod head_branch;
mod hold;
mod lines;
mod merged;
mod moved;
mod order;
mod rules;
mod rules_file;
mod sources;
mod spellings;
