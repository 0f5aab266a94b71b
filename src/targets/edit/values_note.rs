//! What a user may not expect of an image in the values of a chart, because the chart may make another name or version of it than
//! the file shows.

use std::fmt;

use super::before_name::BeforeName;

/// What a note says of an image in values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValuesNote {
    /// Other texts make the name of the argument of the one that is here, which was kept.
    NameKept { new_name: String, keys: Vec<String> },
    /// A chart may put a text before a new name that begins with that text, or with a registry.
    PartAgain { new_name: String, key: String, part: String },
    /// A chart may put a text into the name that was checked.
    BeforeName(BeforeName),
    /// A digest was written, and a switch beside it makes the chart take none.
    DigestNotUsed,
    /// A chart may add a text to the tag.
    MoreOfTag { key: String, text: String },
    /// A reference without a version got one. `version` is the key of a version beside it.
    VersionAdded { version: Option<String> },
}

impl ValuesNote {
    /// Returns whether another image may be deployed than the file shows.
    pub fn is_warning(&self) -> bool {
        !matches!(self, Self::VersionAdded { version: None })
    }
}

impl fmt::Display for ValuesNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameKept { new_name, keys } => {
                let keys = keys.join("` and `");
                write!(
                    f,
                    "`{keys}` and the name here make `{new_name}`, so the name was kept; if the chart does not put them \
                     together, write the name by hand"
                )
            }
            Self::PartAgain { new_name, key, part } => {
                write!(
                    f,
                    "`{key}` is `{part}`, and a chart that puts it before the name makes `{part}/{new_name}`: then "
                )?;
                match new_name.strip_prefix(part.as_str()).is_some_and(|rest| rest.starts_with('/')) {
                    true => write!(f, "write the name without `{part}`"),
                    false => write!(f, "change `{key}` by hand, and write the name without a registry"),
                }
            }
            Self::BeforeName(before) => write!(f, "{before}, which was not checked"),
            Self::DigestNotUsed => write!(
                f,
                "`useDigest: false` is beside the digest, so the tag decides what is pulled: write `useDigest: true` if the \
                 digest is meant"
            ),
            Self::MoreOfTag { key, text } => write!(
                f,
                "`{key}: {text}` is beside the tag: a chart that adds it to the tag deploys another tag, which was not checked"
            ),
            Self::VersionAdded { version: None } => {
                write!(f, "the image had no version here; if the chart adds one itself, the reference has two")
            }
            Self::VersionAdded { version: Some(key) } => write!(
                f,
                "the image had no version here; if the chart adds `{key}` to it, the reference has two: change `{key}` instead"
            ),
        }
    }
}
