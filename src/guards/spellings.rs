//! One image, and all the names that a file has for it. A release is of the image, so what its trailers say by one name counts
//! for each of them.

use std::collections::BTreeSet;

use super::claims::BranchClaims;
use crate::message::trailers::ReleaseTrailers;
use crate::targets;

/// Returns what a release says in terms of `name`: what it says of that image by another name, it says by this one. `bytes` is
/// the file at `path` after the release.
pub(super) fn in_terms_of(name: &str, path: &str, bytes: &[u8], said: ReleaseTrailers) -> ReleaseTrailers {
    let spellings = targets::spellings(path, bytes, name, &said.entries().collect());
    if spellings.is_empty() { said } else { said.renamed(&spellings, name) }
}

/// Returns all names by which the branch's releases of the file at `path` call the image `name` of it. `bytes` is that file now.
pub(super) fn claimed_spellings(claims: &BranchClaims, name: &str, path: &str, bytes: &[u8]) -> BTreeSet<String> {
    let of_file = claims.iter().flat_map(|(_, claims)| claims).filter(|said| said.names_file(path));
    let names: BTreeSet<&str> = of_file.flat_map(ReleaseTrailers::entries).collect();
    targets::spellings(path, bytes, name, &names)
}
