//! Which release of an entry a person means: by its tag, its digest, its commit or the commit that it was built from, each as
//! `log` shows it or whole.

use crate::image::short_tag;
use crate::message::{LoggedRelease, each_once};

/// The fewest characters of a name that is not whole: git shows a commit by so many.
const MIN_CHARACTERS: usize = 7;

/// A text that is the beginning of several names, which lead to different images.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` begins {} names of releases of `{entry}`: {}", .names.len(), first_of(.names))]
pub(in crate::flow) struct AmbiguousName {
    text: String,
    entry: String,
    names: Vec<String>,
}

/// Returns the place of the release that `text` names among `releases` of one entry, the newest first; `None` if there is none.
/// Of several by one name, the newest that stands counts, else the newest one: what was taken back before can be meant all the
/// same.
pub(in crate::flow) fn place_of(releases: &[LoggedRelease], text: &str) -> Result<Option<usize>, AmbiguousName> {
    let newest = |is_called: &dyn Fn(&LoggedRelease) -> bool| {
        let called = |release: &LoggedRelease| release.fields.is_some() && is_called(release);
        let standing = releases.iter().position(|release| release.stands() && called(release));
        standing.or_else(|| releases.iter().position(called))
    };
    if let Some(place) = newest(&|release| release.tag() == Some(text)) {
        return Ok(Some(place));
    }
    let Some(place) = newest(&|release| !names_beginning(release, text).is_empty()) else { return Ok(None) };
    let names: Vec<String> = each_once(releases.iter().flat_map(|release| names_beginning(release, text)));
    let place_of = |name: &String| newest(&|release| names_beginning(release, text).contains(name));
    let is_same = |other: usize| releases[other].fields == releases[place].fields;
    match names.iter().filter_map(place_of).all(is_same) {
        true => Ok(Some(place)),
        false => Err(AmbiguousName { text: text.to_owned(), entry: releases[place].name.clone(), names }),
    }
}

/// Returns the first of these names, as a list.
fn first_of(names: &[String]) -> String {
    names.iter().take(8).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Returns the whole names of a release that begin with `text`.
fn names_beginning(release: &LoggedRelease, text: &str) -> Vec<String> {
    let source = release.source();
    // A shortened digest is shown without its algorithm, and a whole one with it.
    let digest = release.digest().and_then(|digest| Some(digest.split_once(':')?.1.to_owned()));
    let shortened = release.tag().filter(|tag| short_tag(tag) != *tag).map(str::to_owned);
    let commits = [Some(release.record.id), source.map(|source| source.commit)].into_iter().flatten();
    let plain = commits.map(|commit| commit.to_string()).chain(digest).chain(shortened);
    let long = source.map(ToString::to_string).into_iter().chain(release.digest().map(str::to_owned));
    plain.chain(long).filter(|name| text.len() >= MIN_CHARACTERS && name.starts_with(text)).collect()
}
