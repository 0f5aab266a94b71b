//! The objects that one attempt has loaded, in memory. Nothing is written to disk.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use gix::ObjectId;
use gix::bstr::BStr;
use gix::objs::tree::EntryRef;
use gix::objs::{self, Data, Kind, TreeRef, TreeRefIter};

use super::parsed_commit::ParsedCommit;
use super::tree_index::TreeIndex;
use crate::git::error::GitError;
use crate::git::wire::allowance::Excess;

/// The one hash function that is supported so far.
pub(in crate::git) const HASH: gix::hash::Kind = gix::hash::Kind::Sha1;

/// Why a repository with another hash function cannot be used.
pub(in crate::git) const OTHER_OBJECTS: &str = "its objects are not named by SHA-1";

/// The most memory, in bytes, that all objects of this process may take which servers sent: a promotion has those of two
/// repositories at once. What is made of them on the way to a commit takes some 30 MB more.
const MAX_BYTES: u64 = 56 << 20;

/// What an object takes beside its bytes, and a commit once more, since a history keeps a record of it.
const BYTES_PER_OBJECT: u64 = 256;

/// The largest folder that is read, in bytes: some 90,000 entries. A tree that is edited takes six times its bytes.
pub(super) const MAX_TREE: usize = 4 << 20;

/// What has been taken of [`MAX_BYTES`].
static TAKEN: AtomicU64 = AtomicU64::new(0);

struct StoredObject {
    kind: Kind,
    bytes: Arc<Vec<u8>>,
    /// Of a tree that was looked into.
    index: OnceLock<Option<TreeIndex>>,
}

/// Objects by their ids.
#[derive(Default)]
pub(in crate::git) struct Objects {
    objects: HashMap<ObjectId, StoredObject>,
    /// The trees and files that a server sent: of these, room was taken that can be given back.
    received: HashSet<ObjectId>,
    /// What these have of [`TAKEN`].
    bytes: u64,
}

