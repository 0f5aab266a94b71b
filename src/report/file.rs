//! Files that results are written to: replaced whole, or appended to if a CI system collects the results of several steps.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

/// Replaces the file at `path`, or creates it; a reader never sees half of it. Fails if the path is not a file: a rename would
/// replace a device, or a link that leads to one.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = &without_dots(&std::path::absolute(path)?);
    let folder = folder(path)?;
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => return Err(unusable(A_LINK)),
        Ok(metadata) if !metadata.is_file() => return Err(unusable(NOT_A_FILE)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut builder = tempfile::Builder::new();
    let mut new = readable(builder.prefix(".tagship-")).tempfile_in(folder).map_err(without_our_name)?;
    new.write_all(text.as_bytes()).map_err(without_our_name)?;
    new.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

/// Returns an error without the name of the temporary file, which nothing outside knows.
fn without_our_name(error: io::Error) -> io::Error {
    match error.to_string().split_once(" at path ") {
        Some((why, _)) => io::Error::new(error.kind(), why),
        None => error,
    }
}

/// Returns the folder of a file, which no link may lead to if it is below the current folder: the branch that is checked out
/// here may have links.
fn folder(path: &Path) -> io::Result<&Path> {
    let folder = path.parent().unwrap_or(path);
    if is_here(folder)? && !folder.canonicalize()?.starts_with(env::current_dir()?.canonicalize()?) {
        let what = "a link leads out of the current folder; name the folder that it leads to";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
    }
    Ok(folder)
}

/// Returns whether a path is below the current folder as it is written, which may call that folder by a link. The root is no
/// checkout, and all would be below it.
fn is_here(path: &Path) -> io::Result<bool> {
    let here = env::current_dir()?.canonicalize()?;
    Ok(here.parent().is_some()
        && path.ancestors().any(|folder| folder.canonicalize().is_ok_and(|folder| folder == here)))
}

/// Returns an absolute path with each `..` taken for the folder above, as it is written: behind a link, the system would
/// go elsewhere.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

/// Lets others read the file as far as the process's mask does: results are for other programs.
#[cfg(unix)]
fn readable<'a, 'p, 's>(builder: &'a mut tempfile::Builder<'p, 's>) -> &'a mut tempfile::Builder<'p, 's> {
    use std::os::unix::fs::PermissionsExt as _;
    builder.permissions(fs::Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn readable<'a, 'p, 's>(builder: &'a mut tempfile::Builder<'p, 's>) -> &'a mut tempfile::Builder<'p, 's> {
    builder
}

/// Appends to the file at `path`, or creates it. Outside the current folder it may be a link, as a runner may have it.
pub(super) fn append(path: &Path, text: &str) -> io::Result<()> {
    let path = &without_dots(&std::path::absolute(path)?);
    folder(path)?;
    if is_here(path)? && path.is_symlink() {
        return Err(unusable(A_LINK));
    }
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(unusable(NOT_A_FILE));
    }
    OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes())
}

const A_LINK: &str = "it is a symbolic link; name the file itself";

const NOT_A_FILE: &str = "it is not a file";

fn unusable(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

#[cfg(all(test, unix))]
#[expect(clippy::disallowed_methods, reason = "tests lay out their files")]
mod tests {
    use super::{append, replace};
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn files_are_replaced_and_appended_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result");
        replace(&path, "one").unwrap();
        replace(&path, "two").unwrap();
        append(&path, " three").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two three");
        let plain = folder.path().join("plain");
        fs::write(&plain, "").unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&plain), "others may read it as they may any file");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left behind");
    }

    /// The folder of a test is the root of the package.
    #[test]
    fn no_link_leads_out_of_the_current_folder() {
        let elsewhere = tempfile::tempdir().unwrap();
        fs::create_dir_all("target").unwrap();
        let here = tempfile::tempdir_in("target").unwrap();
        let (out, inside) = (here.path().join("out"), here.path().join("inside"));
        symlink(elsewhere.path(), &out).unwrap();
        symlink(".", &inside).unwrap();
        let root = elsewhere.path().join("workspace");
        symlink(std::env::current_dir().unwrap(), &root).unwrap();
        for named in [out.clone(), std::path::absolute(&out).unwrap(), root.join(&out)] {
            for write in [replace, append] {
                assert!(write(&named.join("result"), "new").unwrap_err().to_string().contains("leads out of"));
            }
        }
        symlink(elsewhere.path().join("result"), here.path().join("link")).unwrap();
        assert!(append(&here.path().join("link"), "new").unwrap_err().to_string().contains("symbolic link"));
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
        replace(&inside.join("result"), "new").unwrap();
        replace(&elsewhere.path().join("result"), "new").unwrap();
    }

    /// Behind a link, the system takes `..` for the folder above the one that the link leads to.
    #[test]
    fn dots_are_taken_as_they_are_written() {
        let elsewhere = tempfile::tempdir().unwrap();
        fs::create_dir(elsewhere.path().join("folder")).unwrap();
        fs::create_dir_all("target").unwrap();
        let here = tempfile::tempdir_in("target").unwrap();
        symlink(elsewhere.path().join("folder"), here.path().join("out")).unwrap();
        fs::create_dir(here.path().join("plain")).unwrap();
        for (named, expected) in [("out/../result", true), ("plain/../result", true), ("plain/../out/result", false)] {
            let replaced = replace(&here.path().join(named), named);
            assert_eq!(replaced.is_ok(), expected, "{named}");
            assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1, "{named}");
            if expected {
                assert_eq!(fs::read_to_string(here.path().join("result")).unwrap(), named);
            }
        }
    }

    #[test]
    fn nothing_else_than_a_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        symlink("file", &link).unwrap();
        assert!(replace(&link, "new").unwrap_err().to_string().contains("symbolic link"));
        assert!(replace(folder.path(), "new").is_err());
        assert!(append(folder.path(), "new").is_err());
        assert!(replace(&folder.path().join("no/such/folder"), "new").is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
    }
}
