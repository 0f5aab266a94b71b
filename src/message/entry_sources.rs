//! The source commits of the images of a release: each entry has its own, because one release may take images from several
//! commits.

use super::source_commit::SourceCommit;
use crate::image::ImageName;

/// The commits that the images of entries were built from, by the names of the entries, as far as they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntrySources {
    known: Vec<(ImageName, SourceCommit)>,
    /// Whether nothing but the run names them, of which it is not known what began it.
    pub are_assumed: bool,
}

impl EntrySources {
    /// Returns the commit that the image of the entry `name` was built from.
    pub fn of(&self, name: &str) -> Option<&SourceCommit> {
        self.known.iter().find(|(entry, _)| entry.as_str() == name).map(|(_, source)| source)
    }

    /// Returns all of them; entries often share one.
    pub fn iter(&self) -> impl Iterator<Item = &SourceCommit> {
        self.known.iter().map(|(_, source)| source)
    }
}

impl FromIterator<(ImageName, SourceCommit)> for EntrySources {
    fn from_iter<T: IntoIterator<Item = (ImageName, SourceCommit)>>(sources: T) -> Self {
        Self { known: sources.into_iter().collect(), are_assumed: false }
    }
}
