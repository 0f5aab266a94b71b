//! PLAN: what a release will ask and say, as a pure function of the request, and, once the files have been read, of what
//! their entries become.

use crate::failure::Failure;
use crate::git::{CommitId, Message, Trailer};
use crate::image::{Digest, Field, ImageArgument, Reference, Tag};
use crate::kustomization::{EntryEdit, Fields};
use crate::marker::{self, SkipCi};
use crate::message_template::MessageValues;
use crate::provenance;
use crate::request::CommitRequest;

/// How many digits of a commit id stand for it in a title.
const SHORT_ID: usize = 12;

/// CircleCI looks for a marker in so many characters of a message, and no further.
const MARKER_SEEN: usize = 250;

/// What an argument says about an image before any file is read.
pub enum Subject {
    /// The image to check.
    Known(Reference),
    /// It keeps something of the entry (`*`), so the file has to be read first.
    OfEntry,
    /// It names neither tag nor digest: what will run is decided elsewhere.
    Open,
}

/// Returns what `argument` says about its image.
pub fn subject(argument: &ImageArgument) -> Result<Subject, Failure> {
    let change = &argument.change;
    let name = match &change.new_name {
        Field::Set(name) => name.as_str(),
        Field::Remove => argument.name.as_str(),
        Field::Keep => return Ok(Subject::OfEntry),
    };
    let (tag, digest) = match (&change.new_tag, &change.digest) {
        (Field::Keep, _) | (_, Field::Keep) => return Ok(Subject::OfEntry),
        (tag, digest) => (set(tag), set(digest)),
    };
    reference(name, tag, digest)
}

fn set<T: Clone>(field: &Field<T>) -> Option<T> {
    match field {
        Field::Set(value) => Some(value.clone()),
        Field::Keep | Field::Remove => None,
    }
}

/// Returns what an entry says about its image once it is edited.
pub fn subject_of_entry(entry: &EntryEdit) -> Result<Subject, Failure> {
    let Fields { new_tag, digest, .. } = &entry.after;
    let refused = |error: String| Failure::target(format!("the entry `{}` has {error}", entry.name));
    let tag: Option<Tag> =
        new_tag.as_deref().map(str::parse).transpose().map_err(|error| refused(format!("a bad tag: {error}")))?;
    let digest: Option<Digest> =
        digest.as_deref().map(str::parse).transpose().map_err(|error| refused(format!("a bad digest: {error}")))?;
    reference(image_name(entry), tag, digest)
}

fn reference(name: &str, tag: Option<Tag>, digest: Option<Digest>) -> Result<Subject, Failure> {
    if tag.is_none() && digest.is_none() {
        return Ok(Subject::Open);
    }
    Reference::new(name, tag, digest).map(Subject::Known).map_err(|error| {
        Failure::usage(format!("`{name}` cannot be looked up in a registry: {error}"))
            .hint("write `NAME=NEWNAME:TAG` with the image's real name, or skip the registry with `--no-check`")
    })
}

/// Returns the name under which an entry's image is pulled.
pub fn image_name(entry: &EntryEdit) -> &str {
    entry.after.new_name.as_deref().unwrap_or(entry.name.as_str())
}

/// One entry as the commit tells of it.
pub struct Release<'a> {
    pub path: &'a str,
    pub entry: &'a EntryEdit,
    /// What the registry says that the tag means; else the entry's own digest.
    pub digest: Option<Digest>,
}

impl Release<'_> {
    /// Returns the image as one text: name, tag and digest.
    fn image(&self) -> String {
        let mut image = image_name(self.entry).to_owned();
        if let Some(tag) = &self.entry.after.new_tag {
            image = format!("{image}:{tag}");
        }
        if let Some(digest) = &self.digest {
            image = format!("{image}@{digest}");
        }
        image
    }

    /// Returns the image without its digest where it has a tag, and with a long tag shortened.
    fn short_image(&self) -> String {
        let name = image_name(self.entry);
        match (&self.entry.after.new_tag, &self.digest) {
            (Some(tag), _) => format!("{name}:{}", short_tag(tag)),
            (None, Some(digest)) => format!("{name}@{}", shortened(digest)),
            (None, None) => name.to_owned(),
        }
    }
}

/// A tag that is a whole commit id is known by its first digits.
pub fn short_tag(tag: &str) -> &str {
    let is_commit_id = tag.len() == 40 && tag.bytes().all(|b| b.is_ascii_hexdigit());
    if is_commit_id { &tag[..SHORT_ID] } else { tag }
}

