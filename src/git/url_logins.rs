//! Finds logins in the URLs of a text, as a person types them: those that a reader of a report or of a repository must not see.

use std::borrow::Cow;

/// What stands for a login.
const HIDDEN: &str = "***";

/// Returns `text` without the logins of its URLs: `//USER:PASSWORD@`, and over HTTP also a user alone, which is a token there.
/// A URL ends at white space alone, because a password may have any other character.
pub fn without_logins(text: &str) -> Cow<'_, str> {
    if !text.contains("//") || !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(slashes) = rest.find("//") {
        let (before, after) = rest.split_at(slashes + 2);
        shown.push_str(before);
        let word = after.find(char::is_whitespace).unwrap_or(after.len());
        let authority = after[..word].find(['/', '?', '#']).unwrap_or(word);
        // A password may have a `/` in it, and then looks like a port.
        let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let has_odd_port = after[..authority].rsplit_once(':').is_some_and(|(_, port)| !is_port(port));
        let end = if has_odd_port { word } else { authority };
        let is_http = {
            let scheme = before.trim_end_matches("//").to_ascii_lowercase();
            scheme.ends_with("http:") || scheme.ends_with("https:")
        };
        rest = match after[..end].rfind('@') {
            Some(at) if at > 0 && (is_http || after[..at].contains(':')) => {
                shown.push_str(HIDDEN);
                &after[at..]
            }
            _ => after,
        };
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// Returns whether a URL in `text` has a login in it, which every reader of the repository would see.
pub fn has_login(text: &str) -> bool {
    without_logins(text) != text
}

#[cfg(test)]
mod tests {
    use super::without_logins;

    #[test]
    fn logins_in_urls() {
        for (text, expected) in [
            ("see https://u:p@h/x, and HTTP://token@h", "see https://***@h/x, and HTTP://***@h"),
            ("ssh://git@h/x", "ssh://git@h/x"),
            ("ssh://git:p@h/x", "ssh://***@h/x"),
            ("'//u:p@q@h'", "'//***@h'"),
            ("https://h:80/x@y:z", "https://h:80/x@y:z"),
            ("web=https://bob:it's@host/x:v1", "web=https://***@host/x:v1"),
            ("`https://u:a\"b`c<d@h/x`", "`https://***@h/x`"),
            ("https://u:p/q@h/x", "https://***@h/x"),
            ("https://u:p?q#r@h/x", "https://***@h/x"),
            ("https://h:80/x@y", "https://h:80/x@y"),
            ("https://h?x=a@b", "https://h?x=a@b"),
            ("a // b:c@d", "a // b:c@d"),
            ("https://@h/x", "https://@h/x"),
            ("////u:p@h", "////***@h"),
        ] {
            assert_eq!(without_logins(text), expected, "{text}");
        }
    }
}
