//! A commit of a history: its author, its time, its parents and its message. Trailers are read as `git interpret-trailers
//! --parse` does, but in each paragraph: a forge writes text of its own behind the message of a squash.

use gix::ObjectId;

use super::name::CommitId;
use super::parsed_commit::{ParsedCommit, Text};
use super::store::Objects;
use crate::git::error::GitError;

/// One commit of a history. Its texts are untrusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitRecord {
    pub id: CommitId,
    pub parents: Vec<CommitId>,
    /// Names, without their addresses.
    pub author: Text,
    pub committer: Text,
    /// When it was committed, in seconds since 1970 (UTC).
    pub seconds: i64,
    pub message: Text,
    pub(in crate::git) tree: ObjectId,
}

impl CommitRecord {
    /// Returns the record of a commit that has been loaded. A malformed name or time, as old tools have written, is empty.
    pub(in crate::git) fn read(id: CommitId, objects: &Objects) -> Result<Self, GitError> {
        let commit = objects.commit(&id.0)?;
        let (author, _) = commit.signature(&commit.author);
        let (committer, seconds) = commit.signature(&commit.committer);
        let message = commit.text(&commit.message);
        let ParsedCommit { tree, parents, .. } = commit;
        Ok(Self { id, parents, author, committer, seconds, message, tree })
    }

    /// Returns a record of a commit that exists in no repository.
    #[cfg(test)]
    pub(crate) fn of(id: CommitId, parents: Vec<CommitId>, message: &str) -> Self {
        let (author, committer) = ("A".into(), "C".into());
        let tree = ObjectId::null(gix::hash::Kind::Sha1);
        Self { id, parents, author, committer, seconds: 0, message: message.into(), tree }
    }

    /// Returns the first line of the message.
    pub fn title(&self) -> &str {
        self.message.trim_start().lines().next().unwrap_or_default().trim_end()
    }

    /// Returns when it was committed, as `2026-11-20T14:02:00+00:00`.
    pub fn time(&self) -> String {
        let time = gix::date::Time { seconds: self.seconds, offset: 0 };
        time.format_or_unix(gix::date::time::format::ISO8601_STRICT)
    }

    /// Returns the trailers of each paragraph below the title, the last paragraph first: token and value.
    pub fn trailer_blocks(&self) -> impl Iterator<Item = Vec<(&str, &str)>> {
        let mut lines = self.message.trim().lines().rev().map(str::trim_end);
        std::iter::from_fn(move || {
            let mut block = Vec::new();
            let mut is_begun = false;
            // Above the title's paragraph is no empty line.
            loop {
                match lines.next()? {
                    "" if is_begun => break,
                    "" => {}
                    line => {
                        is_begun = true;
                        block.extend(trailer(line));
                    }
                }
            }
            block.reverse();
            Some(block)
        })
    }
}

fn trailer(line: &str) -> Option<(&str, &str)> {
    let (token, value) = line.split_once(':')?;
    let clean = !token.is_empty() && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    clean.then_some((token, value.trim()))
}

/// Reads the commit of any bytes.
#[cfg(fuzzing)]
pub fn fuzz(bytes: &[u8]) -> Option<CommitRecord> {
    let mut objects = Objects::default();
    let id = objects.insert(gix::objs::Kind::Commit, bytes.to_vec()).ok()?;
    fuzz_record(id, &objects)
}

/// Reads the record of an object, if it is a commit's, and looks at all that it says.
#[cfg(fuzzing)]
pub(super) fn fuzz_record(id: ObjectId, objects: &Objects) -> Option<CommitRecord> {
    let record = CommitRecord::read(CommitId(id), objects).ok()?;
    assert!(!record.title().contains('\n') && !record.time().is_empty());
    for (token, value) in record.trailer_blocks().flatten() {
        assert!(!token.is_empty() && !value.contains('\n'));
    }
    Some(record)
}

#[cfg(test)]
mod tests {
    use super::CommitRecord;
    use crate::git::CommitId;
    use gix::ObjectId;

    fn record(message: &str) -> CommitRecord {
        CommitRecord::of(CommitId(ObjectId::null(gix::hash::Kind::Sha1)), Vec::new(), message)
    }

    #[test]
    fn each_paragraph_below_the_title_may_have_trailers() {
        for (message, expected) in [
            (
                "Release x\n\nTagship-Image: a=b:1\nTagship-Version: 0.1.0\n",
                &[&[("Tagship-Image", "a=b:1"), ("Tagship-Version", "0.1.0")][..]][..],
            ),
            ("Release x\r\n\r\nbody: no\r\n\r\nA: o/r@1\r\n", &[&[("A", "o/r@1")], &[("body", "no")]]),
            ("Release x\n\nA: 1\n\n\nB: 2\n\n", &[&[("B", "2")], &[("A", "1")]]),
            ("Tagship-Image: only a title\n", &[]),
            ("\n\nTagship-Image: only a title\n", &[]),
            ("Squashed\n\nTagship-Image: a=b:1\n\nreviewed by a human", &[&[], &[("Tagship-Image", "a=b:1")]]),
            ("", &[]),
            ("t\n\nnot a trailer\n A: continued\nB-c:d", &[&[("B-c", "d")]]),
        ] {
            assert_eq!(record(message).trailer_blocks().collect::<Vec<_>>(), expected, "{message:?}");
        }
    }

    #[test]
    fn the_first_line_is_the_title() {
        assert_eq!(record("\nRelease x \r\n\nb").title(), "Release x");
        assert_eq!(record("").title(), "");
    }
}
