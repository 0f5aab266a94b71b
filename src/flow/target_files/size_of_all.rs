//! How large the files of a call may be together: each is held in several versions, with what was read out of them.

use crate::outcome::failure::Failure;

/// In bytes. The limits of what a server sends do not count a file twice that is in several folders.
const MAX_SIZE: usize = 16 << 20;

/// Requires that a number of `files` of these `sizes` are not too large together. What comes after too much is not read.
///
/// # Errors
/// They are, or one of them cannot be read.
pub(in crate::flow) fn require_size(
    files: usize,
    sizes: impl IntoIterator<Item = Result<usize, Failure>>,
) -> Result<(), Failure> {
    let mut left = MAX_SIZE;
    for size in sizes {
        let too_large = || match files {
            1 => Failure::target("the file has more than 16 MiB").hint("keep what it releases in a file of its own"),
            files => Failure::target(format!("the {files} files have more than 16 MiB together"))
                .hint("name some of them at a time, by patterns that match fewer files"),
        };
        left = left.checked_sub(size?).ok_or_else(too_large)?;
    }
    Ok(())
}
