//! What a commit's object says, in texts that share its bytes, so that a long history costs little beside its objects. gix
//! refuses a commit whose author or committer is malformed, or that ends with its headers, and copies every header; a release
//! needs the tree and the parents alone.

use std::ops::{Deref, Range};
use std::sync::Arc;

use gix::ObjectId;
use gix::bstr::ByteSlice as _;

use super::name::CommitId;

/// The most parents of a commit that is read.
const MAX_PARENTS: usize = 1_000;

/// The most bytes that are kept of a text that is not UTF-8: its beginning and its end.
const MAX_LOSSY: usize = 64 << 10;

/// A part of a commit, which shares the commit's bytes.
#[derive(Clone)]
pub struct Text {
    bytes: Arc<Vec<u8>>,
    /// Where it is. This is UTF-8.
    range: Range<usize>,
}

impl Text {
    fn new(bytes: &Arc<Vec<u8>>, range: Range<usize>) -> Self {
        let text = &bytes[range.clone()];
        if std::str::from_utf8(text).is_ok() {
            return Self { bytes: bytes.clone(), range };
        }
        let half = MAX_LOSSY / 2;
        match text.len() {
            0..=MAX_LOSSY => text.to_str_lossy().into_owned(),
            length => text[..half].to_str_lossy().into_owned() + &text[length - half..].to_str_lossy(),
        }
        .as_str()
        .into()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self { bytes: Arc::new(text.as_bytes().to_vec()), range: 0..text.len() }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(&self.bytes[self.range.clone()]).unwrap_or_default()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text {}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
    }
}

/// What a commit's object says.
pub(in crate::git) struct ParsedCommit {
    pub(in crate::git) tree: ObjectId,
    pub(super) parents: Vec<CommitId>,
    bytes: Arc<Vec<u8>>,
    pub(super) author: Range<usize>,
    pub(super) committer: Range<usize>,
    pub(super) message: Range<usize>,
}

impl ParsedCommit {
    /// Reads the headers up to the first blank line. Fails if there is no tree, or if a parent is no id.
    pub(super) fn parse(bytes: &Arc<Vec<u8>>) -> Result<Self, &'static str> {
        let end = bytes.len();
        let (mut tree, mut parents) = (None, Vec::new());
        let (mut author, mut committer, mut message) = (end..end, end..end, end..end);
        let mut at = 0;
        while at < end {
            let line_end = bytes[at..].find_byte(b'\n').map_or(end, |length| at + length);
            let line = &bytes[at..line_end];
            let value = |name: &[u8]| line.strip_prefix(name).map(|value| line_end - value.len()..line_end);
            let id = |range: Range<usize>| ObjectId::from_hex(&bytes[range]).ok().ok_or("an id in it is malformed");
            if line.is_empty() {
                message = (line_end + 1).min(end)..end;
                break;
            } else if let (None, Some(range)) = (tree, value(b"tree ")) {
                tree = Some(id(range)?);
            } else if let Some(range) = value(b"parent ") {
                parents.push(CommitId(id(range)?));
            } else if let Some(range) = value(b"author ") {
                author = range;
            } else if let Some(range) = value(b"committer ") {
                committer = range;
            }
            at = line_end + 1;
        }
        if parents.len() > MAX_PARENTS {
            return Err("it has more than 1,000 parents");
        }
        let tree = tree.ok_or("it names no tree")?;
        Ok(Self { tree, parents, bytes: bytes.clone(), author, committer, message })
    }

    pub(super) fn text(&self, range: &Range<usize>) -> Text {
        Text::new(&self.bytes, range.clone())
    }

    /// Returns the name in a line `NAME <ADDRESS> SECONDS OFFSET`, and its seconds; of a malformed line, what is there.
    pub(super) fn signature(&self, line: &Range<usize>) -> (Text, i64) {
        let bytes = &self.bytes[line.clone()];
        let name = bytes.find_byte(b'<').unwrap_or(0);
        let length = bytes[..name].trim_ascii_end().len();
        let time = bytes.rfind_byte(b'>').map_or(&b""[..], |end| &bytes[end + 1..]);
        let seconds = time.to_str().ok().and_then(|time| time.split_whitespace().next()?.parse().ok());
        let start = line.start + (length - bytes[..length].trim_ascii_start().len());
        (self.text(&(start..line.start + length)), seconds.unwrap_or_default())
    }
}
