//! What an image must be beside being there, and what was found of that. Each requirement gets its own finding, so that
//! all that is wrong with an image can be told at once.

use std::fmt;

use super::verdict::Verdict;
use crate::image::Platform;

/// One thing that an image must fulfil.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// It runs on this platform, and what the index names for it is there.
    Platform(Platform),
    /// It is the build of this commit.
    Revision(Revision),
}

/// A commit, or the revision of another system of version control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision(String);

impl Revision {
    /// The fewest digits that stand for a commit.
    const MIN_DIGITS: usize = 7;

    /// Returns the revision of a text; `None` if it cannot be one.
    pub fn new(text: &str) -> Option<Self> {
        let plausible = !text.is_empty() && text.len() <= 128 && text.bytes().all(|byte| byte.is_ascii_graphic());
        plausible.then(|| Self(text.to_owned()))
    }

    /// Whether a label means this revision. Of a commit, either may have been shortened.
    fn is(&self, label: &str) -> bool {
        let (one, other) = (self.0.to_ascii_lowercase(), label.trim().to_ascii_lowercase());
        let shorter = one.len().min(other.len());
        let commits = shorter >= Self::MIN_DIGITS && [&one, &other].iter().all(|text| is_hexadecimal(text));
        one == other || (commits && one[..shorter] == other[..shorter])
    }

    /// Returns what a label, or that there is none, means for this requirement.
    pub(super) fn judge(&self, label: Option<&str>) -> Finding {
        match label {
            Some(label) if self.is(label) => Finding::Met,
            Some(label) => {
                Finding::OtherRevision { wanted: self.clone(), found: Some(label.chars().take(128).collect()) }
            }
            None => Finding::OtherRevision { wanted: self.clone(), found: None },
        }
    }
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What was found of a requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    Met,
    /// The image is for other platforms, as far as they are known.
    OtherPlatforms {
        wanted: Platform,
        found: Vec<Platform>,
    },
    /// The image says that it was built from another commit, or does not say from which. What it says is untrusted text.
    OtherRevision {
        wanted: Revision,
        found: Option<String>,
    },
    /// A part of the image that decides it cannot be had; the verdict is on that part.
    Blocked {
        part: Part,
        verdict: Verdict,
    },
}

/// A part of an image; its text completes "cannot have".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// An index inside of the index.
    Index,
    /// The manifest, for a platform if it has one.
    Manifest(Option<ImagePlatform>),
    Configuration(Option<ImagePlatform>),
}

/// What the index says that one of its images is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePlatform {
    pub platform: Platform,
    /// Windows' own version, by which its nodes choose: untrusted text.
    pub os_version: Option<String>,
}

impl fmt::Display for ImagePlatform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.os_version {
            Some(version) => write!(f, "{} ({version})", self.platform),
            None => write!(f, "{}", self.platform),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (part, platform) = match self {
            Self::Index => ("inner index", &None),
            Self::Manifest(platform) => ("manifest", platform),
            Self::Configuration(platform) => ("configuration", platform),
        };
        match platform {
            Some(platform) => write!(f, "the {part} for {platform}"),
            None => write!(f, "the {part}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Finding, Revision};

    #[test]
    fn when_a_label_means_a_revision() {
        const COMMIT: &str = "fdafd7008d04c2a2286676b92a87fd85aa9b682a";
        for (wanted, label, expected) in [
            (COMMIT, COMMIT, true),
            (COMMIT, "FDAFD7008D04C2A2286676B92A87FD85AA9B682A", true),
            (COMMIT, " fdafd7008d04c2a2286676b92a87fd85aa9b682a\n", true),
            (COMMIT, "fdafd70", true),
            ("fdafd70", COMMIT, true),
            (COMMIT, "fdafd7", false),
            (COMMIT, "", false),
            (COMMIT, "fdafd7008d04c2a2286676b92a87fd85aa9b682a-dirty", false),
            (COMMIT, "fdafd7008d04c2a2286676b92a87fd85aa9b682b", false),
            ("v1.2.3-long", "v1.2.3", false),
            ("r1234567", "r12345678", false),
            ("1234", "1234", true),
        ] {
            let finding = Revision::new(wanted).unwrap().judge(Some(label));
            assert_eq!(finding == Finding::Met, expected, "{wanted} {label:?}");
        }
    }

    #[test]
    fn what_is_no_revision() {
        for text in ["", "a b", "a\n", "é"] {
            assert_eq!(Revision::new(text), None, "{text:?}");
        }
    }
}
