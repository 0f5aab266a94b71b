//! An image in a job's summary: the cells of its row, and the words that its heading has too.

use crate::image::{Digest, Reference, Tag};
use crate::message::markdown;
use crate::message::request_text::page_of;
use crate::report::json::{ComparedSource, Image};
use crate::report::redact::redacted;

/// What the two columns with versions say.
#[derive(Clone, Copy)]
pub(super) enum Versions {
    Change,
    /// A guard stopped the release.
    Stay,
    /// The images were only asked for.
    Found,
}

impl Versions {
    pub(super) fn headings(self) -> (&'static str, &'static str) {
        match self {
            Self::Change => ("from", "to"),
            Self::Stay => ("stays", "not released"),
            Self::Found => ("", "tag"),
        }
    }
}

/// Returns what an entry had before, if that is another tag or digest, or another one was released.
pub(super) fn before<'a>(image: &Image<'a>) -> Option<&'a str> {
    let old = previous(image)?;
    (image.changed || image.tag.is_some_and(|tag| tag != old)).then_some(old)
}

fn previous<'a>(image: &Image<'a>) -> Option<&'a str> {
    let previous = image.previous.as_ref()?;
    previous.new_tag.or(previous.digest)
}

/// Returns whether a guard left an entry at what it had before.
pub(super) fn stays(image: &Image<'_>) -> bool {
    !image.changed && before(image).is_some()
}

/// Returns the cells of an image: its name, entry, old and new version, digest, platforms, and the changes of its source.
pub(super) fn row(image: &Image<'_>, versions: Versions) -> [String; 7] {
    let entry = match (image.name, image.file) {
        (Some(name), Some(file)) => format!("{} in {}", code(name), code(file)),
        _ => String::new(),
    };
    let digest =
        image.digest.map(|text| text.parse::<Digest>().map_or(text.to_owned(), |digest| digest.short().to_owned()));
    let (old, new) = match versions {
        Versions::Stay => (previous(image), image.tag.filter(|_| stays(image))),
        Versions::Change | Versions::Found => (before(image), image.tag),
    };
    let page = image.image.parse::<Reference>().ok().and_then(|reference| page_of(&reference));
    [
        linked(image.image, page.as_deref()),
        entry,
        old.map(tag).unwrap_or_default(),
        new.map(tag).unwrap_or_default(),
        digest.as_deref().map(code).unwrap_or_default(),
        image.platforms.iter().map(|platform| code(platform)).collect::<Vec<_>>().join(" "),
        image.comparison.as_ref().map(changes).unwrap_or_default(),
    ]
}

fn changes(ComparedSource { from, to, url }: &ComparedSource<'_>) -> String {
    markdown::linked(&format!("{}...{}", short_commit(from), short_commit(to)), Some(url))
}

/// Returns the first digits of a commit's id, as git shows them.
pub(super) fn short_commit(id: &str) -> &str {
    id.get(..7).unwrap_or(id)
}

pub(super) fn tag(text: &str) -> String {
    text.parse::<Tag>().map_or_else(|_| code(text), |tag| code(tag.short()))
}

/// Returns `text` as a code span, without the logins of its URLs.
pub(super) fn code(text: &str) -> String {
    markdown::code(&redacted(text))
}

/// Returns `text` as a code span that leads to `url`, without the logins of its URLs.
pub(super) fn linked(text: &str, url: Option<&str>) -> String {
    markdown::linked(&redacted(text), url)
}

/// Returns a sentence as text, without the logins of its URLs.
pub(super) fn sentence(text: &str) -> String {
    markdown::sentence(&redacted(text))
}
