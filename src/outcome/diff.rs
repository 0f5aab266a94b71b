//! The unified diff of one file, as `git diff` and `patch` know it.

use similar::TextDiff;

/// Returns the diff of `path` from `old` to `new`; empty if they are equal.
pub(crate) fn unified(path: &str, old: &[u8], new: &[u8]) -> String {
    // An edit refuses what is not UTF-8, so nothing is lost here.
    let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
    TextDiff::from_lines(&*old, &*new).unified_diff().header(&format!("a/{path}"), &format!("b/{path}")).to_string()
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
}
