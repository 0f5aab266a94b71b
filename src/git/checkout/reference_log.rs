//! The logs of references, to which each move of HEAD is added. gix opens them last, when the files and the index of a release
//! are written already.

use gix::Repository;
use gix::bstr::{BStr, ByteSlice as _};
use gix::refs::store::WriteReflog;

use crate::git::error::GitError;
use crate::system::disk::appendable_file::require_appendable;

/// Fails if the log of the reference `name`, which is made if it is missing, cannot be written. Empty folders in its place are
/// left from a branch that is gone, and are removed then.
pub(super) fn require_writable(repository: &Repository, name: &BStr) -> Result<(), GitError> {
    if repository.refs.write_reflog == WriteReflog::Disable {
        return Ok(());
    }
    let folder = if name.starts_with(b"refs/") { repository.common_dir() } else { repository.git_dir() };
    let log = folder.join("logs").join(name.to_path_lossy());
    require_appendable(&log)
        .map_err(|error| GitError::unexpected(format!("`{}` cannot be written", log.display()), error))
}
