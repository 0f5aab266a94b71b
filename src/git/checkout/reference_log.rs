//! The logs of references, to which each move of HEAD is added. That comes last, when the files and the index of a release are
//! written already, so whether it can be done is found out before.

use std::io;
use std::path::{Path, PathBuf};

use gix::Repository;
use gix::bstr::ByteSlice as _;
use gix::refs::FullName;
use gix::refs::store::WriteReflog;

use super::ownership::hand_over;
use crate::git::error::GitError;
use crate::system::disk::appendable_file::{self, require_appendable};

/// Fails if the log of the reference `name`, which is made if it is missing, cannot be written. Empty folders in its place are
/// left from a branch that is gone, and are removed then.
pub(super) fn require_writable(repository: &Repository, name: &FullName) -> Result<(), GitError> {
    let Some((_, log)) = place(repository, name) else { return Ok(()) };
    require_appendable(&log)
        .map_err(|error| GitError::unexpected(format!("`{}` cannot be written", log.display()), error))
}

/// Adds a line to the log of the reference `name`. One that is missing is made for the references that git makes logs of.
pub(super) fn append(repository: &Repository, name: &FullName, line: &[u8]) -> io::Result<()> {
    let Some((folder, log)) = place(repository, name) else { return Ok(()) };
    let full = name.as_bstr();
    let is_usual = full == "HEAD"
        || ["heads", "remotes", "notes"].iter().any(|kind| full.starts_with_str(format!("refs/{kind}/")));
    let is_made = is_usual || repository.refs.write_reflog == WriteReflog::Always;
    gix::fs::dir::remove::empty_depth_first(log.clone()).ok();
    appendable_file::append(&log, line, is_made)?;
    hand_over(repository, folder, &log);
    Ok(())
}

/// Returns the path of the log of the reference `name`, and the folder of the repository that has it; `None` without logs.
fn place<'r>(repository: &'r Repository, name: &FullName) -> Option<(&'r Path, PathBuf)> {
    let folder = folder_of(repository, name);
    let log = folder.join("logs").join(name.as_bstr().to_path_lossy());
    (repository.refs.write_reflog != WriteReflog::Disable).then_some((folder, log))
}

/// Returns the folder that has the reference `name`: that of the work tree for HEAD and the like, else that of the repository.
pub(super) fn folder_of<'r>(repository: &'r Repository, name: &FullName) -> &'r Path {
    let is_of_work_tree = name.category().is_some_and(|category| category.is_worktree_private());
    if is_of_work_tree { repository.git_dir() } else { repository.common_dir() }
}
