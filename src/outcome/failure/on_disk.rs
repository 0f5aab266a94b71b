//! Failures of files on disk that are to be edited.

use std::io;

use super::{Failure, FailureKind};
use crate::system::disk::files::CHANGED;

impl Failure {
    /// Returns the failure to write a file. One that may not be written is another one than was meant, or wants other
    /// rights; a disk that is full is no fault of the file.
    pub fn unwritable(error: io::Error) -> Self {
        use io::ErrorKind::{InvalidInput, NotFound, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        match error.kind() {
            PermissionDenied | ReadOnlyFilesystem => {
                Self::target(error.to_string()).hint("give this user the right to write the file and its folder")
            }
            NotFound | InvalidInput => Self::target(error.to_string()),
            CHANGED => Self::new(FailureKind::Raced, error.to_string()).hint("run the same command again"),
            StorageFull | QuotaExceeded => Self::unexpected(error).hint("make room, and run the command again"),
            _ => Self::unexpected(error),
        }
    }
}
