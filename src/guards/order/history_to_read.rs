//! Which commits will be read to tell what entries run. The messages that came with the tip tell it, so these commits are loaded
//! along with the files to write.

use super::found_claim::SEARCH_DEPTHS;
use crate::git::{CommitId, CommitRecord, Snapshot};
use crate::guards::history::claims::BranchClaims;
use crate::message::trailers::ReleaseTrailers;
use crate::outcome::failure::Failure;

/// The commits that will be read to tell what entries run, as far as their messages came with the tip.
#[derive(Default)]
pub struct HistoryToRead {
    /// The last release of each entry, and the commit before it.
    pub commits: Vec<CommitRecord>,
    /// The commit before the last but one release of an entry. The file has changed since then, and each folder on its path.
    pub before: Option<CommitId>,
}

/// How far before the tip that commit may be. Each commit since then adds what it changed to what is read.
const MAX_COMMITS_SINCE: usize = 16;

/// Returns what will be read to tell what the entries `names` run, in the files for whose paths `is_meant` is true.
///
/// # Errors
/// If history cannot be read.
pub fn history_to_read(
    snapshot: &mut Snapshot<'_>,
    names: &[&str],
    is_meant: impl Fn(&str) -> bool,
) -> Result<HistoryToRead, Failure> {
    let mut claims = BranchClaims::default();
    claims.search(snapshot, SEARCH_DEPTHS[0])?;
    let mut read = HistoryToRead::default();
    let mut furthest = 0;
    for name in names {
        let is_of_it = |said: &ReleaseTrailers| said.names(name) && said.files.iter().any(|file| is_meant(file));
        let mut releases = claims.iter().filter(|(_, claims)| claims.iter().any(is_of_it));
        let Some((last, _)) = releases.next() else { continue };
        for record in [last].into_iter().chain(claims.line().before(last)) {
            if !read.commits.iter().any(|known| known.id == record.id) {
                read.commits.push(record.clone());
            }
        }
        let before = releases.next().and_then(|(earlier, _)| claims.line().before(earlier));
        let place = before.and_then(|before| claims.line().history().place(before.id));
        if let Some(place) = place.filter(|place| (furthest..=MAX_COMMITS_SINCE).contains(place)) {
            (furthest, read.before) = (place, before.map(|before| before.id));
        }
    }
    Ok(read)
}
