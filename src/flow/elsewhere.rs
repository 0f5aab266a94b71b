//! Where else in a repository an entry is: told if the named kustomization has none, because a base is easily taken for its
//! overlay.

use crate::git::{RepositoryPath, Snapshot};
use crate::targets::kustomization;

/// How many kustomizations are looked into, and how many are told.
const MOST_READ: usize = 100;
const MOST_TOLD: usize = 4;

/// Returns the folders of the other kustomizations that have an entry `name`, as far as the repository's folders are at hand.
/// It only adds to a message, so what cannot be read is left out.
pub(super) fn kustomizations_with(snapshot: &mut Snapshot<'_>, name: &str) -> Vec<String> {
    let Ok(Some(mut paths)) = snapshot.files_below(&RepositoryPath::root(), &kustomization::FILE_NAMES) else {
        return Vec::new();
    };
    paths.sort_by_key(ToString::to_string);
    paths.truncate(MOST_READ);
    if snapshot.load(&paths).is_err() {
        return Vec::new();
    }
    let has_entry = |path: &&RepositoryPath| {
        let entries = snapshot.file(path).ok().and_then(|text| kustomization::entries(text).ok()).unwrap_or_default();
        entries.iter().any(|(other, _)| other == name)
    };
    paths.iter().filter(has_entry).map(folder).take(MOST_TOLD).collect()
}

fn folder(path: &RepositoryPath) -> String {
    let path = path.to_string();
    path.rsplit_once('/').map_or_else(|| ".".to_owned(), |(folder, _)| folder.to_owned())
}
