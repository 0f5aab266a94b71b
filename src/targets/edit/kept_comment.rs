//! Which comments may describe a value that is gone: those with that value, a version or a commit id in them, and the
//! markers by which Flux finds the lines that it writes.

use super::note::NoteKind;
use crate::targets::flux_marker::is_marker;

/// Whether the value that went was what a comment is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::targets) enum Belongs {
    /// The line became that of another field.
    ToValue,
    Perhaps,
}

/// Returns what to say of a comment that stays where `old` went and the tag `new` came.
pub(in crate::targets) fn kept_comment(
    comment: &str,
    belongs: Belongs,
    old: &str,
    new: Option<&str>,
) -> Option<NoteKind> {
    if is_marker(comment) {
        return Some(NoteKind::FluxMarker { comment: comment.to_owned() });
    }
    let is_part = |character: char| character.is_ascii_alphanumeric() || ".-_+:".contains(character);
    let mut words = comment.split(|character| !is_part(character)).map(|word| word.trim_end_matches(['.', ':']));
    // A commit id may be short, and stand behind a word: `sha-7796b81`.
    let names = |new: &str, word: &str| word == new || parts(word).any(|part| is_commit(part) && new.contains(part));
    let is_new = new.is_some_and(|new| words.clone().any(|word| names(new, word)));
    let is_about = |word: &str| word == old || parts(word).any(|part| is_version(part) || is_commit(part));
    let is_about_old = belongs == Belongs::ToValue || words.any(|word| !word.is_empty() && is_about(word));
    (is_about_old && !is_new).then(|| NoteKind::CommentKept { comment: comment.to_owned() })
}

/// Returns a word and its parts between `-` and `_`.
fn parts(word: &str) -> impl Iterator<Item = &str> {
    std::iter::once(word).chain(word.split(['-', '_']))
}

/// `1.2` or more parts, with `v` before it and anything behind it.
fn is_version(word: &str) -> bool {
    let number = |part: &str| part.starts_with(|first: char| first.is_ascii_digit());
    let mut parts = word.strip_prefix('v').unwrap_or(word).split('.');
    let major = parts.next().is_some_and(|major| !major.is_empty() && major.bytes().all(|byte| byte.is_ascii_digit()));
    major && parts.next().is_some_and(number)
}

/// 7 to 40 hexadecimal digits; one of them a number, since `defaced` is a word.
fn is_commit(word: &str) -> bool {
    let is_hex = word.bytes().all(|byte| byte.is_ascii_hexdigit());
    (7..=40).contains(&word.len()) && is_hex && word.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Belongs, kept_comment};

    fn is_noted(comment: &str) -> bool {
        kept_comment(comment, Belongs::Perhaps, "stable", Some("v2.0.0")).is_some()
    }

    #[test]
    fn a_comment_with_the_old_value_a_version_or_a_commit_is_noted() {
        for comment in
            ["# stable", "# is v1.2.3.", "# 0.6.1", "# commit 581bc0ed", "# 1.2-rc1", "# {\"$imagepolicy\": \"a:b\"}"]
                .into_iter()
                .chain([
                    "# sha-7796b81 (F-14)",
                    "# git-7796b81",
                    "# release-1.2.3",
                    "# main-7796b81-1",
                    "# web_v1.2.3",
                    "# build 7796b81.",
                ])
        {
            assert!(is_noted(comment), "{comment}");
        }
    }

    #[test]
    fn any_other_comment_is_not() {
        for comment in [
            "# keep in sync",
            "# unstable",
            "# v2.0.0",
            "# from v1.9.0 to v2.0.0",
            "# defaced",
            "# 12 of 30",
            "# e.g. a",
            "# sha-defaced",
            "# built on linux-x86",
            "# see CVE-2024",
            "#",
        ] {
            assert!(!is_noted(comment), "{comment}");
        }
        let new = "sha-d84eaddbf78438a38fc8897d66fa69e5b90f7dd1";
        for comment in ["# d84eadd", "# sha-d84eadd", "# from 7796b81 to d84eaddb"] {
            assert!(kept_comment(comment, Belongs::Perhaps, "stable", Some(new)).is_none(), "{comment}");
        }
        assert!(kept_comment("# pinned", Belongs::ToValue, "stable", None).is_some());
    }
}
