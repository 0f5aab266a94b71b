//! Failures of files on disk that are to be edited.

use std::io;

use super::{Failure, FailureKind};
use crate::system::disk::files::CHANGED;

impl Failure {
    /// Returns the failure to write a file. One that may not be written is another one than was meant, or wants other
    /// rights; a disk that is full is no fault of the file.
    pub fn unwritable(error: io::Error) -> Self {
        use io::ErrorKind::{
            InvalidInput, NotFound, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, ResourceBusy, StorageFull,
        };
        match error.kind() {
            ReadOnlyFilesystem => {
                Self::target(error.to_string()).hint("mount the file system so that it can be written")
            }
            PermissionDenied => {
                Self::target(error.to_string()).hint("give this user the right to write the file and its folder")
            }
            ResourceBusy => Self::target(error.to_string())
                .hint("mount its folder in place of the file: a mount cannot be replaced"),
            NotFound | InvalidInput => Self::target(error.to_string()),
            CHANGED => Self::new(FailureKind::Raced, error.to_string()).hint("run the same command again"),
            StorageFull | QuotaExceeded => Self::unexpected(error).hint("make room, and run the command again"),
            _ => Self::unexpected(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::Failure;
    use crate::outcome::failure::FailureKind;

    /// What a mount forbids, no rights of the file allow.
    #[test]
    fn mounts() {
        for (kind, hint) in [
            (io::ErrorKind::ReadOnlyFilesystem, "mount the file system so that it can be written"),
            (io::ErrorKind::ResourceBusy, "mount its folder in place of the file: a mount cannot be replaced"),
            (io::ErrorKind::PermissionDenied, "give this user the right to write the file and its folder"),
        ] {
            let failure = Failure::unwritable(io::Error::from(kind));
            assert_eq!((failure.kind, failure.hint.as_deref()), (FailureKind::Target, Some(hint)));
        }
    }
}
