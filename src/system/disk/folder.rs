//! A folder that is held open, and the files in it by their names. No link is followed, so that a path cannot be turned
//! elsewhere between a look and a write. Where the system has no such calls, paths stand in for them.

#[cfg(not(unix))]
pub(super) use by_path::Folder;
#[cfg(unix)]
pub(super) use held::Folder;

#[cfg(unix)]
mod held {
    use std::ffi::OsStr;
    use std::fs::File;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::path::Path;

    use rustix::fs::{AtFlags, Mode, OFlags, fstat, open, openat, renameat, unlinkat};

    pub(in crate::system) struct Folder(OwnedFd);

    impl Folder {
        pub(in crate::system) fn open(path: &Path) -> io::Result<Self> {
            Ok(Self(open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?))
        }

        /// Opens the folder `name` in this one.
        pub(in crate::system) fn folder(&self, name: &OsStr) -> io::Result<Self> {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            Ok(Self(openat(&self.0, name, flags, Mode::empty())?))
        }

        /// Opens a file to be read. It does not wait for the other end of a pipe.
        pub(in crate::system) fn read(&self, name: &OsStr) -> io::Result<File> {
            self.file(name, OFlags::RDONLY, Mode::empty())
        }

        /// Opens a file that may be written.
        pub(in crate::system) fn write(&self, name: &OsStr) -> io::Result<File> {
            self.file(name, OFlags::RDWR, Mode::empty())
        }

        /// Makes a new file, for this user alone.
        pub(in crate::system) fn create(&self, name: &OsStr) -> io::Result<File> {
            self.file(name, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL, Mode::RUSR | Mode::WUSR)
        }

        /// Moves a file to another folder.
        pub(in crate::system) fn rename(&self, from: &OsStr, folder: &Self, to: &OsStr) -> io::Result<()> {
            Ok(renameat(&self.0, from, &folder.0, to)?)
        }

        /// Returns whether a file can be moved to the other folder: both are on one file system.
        pub(in crate::system) fn is_beside(&self, other: &Self) -> bool {
            let device = |folder: &Self| fstat(&folder.0).map(|status| status.st_dev);
            device(self).is_ok_and(|here| device(other) == Ok(here))
        }

        pub(in crate::system) fn remove(&self, name: &OsStr) -> io::Result<()> {
            Ok(unlinkat(&self.0, name, AtFlags::empty())?)
        }

        fn file(&self, name: &OsStr, access: OFlags, mode: Mode) -> io::Result<File> {
            let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
            Ok(openat(&self.0, name, flags, mode)?.into())
        }
    }
}

#[cfg(not(unix))]
mod by_path {
    use std::ffi::OsStr;
    use std::fs::{self, File, OpenOptions};
    use std::io;
    use std::path::{Path, PathBuf};

    pub(in crate::system) struct Folder(PathBuf);

    impl Folder {
        pub(in crate::system) fn open(path: &Path) -> io::Result<Self> {
            Ok(Self(path.to_owned()))
        }

        /// Opens the folder `name` in this one.
        pub(in crate::system) fn folder(&self, name: &OsStr) -> io::Result<Self> {
            Ok(Self(self.0.join(name)))
        }

        /// Opens a file to be read.
        pub(in crate::system) fn read(&self, name: &OsStr) -> io::Result<File> {
            File::open(self.0.join(name))
        }

        /// Opens a file that may be written.
        pub(in crate::system) fn write(&self, name: &OsStr) -> io::Result<File> {
            OpenOptions::new().read(true).write(true).open(self.0.join(name))
        }

        /// Makes a new file.
        pub(in crate::system) fn create(&self, name: &OsStr) -> io::Result<File> {
            OpenOptions::new().read(true).write(true).create_new(true).open(self.0.join(name))
        }

        /// Moves a file to another folder.
        pub(in crate::system) fn rename(&self, from: &OsStr, folder: &Self, to: &OsStr) -> io::Result<()> {
            fs::rename(self.0.join(from), folder.0.join(to))
        }

        /// Returns whether a file can be moved to the other folder. Nothing tells that, so only the same one can be.
        pub(in crate::system) fn is_beside(&self, other: &Self) -> bool {
            self.0 == other.0
        }

        pub(in crate::system) fn remove(&self, name: &OsStr) -> io::Result<()> {
            fs::remove_file(self.0.join(name))
        }
    }
}
