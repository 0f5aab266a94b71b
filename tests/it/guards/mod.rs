//! What stops a release: a newer one, a hold, a rule, or that the run was started by a release.

mod guard;
mod head_branch;
mod hold;
mod lines;
mod merged;
mod moved;
mod order;
mod ran_before;
mod registry_outages;
mod rules;
mod rules_file;
mod sources;
mod spellings;

/// Returns what is said of a late build of `tag`, if that of `earlier` is why it is late.
fn ran_before(tag: &str, earlier: &str) -> String {
    match tag == earlier {
        true => "before what it has now; only a newer build may follow".to_owned(),
        false => format!("before what it has now, and `{tag}` is not newer"),
    }
}
