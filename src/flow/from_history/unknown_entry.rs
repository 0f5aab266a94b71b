//! A name that no entry of a file has or ever had, as far as its history tells.

use crate::flow::target_files::other_kustomizations::{kustomizations_with, places_with};
use crate::git::{RepositoryPath, Snapshot};
use crate::outcome::failure::{Failure, NAME_OR_PATH};
use crate::targets;

/// Returns the failure for a name that no entry or image has or ever had in the file at `path`.
pub(in crate::flow) fn never_was(
    name: &str,
    snapshot: &mut Snapshot<'_>,
    path: &RepositoryPath,
) -> Result<Failure, Failure> {
    let (file, text) = (path.as_str(), snapshot.file(path)?.to_vec());
    let names = targets::entries(file, &text, None).unwrap_or_default().into_iter().map(|(name, _)| name);
    let (names, places): (Vec<String>, _) = (names.collect(), [file.to_owned()]);
    if targets::is_kustomization(file, &text) {
        let others = places_with(&kustomizations_with(snapshot, name), name);
        return Ok(Failure::no_entry(&[name], &names, &places, others.as_deref()));
    }
    Ok(Failure::no_image(&[name], &names, &places, NAME_OR_PATH))
}
