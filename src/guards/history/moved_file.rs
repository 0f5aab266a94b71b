//! Where a file was before a commit moved or renamed it. git keeps no such thing: a file that is gone in the same commit and
//! said the same of its entries is the one that was moved. A file of another name must be alike as well. One that keeps its name
//! may have got other versions of its images, but for all of them no other names.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::file_entries::Entries;
use crate::git::{CommitRecord, RemovedFile, RepositoryPath, Snapshot};
use crate::outcome::failure::Failure;
use crate::targets;
use crate::targets::Fields;
use crate::targets::kustomization::is_kustomization_name;

/// How many files that are gone, and kept neither name nor content, are read: those whose paths are the nearest ones.
const MAX_RENAMED_FILES: usize = 20;

/// Returns the path that the file at `path` had in `before`, if `after`, the next commit of the branch, moved it. `text` is the
/// file in `after`. All of its entries count, also if only the entry `name` is asked for: the commit may have changed just
/// that one.
///
/// Of several files that are gone, the one counts that says the same of `name`, then of the most entries, then the one that has
/// the same content, then the one whose path has the most names in common, then the one whose text is the most alike, then the
/// first one: the one with the fewest folders, then by name.
///
/// # Errors
/// If the repository cannot be read.
pub(super) fn moved_from(
    snapshot: &mut Snapshot<'_>,
    before: &CommitRecord,
    after: &CommitRecord,
    path: &RepositoryPath,
    text: &[u8],
    name: Option<&str>,
) -> Result<Option<RepositoryPath>, Failure> {
    let removed = snapshot.removed_files(before, after, path)?.unwrap_or_default();
    let is_kept = |file: &RemovedFile| file.is_same || keeps_name(&file.path, path);
    let (mut candidates, mut others): (Vec<_>, Vec<_>) = removed.into_iter().partition(is_kept);
    others.retain(|file| may_be_renamed(&file.path, path));
    others.sort_by_key(|file| Reverse(names_in_common(&file.path, path)));
    others.truncate(MAX_RENAMED_FILES);
    candidates.append(&mut others);
    let paths: Vec<RepositoryPath> = candidates.iter().map(|file| file.path.clone()).collect();
    snapshot.load_files(&[before], &paths)?;
    if candidates.is_empty() {
        return Ok(None);
    }
    let said = all_entries(path, text, name);
    let mut best = None;
    for candidate in candidates {
        let bytes = snapshot.file_at(before, &candidate.path)?.unwrap_or_default();
        let then = all_entries(&candidate.path, bytes, name);
        let alike = bytes_in_common(bytes, text);
        let is_equal = |entry: &str| said.contains_key(entry) && said.get(entry) == then.get(entry);
        let equal = said.keys().filter(|entry| is_equal(entry)).count();
        let is_moved = match is_kept(&candidate) {
            true => equal > 0 || name_the_same(&then, &said),
            false => equal > 0 && 2 * alike >= bytes.len().max(text.len()) && say_the_same(&then, &said),
        };
        let rank =
            (name.is_some_and(is_equal), equal, candidate.is_same, names_in_common(&candidate.path, path), alike);
        if is_moved && best.as_ref().is_none_or(|(highest, _)| rank > *highest) {
            best = Some((rank, candidate.path));
        }
    }
    Ok(best.map(|(_, path)| path))
}

/// Returns what all entries of a file say that show, and what the entry `name` says, which may be another name for one.
fn all_entries(path: &RepositoryPath, bytes: &[u8], name: Option<&str>) -> Entries {
    let all = targets::read(path.as_str(), bytes, |file| {
        let mut all = Entries::new();
        let named = name.and_then(|name| file.entries(Some(name)).ok()).unwrap_or_default();
        for (entry, fields) in named.into_iter().chain(file.entries(None).unwrap_or_default()) {
            all.entry(entry).or_insert(fields);
        }
        Ok(all)
    });
    all.unwrap_or_default()
}

/// Returns whether two files have one name: the ending may be the other one of YAML, and a kustomization has three names.
fn keeps_name(one: &RepositoryPath, other: &RepositoryPath) -> bool {
    let (one, other) = (one.as_str(), other.as_str());
    name_and_ending(one) == name_and_ending(other) || (is_kustomization_name(one) && is_kustomization_name(other))
}

/// Returns whether a file may have got another name. A kustomization has none but those that kustomize knows.
fn may_be_renamed(one: &RepositoryPath, other: &RepositoryPath) -> bool {
    let (one, other) = (one.as_str(), other.as_str());
    name_and_ending(one).1 == name_and_ending(other).1 && !is_kustomization_name(one) && !is_kustomization_name(other)
}

/// Returns the name of a file without its folder and ending, and the ending, which is one for YAML.
fn name_and_ending(path: &str) -> (&str, Option<&str>) {
    let name = path.rsplit('/').next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some((name, "yml")) => (name, Some("yaml")),
        Some((name, ending)) => (name, Some(ending)),
        None => (name, None),
    }
}

/// Returns how many bytes are lines that both texts have. If these are half of the larger one, git tells that it was renamed.
fn bytes_in_common(one: &[u8], other: &[u8]) -> usize {
    let lines = |text| <[u8]>::split_inclusive(text, |byte| *byte == b'\n');
    let mut left: HashMap<&[u8], usize> = HashMap::new();
    for line in lines(one) {
        *left.entry(line).or_default() += 1;
    }
    let mut common = 0;
    for line in lines(other) {
        if let Some(left @ 1..) = left.get_mut(line) {
            *left -= 1;
            common += line.len();
        }
    }
    common
}

/// Returns whether the entries that both have say the same: the files of two services, or of two previews, are alike, too.
fn say_the_same(one: &Entries, other: &Entries) -> bool {
    one.iter().all(|(entry, fields)| other.get(entry).is_none_or(|other| other == fields))
}

/// Returns whether both have entries of one name, and each of these is of one image, whatever its version.
fn name_the_same(one: &Entries, other: &Entries) -> bool {
    let images =
        |(entry, fields): (&String, &Fields)| Some(fields.image_name(entry) == other.get(entry)?.image_name(entry));
    let mut images = one.iter().filter_map(images).peekable();
    images.peek().is_some() && images.all(|is_same| is_same)
}

fn names_in_common(one: &RepositoryPath, other: &RepositoryPath) -> usize {
    let (one, other) = (one.as_str(), other.as_str());
    one.split('/').filter(|name| other.split('/').any(|part| part == *name)).count()
}
