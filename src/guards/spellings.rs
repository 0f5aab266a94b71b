//! One image, and all the names that a file has for it. A release is of the image, so what its trailers say by one name counts
//! for each of them.

use crate::message::trailers::ReleaseTrailers;
use crate::targets;

/// Returns what a release says in terms of `name`: what it says of that image by another name, it says by this one. `bytes` is
/// the file at `path` after the release.
pub(super) fn in_terms_of(name: &str, path: &str, bytes: &[u8], said: ReleaseTrailers) -> ReleaseTrailers {
    let spellings = targets::spellings(path, bytes, name, &said.entries().collect());
    if spellings.is_empty() { said } else { said.renamed(&spellings, name) }
}
