//! Finds files on the branch that are almost named as a hold or a rules file. They stop nothing, and their owners believe that
//! they do.

use std::collections::BTreeSet;

use crate::git::{RepositoryPath, Snapshot, TreeEntry};
use crate::outcome::failure::Failure;

/// Returns the files in `folders` that are not named `name`, and begin as one of `stems` if only letters and digits count, in
/// lower case.
pub(super) fn near_names(
    snapshot: &Snapshot<'_>,
    folders: &BTreeSet<RepositoryPath>,
    name: &str,
    stems: &[&str],
) -> Result<Vec<RepositoryPath>, Failure> {
    let is_near = |found: &&str| {
        let plain: String = found.chars().filter(char::is_ascii_alphanumeric).collect();
        *found != name && stems.iter().any(|stem| plain.to_ascii_lowercase().starts_with(stem))
    };
    let mut near = Vec::new();
    for folder in folders {
        let TreeEntry::Directory(names) = snapshot.entry(folder)? else { continue };
        near.extend(names.into_iter().filter(is_near).map(|name| folder.join(name)));
    }
    Ok(near)
}
