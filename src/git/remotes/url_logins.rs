//! Finds logins in the URLs of a text, as a person types them: those that a reader of a report or of a repository must not see.

use std::borrow::Cow;
use std::ops::Range;

/// What stands for a login.
const HIDDEN: &str = "***";

/// Returns `text` without the logins of its URLs: `//USER:PASSWORD@`, and over HTTP also a user alone, which is a token there.
/// A URL ends at white space alone, because a password may have any other character.
/// An image in the place of a URL has no scheme, and its login is known by the host of a registry behind it.
pub fn without_logins(text: &str) -> Cow<'_, str> {
    if !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let is_bare = |word: &str| login_of_image(word).is_some();
    if text.split_whitespace().any(is_bare) {
        let shown = text.split_inclusive(char::is_whitespace).map(|word| match login_of_image(word) {
            Some(login) => Cow::Owned(format!("{}{HIDDEN}{}", &word[..login.start], &word[login.end..])),
            None => Cow::Borrowed(word),
        });
        return without_logins(&shown.collect::<String>()).into_owned().into();
    }
    if !text.contains("//") {
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

/// Returns where a word has `USER:PASSWORD`, as in `NAME=USER:PASSWORD@HOST/PATH`. A name before a digest is no login: nothing
/// that looks like the host of a registry follows.
fn login_of_image(word: &str) -> Option<Range<usize>> {
    let colon = word.find(':').filter(|_| !word.contains("//"))?;
    let before = word[..colon].trim_start_matches(['`', '\'', '"', '(']);
    if !before.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"=/._+$-".contains(&byte)) {
        return None;
    }
    let start = colon - before.rsplit('=').next().map_or(0, str::len);
    let is_host = |after: &str| {
        let host = after.split_once(['/', '`']).map_or("", |(host, _)| host);
        let (name, port) = host.split_once(':').unwrap_or((host, "0"));
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
        // A digest may have digits alone.
        let is_port = port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
        is_name && is_port && (name.contains('.') || name == "localhost" || host.contains(':'))
    };
    let mut ats = word.match_indices('@').map(|(at, _)| at).filter(|at| *at > colon && is_host(&word[at + 1..]));
    let end = ats.next_back()?;
    (start < colon && end > colon + 1).then_some(start..end)
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
            ("`u:p@h.io/web:v1` is not", "`***@h.io/web:v1` is not"),
            ("`u:p@h.io` is no host", "`***@h.io` is no host"),
            ("web=u:p@ss=w@h.io:5000/web:v1", "web=***@h.io:5000/web:v1"),
            ("u:p/q@localhost/web and https://u:p@h/x", "***@localhost/web and https://***@h/x"),
            ("h.io:5000/web:v1@sha256:0a/b", "h.io:5000/web:v1@sha256:0a/b"),
            ("h.io/web:v1@sha256:0a", "h.io/web:v1@sha256:0a"),
            ("h.io/web:v1@sha256:1111111", "h.io/web:v1@sha256:1111111"),
            ("web:v1@sha256:1111111/x", "web:v1@sha256:1111111/x"),
            ("git@github.com:org/repo.git", "git@github.com:org/repo.git"),
            ("Reviewed-by: a@b.c/d e:f@g", "Reviewed-by: a@b.c/d e:f@g"),
        ] {
            assert_eq!(without_logins(text), expected, "{text}");
        }
    }
}
