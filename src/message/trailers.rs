//! The trailers of a release: their names, how they are written, and how they are read back from history. Nothing else of a
//! message counts for what was released.

use std::collections::BTreeSet;

use super::acted_on::is_acted_on;
use super::each_once::each_once;
use super::release::Release;
use super::skip_ci;
use super::source_commit::SourceCommit;
use super::trailer_path::{inert, quoted, unquoted};
use crate::git::{CommitId, CommitRecord, Trailer, TrailerError};
use crate::image::ReferenceText;
use crate::targets::Fields;

/// The released image of an entry: `NAME=IMAGE:TAG@DIGEST`, without `IMAGE` if nothing tells it. One trailer for each image.
const IMAGE: &str = "Tagship-Image";
/// A file that was written. One trailer for each file. Unusual paths are quoted, as git quotes them.
const FILE: &str = "Tagship-File";
/// The commit that the images were built from, as `owner/repo@sha`. If they were not all built from one, `NAME=owner/repo@sha`:
/// one trailer for each image whose commit is known.
const SOURCE: &str = "Tagship-Source";
/// A signer that was verified for an image: the identity in its certificate, or the fingerprint of its key. One trailer for
/// each signer. It is in quotes, as a path is, if a forge would act on it, such as `@octocat`.
const VERIFIED: &str = "Tagship-Verified";
/// The page of the CI run that released.
const RUN: &str = "Tagship-Run";
/// The commit of a release that this rollback undoes. If it undoes none, the commit of one that an earlier rollback undid. One
/// trailer for each commit.
const ROLLBACK_OF: &str = "Tagship-Rollback-Of";
/// A release of an entry that was rolled back earlier and stays so: `NAME=COMMIT`, or `NAME=COMMIT FILE` if several files were
/// written. One trailer for each.
const STILL_TAKEN_BACK: &str = "Tagship-Still-Taken-Back";
/// The version of tagship that made the commit.
const VERSION: &str = "Tagship-Version";

/// Returns the trailers that say what was released, but for the version, which comes after the user's own. `run` is the page of
/// the CI run.
///
/// # Errors
/// If an image or a file cannot be told, such as a name with control characters: to later releases, the commit would be none
/// of ours. Nor is an image told on which a forge acts: the title has it too. The name of an entry may be such a text, as the
/// placeholder `@IMAGE@` is. Another value that cannot be a trailer is left out.
pub(super) fn of_release(
    releases: &[Release],
    run: Option<&str>,
    rolled_back: &[CommitId],
) -> Result<Vec<Trailer>, UntoldRelease> {
    let is_of_several = releases.iter().any(|release| release.file != releases[0].file);
    let remembered = |release: &Release| {
        let file = if is_of_several { format!(" {}", quoted(&release.file)) } else { String::new() };
        let of_entry = release.still_taken_back.iter().map(|commit| format!("{}={commit}{file}", release.entry.name));
        of_entry.collect::<Vec<_>>()
    };
    let still_taken_back = releases.iter().flat_map(remembered).map(|value| (STILL_TAKEN_BACK, value));
    let sources = sources(releases).into_iter().map(|source| (SOURCE, source));
    let run = run.map(|run| (RUN, run.to_owned()));
    let claims = releases.iter().flat_map(|release| &release.verified);
    let verified = claims.map(|claim| (VERIFIED, inert(&claim.signer)));
    let rolled_back = rolled_back.iter().map(|commit| (ROLLBACK_OF, commit.to_string()));
    let mut trailers = Vec::new();
    for release in releases {
        let name = &release.entry.name;
        let untold = |why: String| UntoldRelease { what: format!("the image of `{name}`"), why };
        let image = format!("{name}={}", release.image());
        trailers.push(trailer(IMAGE, &image).map_err(|error| untold(error.to_string()))?);
        if is_acted_on(&release.image()) || is_acted_on(&release.short_image()) {
            return Err(untold(ACTED_ON.to_owned()));
        }
    }
    for release in releases {
        let untold = |why: String| UntoldRelease { what: format!("the file `{}`", release.file), why };
        trailers.push(trailer(FILE, &quoted(&release.file)).map_err(|error| untold(error.to_string()))?);
    }
    let others = sources.chain(verified).chain(run).chain(rolled_back).chain(still_taken_back);
    trailers.extend(others.filter_map(|(token, value)| trailer(token, &value).ok()));
    Ok(each_once(trailers))
}

