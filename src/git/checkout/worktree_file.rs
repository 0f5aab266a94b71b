//! What the work tree has at the path of a file. As for git, no symbolic link is followed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::git::objects::name::RepositoryPath;

/// What is at the path of a file.
pub(super) enum OnDisk {
    File(PathBuf),
    Absent,
    /// A link or anything else that is no file, or one of these in place of a folder above it.
    Other,
}

/// Looks for the file at `path` below `root`.
pub(in crate::git) fn look(root: &Path, path: &RepositoryPath) -> io::Result<OnDisk> {
    let mut at = root.to_owned();
    let mut rest = path.parts().peekable();
    while let Some(part) = rest.next() {
        at.push(part);
        let kind = match fs::symlink_metadata(&at) {
            Ok(metadata) => metadata.file_type(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(OnDisk::Absent),
            Err(error) => return Err(error),
        };
        let fits = if rest.peek().is_some() { kind.is_dir() } else { kind.is_file() };
        if !fits {
            return Ok(OnDisk::Other);
        }
    }
    Ok(OnDisk::File(at))
}
