//! Files that are added to, such as logs, and whether that can be done, which is found out before anything is written.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
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

/// Adds `bytes` to the file at `path`. One that is not there is made, with the folders above it, if `is_made` says so.
pub fn append(path: &Path, bytes: &[u8], is_made: bool) -> io::Result<()> {
    if let (true, Some(above)) = (is_made, path.parent()) {
        fs::create_dir_all(above)?;
    }
    match OpenOptions::new().append(true).create(is_made).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        opened => opened?.write_all(bytes),
    }
}

/// Returns whether there are only folders in a folder, and in those.
fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().all(|entry| is_empty(&entry.path())))
}