/// Returns a trailer whose value was filled in.
fn trailer(token: &str, value: &str) -> Result<Trailer, TrailerError> {
    Trailer::new(token, &skip_ci::broken(value))
}

/// Why a commit cannot tell what it releases.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the commit cannot tell {what}: {why}")]
pub struct UntoldRelease {
    what: String,
    why: String,
}

const ACTED_ON: &str = "a forge acts on a part of it, such as `#12` or `@name`";

/// Returns what is said of the source commits: one text for all if they share one, else one for each image.
fn sources(releases: &[Release]) -> Vec<String> {
    let first = releases.first().and_then(|release| release.source.as_ref());
    match first {
        Some(first) if releases.iter().all(|release| release.source.as_ref() == Some(first)) => vec![first.to_string()],
        _ => {
            // Entries of one name in several files have one trailer.
            let is_of_name = |one: &Release| {
                let of_name = releases.iter().filter(|other| other.entry.name == one.entry.name);
                of_name.map(|other| &other.source).all(|source| *source == one.source)
            };
            let told = releases.iter().filter(|release| is_of_name(release));
            told.filter_map(|release| Some(format!("{}={}", release.entry.name, release.source.as_ref()?))).collect()
        }
    }
}

/// Returns the trailer that makes a commit one of ours.
pub(super) fn version() -> Option<Trailer> {
    Trailer::new(VERSION, env!("CARGO_PKG_VERSION")).ok()
}

/// What the trailers of a release say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseTrailers {
    pub commit: CommitId,
    images: ReleasedImages,
    /// The files that are said to have been written.
    pub files: Vec<String>,
    sources: Vec<NamedSource>,
    /// The signers that were verified for the images.
    pub verified: Vec<String>,
    pub run: Option<String>,
    pub rollback_of: Vec<CommitId>,
    still_taken_back: Vec<RememberedRelease>,
}

/// The images that were released, by the names of their entries: there may be thousands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ReleasedImages {
    in_order: Vec<(String, ReleasedImage)>,
    /// Their places, by name.
    by_name: Vec<usize>,
}

impl ReleasedImages {
    fn of(in_order: Vec<(String, ReleasedImage)>) -> Self {
        let mut by_name: Vec<usize> = (0..in_order.len()).collect();
        by_name.sort_by_key(|at| &in_order[*at].0);
        Self { in_order, by_name }
    }

    /// Returns the images of one name, in their order.
    fn of_name(&self, name: &str) -> impl Iterator<Item = &ReleasedImage> {
        let first = self.by_name.partition_point(|at| self.in_order[*at].0.as_str() < name);
        let images = self.by_name[first..].iter().map(|at| &self.in_order[*at]);
        images.take_while(move |(other, _)| other == name).map(|(_, image)| image)
    }
}

/// A source commit as a trailer names it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct NamedSource {
    /// `None`: that of all images.
    name: Option<String>,
    source: SourceCommit,
}

/// A release that a trailer says to have been taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RememberedRelease {
    name: String,
    commit: CommitId,
    /// `None`: the only file that was written.
    file: Option<String>,
}

/// An image as a trailer names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasedImage {
    pub name: String,
    pub tag: Option<String>,
    pub digest: Option<String>,
}

impl ReleaseTrailers {
    /// Returns whether the commit takes releases back.
    pub fn is_rollback(&self) -> bool {
        !self.rollback_of.is_empty()
    }

    /// Reads the trailers of a commit; `None` if it does not say that it is a release of ours. Of the releases that a squash
    /// names, this is the last one.
    pub fn read(record: &CommitRecord) -> Option<Self> {
        Self::read_all(record).next()
    }

    /// Reads the trailers of each release that a commit's message names, the last one first.
    pub fn read_all(record: &CommitRecord) -> impl Iterator<Item = Self> {
        record.trailer_blocks().filter_map(|block| Self::of_block(record.id, &block))
    }

