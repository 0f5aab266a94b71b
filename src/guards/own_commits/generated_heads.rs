//! Where the head branches of releases are if the user names none. `flow/release_branch/head_name` names the branches there, and
//! `merged_request` looks among them for the releases that a squash repeats: a folder that only one of them knew would let a
//! release start itself again.

/// Returns what the names of these head branches begin with, for releases to `base`.
pub(crate) fn folder_of_heads(base: &str) -> String {
    format!("tagship/{base}/")
}
