//! The remote-tracking branch of a branch that was pushed. It is moved last, and as `git push` does it: if it cannot be moved,
//! that is told, and nothing else depends on it.

use gix::actor::SignatureRef;
use gix::bstr::{BStr, ByteSlice as _};
use gix::lock::acquire::Fail;
use gix::refs::FullName;
use gix::{ObjectId, Repository};

use super::locked_reference::{LockedReference, end_of};
use crate::git::error::{GitError, io_cause};

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
    let locked = LockedReference::acquire(repository, name.as_bstr(), commit, Fail::Immediately);
    locked.and_then(|locked| locked.move_it(committer, "update by push")).map_err(failed)
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
