//! One entry as a release tells it: the change of the file, the image that it names from then on, and what the registry said
//! of that image. It is made once, after the checks; the commit's message, the guards and the report all read it.

use super::SourceComparison;
use super::each_once::each_once;
use super::source_commit::SourceCommit;
use super::verified_claim::VerifiedClaim;
use crate::git::CommitId;
use crate::image::{Digest, Platform, Reference, short_tag};
use crate::targets::EntryEdit;

/// An entry, and the image that it names from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// From the repository's root, or as it was typed for a file on disk.
    pub file: String,
    pub entry: EntryEdit,
    /// `None`: the entry has neither tag nor digest, so what runs is decided elsewhere.
    pub reference: Option<Reference>,
    /// What the registry says that the tag means; else the entry's own digest.
    pub digest: Option<Digest>,
    /// The commit that the image was built from, as far as that is known.
    pub source: Option<SourceCommit>,
    /// How it was told that this is not older than what ran; `None` if it was not asked.
    pub order: Option<String>,
    /// What changed in the source since what ran; `None` if it is not known, or has no page.
    pub comparison: Option<SourceComparison>,
    /// The releases of this entry that were taken back before, and stay so.
    pub still_taken_back: Vec<CommitId>,
    /// As far as they are known.
    pub platforms: Vec<Platform>,
    /// What trusted signers say of the image, if that is required.
    pub verified: Vec<VerifiedClaim>,
}

/// Returns the commits that the images of some releases were built from, each once.
pub(super) fn source_commits(releases: &[Release]) -> Vec<&SourceCommit> {
    each_once(releases.iter().filter_map(|release| release.source.as_ref()))
}

/// Returns what changed in the sources of some releases, each change once: many are often built from one commit.
pub fn source_comparisons(releases: &[Release]) -> Vec<&SourceComparison> {
    each_once(releases.iter().filter_map(|release| release.comparison.as_ref()))
}

impl Release {
    /// Returns the image as one text: name, tag and digest, without the name if nothing tells it.
    pub fn image(&self) -> String {
        let mut image = self.entry.image_name().unwrap_or_default().to_owned();
        if let Some(tag) = &self.entry.after.new_tag {
            image = format!("{image}:{tag}");
        }
        if let Some(digest) = &self.digest {
            image = format!("{image}@{digest}");
        }
        image
    }

    /// Returns the image for a title: without its digest if it has a tag, and with a long tag shortened.
    pub fn short_image(&self) -> String {
        short_image(&self.entry, self.digest.as_ref())
    }
}

/// Returns the image of an entry for a title. `digest` is what the registry says; without it, the entry's own counts.
pub fn short_image(entry: &EntryEdit, digest: Option<&Digest>) -> String {
    let own = || entry.after.digest.as_ref().and_then(|digest| digest.parse().ok());
    let version = match (&entry.after.new_tag, digest.cloned().or_else(own)) {
        (Some(tag), _) => format!(":{}", short_tag(tag)),
        (None, Some(digest)) => format!("@{}", digest.short()),
        (None, None) => String::new(),
    };
    match entry.image_name() {
        Some(name) => format!("{name}{version}"),
        // The entry is no image.
        None => format!("{} {}", entry.name, version.trim_start_matches(':')).trim_end().to_owned(),
    }
}
