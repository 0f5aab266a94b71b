//! The objects that one attempt has loaded, in memory. Nothing is written to disk.

use std::collections::HashMap;

use gix::ObjectId;
use gix::objs::{self, CommitRef, Data, Kind, TreeRef};

use crate::git::error::GitError;
use crate::git::wire::allowance::Excess;

/// The one hash function that is supported so far.
pub(in crate::git) const HASH: gix::hash::Kind = gix::hash::Kind::Sha1;

/// The most bytes of objects and of deltas in all, which bounds what a server can make us keep.
const MAX_BYTES: u64 = 256 << 20;

/// Objects by their ids.
#[derive(Default)]
pub(in crate::git) struct Objects {
    objects: HashMap<ObjectId, (Kind, Vec<u8>)>,
    /// What has been taken of [`MAX_BYTES`].
    bytes: u64,
}

impl Objects {
    pub(in crate::git) fn insert(&mut self, kind: Kind, bytes: Vec<u8>) -> Result<ObjectId, GitError> {
        let id = objs::compute_hash(HASH, kind, &bytes)
            .map_err(|error| GitError::unexpected("an object cannot be hashed", error))?;
        self.objects.insert(id, (kind, bytes));
        Ok(id)
    }

    /// Takes room for what a server sends, by the size that it claims, before that is inflated or made of a delta.
    pub(super) fn reserve(&mut self, bytes: u64) -> Result<(), Excess> {
        self.bytes = self.bytes.saturating_add(bytes);
        match self.bytes {
            0..=MAX_BYTES => Ok(()),
            _ => Err(Excess("it sends more than 256 MiB of objects")),
        }
    }

    /// Drops the objects that are not to be kept, and gives their room back.
    pub(in crate::git) fn retain(&mut self, keep: impl Fn(&ObjectId, Kind) -> bool) {
        let mut freed = 0;
        self.objects.retain(|id, (kind, bytes)| {
            let is_kept = keep(id, *kind);
            freed += if is_kept { 0 } else { bytes.len() as u64 };
            is_kept
        });
        self.bytes = self.bytes.saturating_sub(freed);
    }

    pub(in crate::git) fn ids(&self) -> impl Iterator<Item = ObjectId> {
        self.objects.keys().copied()
    }

    pub(in crate::git) fn contains(&self, id: &ObjectId) -> bool {
        self.objects.contains_key(id)
    }

    pub(in crate::git) fn get(&self, id: &ObjectId) -> Option<(Kind, &[u8])> {
        self.objects.get(id).map(|(kind, bytes)| (*kind, bytes.as_slice()))
    }

    pub(in crate::git) fn commit(&self, id: &ObjectId) -> Result<CommitRef<'_>, GitError> {
        CommitRef::from_bytes(self.bytes(id, Kind::Commit)?, HASH)
            .map_err(|error| GitError::unexpected(format!("the commit {id} cannot be read"), error))
    }

    pub(in crate::git) fn tree(&self, id: &ObjectId) -> Result<TreeRef<'_>, GitError> {
        TreeRef::from_bytes(self.bytes(id, Kind::Tree)?, HASH)
            .map_err(|error| GitError::unexpected(format!("the tree {id} cannot be read"), error))
    }

    pub(in crate::git) fn blob(&self, id: &ObjectId) -> Result<&[u8], GitError> {
        self.bytes(id, Kind::Blob)
    }

    fn bytes(&self, id: &ObjectId, wanted: Kind) -> Result<&[u8], GitError> {
        match self.get(id) {
            Some((kind, bytes)) if kind == wanted => Ok(bytes),
            Some((kind, _)) => Err(GitError::unexpected(
                format!("the object {id} cannot be read"),
                anyhow::anyhow!("it is a {kind}, not a {wanted}"),
            )),
            None => Err(GitError::unexpected(
                format!("the object {id} cannot be read"),
                anyhow::anyhow!("the server did not send it"),
            )),
        }
    }
}

/// Gives the tree editor the trees along the edited paths.
impl objs::Find for Objects {
    fn try_find<'a>(&self, id: &gix::oid, buffer: &'a mut Vec<u8>) -> gix::Result<Option<Data<'a>>> {
        let Some((kind, bytes)) = self.objects.get(id) else {
            return Ok(None);
        };
        buffer.clear();
        buffer.extend_from_slice(bytes);
        Ok(Some(Data { kind: *kind, data: buffer, object_hash: HASH }))
    }
}
