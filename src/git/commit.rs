//! One commit on top of a snapshot: only the named files change, their modes stay, and its parent is what the push will
//! hold the branch to. The commit is written raw, so nothing cleans up its message.

use std::fmt;
use std::str::FromStr;

use gix::ObjectId;
use gix::actor::Signature;
use gix::bstr::BStr;
use gix::objs::{Commit, Kind, tree::Editor};

use super::error::GitError;
use super::message::Message;
use super::name::{BranchName, CommitId, RepositoryPath};
use super::objects::HASH;
use super::snapshot::{Snapshot, Step};

/// Who made a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub name: String,
    pub email: String,
}

/// Why a text is not `NAME <EMAIL>`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write it as `NAME <EMAIL>`")]
pub struct IdentityError;

impl FromStr for Identity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let text = text.trim_matches(' ');
        let (name, email) = text.strip_suffix('>').and_then(|text| text.split_once('<')).ok_or(IdentityError)?;
        let (name, email) = (name.trim_matches(' '), email.trim_matches(' '));
        let clean = |part: &str| !part.is_empty() && !part.contains(['<', '>']) && !part.contains(char::is_control);
        if clean(name) && clean(email) {
            Ok(Self { name: name.to_owned(), email: email.to_owned() })
        } else {
            Err(IdentityError)
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <{}>", self.name, self.email)
    }
}

/// Who is named in a commit, and when, in seconds since 1970 (UTC).
#[derive(Debug, Clone)]
pub struct Authorship {
    pub author: Identity,
    pub committer: Identity,
    pub seconds: i64,
}

/// What the branch must be at for a push to move it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub branch: BranchName,
    /// `None`: the branch must not exist.
    pub tip: Option<CommitId>,
}

/// A commit whose one parent is the tip that its lease names, or, for a new branch, the commit that this begins at.
/// Only [`Snapshot::commit`] makes one, so that a push can neither rewind nor merge.
pub struct CommitOnTip {
    pub(super) id: ObjectId,
    pub(super) lease: Lease,
    pub(super) objects: Vec<(ObjectId, Kind, Vec<u8>)>,
}

impl CommitOnTip {
    pub fn id(&self) -> CommitId {
        CommitId(self.id)
    }

    pub fn lease(&self) -> &Lease {
        &self.lease
    }
}

/// A file's new content.
pub struct Change {
    pub path: RepositoryPath,
    pub bytes: Vec<u8>,
}

/// The branch that a commit on a snapshot goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// The branch whose tip the snapshot is.
    Tip(BranchName),
    /// A branch that does not exist yet.
    New(BranchName),
}

impl Destination {
    pub fn branch(&self) -> &BranchName {
        match self {
            Self::Tip(branch) | Self::New(branch) => branch,
        }
    }
}

impl Snapshot<'_> {
    /// Returns a commit of `changes`, each to a file that has been loaded.
    pub fn commit(
        &self,
        changes: &[Change],
        message: &Message,
        authorship: &Authorship,
        destination: Destination,
    ) -> Result<CommitOnTip, GitError> {
        let mut new = Vec::new();
        let tree = self.edit_tree(changes, &mut new)?;
        let commit = Commit {
            tree,
            parents: [self.commit.0].into_iter().collect(),
            author: authorship.author.signature(authorship.seconds),
            committer: authorship.committer.signature(authorship.seconds),
            encoding: None,
            message: message.to_string().into(),
            extra_headers: Vec::new(),
        };
        let id = encode(Kind::Commit, &commit, &mut new)?;
        let lease = match destination {
            Destination::Tip(branch) => Lease { branch, tip: Some(self.commit) },
            Destination::New(branch) => Lease { branch, tip: None },
        };
        Ok(CommitOnTip { id, lease, objects: new })
    }

    /// Returns the root of a tree with `changes`, and adds what is new to `new`.
    fn edit_tree(&self, changes: &[Change], new: &mut Vec<(ObjectId, Kind, Vec<u8>)>) -> Result<ObjectId, GitError> {
        let failed = |error: gix::Error| GitError::unexpected("the new tree cannot be made", error);
        let root = self.objects.tree(&self.root)?.into_owned();
        let mut editor = Editor::new(root, &self.objects, HASH);
        for change in changes {
            let Step::File { kind, .. } = self.walk(&change.path)? else {
                let why = anyhow::anyhow!("`{}` is not a file that was loaded", change.path);
                return Err(GitError::unexpected("the new tree cannot be made", why));
            };
            let blob = hash(Kind::Blob, &change.bytes)?;
            new.push((blob, Kind::Blob, change.bytes.clone()));
            editor.upsert(change.path.parts().iter().map(BStr::new), kind, blob).map_err(failed)?;
        }
        editor.write(|tree| encode(Kind::Tree, tree, new).map_err(gix::Error::from_error)).map_err(failed)
    }
}

impl Identity {
    fn signature(&self, seconds: i64) -> Signature {
        let time = gix::date::Time { seconds, offset: 0 };
        Signature { name: self.name.clone().into(), email: self.email.clone().into(), time }
    }
}

fn hash(kind: Kind, bytes: &[u8]) -> Result<ObjectId, GitError> {
    gix::objs::compute_hash(HASH, kind, bytes)
        .map_err(|error| GitError::unexpected("an object cannot be hashed", error))
}

fn encode(
    kind: Kind,
    object: &dyn gix::objs::WriteTo,
    new: &mut Vec<(ObjectId, Kind, Vec<u8>)>,
) -> Result<ObjectId, GitError> {
    let mut bytes = Vec::new();
    object.write_to(&mut bytes).map_err(|error| GitError::unexpected("an object cannot be written", error))?;
    let id = hash(kind, &bytes)?;
    new.push((id, kind, bytes));
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::Identity;

    #[test]
    fn identities() {
        for (text, expected) in [
            ("A B <a@b.c>", Some("A B <a@b.c>")),
            (" bot[1]  < x > ", Some("bot[1] <x>")),
            ("a@b.c", None),
            ("<a@b.c>", None),
            ("A <>", None),
            ("A <a> <b>", None),
            ("A\n <a>", None),
        ] {
            assert_eq!(
                text.parse::<Identity>().ok().map(|identity| identity.to_string()).as_deref(),
                expected,
                "{text:?}"
            );
        }
    }
}