fn shortened(digest: &Digest) -> String {
    let (algorithm, hex) = digest.as_str().split_once(':').unwrap_or_default();
    format!("{algorithm}:{}", hex.get(..SHORT_ID).unwrap_or(hex))
}

/// Why a commit is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    Release,
    /// Releases are taken back, by their commits.
    Rollback {
        of: Vec<CommitId>,
    },
    /// What another environment runs is carried on.
    Promotion,
}

impl Purpose {
    fn verb(&self) -> &'static str {
        match self {
            Self::Release => "Release",
            Self::Rollback { .. } => "Roll back to",
            Self::Promotion => "Promote",
        }
    }
}

/// Where a release comes from, as far as the CI system says it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Origin<'a> {
    pub source: Option<&'a str>,
    pub run: Option<&'a str>,
}

/// Returns the message of the commit that makes `releases`, all of them entries that change.
pub fn message(request: &CommitRequest, releases: &[Release<'_>], origin: Origin<'_>, purpose: &Purpose) -> Message {
    let (title, mut body) = text(request, releases, origin, purpose);
    let title = match &request.skip_ci {
        SkipCi::Title(marker) if !title.contains(marker) => marked(&title, marker),
        _ => title,
    };
    if !body.is_empty() {
        body.push(String::new());
    }
    for release in releases {
        for field in &release.entry.fields {
            let from = field.from.as_deref().unwrap_or("none");
            let to = field.to.as_deref().unwrap_or("none");
            let line = format!("{}: {} {} {from} -> {to}", release.path, release.entry.name, field.field);
            body.push(marker::broken(&line));
        }
    }
    Message { title, body, trailers: trailers(request, releases, origin, purpose) }
}

fn marked(title: &str, marker: &str) -> String {
    if title.chars().count() + 1 + marker.chars().count() <= MARKER_SEEN {
        format!("{title} {marker}")
    } else {
        format!("{marker} {title}")
    }
}

fn text(
    request: &CommitRequest,
    releases: &[Release<'_>],
    origin: Origin<'_>,
    purpose: &Purpose,
) -> (String, Vec<String>) {
    let mut images: Vec<String> = Vec::new();
    for release in releases {
        let image = release.short_image();
        if !images.contains(&image) {
            images.push(image);
        }
    }
    let title = match images.as_slice() {
        [image] => marker::broken(&format!("{} {image}", purpose.verb())),
        images => format!("{} {} images", purpose.verb(), images.len()),
    };
    let Some(template) = &request.text else {
        return (title, Vec::new());
    };
    let tag = releases.iter().find_map(|release| release.entry.after.new_tag.as_deref()).unwrap_or_default();
    let values = MessageValues { images: &images.join(", "), tag, source: origin.source.unwrap_or_default() };
    let text = template.fill(&values);
    // What was filled in may have been nothing, and a commit needs a title.
    let mut lines = text.trim().lines().map(str::to_owned);
    let title = lines.next().unwrap_or(title);
    (title, lines.skip_while(|line| line.trim().is_empty()).collect())
}

fn trailers(request: &CommitRequest, releases: &[Release<'_>], origin: Origin<'_>, purpose: &Purpose) -> Vec<Trailer> {
    let mut trailers = Vec::new();
    // A value that cannot be a trailer, as a name with control characters could not, is left out rather than mended.
    let mut add = |token: &str, value: &str| {
        if let Ok(trailer) = Trailer::new(token, &marker::broken(value))
            && !trailers.contains(&trailer)
        {
            trailers.push(trailer);
        }
    };
    for release in releases {
        add(provenance::IMAGE, &format!("{}={}", release.entry.name, release.image()));
    }
    for release in releases {
        add(provenance::FILE, release.path);
    }
    if let Some(source) = origin.source {
        add(provenance::SOURCE, source);
    }
    if let Some(run) = origin.run {
        add(provenance::RUN, run);
    }
    if let Purpose::Rollback { of } = purpose {
        for commit in of {
            add(provenance::ROLLBACK_OF, &commit.to_string());
        }
    }
    trailers.extend(request.trailers.iter().cloned());
    if let Ok(version) = Trailer::new(provenance::VERSION, env!("CARGO_PKG_VERSION")) {
        trailers.push(version);
    }
    if request.skip_ci == SkipCi::Trailer {
        trailers.extend(Trailer::new(Trailer::SKIP_CHECKS, "true"));
    }
    trailers
}
