//! A tag on a release commit, which is pushed along with it: a ref alone, or an object with a message.

use gix::objs::{Kind, Tag};

use super::commit::{Authorship, NewCommit, NewTag, encode, hash};
use super::commit_message::one_line;
use super::name::TagName;
use super::pack::NewObject;
use crate::git::error::GitError;

/// What a tag says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagContent {
    pub name: TagName,
    /// Makes it an annotated tag.
    pub message: Option<String>,
}

impl NewCommit {
    /// Returns the commit with a tag on it. The tagger of an annotated tag is the committer; it is not signed.
    pub fn tagged(self, tag: &TagContent, authorship: &Authorship) -> Result<Self, GitError> {
        let object = tag.message.as_ref().map(|message| self.tag_object(&tag.name, message, authorship)).transpose()?;
        let id = object.as_ref().map_or(self.id, |object| object.id);
        Ok(Self { tag: Some(NewTag { name: tag.name.clone(), id, object }), ..self })
    }

    fn tag_object(&self, name: &TagName, message: &str, authorship: &Authorship) -> Result<NewObject, GitError> {
        let lines: Vec<String> = message.trim().lines().map(one_line).collect();
        let tag = Tag {
            target: self.id,
            target_kind: Kind::Commit,
            name: name.as_str().into(),
            tagger: Some(authorship.committer.signature(authorship.seconds)),
            message: format!("{}\n", lines.join("\n")).into(),
            signature: None,
        };
        let bytes = encode(&tag)?;
        Ok(NewObject { id: hash(Kind::Tag, &bytes)?, kind: Kind::Tag, bytes, delta: None })
    }
}
