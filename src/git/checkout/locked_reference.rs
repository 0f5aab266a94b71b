//! The references of a checkout: what they lead to, and how they are moved. As in git, each that leads to the one that moves is
//! locked and gets a line in its log, and `packed-refs` is not locked, because it is not written. gix would lock it, and a
//! process that was killed may have left that lock behind.

use std::io::Write as _;

use gix::ObjectId;
use gix::Repository;
use gix::actor::SignatureRef;
use gix::bstr::{BStr, ByteSlice as _};
use gix::lock::acquire::Fail;
use gix::refs::{FullName, Target};

use super::ownership::hand_over;
use super::reference_log::{append, folder_of};
use crate::git::objects::store::HASH;

/// The most symbolic references that lead from one to the next, as for git.
const MAX_SYMBOLIC: usize = 5;

/// A reference that is locked, to move it to a commit.
pub(super) struct LockedReference<'r> {
    repository: &'r Repository,
    /// The symbolic ones that lead to it come first.
    locks: Vec<(FullName, gix::lock::File)>,
    old: Option<ObjectId>,
    new: ObjectId,
}

impl<'r> LockedReference<'r> {
    /// Locks the reference to which `name` leads, to move it to `new`.
    pub(super) fn acquire(repository: &'r Repository, name: &BStr, new: ObjectId, wait: Fail) -> gix::Result<Self> {
        let mut locks = Vec::new();
        let (_, old) = follow(repository, name, |name| {
            let folder = folder_of(repository, name);
            // Folders that are missing above it are made.
            let above = if name.as_bstr().starts_with(b"refs/") { folder.join("refs") } else { folder.to_owned() };
            let path = folder.join(name.as_bstr().to_path_lossy());
            let lock = gix::lock::File::acquire_to_update_resource(path, wait, Some(above), 0)?;
            locks.push((name.clone(), lock));
            Ok(())
        })?;
        if let Some((_, lock)) = locks.last_mut() {
            writeln!(lock, "{new}").map_err(gix::Error::from_error)?;
        }
        Ok(Self { repository, locks, old, new })
    }

    /// Returns the names of the references that are locked.
    pub(super) fn names(&self) -> impl Iterator<Item = &FullName> {
        self.locks.iter().map(|(name, _)| name)
    }

    /// Moves the reference.
    pub(super) fn move_it(self, committer: SignatureRef<'_>, message: &str) -> gix::Result<()> {
        let Self { repository, mut locks, old, new } = self;
        if old == Some(new) {
            return Ok(());
        }
        let mut line = format!("{} {new} ", old.unwrap_or(HASH.null())).into_bytes();
        committer.trim().write_to(&mut line).map_err(gix::Error::from_error)?;
        writeln!(line, "\t{message}").map_err(gix::Error::from_error)?;
        for (name, _) in &locks {
            append(repository, name, &line).map_err(gix::Error::from_error)?;
        }
        if let Some((name, lock)) = locks.pop() {
            let path = lock.resource_path();
            // Empty folders in its place are left from a reference that is gone.
            gix::fs::dir::remove::empty_depth_first(path.clone()).ok();
            lock.commit().map_err(|refused| gix::Error::from_error(refused.error))?;
            hand_over(repository, folder_of(repository, &name), &path);
        }
        Ok(())
    }
}

/// Returns the reference to which `name` leads, itself unless it is symbolic, and its object; `None` if it is not there.
pub(super) fn end_of(repository: &Repository, name: &BStr) -> gix::Result<(FullName, Option<ObjectId>)> {
    follow(repository, name, |_| Ok(()))
}

/// Returns what [`end_of`] does, and calls `before` with each reference on the way before it is read.
fn follow(
    repository: &Repository,
    name: &BStr,
    mut before: impl FnMut(&FullName) -> gix::Result<()>,
) -> gix::Result<(FullName, Option<ObjectId>)> {
    let mut name = FullName::try_from(name).map_err(gix::Error::from_error)?;
    for _ in 0..=MAX_SYMBOLIC {
        before(&name)?;
        if let Some(next) = linked(repository, &name) {
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
/// leads to.
fn linked(repository: &Repository, name: &FullName) -> Option<FullName> {
    let target = std::fs::read_link(folder_of(repository, name).join(name.as_bstr().to_str().ok()?)).ok()?;
    let target = target.to_str().filter(|target| target.starts_with("refs/"))?;
    FullName::try_from(target).ok()
}
