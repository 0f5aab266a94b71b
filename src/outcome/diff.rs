//! The unified diff of one file, as `git diff` and `patch` know it.
//!
//! The library finds what changed. Its own printer of unified diffs brings all of its algorithms into the program
//! (150 kB), so the lines are written here.

use std::fmt::{self, Display, Write as _};
use std::ops::Range;

use similar::algorithms::{Capture, Replace, myers};
use similar::{DiffOp, group_diff_ops};

/// How many lines that stay are shown before and after those that change, as git and diff do.
const CONTEXT_LINES: usize = 3;

/// Returns the diff of `path` from `old` to `new`; empty if they are equal.
pub(crate) fn unified(path: &str, old: &[u8], new: &[u8]) -> String {
    // An edit refuses what is not UTF-8, so nothing is lost here.
    let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
    let old = old.split_inclusive('\n').collect::<Vec<_>>();
    let new = new.split_inclusive('\n').collect::<Vec<_>>();
    let mut text = String::new();
    // Writing into a `String` cannot fail.
    let _never: fmt::Result = write_hunks(&mut text, path, &old, &new);
    text
}

fn write_hunks(text: &mut String, path: &str, old: &[&str], new: &[&str]) -> fmt::Result {
    for (number, hunk) in group_diff_ops(changes(old, new), CONTEXT_LINES).iter().enumerate() {
        let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { continue };
        if number == 0 {
            write!(text, "--- a/{path}\n+++ b/{path}\n")?;
        }
        let before = LineRange(first.old_range().start..last.old_range().end);
        let after = LineRange(first.new_range().start..last.new_range().end);
        writeln!(text, "@@ -{before} +{after} @@")?;
        for change in hunk {
            let (removed, added) = (&old[change.old_range()], &new[change.new_range()]);
            if matches!(change, DiffOp::Equal { .. }) {
                write_lines(text, ' ', removed)?;
            } else {
                write_lines(text, '-', removed)?;
                write_lines(text, '+', added)?;
            }
        }
    }
    Ok(())
}

fn changes(old: &[&str], new: &[&str]) -> Vec<DiffOp> {
    let mut capture = Replace::new(Capture::new());
    match myers::diff(&mut capture, old, 0..old.len(), new, 0..new.len()) {
        Ok(()) => capture.into_inner().into_ops(),
        Err(impossible) => match impossible {},
    }
}

fn write_lines(text: &mut String, mark: char, lines: &[&str]) -> fmt::Result {
    for line in lines {
        write!(text, "{mark}{line}")?;
        if !line.ends_with('\n') {
            text.write_str("\n\\ No newline at end of file\n")?;
        }
    }
    Ok(())
}

/// Lines, counted from 0, as the head of a hunk names them: from 1, with the line before it if there are none.
struct LineRange(Range<usize>);

impl Display for LineRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            0 => write!(f, "{},0", self.0.start),
            1 => write!(f, "{}", self.0.start + 1),
            length => write!(f, "{},{length}", self.0.start + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn as_patch_reads_it() {
        let diff = unified("dir/file", b"a\nb\nc", b"a\nB\nc");
        assert_eq!(
            diff,
            "--- a/dir/file\n+++ b/dir/file\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n\\ No newline at end of file\n"
        );
        assert_eq!(unified("file", b"a\n", b"a\n"), "");
    }

    /// What `diff -u` prints for the same files, in its hunks.
    #[test]
    fn hunks_are_those_of_diff() {
        let hunks = |old: &str, new: &str| {
            let diff = unified("f", old.as_bytes(), new.as_bytes());
            diff.strip_prefix("--- a/f\n+++ b/f\n").unwrap_or_else(|| panic!("{diff}")).to_owned()
        };
        assert_eq!(hunks("", "a\n"), "@@ -0,0 +1 @@\n+a\n");
        assert_eq!(hunks("a\nb\n", ""), "@@ -1,2 +0,0 @@\n-a\n-b\n");
        assert_eq!(hunks("a", "a\n"), "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
        assert_eq!(hunks("a\r\n", "b\r\n"), "@@ -1 +1 @@\n-a\r\n+b\r\n");
        let lines = (1..=20).map(|line| format!("{line}\n")).collect::<String>();
        let changed = lines.replace("\n2\n", "\ntwo\n").replace("19\n", "").replace("\n10\n", "\n10\nten\n");
        assert_eq!(
            hunks(&lines, &changed),
            "@@ -1,5 +1,5 @@\n 1\n-2\n+two\n 3\n 4\n 5\n@@ -8,6 +8,7 @@\n 8\n 9\n 10\n+ten\n 11\n 12\n 13\n\
             @@ -16,5 +17,4 @@\n 16\n 17\n 18\n-19\n 20\n"
        );
    }
}
