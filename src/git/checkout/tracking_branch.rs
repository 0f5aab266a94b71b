//! The remote-tracking branch of a branch that was pushed. It is moved last, and as `git push` does it: if it cannot be moved,
//! that is told, and nothing else depends on it.

use gix::actor::SignatureRef;
use gix::bstr::{BStr, ByteSlice as _};
use gix::lock::acquire::Fail;
use gix::refs::file::Transaction;
use gix::refs::transaction::{PreviousValue, RefEdit};
use gix::refs::{FullName, Target};
use gix::{ObjectId, Repository};

use super::ownership::hand_over;
use crate::git::error::{GitError, io_cause};

/// The most symbolic references that lead from one to the next, as for git.
const MAX_SYMBOLIC: usize = 5;

/// A remote-tracking branch that stays where it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` was not moved: {why}")]
pub struct NotTracked {
    name: String,
    why: String,
}

/// Moves the remote-tracking branch `name` to `commit`. One that is symbolic stays that, and the branch that it names is moved.
pub(super) fn track(
    repository: &Repository,
    name: &str,
    commit: ObjectId,
    committer: SignatureRef<'_>,
) -> Result<(), NotTracked> {
    let stays = |why: String| NotTracked { name: name.to_owned(), why };
    let failed = |error: gix::Error| {
        let error = GitError::unexpected("it cannot be written", error);
        stays(match io_cause(&error) {
            Some(cause) if !error.is_locked() => cause.to_string(),
            _ => error.told(),
        })
    };
    let name = FullName::try_from(name).map_err(|error| stays(error.to_string()))?;
    let (last, now) = end_of(repository, name.as_bstr()).map_err(failed)?;
    // HEAD may be on it, and has moved.
    if now == Some(commit) {
        return Ok(());
    }
    // gix does not look for these among packed references, and git cannot read both.
    if now.is_none()
        && let Some(other) = in_the_way(repository, last.as_bstr()).map_err(failed)?
    {
        return Err(stays(format!(
            "`{other}` is in its place; `git fetch --prune` deletes what the remote does not have"
        )));
    }
    let edit = RefEdit::update(name, commit, PreviousValue::Any, "update by push").with_deref(true);
    let prepared = repository.refs.transaction().prepare([edit], Fail::Immediately, Fail::Immediately);
    prepared.and_then(|prepared| commit_edits(repository, prepared, committer)).map_err(failed)
}

/// Commits the edits of a transaction, whose files are then those of the repository's users.
pub(super) fn commit_edits(
    repository: &Repository,
    prepared: Transaction<'_, '_>,
    committer: SignatureRef<'_>,
) -> gix::Result<()> {
    let edits = prepared.commit(committer)?;
    for root in [repository.git_dir(), repository.common_dir()] {
        for edit in &edits {
            let name = std::path::PathBuf::from(edit.name.as_bstr().to_string());
            hand_over(repository, root, &root.join(&name));
            hand_over(repository, root, &root.join("logs").join(name));
        }
    }
    Ok(())
}

/// Returns the reference to which `name` leads, itself unless it is symbolic, and its object; `None` if it is not there.
pub(super) fn end_of(repository: &Repository, name: &BStr) -> gix::Result<(FullName, Option<ObjectId>)> {
    let mut name = FullName::try_from(name).map_err(gix::Error::from_error)?;
    for _ in 0..=MAX_SYMBOLIC {
        if let Some(next) = linked(repository, name.as_bstr()) {
            name = next;
            continue;
        }
        let found = repository.refs.try_find(name.as_ref())?.filter(|found| found.name == name);
        match found.map(|found| found.target) {
            Some(Target::Symbolic(next)) => name = next,
            Some(Target::Object(id)) => return Ok((name, Some(id))),
            None => return Ok((name, None)),
        }
    }
    Err(gix::Error::from_error(std::io::Error::other(format!("`{name}` is symbolic too often", name = name.as_bstr()))))
}

/// Returns the reference that `name` is a symbolic link to, as `core.preferSymlinkRefs` makes it. gix reads what the link
/// leads to, and would write a file in its place.
pub(super) fn linked(repository: &Repository, name: &BStr) -> Option<FullName> {
    let folder = if name.starts_with(b"refs/") { repository.common_dir() } else { repository.git_dir() };
    let target = std::fs::read_link(folder.join(name.to_str().ok()?)).ok()?;
    let target = target.to_str().filter(|target| target.starts_with("refs/"))?;
    FullName::try_from(target).ok()
}

/// Returns a reference that cannot be there beside `name`: its name is a folder of the other one.
fn in_the_way(repository: &Repository, name: &BStr) -> gix::Result<Option<String>> {
    let text = name.to_str_lossy();
    for (slash, _) in text.match_indices('/').filter(|(slash, _)| text[..*slash].matches('/').count() > 1) {
        let above = FullName::try_from(text[..slash].as_bytes().as_bstr()).map_err(gix::Error::from_error)?;
        if repository.refs.try_find(above.as_ref())?.is_some_and(|found| found.name == above) {
            return Ok(Some(above.as_bstr().to_string()));
        }
    }
    let below = format!("{text}/");
    let references = repository.references()?;
    let mut found = references.prefixed(below.as_str())?;
    Ok(found.find_map(Result::ok).map(|reference| reference.name().as_bstr().to_string()))
}
