//! Finds the commits of the branch that claim to have released an entry, by any name of its image. Whether a claim is true is
//! for `running` to tell, from what the file said.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::iter;

use super::entry_at_tip::EntryAtTip;
use crate::git::{CommitRecord, History, RepositoryPath, Snapshot};
use crate::guards::history::claims::BranchClaims;
use crate::message::merged_title::titles;
use crate::message::trailers::ReleaseTrailers;
use crate::outcome::failure::Failure;
use crate::targets;

/// How many commits are searched for the last release of an entry, one step after the other until it is found. Their
/// messages are some 200 bytes each. The first step comes with the tip, and costs no request.
pub(super) const SEARCH_DEPTHS: [usize; 4] = [50, 1_000, 10_000, 100_000];

/// A commit that claims to have released the entry.
pub(super) struct FoundClaim<'c> {
    pub(super) record: &'c CommitRecord,
    pub(super) parent: Option<&'c CommitRecord>,
    /// In terms of the entry's name.
    pub(super) trailers: Cow<'c, ReleaseTrailers>,
}

impl FoundClaim<'_> {
    /// Returns whether the commit before it is known, if there is one.
    pub(super) fn has_parent(&self, history: &History) -> bool {
        self.parent.is_some() || self.record.parents.is_empty() || history.complete
    }
}

/// Searches the branch, step by step, until a commit is found that claims to have released the entry. Returns the other names
/// that commits use for the entry.
pub(super) fn search_claim(
    snapshot: &mut Snapshot<'_>,
    claims: &mut BranchClaims,
    path: &RepositoryPath,
    name: &str,
) -> Result<BTreeSet<String>, Failure> {
    let (file, bytes) = (path.as_str(), snapshot.file(path)?.to_vec());
    let mut spellings = BTreeSet::new();
    for depth in SEARCH_DEPTHS {
        let is_complete = claims.search(snapshot, depth)?.complete;
        spellings = claims.spellings(name, file, &bytes);
        if is_complete || last_claim(claims, file, name, &spellings).is_some() {
            break;
        }
    }
    Ok(spellings)
}

/// Returns the newest commit of the branch that claims to have released the entry; `None` as well if its parent was not read
/// yet, which comes with the next step of the search.
pub(super) fn last_claim<'c>(
    claims: &'c BranchClaims,
    file: &str,
    name: &str,
    spellings: &BTreeSet<String>,
) -> Option<FoundClaim<'c>> {
    let claim = claims_of_entry(claims, file, name, spellings).next();
    claim.filter(|claim| claim.has_parent(claims.line().history()))
}

/// Returns the commits of the branch that claim to have released the entry, the newest first.
pub(super) fn claims_of_entry<'c>(
    claims: &'c BranchClaims,
    file: &str,
    name: &str,
    spellings: &BTreeSet<String>,
) -> impl Iterator<Item = FoundClaim<'c>> {
    read_claims(claims, file, name, spellings).map(move |(record, said)| {
        let trailers = match spellings.is_empty() {
            true => Cow::Borrowed(said),
            false => Cow::Owned(said.clone().renamed(spellings, name)),
        };
        FoundClaim { record, parent: claims.line().before(record), trailers }
    })
}

/// Returns the repository that the newest release of the entry names, as far as was searched.
pub(super) fn last_repository(
    claims: &BranchClaims,
    file: &str,
    name: &str,
    spellings: &BTreeSet<String>,
) -> Option<String> {
    let names = || iter::once(name).chain(spellings.iter().map(String::as_str));
    let mut releases = read_claims(claims, file, name, spellings);
    releases.find_map(|(_, said)| names().find_map(|name| said.source_of(name)?.repository.clone()))
}

fn read_claims<'c>(
    claims: &'c BranchClaims,
    file: &str,
    name: &str,
    spellings: &BTreeSet<String>,
) -> impl Iterator<Item = (&'c CommitRecord, &'c ReleaseTrailers)> {
    claims.iter().filter_map(move |(record, said)| {
        let is_of_entry = |said: &&ReleaseTrailers| {
            said.is_of(file, name) || spellings.iter().any(|spelling| said.is_of(file, spelling))
        };
        Some((record, said.iter().find(is_of_entry)?))
    })
}

/// Returns whether a commit after a release of ours has the title of a revert. A change by hand that it took back may have been
/// of the entry, which says again what the release made of it.
pub(super) fn may_be_reverted_since(history: &History, release: &CommitRecord) -> bool {
    let mut later = history.commits.iter().take_while(|commit| commit.id != release.id);
    later.any(|commit| titles(commit).any(|title| title.starts_with("Revert ")))
}

/// How many files are looked for that releases of an entry name.
const MAX_MOVED_FILES: usize = 10;

/// Returns whether an entry was released in a file that is gone from the tip: then its own file may be that one, moved.
///
/// Many repositories give one name to the entries of all their applications: releases of another image are not of this entry. The
/// last part of its name tells, since a registry or an organisation may have been renamed along with the file.
pub(super) fn may_be_moved(
    snapshot: &mut Snapshot<'_>,
    claims: &BranchClaims,
    entry: &EntryAtTip<'_>,
) -> Result<bool, Failure> {
    let now = entry.now.image_name(entry.name);
    let is_of_image = |name: &str, said: &ReleaseTrailers| match (now, said.image(name, now.unwrap_or(name))) {
        (Some(now), Some(said)) => last_part(now) == last_part(&said.name),
        _ => true,
    };
    let of_name = claims_of_name(snapshot, claims, entry)?;
    let said: Vec<_> = of_name.filter(|(name, said)| is_of_image(name, said)).map(|(_, said)| said).collect();
    is_of_gone_file(snapshot, claims, &said)
}

fn last_part(image: &str) -> &str {
    image.rsplit_once('/').map_or(image, |(_, last)| last)
}

/// Returns the claims to have released the image of an entry, in whatever file, each with the name that it has for the entry;
/// of each name, the newest first.
pub(super) fn claims_of_name<'c>(
    snapshot: &Snapshot<'_>,
    claims: &'c BranchClaims,
    EntryAtTip { path, name, .. }: &EntryAtTip<'_>,
) -> Result<impl Iterator<Item = (String, &'c ReleaseTrailers)> + use<'c>, Failure> {
    let mut names = targets::spellings(path.as_str(), snapshot.file(path)?, name, &claims.names());
    names.insert((*name).to_owned());
    Ok(names.into_iter().flat_map(|name| claims.of_name(&name).map(move |said| (name.clone(), said))))
}

/// Returns the files that these claims say to have been written, each once.
fn files_of<'c>(claims: &[&'c ReleaseTrailers]) -> impl Iterator<Item = &'c str> {
    let mut seen = BTreeSet::new();
    claims.iter().flat_map(|said| &said.files).map(String::as_str).filter(move |file| seen.insert(*file))
}

/// Returns whether one of the files that these claims say to have been written is gone from the tip.
pub(super) fn is_of_gone_file(
    snapshot: &mut Snapshot<'_>,
    claims: &BranchClaims,
    said: &[&ReleaseTrailers],
) -> Result<bool, Failure> {
    let Some(tip) = claims.line().history().commits.first() else { return Ok(false) };
    let files: Vec<_> = files_of(said).take(MAX_MOVED_FILES).map(RepositoryPath::shown_as).collect();
    Ok(!snapshot.has_files(tip, &files)?)
}