    fn of_block(commit: CommitId, block: &[(&str, &str)]) -> Option<Self> {
        let values = |token: &'static str| {
            let of_token = block.iter().filter(move |(name, _)| name.eq_ignore_ascii_case(token));
            of_token.map(|(_, value)| *value)
        };
        values(VERSION).next()?;
        let images: Vec<_> = values(IMAGE).filter_map(released).collect();
        if images.is_empty() {
            return None;
        }
        Some(Self {
            commit,
            images: ReleasedImages::of(images),
            files: values(FILE).map(unquoted).collect(),
            sources: values(SOURCE).filter_map(named_source).collect(),
            verified: values(VERIFIED).map(unquoted).collect(),
            run: values(RUN).next_back().map(str::to_owned),
            rollback_of: values(ROLLBACK_OF).filter_map(CommitId::parse).collect(),
            still_taken_back: values(STILL_TAKEN_BACK).filter_map(taken_back).collect(),
        })
    }

    /// Returns the name of the image that was released by the entry `name`, which the file may have no place for.
    pub fn said_name(&self, name: &str) -> Option<&str> {
        let said = self.image(name, name).map(|image| image.name.as_str());
        said.filter(|said| !said.is_empty() && *said != name)
    }

    /// Returns whether an entry is said to have been released, whatever the file.
    pub fn names(&self, name: &str) -> bool {
        self.images.of_name(name).next().is_some()
    }

    /// Returns the entries that are said to have been released.
    pub fn entries(&self) -> impl Iterator<Item = &str> {
        self.images.in_order.iter().map(|(name, _)| name.as_str())
    }

    /// Returns the same with `name` in place of each of its other `spellings`.
    #[must_use]
    pub fn renamed(mut self, spellings: &BTreeSet<String>, name: &str) -> Self {
        let images = self.images.in_order.iter_mut().map(|(other, _)| other);
        let sources = self.sources.iter_mut().filter_map(|named| named.name.as_mut());
        let taken_back = self.still_taken_back.iter_mut().map(|of| &mut of.name);
        let names = images.chain(sources).chain(taken_back);
        names.filter(|other| spellings.contains(*other)).for_each(|other| name.clone_into(other));
        self.images = ReleasedImages::of(self.images.in_order);
        self
    }

    /// Returns whether a file is said to have been written.
    pub fn names_file(&self, path: &str) -> bool {
        self.files.iter().any(|file| file == path)
    }

    /// Returns whether this released the entry `name` of the file at `path`.
    pub fn is_of(&self, path: &str, name: &str) -> bool {
        self.names(name) && self.names_file(path)
    }

    /// Returns the commit that the image of the entry `name` is said to have been built from.
    pub fn source_of(&self, name: &str) -> Option<&SourceCommit> {
        let last = |wanted: Option<&str>| self.sources.iter().rfind(|named| named.name.as_deref() == wanted);
        last(Some(name)).or_else(|| last(None)).map(|named| &named.source)
    }

    /// Returns the commits that images are said to have been built from.
    pub fn sources(&self) -> impl Iterator<Item = &SourceCommit> {
        self.sources.iter().map(|named| &named.source)
    }

    /// Returns whether the entry `name` is said to have become exactly `fields`.
    pub fn released(&self, name: &str, fields: &Fields) -> bool {
        let image_name = fields.image_name(name);
        // A file that has no place for the name, or not for all of it, does not disagree with it.
        let matches = |image: &ReleasedImage| {
            fields.may_be(name, &image.name) && image.is_version(fields.new_tag.as_deref(), fields.digest.as_deref())
        };
        fields.several.is_empty() && self.image(name, image_name.unwrap_or(name)).is_some_and(matches)
    }

    /// Returns the releases of the entry `name` of the file at `path` that had been taken back before this one, and stay so.
    pub fn still_taken_back(&self, path: &str, name: &str) -> Vec<CommitId> {
        let is_of_file = |of: &RememberedRelease| of.file.as_ref().is_none_or(|file| file == path);
        let of_entry = self.still_taken_back.iter().filter(|of| of.name == name && is_of_file(of));
        of_entry.map(|of| of.commit).take(MAX_TAKEN_BACK).collect()
    }

    /// Returns what the entry `name` became. Entries of one name may have another image in each file: `image_name` tells
    /// which one is meant.
    pub fn image(&self, name: &str, image_name: &str) -> Option<&ReleasedImage> {
        let mut of_name = self.images.of_name(name);
        of_name.find(|image| image.name == image_name).or_else(|| self.images.of_name(name).next())
    }
}

