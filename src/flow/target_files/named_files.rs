//! Which files of the release branch are meant: those that are named, and those that a pattern matches at this tip.

use super::matched::matched;
use crate::git::{GlobError, GlobPattern, RepositoryPath, Snapshot};
use crate::outcome::failure::Failure;
use crate::request::{TargetFile, TargetKind};
use crate::targets::kustomization::is_kustomization_name;

pub(in crate::flow) const WILDCARDS: &str =
    "`*` stands for any text within one name, `**` for any number of folders, `?` for one character";

/// Returns the paths of what was typed in the folder `base`, in that order. A pattern for kustomizations stands for the
/// folders that have one, and is no way to anything else; a pattern for other files stands for every file that it matches.
/// `branch` is for messages.
pub(in crate::flow) fn named_files<'t>(
    snapshot: &mut Snapshot<'_>,
    base: &RepositoryPath,
    typed: &'t [TargetFile],
    branch: &str,
) -> Result<Vec<(RepositoryPath, &'t TargetFile)>, Failure> {
    let mut named = Vec::new();
    for file in typed {
        let path = RepositoryPath::resolve(base, &file.path)?;
        match file.is_pattern() {
            true => named.extend(matching(snapshot, &path, file, branch)?.into_iter().map(|path| (path, file))),
            false => named.push((path, file)),
        }
    }
    Ok(named)
}

/// Returns what names the file at `path` by itself, and not as one match among others.
pub(in crate::flow) fn named_by<'t>(
    base: &RepositoryPath,
    typed: &'t [TargetFile],
    path: &RepositoryPath,
) -> Option<&'t TargetFile> {
    let folder = is_kustomization_name(path.as_str()).then(|| path.folder());
    let is_it = |named: RepositoryPath| named == *path || folder.as_ref() == Some(&named);
    let mut named = typed.iter().filter(|file| !file.is_pattern());
    named.find(|file| RepositoryPath::resolve(base, &file.path).is_ok_and(is_it))
}

fn matching(
    snapshot: &mut Snapshot<'_>,
    path: &RepositoryPath,
    typed: &TargetFile,
    branch: &str,
) -> Result<Vec<RepositoryPath>, Failure> {
    let pattern = GlobPattern::parse(path.as_str()).map_err(|error| unmatchable(typed, &error))?;
    let files = snapshot.files_matching(&pattern)?;
    let places = matched(typed.kind, &pattern, files.iter().map(RepositoryPath::as_str)).into_iter();
    let found: Vec<RepositoryPath> = places.map(RepositoryPath::shown_as).collect();
    match found.is_empty() {
        true => Err(without_match(typed, &format!(" on {branch}"))),
        false => Ok(found),
    }
}

/// Returns the failure for what cannot be a pattern.
pub(in crate::flow) fn unmatchable(typed: &TargetFile, error: &GlobError) -> Failure {
    Failure::usage(format!("`{}` cannot be matched: {error}", typed.path)).hint(WILDCARDS)
}

/// Returns the failure for a pattern that matches nothing `here`, which begins with a blank unless it is empty.
pub(in crate::flow) fn without_match(typed: &TargetFile, here: &str) -> Failure {
    let what = if typed.kind == TargetKind::File { "file" } else { "kustomization" };
    Failure::target(format!("no {what}{here} matches `{}`", typed.path)).hint(WILDCARDS)
}
