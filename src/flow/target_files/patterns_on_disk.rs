//! Which files on disk a pattern of `set` matches.

use std::io;
use std::path::Path;

use super::matched::matched;
use super::named_files::{WILDCARDS, unmatchable, without_match};
use crate::git::GlobPattern;
use crate::outcome::failure::Failure;
use crate::request::TargetFile;
use crate::system::disk::found_files;

/// How many folders a pattern may lead into.
const MAX_FOLDERS: usize = 10_000;

/// Returns what was typed, with the files that it matches in place of each pattern.
pub(in crate::flow) fn without_patterns(typed: &[TargetFile]) -> Result<Vec<TargetFile>, Failure> {
    let mut named = Vec::new();
    for file in typed {
        match file.is_pattern() {
            true => named.extend(matching(file)?),
            false => named.push(file.clone()),
        }
    }
    Ok(named)
}

fn matching(typed: &TargetFile) -> Result<Vec<TargetFile>, Failure> {
    let (root, pattern) = parts(&typed.path);
    let pattern = GlobPattern::parse(&pattern).map_err(|error| unmatchable(typed, &error))?;
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => without_match(typed, ""),
        _ => Failure::target(format!("cannot search for `{}`: {error}", typed.path)).hint(WILDCARDS),
    };
    let files =
        found_files::below(Path::new(&root), |folder| pattern.leads_into(folder), MAX_FOLDERS).map_err(unreadable)?;
    let found = matched(typed.kind, &pattern, files.iter().map(String::as_str)).into_iter().map(|place| {
        let path = if root.is_empty() && place.is_empty() { ".".to_owned() } else { format!("{root}{place}") };
        TargetFile { kind: typed.kind, path }
    });
    let found: Vec<TargetFile> = found.collect();
    if found.is_empty() { Err(without_match(typed, "")) } else { Ok(found) }
}

/// Returns the folder that a pattern begins in, with its `/`, and the pattern from there on.
fn parts(path: &str) -> (String, String) {
    let path = path.strip_prefix("./").unwrap_or(path);
    let wildcard = path.find(['*', '?']).unwrap_or(path.len());
    let begin = path[..wildcard].rfind('/').map_or(0, |slash| slash + 1);
    (path[..begin].to_owned(), path[begin..].to_owned())
}
