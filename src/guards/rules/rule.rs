//! A rule of the rules file: which files and entries it is for, and what must hold for them.

use std::sync::Arc;

use super::freeze::Freeze;
use crate::git::GlobPattern;
use crate::image::Platform;
use crate::outcome::RuleDemand;
use crate::registry::AttestationType;
use crate::registry::signature::TrustedSigner;

/// One rule.
#[derive(Debug, Clone)]
pub struct ReleaseRule {
    /// How people call it.
    pub name: Option<String>,
    /// The line in which it begins, from 1.
    pub line: usize,
    /// The files that it is for, by paths from the folder of the rules file.
    pub paths: Vec<GlobPattern>,
    /// The entries that it is for; none: all of them.
    pub entries: Vec<GlobPattern>,
    pub demands: Vec<Demand>,
}

/// One thing that must hold.
#[derive(Debug, Clone)]
pub struct Demand {
    /// The place of its key.
    pub line: usize,
    pub column: usize,
    pub demanded: Demanded,
}

/// What must hold.
#[derive(Debug, Clone)]
pub enum Demanded {
    /// The repository of the image is one of these.
    Images(Vec<GlobPattern>),
    /// The tag is one of these.
    Tags(Vec<TagPattern>),
    /// The image is for all of these.
    Platforms(Vec<Platform>),
    /// The entry has a digest.
    PinDigest,
    /// The image says that it was built from the release's source commit.
    Revision,
    /// This signer signed the image.
    Signature(Arc<TrustedSigner>),
    /// This signer says that the image was built from the release's source commit.
    Provenance(Arc<TrustedSigner>),
    /// This signer attests all of these.
    Attestations(Arc<TrustedSigner>, Vec<AttestationType>),
    Publish(PublishWay),
    Order(RequiredOrder),
    /// Now is in none of these.
    Freeze(Vec<Freeze>),
}

impl Demanded {
    /// Returns whether it demands something of the image that is pulled.
    pub fn is_of_image(&self) -> bool {
        !matches!(self, Self::Publish(_) | Self::Order(_) | Self::Freeze(_))
    }
}

/// Which tags a rule allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagPattern {
    /// A semantic version, with a `v` before it or without.
    SemanticVersion,
    Pattern(GlobPattern),
}

/// How a release gets to the branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishWay {
    Push,
    PullRequest,
    /// A commit in the checkout, which is pushed by other means.
    CommitOnly,
}

/// How much must be known of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequiredOrder {
    /// Nothing tells that the release is older than what runs, or of another line.
    NotOlder,
    /// It is known to be newer, or the same.
    Newer,
}

impl Demanded {
    /// Returns the kind of the demand, by which it is told.
    pub fn kind(&self) -> RuleDemand {
        match self {
            Self::Images(_) => RuleDemand::Images,
            Self::Tags(_) => RuleDemand::Tags,
            Self::Platforms(_) => RuleDemand::Platforms,
            Self::PinDigest => RuleDemand::PinDigest,
            Self::Revision => RuleDemand::Revision,
            Self::Signature(_) => RuleDemand::Signature,
            Self::Provenance(_) => RuleDemand::Provenance,
            Self::Attestations(..) => RuleDemand::Attestations,
            Self::Publish(_) => RuleDemand::Publish,
            Self::Order(_) => RuleDemand::Order,
            Self::Freeze(_) => RuleDemand::Freeze,
        }
    }

    /// Returns the signer who must vouch for the image, if the demand is for a signer.
    pub fn signer(&self) -> Option<&Arc<TrustedSigner>> {
        match self {
            Self::Signature(signer) | Self::Provenance(signer) | Self::Attestations(signer, _) => Some(signer),
            _ => None,
        }
    }
}

impl ReleaseRule {
    /// Returns whether a demand compares the commit that the image was built from.
    pub fn compares_source(&self) -> bool {
        self.demands.iter().any(|demand| matches!(demand.demanded, Demanded::Revision | Demanded::Provenance(_)))
    }

    /// Returns whether the rule is for an entry of the file at `path`, seen from the folder of the rules file.
    pub fn is_for(&self, path: &str, entry: &str) -> bool {
        self.is_for_file(path) && (self.entries.is_empty() || self.entries.iter().any(|pattern| pattern.matches(entry)))
    }

    /// Returns whether the rule is for entries of the file at `path`, seen from the folder of the rules file.
    pub fn is_for_file(&self, path: &str) -> bool {
        self.paths.iter().any(|pattern| pattern.matches_at_or_above(path))
    }
}
