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
            edited.iter().for_each(|line| *more.entry(line).or_default() += 1);
            before.iter().for_each(|line| *more.entry(line).or_default() -= 1);
            more
        });
        let is_written = |line: &[u8]| more.get(line).is_some_and(|more| *more > 0);
        let is_edited =
            |(line, after): (&&[u8], &[u8])| *line == after || has_a_comment(line, after) && is_written(line);
        edited.len() == after.len() && edited.iter().zip(after).all(is_edited)
    }
}