impl ReleasedImage {
    /// Returns whether an entry still says this, by its tag and its digest.
    fn is_version(&self, tag: Option<&str>, digest: Option<&str>) -> bool {
        let is_digest = digest.is_none() || digest == self.digest.as_deref();
        self.tag.as_deref() == tag && is_digest
    }
}

/// How many releases of an entry are remembered as taken back: the newest.
pub const MAX_TAKEN_BACK: usize = 20;

/// Reads `NAME=COMMIT` or `NAME=COMMIT FILE`.
fn taken_back(text: &str) -> Option<RememberedRelease> {
    let (release, file) = text.split_once(' ').map_or((text, None), |(release, file)| (release, Some(unquoted(file))));
    let (name, commit) = release.rsplit_once('=')?;
    Some(RememberedRelease { name: name.to_owned(), commit: CommitId::parse(commit)?, file })
}

/// Reads `OWNER/REPO@SHA` or `NAME=OWNER/REPO@SHA`; the repository may be unknown, and is if a forge would act on its name: a
/// promotion tells it again.
fn named_source(text: &str) -> Option<NamedSource> {
    let (name, source) = text.split_once('=').map_or((None, text), |(name, source)| (Some(name.to_owned()), source));
    let commit_alone = || Some(SourceCommit { repository: None, commit: CommitId::parse(source)? });
    let SourceCommit { repository, commit } = SourceCommit::parse(source).or_else(commit_alone)?;
    let repository = repository.filter(|repository| !is_acted_on(repository));
    Some(NamedSource { name, source: SourceCommit { repository, commit } })
}

/// Reads `NAME=IMAGE:TAG@DIGEST`.
fn released(text: &str) -> Option<(String, ReleasedImage)> {
    let (entry, image) = text.split_once('=')?;
    let ReferenceText { name, tag, digest } = ReferenceText::split(image);
    let image = ReleasedImage { name: name.to_owned(), tag: tag.map(str::to_owned), digest: digest.map(str::to_owned) };
    Some((entry.to_owned(), image))
}

#[cfg(test)]
mod tests {
    use super::{ReleasedImage, named_source, released};

    #[test]
    fn released_images() {
        let image = |name: &str, tag: Option<&str>, digest: Option<&str>| ReleasedImage {
            name: name.to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        };
        for (text, expected) in [
            ("web=org/web:v1", image("org/web", Some("v1"), None)),
            ("web=host:5000/web", image("host:5000/web", None, None)),
            ("web=host:5000/org/web:v1@sha256:9f", image("host:5000/org/web", Some("v1"), Some("sha256:9f"))),
            ("web=web@sha256:9f", image("web", None, Some("sha256:9f"))),
            ("web=web:v1", image("web", Some("v1"), None)),
        ] {
            assert_eq!(released(text), Some(("web".to_owned(), expected)), "{text}");
        }
        assert_eq!(released("web"), None);
    }

    #[test]
    fn named_sources() {
        let id = "fdafd7008d04c2a2286676b92a87fd85aa9b682a";
        for (text, name, repository) in [
            (format!("org/app@{id}"), None, Some("org/app")),
            (format!("web=org/app@{id}"), Some("web"), Some("org/app")),
            (format!("localhost:5000/web=org/app@{id}"), Some("localhost:5000/web"), Some("org/app")),
            (id.to_owned(), None, None),
            (format!("web={id}"), Some("web"), None),
        ] {
            let named = named_source(&text).unwrap();
            assert_eq!((named.name.as_deref(), named.source.repository.as_deref()), (name, repository), "{text}");
            assert_eq!(named.source.commit.to_string(), id, "{text}");
        }
        assert_eq!(named_source("web=org/app@fdafd70"), None, "a shortened id");
    }
}
