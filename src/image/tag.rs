//! A tag, as the OCI distribution specification allows it. Checked before any request: docker-registry 2.8.2 answers
//! 500 to a tag such as `a:b`, which would read as a broken registry.

use std::fmt;
use std::str::FromStr;

/// A tag of an image: 1 to 128 of `[A-Za-z0-9_.-]`, the first neither `.` nor `-`
/// ([distribution-spec](https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests)).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(String);

/// Why a text is not a tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    #[error("the tag is empty")]
    Empty,
    #[error("a tag has at most 128 characters, this one has {0}")]
    TooLong(usize),
    #[error("a tag cannot begin with `{0}`")]
    Start(char),
    #[error("a tag cannot contain `{0}`")]
    Character(char),
}

impl Tag {
    /// Returns the tag's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the tag for people to read: the first 12 digits of one that is a whole commit id, and any other tag whole.
    pub fn short(&self) -> &str {
        short_tag(&self.0)
    }
}

/// Returns a tag as a file has it, for people to read: see [`Tag::short`].
pub fn short_tag(text: &str) -> &str {
    let is_commit_id = text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if is_commit_id { &text[..12] } else { text }
}

impl FromStr for Tag {
    type Err = TagError;

    fn from_str(text: &str) -> Result<Self, TagError> {
        let first = text.chars().next().ok_or(TagError::Empty)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if let Some(character) = text.chars().find(|c| !allowed(*c)) {
            return Err(TagError::Character(character));
        }
        if matches!(first, '.' | '-') {
            return Err(TagError::Start(first));
        }
        if text.len() > 128 {
            return Err(TagError::TooLong(text.len()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Tag, TagError};

    #[test]
    fn only_commit_ids_are_shortened() {
        let short = |text: &str| text.parse::<Tag>().unwrap().short().to_owned();
        assert_eq!(short("b15411f387bb2a2286676b92a87fd85aa9b682a5"), "b15411f387bb");
        assert_eq!(short("b15411f387bb2a2286676b92a87fd85aa9b682a5f"), "b15411f387bb2a2286676b92a87fd85aa9b682a5f");
        assert_eq!(short("v1.2.3"), "v1.2.3");
    }

    #[test]
    fn what_is_a_tag() {
        let long = "a".repeat(129);
        for (text, expected) in [
            ("v1", Ok(())),
            ("_1.2-rc", Ok(())),
            ("007", Ok(())),
            (&long[..128], Ok(())),
            ("", Err(TagError::Empty)),
            (&long, Err(TagError::TooLong(129))),
            (".inf", Err(TagError::Start('.'))),
            ("-1", Err(TagError::Start('-'))),
            ("1:2", Err(TagError::Character(':'))),
            ("1+2", Err(TagError::Character('+'))),
            ("v\n1", Err(TagError::Character('\n'))),
            ("vé", Err(TagError::Character('é'))),
        ] {
            assert_eq!(text.parse::<Tag>().map(|_| ()), expected, "{text:?}");
        }
    }
}
