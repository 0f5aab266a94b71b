//! One commit on top of a snapshot: only the named files change, and their modes stay. Its parent becomes the lease of the
//! push. The commit is encoded as it is given; nothing cleans up its message.

use std::collections::HashMap;

use gix::ObjectId;
use gix::bstr::BStr;
use gix::objs::tree::{Editor, EntryKind};
use gix::objs::{Commit, Kind, Tree};

use super::commit_message::Message;
use super::delta;
use super::identity::Identity;
use super::name::{BranchName, CommitId, RepositoryPath, TagName};
use super::pack::NewObject;
use super::sign::Signing;
use super::store::{HASH, MAX_TREE, Objects};
use crate::git::error::GitError;
use crate::git::reading::snapshot::{PathEnd, Snapshot};

/// Author, committer, time in seconds since 1970 (UTC), and signature of a commit.
pub struct Authorship {
    pub author: Identity,
    pub committer: Identity,
    pub seconds: i64,
    pub signing: Option<Signing>,
}

/// The state that the branch must have for a push to move it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub branch: BranchName,
    /// `None`: the branch must not exist.
    pub tip: Option<CommitId>,
}

/// A commit on a snapshot, complete and in memory only; or the commit of a snapshot, at which a new branch begins.
pub struct NewCommit {
    pub(in crate::git) id: ObjectId,
    pub(in crate::git) parent: CommitId,
    pub(in crate::git) tree: ObjectId,
    /// Whether the tree is another one than the parent's.
    pub(in crate::git) changes: bool,
    /// The objects that a repository with the parent lacks. Each comes after those that it refers to, the commit last.
    pub(in crate::git) objects: Vec<NewObject>,
    pub(in crate::git) objects_at: ObjectsAt,
    pub(in crate::git) files: Vec<ChangedFile>,
    /// The trees of the parent that the commit replaces.
    pub(in crate::git) replaced_trees: Vec<ObjectId>,
    /// A tag on the commit.
    pub(in crate::git) tag: Option<NewTag>,
}

/// Where the objects of a new commit are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::git) enum ObjectsAt {
    /// In memory only; a push sends them.
    Here,
    /// In the server's store too: it made the commit, or has a branch at it.
    Server,
}

impl NewCommit {
    pub fn id(&self) -> CommitId {
        CommitId(self.id)
    }
}

/// A tag on a new commit, in memory only.
pub(in crate::git) struct NewTag {
    pub(in crate::git) name: TagName,
    /// What the ref names: the tag's object, or the commit.
    pub(in crate::git) id: ObjectId,
    /// `None`: the tag is a ref alone.
    pub(in crate::git) object: Option<NewObject>,
}

/// A file that a commit changes.
pub(in crate::git) struct ChangedFile {
    pub(in crate::git) path: RepositoryPath,
    pub(in crate::git) kind: EntryKind,
    pub(in crate::git) old: Blob,
    pub(in crate::git) new: Blob,
}

/// The content of a file, as an object.
pub(in crate::git) struct Blob {
    pub(in crate::git) id: ObjectId,
    pub(in crate::git) bytes: Vec<u8>,
}

/// A commit whose one parent is the tip that its lease names, or, for a new branch, the commit that this begins at; a branch
/// that begins without a commit of ours is at that commit.
/// [`Pusher::lease`](crate::git::Pusher::lease) makes one, so that no push can rewind a branch or merge. The one exception is
/// the head branch of a pull request, on which a commit takes the place of earlier ones:
/// [`Pusher::lease_over`](crate::git::Pusher::lease_over) asks for the proof that these are ours.
pub struct CommitOnTip {
    pub(in crate::git) new: NewCommit,
    pub(in crate::git) lease: Lease,
}

impl CommitOnTip {
    pub fn id(&self) -> CommitId {
        self.new.id()
    }

    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Returns whether it is the commit that a new branch begins at, and none of ours.
    pub(in crate::git) fn is_beginning(&self) -> bool {
        self.new.id == self.new.parent.0
    }

    /// Returns whether commits leave the branch for this one.
    pub(in crate::git) fn replaces(&self) -> bool {
        self.lease.tip.is_some_and(|tip| tip != self.new.parent)
    }

    /// Returns the commit without its lease.
    pub fn new_commit(&self) -> &NewCommit {
        &self.new
    }
}

/// A file's new content.
pub struct Change {
    pub path: RepositoryPath,
    pub bytes: Vec<u8>,
}

