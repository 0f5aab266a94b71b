//! A path as a message has it. A trailer is read back without the blanks around it, is one line, and must not have a marker
//! for CI systems or look like a login, so a path that would suffer is quoted as git quotes paths: `" lead"` becomes
//! `"\040lead"`. So is any text from the branch that forges or terminals act on.

use std::fmt::Write as _;

use super::acted_on::is_acted_on;
use super::skip_ci;
use crate::git::has_login;

/// Returns a path as a trailer has it.
pub(super) fn quoted(path: &str) -> String {
    let is_plain = path.trim() == path && !path.starts_with('"') && !is_acted_on(path) && !has_login(path);
    if is_plain && !skip_ci::is_in(path) { path.to_owned() } else { in_quotes(path) }
}

/// Returns the name of a signer as a trailer has it.
pub(super) fn inert(signer: &str) -> String {
    if signer.starts_with('"') || is_acted_on(signer) { in_quotes(signer) } else { signer.to_owned() }
}

/// Returns a text in which nothing is acted on, not even a `-` that ends `GH`.
pub(super) fn in_quotes(path: &str) -> String {
    let mut text = "\"".to_owned();
    for c in path.chars() {
        if c.is_alphanumeric() || "/._".contains(c) {
            text.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            // Writing to a String cannot fail.
            write!(text, "\\{byte:03o}").ok();
        }
    }
    text + "\""
}

/// Returns the path that a trailer has.
pub(super) fn unquoted(text: &str) -> String {
    let inside = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inside.and_then(unescaped).unwrap_or_else(|| text.to_owned())
}

fn unescaped(mut text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    while let Some((plain, rest)) = text.split_once('\\') {
        bytes.extend(plain.bytes());
        bytes.push(u8::from_str_radix(rest.get(..3)?, 8).ok()?);
        text = &rest[3..];
    }
    bytes.extend(text.bytes());
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::{inert, quoted, unquoted};

    #[test]
    fn a_signer_calls_nobody_and_closes_nothing() {
        for (signer, is_plain) in [
            ("https://github.com/org/app/.github/workflows/build.yml@refs/heads/main", true),
            ("https://gitlab.com/org/app//.gitlab-ci.yml@refs/heads/main", true),
            ("alice@example.org", true),
            ("https://example.org/a @org/team Closes #12", false),
            ("\"quoted\"", false),
        ] {
            let text = inert(signer);
            assert_eq!((text == signer, unquoted(&text).as_str()), (is_plain, signer), "{text}");
        }
    }

    #[test]
    fn paths_are_read_back() {
        for (path, expected) in [
            ("overlays/prod/kustomization.yaml", "overlays/prod/kustomization.yaml"),
            ("a b/it's \"x\"/ü[0]", "a b/it's \"x\"/ü[0]"),
            (" lead/k.yaml", "\"\\040lead/k.yaml\""),
            ("trail ", "\"trail\\040\""),
            ("\u{a0}x", "\"\\302\\240x\""),
            ("a\tb", "\"a\\011b\""),
            ("\"q\"", "\"\\042q\\042\""),
            ("\"\\040\"", "\"\\042\\134040\\042\""),
            ("[skip ci]/k.yaml", "\"\\133skip\\040ci\\135/k.yaml\""),
            ("Closes #12/k.yaml", "\"Closes\\040\\04312/k.yaml\""),
            ("(@octocat)/k.yaml", "\"\\050\\100octocat\\051/k.yaml\""),
            ("a@b/me@home", "a@b/me@home"),
            ("closes gh-12/k.yaml", "\"closes\\040gh\\05512/k.yaml\""),
            ("x-gh-12/gh-pages", "x-gh-12/gh-pages"),
            ("a:b@c.d/k.yaml", "\"a\\072b\\100c.d/k.yaml\""),
            ("\u{202e}x", "\"\\342\\200\\256x\""),
            ("***NO_CI***", "\"\\052\\052\\052NO_CI\\052\\052\\052\""),
        ] {
            assert_eq!(quoted(path), expected);
            assert_eq!(unquoted(expected), path);
        }
    }

    #[test]
    fn what_is_not_quoted_is_as_it_is() {
        for text in ["\"", "\"q", "q\"", "\"\\9\"", "\"\\777\"", "\"\\04\"", "\"\\04ü\"", "\"\\377\"", "\\040x"] {
            assert_eq!(unquoted(text), text);
        }
        assert_eq!(unquoted("\"\""), "");
    }
}
