//! The logs of references, to which each move of HEAD is added. gix opens them last, when the files and the index of a release
//! are written already.

use std::io::ErrorKind;

use gix::Repository;
use gix::bstr::{BStr, ByteSlice as _};
use gix::refs::store::WriteReflog;

use crate::git::error::GitError;
use crate::system::files::require_appendable;

/// Fails if there is a log of the reference `name` that cannot be written. One that is missing is made, and a folder in its place
/// is left from a branch that is gone.
pub(super) fn require_writable(repository: &Repository, name: &BStr) -> Result<(), GitError> {
    let folder = if name.starts_with(b"refs/") { repository.common_dir() } else { repository.git_dir() };
    let log = folder.join("logs").join(name.to_path_lossy());
    match require_appendable(&log) {
        Err(error)
            if repository.refs.write_reflog != WriteReflog::Disable
                && error.kind() != ErrorKind::NotFound
                && !log.is_dir() =>
        {
            Err(GitError::unexpected(format!("`{}` cannot be written", log.display()), error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
