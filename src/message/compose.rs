//! PLAN: what a release will ask and say, as a pure function of the request, and, once the files have been read, of what
//! their entries become.

use crate::git::{CommitId, Message, Trailer};
use crate::image::Digest;
use crate::message::skip_ci::{self, SkipCi};
use crate::message::template::{MessageTemplate, MessageValues};
use crate::message::trailers;
use crate::targets::kustomization::EntryEdit;

/// How many digits of a commit id stand for it in a title.
const SHORT_ID: usize = 12;

/// CircleCI looks for a marker in so many characters of a message, and no further.
const MARKER_SEEN: usize = 250;

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
        let mut image = self.entry.image_name().to_owned();
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
        let name = self.entry.image_name();
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

/// What the user and the CI system want every message to say.
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
pub fn message(options: &Options, releases: &[Release<'_>], origin: Origin<'_>, purpose: &Purpose) -> Message {
    let (title, mut body) = text(options, releases, origin, purpose);
    let title = match &options.skip_ci {
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
            body.push(skip_ci::broken(&line));
        }
    }
    Message { title, body, trailers: trailers(options, releases, origin, purpose) }
}

fn marked(title: &str, marker: &str) -> String {
    if title.chars().count() + 1 + marker.chars().count() <= MARKER_SEEN {
        format!("{title} {marker}")
    } else {
        format!("{marker} {title}")
    }
}

fn text(options: &Options, releases: &[Release<'_>], origin: Origin<'_>, purpose: &Purpose) -> (String, Vec<String>) {
    let mut images: Vec<String> = Vec::new();
    for release in releases {
        let image = release.short_image();
        if !images.contains(&image) {
            images.push(image);
        }
    }
    let title = match images.as_slice() {
        [image] => skip_ci::broken(&format!("{} {image}", purpose.verb())),
        images => format!("{} {} images", purpose.verb(), images.len()),
    };
    let Some(template) = &options.text else {
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

fn trailers(options: &Options, releases: &[Release<'_>], origin: Origin<'_>, purpose: &Purpose) -> Vec<Trailer> {
    let mut trailers = Vec::new();
    // A value that cannot be a trailer, as a name with control characters could not, is left out rather than mended.
    let mut add = |token: &str, value: &str| {
        if let Ok(trailer) = Trailer::new(token, &skip_ci::broken(value))
            && !trailers.contains(&trailer)
        {
            trailers.push(trailer);
        }
    };
    for release in releases {
        add(trailers::IMAGE, &format!("{}={}", release.entry.name, release.image()));
    }
    for release in releases {
        add(trailers::FILE, release.path);
    }
    if let Some(source) = origin.source {
        add(trailers::SOURCE, source);
    }
    if let Some(run) = origin.run {
        add(trailers::RUN, run);
    }
    if let Purpose::Rollback { of } = purpose {
        for commit in of {
            add(trailers::ROLLBACK_OF, &commit.to_string());
        }
    }
    trailers.extend(options.trailers.iter().cloned());
    if let Ok(version) = Trailer::new(trailers::VERSION, env!("CARGO_PKG_VERSION")) {
        trailers.push(version);
    }
    if options.skip_ci == SkipCi::Trailer {
        trailers.extend(Trailer::new(Trailer::SKIP_CHECKS, "true"));
    }
    trailers
}