impl Drop for Objects {
    fn drop(&mut self) {
        TAKEN.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Objects {
    pub(in crate::git) fn insert(&mut self, kind: Kind, bytes: Vec<u8>) -> Result<ObjectId, GitError> {
        let id = objs::compute_hash(HASH, kind, &bytes)
            .map_err(|error| GitError::unexpected("an object cannot be hashed", error))?;
        self.objects.insert(id, StoredObject { kind, bytes: Arc::new(bytes), index: OnceLock::new() });
        Ok(id)
    }

    /// Adds what a server sent, for whose bytes room was taken.
    pub(super) fn insert_received(&mut self, kind: Kind, bytes: Vec<u8>) -> anyhow::Result<ObjectId> {
        if kind == Kind::Commit {
            // The parents of its record, and its texts as UTF-8 if they are not.
            let texts = if std::str::from_utf8(&bytes).is_ok() { 0 } else { 3 * bytes.len() };
            self.reserve((bytes.len() / 2 + texts) as u64)?;
            return Ok(self.insert(kind, bytes)?);
        }
        let id = self.insert(kind, bytes)?;
        self.received.insert(id);
        Ok(id)
    }

    /// Takes room for an object that a server sends, by the size that it claims, before that is inflated or made of a delta.
    pub(super) fn reserve(&mut self, bytes: u64) -> Result<(), Excess> {
        let bytes = bytes.saturating_add(BYTES_PER_OBJECT);
        let taken = TAKEN.load(Ordering::Relaxed).saturating_add(bytes);
        if taken > MAX_BYTES {
            return Err(Excess("it sends more than 56 MiB of objects"));
        }
        TAKEN.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        Ok(())
    }

    /// Gives room back.
    pub(super) fn release(&mut self, bytes: u64) {
        TAKEN.fetch_sub(bytes, Ordering::Relaxed);
        self.bytes -= bytes;
    }

    /// Returns the room that is taken.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Drops the trees and files that are not among `kept`, and gives their room back.
    pub(in crate::git) fn forget_all_but(&mut self, kept: &HashSet<ObjectId>) {
        let mut freed = 0;
        self.objects.retain(|id, StoredObject { kind, bytes, .. }| {
            let is_kept = *kind == Kind::Commit || kept.contains(id);
            if !is_kept && self.received.remove(id) {
                freed += bytes.len() as u64 + BYTES_PER_OBJECT;
            }
            is_kept
        });
        self.release(freed);
    }

    pub(in crate::git) fn ids(&self) -> impl Iterator<Item = ObjectId> {
        self.objects.keys().copied()
    }

    pub(in crate::git) fn contains(&self, id: &ObjectId) -> bool {
        self.objects.contains_key(id)
    }

    pub(in crate::git) fn get(&self, id: &ObjectId) -> Option<(Kind, &[u8])> {
        self.objects.get(id).map(|object| (object.kind, object.bytes.as_slice()))
    }

    /// Takes the bytes of an object out.
    pub(super) fn remove(&mut self, id: &ObjectId) -> Option<Vec<u8>> {
        self.objects.remove(id).map(|object| Arc::unwrap_or_clone(object.bytes))
    }

    pub(in crate::git) fn commit(&self, id: &ObjectId) -> Result<ParsedCommit, GitError> {
        ParsedCommit::parse(&self.whole(id, Kind::Commit)?.bytes)
            .map_err(|why| GitError::unexpected(format!("the commit {id} cannot be read"), anyhow::anyhow!(why)))
    }

    pub(in crate::git) fn tree(&self, id: &ObjectId) -> Result<TreeRef<'_>, GitError> {
        TreeRef::from_bytes(&self.tree_object(id)?.bytes, HASH).map_err(|error| unread_tree(id, error))
    }

    /// Returns the first entry of a folder with this name. A small folder is read as far as that.
    pub(in crate::git) fn tree_entry(&self, id: &ObjectId, name: &str) -> Result<Option<EntryRef<'_>>, GitError> {
        let (tree, name) = (self.tree_object(id)?, BStr::new(name));
        if let Some(index) = tree.index.get_or_init(|| TreeIndex::of(&tree.bytes, HASH)) {
            return Ok(index.find(&tree.bytes, name));
        }
        for entry in TreeRefIter::from_bytes(&tree.bytes, HASH) {
            let entry = entry.map_err(|error| unread_tree(id, error))?;
            if entry.filename == name {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    fn tree_object(&self, id: &ObjectId) -> Result<&StoredObject, GitError> {
        let tree = self.whole(id, Kind::Tree)?;
        if tree.bytes.len() > MAX_TREE {
            return Err(GitError::TooLarge { what: "a folder of the commit" });
        }
        Ok(tree)
    }

    pub(in crate::git) fn blob(&self, id: &ObjectId) -> Result<&[u8], GitError> {
        Ok(&self.whole(id, Kind::Blob)?.bytes)
    }

    fn whole(&self, id: &ObjectId, wanted: Kind) -> Result<&StoredObject, GitError> {
        match self.objects.get(id) {
            Some(object) if object.kind == wanted => Ok(object),
            Some(StoredObject { kind, .. }) => Err(GitError::unexpected(
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

fn unread_tree(id: &ObjectId, why: gix::Error) -> GitError {
    GitError::unexpected(format!("the tree {id} cannot be read"), why)
}

/// Gives the tree editor the trees along the edited paths.
impl objs::Find for Objects {
    fn try_find<'a>(&self, id: &gix::oid, buffer: &'a mut Vec<u8>) -> gix::Result<Option<Data<'a>>> {
        let Some(StoredObject { kind, bytes, .. }) = self.objects.get(id) else {
            return Ok(None);
        };
        buffer.clear();
        buffer.extend_from_slice(bytes);
        Ok(Some(Data { kind: *kind, data: buffer, object_hash: HASH }))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{BYTES_PER_OBJECT, Kind, Objects};

    #[test]
    fn what_is_forgotten_gives_its_room_back() {
        let mut objects = Objects::default();
        let mut receive = |byte: u8| {
            objects.reserve(100).unwrap();
            objects.insert_received(Kind::Blob, vec![byte; 100]).unwrap()
        };
        let kept = receive(1);
        let forgotten = receive(2);
        let local = objects.insert(Kind::Blob, vec![3; 100]).unwrap();
        objects.forget_all_but(&HashSet::from([kept]));
        assert_eq!(objects.bytes(), 100 + BYTES_PER_OBJECT);
        assert!(objects.contains(&kept) && !objects.contains(&forgotten) && !objects.contains(&local));
    }
}
