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

/// The most memory, in bytes, that all objects of this process may take: a promotion has those of two repositories at once. What
/// is made of them on the way to a commit takes some 30 MB more.
const MAX_BYTES: u64 = 56 << 20;

/// How much of it a history may fill, in bytes. The rest of the history stays unread, as if it was not there.
const MAX_HISTORY: u64 = 40 << 20;

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
    /// The trees and files for which room was taken that can be given back.
    counted: HashSet<ObjectId>,
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

    /// Adds what a server sent, for whose bytes room was taken. What was there already takes none.
    pub(super) fn insert_received(&mut self, kind: Kind, bytes: Vec<u8>) -> anyhow::Result<ObjectId> {
        let (before, length) = (self.objects.len(), bytes.len());
        // The parents of a commit's record, and its texts as UTF-8 if they are not.
        let is_text = kind != Kind::Commit || std::str::from_utf8(&bytes).is_ok();
        let id = self.insert(kind, bytes)?;
        if self.objects.len() == before {
            self.release(length);
        } else if kind == Kind::Commit {
            self.reserve((length / 2 + if is_text { 0 } else { 3 * length }) as u64)?;
        } else {
            self.counted.insert(id);
        }
        Ok(id)
    }

    /// Adds an object of the checkout, if there is room for it.
    pub(in crate::git) fn insert_copied(&mut self, kind: Kind, bytes: Vec<u8>) -> Result<ObjectId, GitError> {
        let room = self.reserve(bytes.len() as u64);
        let copied = room.map_err(anyhow::Error::from).and_then(|()| self.insert_received(kind, bytes));
        copied.map_err(|error| match error.is::<Excess>() {
            true => GitError::Excessive {
                remote: "the checkout".to_owned(),
                what: "more than 56 MiB of its objects would have to be read",
                is_sent: false,
            },
            false => GitError::unexpected("an object of the checkout cannot be read", error),
        })
    }

    /// Adds the objects of another store, which gives back the room of those that are here.
    pub(in crate::git) fn absorb(&mut self, mut other: Self) {
        let new = other.counted.difference(&self.counted).copied().collect();
        other.forget_all_but(&new);
        self.objects.extend(other.objects.drain());
        self.counted.extend(other.counted.drain());
        self.bytes += std::mem::take(&mut other.bytes);
    }

    /// Takes room for an object, by the size that it claims, before that is inflated or made of a delta.
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

    /// Gives the room of an object of `bytes` bytes back.
    pub(super) fn release(&mut self, bytes: usize) {
        let bytes = bytes as u64 + BYTES_PER_OBJECT;
        TAKEN.fetch_sub(bytes, Ordering::Relaxed);
        self.bytes -= bytes;
    }

    /// Returns whether more commits of a history may be read.
    pub(in crate::git) fn have_room_for_history(&self) -> bool {
        self.bytes < MAX_HISTORY
    }

    /// Returns the room that is taken.
    pub(in crate::git) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the trees and files that can be forgotten.
    pub(in crate::git) fn trees_and_files(&self) -> HashSet<ObjectId> {
        self.counted.clone()
    }

    /// Drops the trees and files that are not among `kept`, and gives their room back.
    pub(in crate::git) fn forget_all_but(&mut self, kept: &HashSet<ObjectId>) {
        for id in self.counted.extract_if(|id| !kept.contains(id)).collect::<Vec<_>>() {
            if let Some(object) = self.objects.remove(&id) {
                self.release(object.bytes.len());
            }
        }
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
            Some(StoredObject { kind, .. }) => {
                Err(GitError::OtherKind { id: id.to_string(), kind: kind.to_string(), wanted: wanted.to_string() })
            }
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
        let again = receive(1);
        let copied = objects.insert_copied(Kind::Blob, vec![3; 100]).unwrap();
        let made = objects.insert(Kind::Blob, vec![4; 100]).unwrap();
        assert_eq!(objects.bytes(), 3 * (100 + BYTES_PER_OBJECT));
        objects.forget_all_but(&HashSet::from([kept]));
        assert_eq!(objects.bytes(), 100 + BYTES_PER_OBJECT);
        assert!(again == kept && objects.contains(&kept) && objects.contains(&made));
        assert!(!objects.contains(&forgotten) && !objects.contains(&copied));
    }

    #[test]
    fn what_both_stores_have_is_counted_once() {
        let [mut one, mut other] = [Objects::default(), Objects::default()];
        for objects in [&mut one, &mut other] {
            objects.insert_copied(Kind::Blob, vec![1; 100]).unwrap();
        }
        other.insert_copied(Kind::Blob, vec![2; 50]).unwrap();
        one.absorb(other);
        assert_eq!(one.bytes(), 150 + 2 * BYTES_PER_OBJECT);
        one.forget_all_but(&HashSet::new());
        assert_eq!(one.bytes(), 0);
    }
}