impl Snapshot<'_> {
    /// Returns a commit of `changes`, each to a file that has been loaded.
    pub fn commit(
        &self,
        changes: &[Change],
        message: &Message,
        authorship: &Authorship,
    ) -> Result<NewCommit, GitError> {
        let mut objects = Vec::new();
        let replaced_trees = self.trees_along(changes)?;
        let files = changes.iter().map(|change| self.changed_file(change)).collect::<Result<Vec<_>, _>>()?;
        let tree = self.edit_tree(&files, &replaced_trees, &mut objects)?;
        let commit = Commit {
            tree,
            parents: [self.commit.0].into_iter().collect(),
            author: authorship.author.signature(authorship.seconds),
            committer: authorship.committer.signature(authorship.seconds),
            encoding: None,
            message: message.to_string().into(),
            extra_headers: Vec::new(),
        };
        let commit = match &authorship.signing {
            Some(signing) => signing.sign(commit)?,
            None => commit,
        };
        let commit = self.new_object(Kind::Commit, encode(&commit)?, None)?;
        let id = commit.id;
        objects.push(commit);
        let changes = tree != self.root;
        Ok(NewCommit {
            id,
            parent: self.commit,
            tree,
            changes,
            objects,
            objects_at: ObjectsAt::Here,
            files,
            replaced_trees,
            tag: None,
        })
    }

    /// Returns the snapshot's commit itself, for a branch that does not exist yet: a push of it sends no object.
    pub fn beginning(&self) -> NewCommit {
        NewCommit {
            id: self.commit.0,
            parent: self.commit,
            tree: self.root,
            changes: false,
            objects: Vec::new(),
            objects_at: ObjectsAt::Server,
            files: Vec::new(),
            replaced_trees: Vec::new(),
            tag: None,
        }
    }

    fn changed_file(&self, change: &Change) -> Result<ChangedFile, GitError> {
        let PathEnd::File { id: old, kind } = self.walk(self.root, &change.path)? else {
            let why = anyhow::anyhow!("`{}` is not a file that was loaded", change.path);
            return Err(GitError::unexpected("the new tree cannot be made", why));
        };
        let old = Blob { id: old, bytes: self.objects.blob(&old)?.to_vec() };
        let new = Blob { id: hash(Kind::Blob, &change.bytes)?, bytes: change.bytes.clone() };
        Ok(ChangedFile { path: change.path.clone(), kind, old, new })
    }

    /// Returns the root of a tree with `files` changed, and adds what is new to `new`.
    fn edit_tree(
        &self,
        files: &[ChangedFile],
        replaced: &[ObjectId],
        new: &mut Vec<NewObject>,
    ) -> Result<ObjectId, GitError> {
        let failed = |error: gix::Error| GitError::unexpected("the new tree cannot be made", error);
        for id in replaced {
            if !self.objects.tree(id)?.entries.is_sorted_by(|one, other| one < other) {
                return Err(GitError::Unsorted { tree: id.to_string() });
            }
        }
        let root = self.objects.tree(&self.root)?.into_owned();
        let mut editor = Editor::new(root, &self.objects, HASH);
        for file in files {
            let blob = self.new_object(Kind::Blob, file.new.bytes.clone(), Some(file.old.id))?;
            editor.upsert(file.path.parts().map(BStr::new), file.kind, blob.id).map_err(failed)?;
            push_once(new, blob);
        }
        let (mut trees, mut ids) = (Objects::default(), Vec::new());
        let write = |tree: &Tree| {
            let id = encode(tree).and_then(|bytes| trees.insert(Kind::Tree, bytes)).map_err(gix::Error::from_error)?;
            ids.push(id);
            Ok(id)
        };
        let root = editor.write(write).map_err(failed)?;
        let predecessors = self.predecessors(root, &trees, files)?;
        for id in ids {
            // Equal trees are one object.
            let Some(bytes) = trees.remove(&id) else { continue };
            new.push(self.new_object(Kind::Tree, bytes, predecessors.get(&id).copied())?);
        }
        Ok(root)
    }

    /// Returns, for each of the new `trees` along `files`, the tree that was at its path before.
    fn predecessors(
        &self,
        root: ObjectId,
        trees: &Objects,
        files: &[ChangedFile],
    ) -> Result<HashMap<ObjectId, ObjectId>, GitError> {
        let mut predecessors = HashMap::from([(root, self.root)]);
        for file in files {
            let (mut new, mut old) = (root, self.root);
            for part in file.path.parts() {
                let (Some(to), Some(from)) = (trees.tree_entry(&new, part)?, self.objects.tree_entry(&old, part)?)
                else {
                    break;
                };
                if !to.mode.is_tree() || !from.mode.is_tree() {
                    break;
                }
                (new, old) = (to.oid.to_owned(), from.oid.to_owned());
                predecessors.insert(new, old);
            }
        }
        Ok(predecessors)
    }

    /// Returns the trees that `changes` replace.
    fn trees_along(&self, changes: &[Change]) -> Result<Vec<ObjectId>, GitError> {
        let mut trees = vec![self.root];
        for change in changes {
            let mut folder = RepositoryPath::root();
            for part in change.path.parts() {
                folder = folder.join(part);
                match self.walk(self.root, &folder)? {
                    PathEnd::Tree(id) if !trees.contains(&id) => trees.push(id),
                    _ => {}
                }
            }
        }
        let sizes = trees.iter().filter_map(|id| self.objects.get(id)).map(|(_, bytes)| bytes.len());
        if sizes.sum::<usize>() > MAX_TREE {
            return Err(GitError::TooLarge { what: "what the folders on the way to the files list" });
        }
        Ok(trees)
    }

    /// Returns an object as a delta to the `base` that it takes the place of, if that saves at least half of the bytes.
    fn new_object(&self, kind: Kind, bytes: Vec<u8>, base: Option<ObjectId>) -> Result<NewObject, GitError> {
        let delta = base.and_then(|id| Some((id, delta::between(self.objects.get(&id)?.1, &bytes))));
        let delta = delta.filter(|(_, delta)| delta.len() * 2 < bytes.len());
        Ok(NewObject { id: hash(kind, &bytes)?, kind, bytes, delta })
    }
}

/// Adds `object` unless it is there: equal files are one object, and a server that checks objects refuses a pack that has
/// one twice.
fn push_once(new: &mut Vec<NewObject>, object: NewObject) {
    if !new.iter().any(|earlier| earlier.id == object.id) {
        new.push(object);
    }
}

pub(super) fn hash(kind: Kind, bytes: &[u8]) -> Result<ObjectId, GitError> {
    gix::objs::compute_hash(HASH, kind, bytes)
        .map_err(|error| GitError::unexpected("an object cannot be hashed", error))
}

pub(super) fn encode(object: &dyn gix::objs::WriteTo) -> Result<Vec<u8>, GitError> {
    let mut bytes = Vec::new();
    object.write_to(&mut bytes).map_err(|error| GitError::unexpected("an object cannot be written", error))?;
    Ok(bytes)
}
