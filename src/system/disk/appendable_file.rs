//! Whether a file can be added to, found out before anything is written. gix, which adds to the logs, finds it out too late.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

/// Fails if the file at `path` cannot be added to. If it is not there, or empty folders are in its place, it fails if the
/// nearest folder above takes no new file. Nothing that is there changes.
pub fn require_appendable(path: &Path) -> io::Result<()> {
    match OpenOptions::new().append(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound || is_empty(path) => {
            let above = path.ancestors().skip(1).find(|folder| folder.symlink_metadata().is_ok());
            above.map_or(Err(error), |folder| tempfile::tempfile_in(folder).map(drop))
        }
        opened => opened.map(drop),
    }
}

/// Returns whether there are only folders in a folder, and in those.
fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().all(|entry| is_empty(&entry.path())))
}
