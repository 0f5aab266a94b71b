//! Files on disk, read whole, and replaced all or none: for `set`, and where a checkout follows a commit. What is released
//! is never read here.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Returns the names in a folder; those that are not UTF-8 are left out.
pub fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir()
            && let Ok(name) = entry.file_name().into_string()
        {
            names.push(name);
        }
    }
    Ok(names)
}

/// A new content for a file, complete on disk beside it.
struct Staged {
    /// The file itself, symbolic links followed: a link stays a link.
    target: PathBuf,
    new: NamedTempFile,
    old: NamedTempFile,
}

/// Files that were replaced. Dropped, they stay so.
#[derive(Default)]
pub struct Replaced {
    /// Each file with its old content, complete on disk beside it.
    old: Vec<(PathBuf, NamedTempFile)>,
}

impl Replaced {
    /// Puts the old contents back.
    pub fn undo(self) -> io::Result<()> {
        for (target, old) in self.old {
            old.persist(&target).map_err(|failed| at(&target, failed.error))?;
        }
        Ok(())
    }
}

/// Replaces the content of all `files`, or of none. Modes and symbolic links stay.
pub fn replace(files: &[(&Path, &[u8])]) -> io::Result<Replaced> {
    let staged: Vec<_> = files.iter().map(|(path, bytes)| stage(path, bytes)).collect::<Result<_, _>>()?;
    let mut replaced = Replaced::default();
    for Staged { target, new, old } in staged {
        match new.persist(&target) {
            Ok(_) => replaced.old.push((target, old)),
            Err(failed) => {
                let failure = at(&target, failed.error);
                return Err(match replaced.undo() {
                    Ok(()) => failure,
                    Err(worse) => io::Error::new(failure.kind(), format!("{failure}; and {worse}")),
                });
            }
        }
    }
    Ok(replaced)
}

fn stage(path: &Path, bytes: &[u8]) -> io::Result<Staged> {
    let target = path.canonicalize().map_err(|error| at(path, error))?;
    // A rename would replace even a file that must not be written; opening it asks.
    let file = OpenOptions::new().read(true).write(true).open(&target).map_err(|error| at(path, error))?;
    let old = fs::read(&target).map_err(|error| at(path, error))?;
    let new = beside(&target, &file, bytes).map_err(|error| at(path, error))?;
    let old = beside(&target, &file, &old).map_err(|error| at(path, error))?;
    Ok(Staged { target, new, old })
}

fn beside(target: &Path, file: &File, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let folder = target.parent().unwrap_or(Path::new("/"));
    let mut copy = tempfile::Builder::new().prefix(".tagship-").tempfile_in(folder)?;
    copy.write_all(bytes)?;
    let metadata = file.metadata()?;
    keep_owner(copy.as_file(), &metadata);
    copy.as_file().set_permissions(metadata.permissions())?;
    copy.as_file().sync_all()?;
    Ok(copy)
}

/// A file stays its owner's, as far as we may give files away: a container that runs as root would else keep it for itself.
#[cfg(unix)]
fn keep_owner(copy: &File, metadata: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    fchown(copy, Some(metadata.uid()), Some(metadata.gid())).ok();
}

#[cfg(not(unix))]
fn keep_owner(_copy: &File, _metadata: &fs::Metadata) {}

fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot write `{}`: {error}", path.display()))
}

#[cfg(all(test, unix))]
#[expect(clippy::disallowed_methods, reason = "tests lay out their files")]
mod tests {
    use super::{names, replace};
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn mode_and_link_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o754)).unwrap();
        symlink("file", &link).unwrap();
        replace(&[(&link, b"new")]).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert!(link.is_symlink());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o754);
        assert_eq!(names(folder.path()).unwrap().len(), 2, "nothing is left behind");
    }

    #[test]
    fn undone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "old").unwrap();
        let replaced = replace(&[(&file, b"new")]).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        replaced.undo().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        assert_eq!(names(folder.path()).unwrap(), ["file"], "nothing is left behind");
    }

    #[test]
    fn all_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let (file, missing) = (folder.path().join("file"), folder.path().join("missing"));
        fs::write(&file, "old").unwrap();
        let error = replace(&[(&file, b"new"), (&missing, b"new")]).map(drop).unwrap_err();
        assert!(error.to_string().contains("missing"), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        assert_eq!(names(folder.path()).unwrap(), ["file"]);
    }
}
