//! The message of a release commit: title, body and trailers, as a pure function of what is released and of what the user
//! wants every message to say.

use super::acted_on::is_acted_on;
use super::each_once::each_once;
use super::release::{Release, source_commits};
use super::skip_ci::{self, SkipCi};
use super::template::{MessageTemplate, MessageValues};
use super::trailer_path::in_quotes;
use super::trailers::{self, UntoldRelease};
use crate::git::{CommitId, Message, Trailer};

/// How many characters of a message CircleCI searches for a marker.
const MARKER_WITHIN: usize = 250;

/// What the user and the CI system want every message to say.
#[derive(Clone)]
pub struct Options {
    /// `None`: the usual title.
    pub text: Option<MessageTemplate>,
    pub trailers: Vec<Trailer>,
    /// What keeps CI from starting again.
    pub skip_ci: SkipCi,
}

/// Why a commit is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    Release,
    /// The releases of these commits are taken back.
    Rollback {
        of: Vec<CommitId>,
    },
    /// The images of another environment are released here.
    Promotion,
}

impl Purpose {
    pub fn is_rollback(&self) -> bool {
        matches!(self, Self::Rollback { .. })
    }

    /// Returns the commits whose releases are taken back.
    pub fn rollback_of(&self) -> &[CommitId] {
        match self {
            Self::Rollback { of } => of,
            Self::Release | Self::Promotion => &[],
        }
    }

    fn all() -> [Self; 3] {
        [Self::Release, Self::Rollback { of: Vec::new() }, Self::Promotion]
    }

    fn verb(&self) -> &'static str {
        match self {
            Self::Release => "Release",
            Self::Rollback { .. } => "Roll back to",
            Self::Promotion => "Promote",
        }
    }
}

/// Returns whether a title begins as ours do if the user gives no text.
pub fn is_usual_title(title: &str) -> bool {
    Purpose::all().iter().any(|purpose| title.strip_prefix(purpose.verb()).is_some_and(|rest| rest.starts_with(' ')))
}

/// Returns whether `title` is the usual one for these images, all that a commit changes. A marker for CI systems and the
/// number of a request may stand behind it.
pub fn is_title_of(title: &str, images: &[String]) -> bool {
    let mut images = images.to_vec();
    images.sort_unstable();
    images.dedup();
    let rest = Purpose::all().into_iter().find_map(|purpose| title.strip_prefix(&usual_title(&purpose, &images)));
    !images.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" [") || rest.starts_with(" ("))
}

fn usual_title(purpose: &Purpose, images: &[String]) -> String {
    match images {
        [image] => skip_ci::broken(&format!("{} {image}", purpose.verb())),
        images => format!("{} {} images", purpose.verb(), images.len()),
    }
}

/// Returns the message of the commit that makes `releases`, all of them entries that change.
///
/// `run` is the page of the CI run that releases.
///
/// # Errors
/// If the commit cannot tell an image or a file.
pub fn message(
    options: &Options,
    releases: &[Release],
    run: Option<&str>,
    purpose: &Purpose,
) -> Result<Message, UntoldRelease> {
    let (title, mut body) = text(options, releases, purpose);
    let title = match &options.skip_ci {
        SkipCi::Title(marker) if !title.contains(marker) => marked(&title, marker),
        _ => title,
    };
    if !body.is_empty() {
        body.push(String::new());
    }
    for release in releases {
        for field in &release.entry.fields {
            let name = release.entry.name.as_str();
            let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
            let parts = [&release.file, name, key_in(name, &field.key), &value(&field.from), &value(&field.to)];
            let line = |[file, name, key, from, to]: [String; 5]| format!("{file}: {name} {key} {from} -> {to}");
            let plain = line(parts.map(str::to_owned));
            let line = if is_acted_on(&plain) { line(parts.map(in_quotes)) } else { plain };
            body.push(skip_ci::broken(&line));
        }
    }
    Ok(Message { title, body, trailers: trailers(options, releases, run, purpose)? })
}

/// Returns the name of a place of the user's text that `releases` do not fill.
pub fn unfilled_place(options: &Options, releases: &[Release]) -> Option<&'static str> {
    unfilled(options.text.as_ref()?, releases)
}

fn marked(title: &str, marker: &str) -> String {
    if title.chars().count() + 1 + marker.chars().count() <= MARKER_WITHIN {
        format!("{title} {marker}")
    } else {
        format!("{marker} {title}")
    }
}

pub(super) fn text(options: &Options, releases: &[Release], purpose: &Purpose) -> (String, Vec<String>) {
    let title = usual_title(purpose, &short_images(releases));
    let Some(template) = &options.text else {
        return (title, Vec::new());
    };
    let text = filled(template, releases);
    // What was filled in may have been nothing, and a commit needs a title.
    let mut lines = text.trim().lines().map(str::to_owned);
    let title = lines.next().unwrap_or(title);
    (title, lines.skip_while(|line| line.trim().is_empty()).collect())
}

fn short_images(releases: &[Release]) -> Vec<String> {
    each_once(releases.iter().map(Release::short_image))
}

/// Returns the tags of the images, each once.
pub(super) fn tags(releases: &[Release]) -> Vec<&str> {
    each_once(releases.iter().filter_map(|release| release.entry.after.new_tag.as_deref()))
}

/// Returns the text of `template` for `releases`.
pub(super) fn filled(template: &MessageTemplate, releases: &[Release]) -> String {
    with_values(releases, |values| template.fill(values))
}

/// Returns the name of a place of `template` that `releases` do not fill.
pub(super) fn unfilled(template: &MessageTemplate, releases: &[Release]) -> Option<&'static str> {
    with_values(releases, |values| template.unfilled(values))
}

fn with_values<T>(releases: &[Release], read: impl FnOnce(&MessageValues<'_>) -> T) -> T {
    let (tag, images) = (tags(releases).join(", "), short_images(releases).join(", "));
    let sources: Vec<String> = source_commits(releases).into_iter().map(ToString::to_string).collect();
    read(&MessageValues { images: &images, tag: &tag, source: &sources.join(", ") })
}

fn trailers(
    options: &Options,
    releases: &[Release],
    run: Option<&str>,
    purpose: &Purpose,
) -> Result<Vec<Trailer>, UntoldRelease> {
    let mut trailers = trailers::of_release(releases, run, purpose.rollback_of())?;
    trailers.extend(options.trailers.iter().cloned());
    trailers.extend(trailers::version());
    if options.skip_ci == SkipCi::Trailer {
        trailers.extend(Trailer::new(Trailer::SKIP_CHECKS, "true"));
    }
    Ok(trailers)
}

/// Returns the key of a field without the path that the entry's name says already.
fn key_in<'a>(name: &str, key: &'a str) -> &'a str {
    key.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')).unwrap_or(key)
}
