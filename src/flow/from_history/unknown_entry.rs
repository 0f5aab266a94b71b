//! A name that no entry of a file has or ever had, as far as its history tells.

use crate::flow::target_files::other_kustomizations::{kustomizations_with, places_with};
use crate::git::{RepositoryPath, Snapshot};
use crate::outcome::failure::Failure;
use crate::targets;
use crate::targets::Fields;

/// Returns the failure for a name that no entry or image has or ever had in the file at `path`.
pub(in crate::flow) fn never_was(
    name: &str,
    snapshot: &mut Snapshot<'_>,
    path: &RepositoryPath,
) -> Result<Failure, Failure> {
    let (file, text) = (path.as_str(), snapshot.file(path)?.to_vec());
    let entries = targets::entries(file, &text, None).unwrap_or_default();
    if targets::is_kustomization(file, &text) {
        return Ok(no_entry(name, &entries, file, &kustomizations_with(snapshot, name)));
    }
    let names: Vec<String> = entries.into_iter().map(|(name, _)| name).collect();
    let remedy = "write the name of the image in the file, or its path, such as `backend.image`";
    Ok(Failure::no_image(&[name], &names, &[path.to_string()], remedy))
}

/// Returns the failure for a name that no entry has or ever had in the file at `path`; the folders `others` have it.
fn no_entry(name: &str, entries: &[(String, Fields)], path: &str, others: &[String]) -> Failure {
    let names: Vec<String> = entries.iter().map(|(name, _)| name.clone()).collect();
    Failure::no_entry(&[name], &names, &[path.to_owned()], places_with(others, name).as_deref())
}
