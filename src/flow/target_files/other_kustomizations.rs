//! Which other kustomizations of a repository have an entry: told if the named one has none, because a base is easily taken for
//! its overlay. It only adds to a message, so what cannot be read is left out.

use std::path::{Component, Path, PathBuf};

use crate::git::{RepositoryPath, Snapshot};
use crate::system::disk::files::FileLocation;
use crate::system::disk::found_files;
use crate::targets::kustomization;

/// How many folders are looked into, how many kustomizations are read, and how many are told.
const MAX_FOLDERS: usize = 2000;
const MAX_READ: usize = 100;
const MAX_TOLD: usize = 4;

/// Returns the folders of the other kustomizations that have an entry `name`, as far as the repository's folders are at hand:
/// those that were fetched, and those that the checkout has.
pub(in crate::flow) fn kustomizations_with(snapshot: &mut Snapshot<'_>, name: &str) -> Vec<String> {
    let paths = files_at_hand(snapshot, kustomization::is_kustomization_name, MAX_READ);
    let with_entry = paths.iter().filter(|path| snapshot.file(path).is_ok_and(|text| has_entry(text, name)));
    with_entry.map(|path| path.folder().to_string()).take(MAX_TOLD).collect()
}

/// Returns up to `max` of the files whose names are wanted, and reads them, as far as the repository's folders are at hand.
pub(super) fn files_at_hand(
    snapshot: &mut Snapshot<'_>,
    is_wanted: impl Fn(&str) -> bool,
    max: usize,
) -> Vec<RepositoryPath> {
    let root = RepositoryPath::root();
    let here =
        snapshot.copy_folders_of_checkout(&root, MAX_FOLDERS).and_then(|()| snapshot.files_below(&root, is_wanted));
    let mut paths = here.ok().flatten().unwrap_or_default();
    paths.sort_unstable();
    paths.truncate(max);
    match snapshot.load_if_room(&paths) {
        Ok(true) => paths,
        Ok(false) | Err(_) => Vec::new(),
    }
}

/// Returns the folders of the kustomizations on disk below `root` that have an entry `name`, as they are named in the folder
/// `here`.
pub(in crate::flow) fn on_disk(root: &Path, here: &Path, name: &str) -> Vec<String> {
    let mut paths = found_files::named_below(root, &kustomization::FILE_NAMES, MAX_FOLDERS);
    paths.sort_unstable();
    paths.truncate(MAX_READ);
    let text = |path: &Path| FileLocation::below(root, path, path.to_owned()).and_then(|place| place.read());
    let with_entry = paths.iter().filter(|path| text(path).is_ok_and(|text| has_entry(&text, name)));
    let folders = with_entry.filter_map(|path| path.parent());
    folders.map(|folder| seen_from(here, folder).display().to_string()).take(MAX_TOLD).collect()
}

/// Returns what to do if the folders `places` have an entry `name`; `None` if there are none.
pub(in crate::flow) fn places_with(places: &[String], name: &str) -> Option<String> {
    match places {
        [] => None,
        [one] => Some(format!("`{one}` has an entry `{name}`; name it with `-k`")),
        [first @ .., last] => {
            Some(format!("`{}` and `{last}` have an entry `{name}`; name one with `-k`", first.join("`, `")))
        }
    }
}

fn has_entry(text: &[u8], name: &str) -> bool {
    kustomization::entries(text).is_ok_and(|entries| entries.iter().any(|(other, _)| other == name))
}

/// Returns an absolute path as it is written in the folder `here`.
fn seen_from(here: &Path, path: &Path) -> PathBuf {
    let shared = here.components().zip(path.components()).take_while(|(here, path)| here == path).count();
    let up = here.components().skip(shared).map(|_| Component::ParentDir);
    let seen: PathBuf = up.chain(path.components().skip(shared)).collect();
    if seen.as_os_str().is_empty() { PathBuf::from(".") } else { seen }
}
