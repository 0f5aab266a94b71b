//! The refs that a server names when a push begins. It names every ref of the repository, of which few are kept.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use gix::ObjectId;
use gix::bstr::ByteSlice as _;

use crate::git::objects::name::{BranchName, CommitId, TagName};

/// The most tags that are kept. If a repository has more, the refusal of the push tells that a tag exists.
const MAX_TAGS: usize = 1_000_000;

/// What is kept of the refs that the server names when a push begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefsKept<'a> {
    Branch,
    /// The tags too, because one is to be made. Then the server must be able to move two refs in one step.
    BranchAndTags,
    /// The head branch of a pull request too, which is pushed to in place of the branch.
    BranchAndHead(&'a BranchName),
}

/// Those that are kept, and what they name.
#[derive(Clone)]
pub struct AdvertisedRefs {
    pub(super) branch: BranchName,
    /// `None` if the branch does not exist.
    pub(super) tip: Option<CommitId>,
    /// The head branch of a pull request to the branch, if it is kept.
    pub(super) head: Option<AdvertisedHead>,
    /// What the tags name, by hashes of their full names, if they are kept: a repository may have a million, and names are long.
    tags: Option<Vec<([u8; 8], ObjectId)>>,
}

/// A head branch, with its tip if it exists.
#[derive(Clone)]
pub(super) struct AdvertisedHead {
    pub(super) branch: BranchName,
    pub(super) tip: Option<CommitId>,
}

impl AdvertisedRefs {
    /// Returns those of a push to `branch`, before the server has named any.
    pub fn of(branch: &BranchName, kept: RefsKept<'_>) -> Self {
        let head = match kept {
            RefsKept::BranchAndHead(head) => Some(AdvertisedHead { branch: head.clone(), tip: None }),
            RefsKept::Branch | RefsKept::BranchAndTags => None,
        };
        let tags = (kept == RefsKept::BranchAndTags).then(Vec::new);
        Self { branch: branch.clone(), tip: None, head, tags }
    }

    /// Reads a line of the server's: an id and a name.
    pub(super) fn read(&mut self, line: &[u8]) {
        let Some((id, name)) = line.trim_end().split_once_str(" ") else { return };
        let is = |branch: &BranchName| branch.full().as_bytes() == name;
        let id = ObjectId::from_hex(id).ok();
        if is(&self.branch) {
            self.tip = id.map(CommitId);
        } else if let Some(head) = self.head.as_mut().filter(|head| is(&head.branch)) {
            head.tip = id.map(CommitId);
        } else if let Some(tags) =
            self.tags.as_mut().filter(|tags| name.starts_with(b"refs/tags/") && tags.len() < MAX_TAGS)
        {
            tags.extend(id.map(|id| (hash(name), id)));
        }
    }

    /// Returns whether tags are kept.
    pub(super) fn keeps_tags(&self) -> bool {
        self.tags.is_some()
    }

    /// Returns what a tag names, if tags are kept.
    pub(super) fn tag(&self, name: &TagName) -> Option<ObjectId> {
        let wanted = hash(name.full().as_bytes());
        self.tags.as_ref()?.iter().find(|(name, _)| *name == wanted).map(|(_, id)| *id)
    }
}

/// Of a million names, two share a hash once in 37 million repositories.
fn hash(name: &[u8]) -> [u8; 8] {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish().to_ne_bytes()
}
