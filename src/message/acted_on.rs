//! Text that is acted on where a message is shown: a forge closes the issue of `Closes #12` and calls `@octocat`, and a
//! terminal obeys control characters. A name on the branch must do neither with the rights of the release.

use crate::image::visible_characters::{acts, has_no_shape};

/// What follows `@` in a reference to an image, which calls no person.
const DIGESTS: [&str; 2] = ["sha256:", "sha512:"];

/// Returns whether a forge or a terminal may act on `text`.
pub(super) fn is_acted_on(text: &str) -> bool {
    let is_within_word = |before: &str| before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let calls = |(at, _): (usize, &str)| {
        let is_digest = DIGESTS.iter().any(|digest| text[at + 1..].starts_with(digest));
        !is_digest && !is_within_word(&text[..at])
    };
    let numbers = |(at, _): (usize, &str)| text[at + 1..].starts_with(|c: char| c.is_ascii_digit());
    text.contains(|c| acts(c) || has_no_shape(c))
        || text.match_indices('#').any(numbers)
        || text.match_indices('@').any(calls)
        || text.split_whitespace().skip(1).any(is_issue)
}

/// Returns whether a word behind others is an issue without a `#`: `GH-12`, or the address of its page.
fn is_issue(word: &str) -> bool {
    let number = word.get(..3).filter(|start| start.eq_ignore_ascii_case("gh-")).map(|_| &word[3..]);
    number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit())) || word.contains("://")
}

#[cfg(test)]
mod tests {
    use super::is_acted_on;

    #[test]
    fn what_is_acted_on() {
        for text in
            ["a #1", "org/app#1", "@org", "a (@org)", "-@org", "fixes GH-1", "fixes https://h/o/r/issues/1", "\u{202e}"]
        {
            assert!(is_acted_on(text), "{text}");
        }
        for text in [
            "",
            "web=org/web@sha256:0",
            "org/web:v1@sha256:0",
            "a@b",
            "gh-1",
            "x gh-pages",
            "https://h/o",
            "a b (c)",
            "#{IMAGE}#=org/web",
        ] {
            assert!(!is_acted_on(text), "{text}");
        }
    }
}
