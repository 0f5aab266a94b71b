//! A commit whose object the server makes, of our tree, parent and message: author, committer and signature are its own. It is
//! in the server's store already, and so are its trees and files; a push of it sends no object, and moves the branch alone.

use gix::ObjectId;
use gix::objs::Kind;

use super::commit::{CommitOnTip, NewCommit, ObjectsAt, hash};
use super::name::CommitId;
use super::pack::NewObject;
use crate::git::error::GitError;

/// What a commit is made of, for the program that makes its object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitParts<'a> {
    pub parent: CommitId,
    /// The id of the parent's tree.
    pub base_tree: String,
    /// The id of the tree that the commit must have.
    pub tree: String,
    pub files: Vec<FilePart<'a>>,
}

/// A file that the commit changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePart<'a> {
    pub path: String,
    /// As git writes it, such as `100644`.
    pub mode: &'static str,
    pub bytes: &'a [u8],
}

impl NewCommit {
    /// Returns what the commit is made of.
    pub fn parts(&self) -> CommitParts<'_> {
        let files = self.files.iter().map(|file| FilePart {
            path: file.path.to_string(),
            mode: if file.kind == gix::objs::tree::EntryKind::BlobExecutable { "100755" } else { "100644" },
            bytes: &file.new.bytes,
        });
        CommitParts {
            parent: self.parent,
            // The root is the first of them.
            base_tree: self.replaced_trees.first().map(ToString::to_string).unwrap_or_default(),
            tree: self.tree.to_string(),
            files: files.collect(),
        }
    }

    /// Returns this commit as the server has made it, under the id `made`. `payload` is what was signed, and `signature` the
    /// signature of it: if they make an object of that id, a checkout can follow the commit without asking for it.
    pub fn made_elsewhere(mut self, made: CommitId, payload: &str, signature: &str) -> Result<Self, GitError> {
        self.objects.retain(|object| object.kind != Kind::Commit);
        if let Some(bytes) = signed_object(made.0, payload, signature)? {
            self.objects.push(NewObject { id: made.0, kind: Kind::Commit, bytes, delta: None });
        }
        Ok(Self { id: made.0, objects_at: ObjectsAt::Server, ..self })
    }

    /// Whether the commit's own object is known byte by byte.
    pub(in crate::git) fn is_known(&self) -> bool {
        self.objects.last().is_some_and(|object| object.id == self.id)
    }
}

impl CommitOnTip {
    /// Returns this commit as the server has made it, with the same lease; see [`NewCommit::made_elsewhere`].
    pub fn made_elsewhere(self, made: CommitId, payload: &str, signature: &str) -> Result<Self, GitError> {
        Ok(Self { new: self.new.made_elsewhere(made, payload, signature)?, lease: self.lease })
    }
}

/// Returns the object that payload and signature make; `None` if it has another id. Signers differ in the line ends after a
/// signature, and each of them is a line of the header.
fn signed_object(id: ObjectId, payload: &str, signature: &str) -> Result<Option<Vec<u8>>, GitError> {
    let Some((head, message)) = payload.split_once("\n\n") else { return Ok(None) };
    let trimmed = signature.trim_end();
    for ends in ["", "\n", "\n\n"] {
        let lines = format!("{trimmed}{ends}").replace('\n', "\n ");
        let object = format!("{head}\ngpgsig {lines}\n\n{message}").into_bytes();
        if hash(Kind::Commit, &object)? == id {
            return Ok(Some(object));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::{Kind, hash, signed_object};

    #[test]
    fn an_object_is_put_together_if_it_has_the_id() {
        const HEAD: &str =
            "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000";
        const LINES: &str = "-----BEGIN PGP SIGNATURE-----\n \n ab\n -----END PGP SIGNATURE-----";
        const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----\n\nab\n-----END PGP SIGNATURE-----";
        let payload = format!("{HEAD}\n\nTitle\n\nText\n");
        for ends in ["", "\n ", "\n \n "] {
            let object = format!("{HEAD}\ngpgsig {LINES}{ends}\n\nTitle\n\nText\n").into_bytes();
            let id = hash(Kind::Commit, &object).unwrap();
            for told in [SIGNATURE.to_owned(), format!("{SIGNATURE}\n")] {
                assert_eq!(signed_object(id, &payload, &told).unwrap().as_ref(), Some(&object), "{ends:?}");
            }
            assert_eq!(signed_object(id, "no commit", SIGNATURE).unwrap(), None);
        }
    }
}
