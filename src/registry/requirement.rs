//! What an image must be beside being there, and what was found of that. Each requirement gets its own finding, so that
//! all that is wrong with an image can be told at once.

use std::fmt;

use super::revision::Revision;
use super::signer_claim::{RejectedClaim, RequiredClaim};
use super::verdict::Verdict;
use crate::image::Platform;

/// One thing that an image must fulfil.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// It runs on this platform, and what the index names for it is there.
    Platform(Platform),
    /// Its images are builds of this commit, or those of them that are named.
    Revision(Revision, RevisedImages),
    /// A trusted signer claims this of it.
    Claim(RequiredClaim),
}

impl Requirement {
    pub(super) fn claim(&self) -> Option<&RequiredClaim> {
        match self {
            Self::Claim(claim) => Some(claim),
            Self::Platform(_) | Self::Revision(..) => None,
        }
    }
}

/// The images of an index that must be builds of a commit. It is decided with the requirement, so that no other requirement
/// changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevisedImages {
    All,
    /// Those for these platforms; the first one if none is for them.
    For(Vec<Platform>),
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
        /// Which of several images says so.
        image: Option<ImagePlatform>,
    },
    /// No trusted signer claims this of the image; what is attached to it was rejected for these reasons, each once.
    NotClaimed {
        wanted: RequiredClaim,
        rejected: Vec<RejectedClaim>,
    },
    /// A part of the image that decides it cannot be had; the verdict is on that part.
    Blocked {
        part: ImagePart,
        verdict: Verdict,
    },
}

impl Finding {
    /// Returns what a label, or that there is none, means for a wanted revision.
    pub(super) fn of_label(wanted: &Revision, label: Option<&str>, image: Option<ImagePlatform>) -> Self {
        match label {
            Some(label) if wanted.is(label) => Self::Met,
            _ => {
                let found = label.map(|label| label.chars().take(128).collect());
                Self::OtherRevision { wanted: wanted.clone(), found, image }
            }
        }
    }
}

/// A part of an image; its text completes "cannot have".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImagePart {
    /// An index inside of the index.
    Index,
    /// The manifest, for a platform if it has one.
    Manifest(Option<ImagePlatform>),
    Configuration(Option<ImagePlatform>),
    /// The signatures and attestations beside it.
    Attached,
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

impl fmt::Display for ImagePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (part, platform) = match self {
            Self::Index => ("inner index", &None),
            Self::Manifest(platform) => ("manifest", platform),
            Self::Configuration(platform) => ("configuration", platform),
            Self::Attached => return f.write_str("the list of signatures"),
        };
        match platform {
            Some(platform) => write!(f, "the {part} for {platform}"),
            None => write!(f, "the {part}"),
        }
    }
}
