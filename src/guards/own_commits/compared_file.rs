//! A file before and after a commit, and whether the editor makes the one of the other.

use std::cell::LazyCell;
use std::collections::HashMap;

use crate::image::ImageArgument;
use crate::targets;
use crate::targets::{Absent, Comments, Edit, EditOptions};

pub(super) struct ComparedFile<'a> {
    pub(super) path: &'a str,
    pub(super) before: &'a [u8],
    pub(super) after: &'a [u8],
}

impl ComparedFile<'_> {
    /// Returns the edit by these arguments, if that is the whole change of the file, but for the comments behind what it wrote:
    /// `--comment` chooses these.
    pub(super) fn edit_by(&self, arguments: &[ImageArgument], absent: Absent) -> Option<Edit> {
        let options = EditOptions { absent, comments: Comments::Drop };
        let edit = targets::edit(self.path, self.before, arguments, options).ok()?;
        self.is_but_for_comments(&edit.text).then_some(edit)
    }

    /// Returns whether the file has the lines of an edit, each that the edit wrote with any comment.
    fn is_but_for_comments(&self, edited: &[u8]) -> bool {
        let lines = |text| <[u8]>::split(text, |byte| *byte == b'\n').collect::<Vec<_>>();
        let (before, edited, after) = (lines(self.before), lines(edited), lines(self.after));
        let has_a_comment = |line: &[u8], after: &[u8]| {
            let behind = after.strip_prefix(line.strip_suffix(b"\r").unwrap_or(line));
            behind.is_some_and(|behind| behind.trim_ascii_start().starts_with(b"#"))
        };
        // How many more of each line there are: the same one may stand elsewhere already.
        let more = LazyCell::new(|| {
            let mut more: HashMap<&[u8], isize> = HashMap::new();
            for (line, number) in edited.iter().map(|line| (line, 1)).chain(before.iter().map(|line| (line, -1))) {
                *more.entry(line).or_default() += number;
            }
            more
        });
        let is_written = |line: &[u8]| more.get(line).is_some_and(|more| *more > 0);
        let is_edited =
            |(line, after): (&&[u8], &[u8])| *line == after || has_a_comment(line, after) && is_written(line);
        edited.len() == after.len() && edited.iter().zip(after).all(is_edited)
    }
}

#[cfg(test)]
mod tests {
    use super::ComparedFile;
    use crate::growth::assert_grows_with_its_size;

    #[test]
    fn lines_that_were_written_may_have_a_comment() {
        let edited = b"a: v1\nb: v2\n";
        for (after, expected) in [
            (&b"a: v1\nb: v2\n"[..], true),
            (b"a: v1\nb: v2 # now\n", true),
            (b"a: v1 # now\nb: v2\n", false),
            (b"a: v1\nb: v2 now\n", false),
            (b"a: v1\nb: v2 # now\n\n", false),
        ] {
            let file = ComparedFile { path: "x", before: b"a: v1\nb: v1\n", after };
            assert_eq!(file.is_but_for_comments(edited), expected, "{}", String::from_utf8_lossy(after));
        }
    }

    #[test]
    fn each_of_many_lines_with_comments_is_compared_once() {
        assert_grows_with_its_size(16_000, |count| {
            let [before, edited, after] = ["v1\n", "v2\n", "v2 # now\n"].map(|line| line.repeat(count));
            let file = ComparedFile { path: "x", before: before.as_bytes(), after: after.as_bytes() };
            assert!(file.is_but_for_comments(edited.as_bytes()));
        });
    }
}
