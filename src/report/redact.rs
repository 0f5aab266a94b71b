//! Keeps logins out of everything that is printed: a URL that a user, a server or a file wrote may have one, and so may an
//! argument in the wrong place.

use std::borrow::Cow;
use std::ffi::OsString;

/// What stands for a login.
const HIDDEN: &str = "***";

/// Returns `text` without the logins of its URLs: `//USER:PASSWORD@`, and over HTTP also a user alone, which is a token there.
pub(super) fn redacted(text: &str) -> Cow<'_, str> {
    if !text.contains("//") || !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(slashes) = rest.find("//") {
        let (before, after) = rest.split_at(slashes + 2);
        shown.push_str(before);
        let word = after.find(|c: char| c.is_whitespace() || "\\\"'`<>".contains(c)).unwrap_or(after.len());
        let authority = after[..word].find('/').unwrap_or(word);
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

/// Returns a note if an argument of a command line, whose first item is the program's name, has a login in a URL.
pub(crate) fn exposed_login(arguments: &[OsString]) -> Option<String> {
    let has_login = |argument: &OsString| {
        let argument = argument.to_string_lossy();
        redacted(&argument) != argument
    };
    arguments.iter().skip(1).any(has_login).then(|| {
        "an argument has a login in its URL, which other processes of this machine can read; \
         give it as `TAGSHIP_GIT_TOKEN`"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::{exposed_login, redacted};

    #[test]
    fn logins_in_arguments() {
        for (argument, expected) in [
            ("https://u:s3cret@h/o/r", true),
            ("--repo=HTTPS://u:s3cret@h/o/r", true),
            ("https://t0ken@h/o/r", true),
            ("https://u:p/q@h/o/r", true),
            ("https://h/o/r", false),
            ("ssh://git@h:2222/o/r", false),
            ("git@h:o/r", false),
            ("web=r:5000/web:v1@sha256:1", false),
            ("https://h/o:r@x", false),
        ] {
            assert_eq!(exposed_login(&["tagship".into(), argument.into()]).is_some(), expected, "{argument}");
        }
        assert!(exposed_login(&["https://u:s3cret@h".into()]).is_none(), "the program's own name");
    }

    #[test]
    fn logins_in_urls() {
        for (text, expected) in [
            ("see https://u:p@h/x, and HTTP://token@h", "see https://***@h/x, and HTTP://***@h"),
            ("ssh://git@h/x", "ssh://git@h/x"),
            ("ssh://git:p@h/x", "ssh://***@h/x"),
            ("'//u:p@q@h'", "'//***@h'"),
            ("https://h:80/x@y:z", "https://h:80/x@y:z"),
            (r#"{"a":"https://u:p@h","b":"//x","c":"y@z:1"}"#, r#"{"a":"https://***@h","b":"//x","c":"y@z:1"}"#),
            ("https://u:p/q@h/x", "https://***@h/x"),
            ("web=https://bob:it's@host/x:v1", "web=https://***@host/x:v1"),
            ("https://h:80/x@y", "https://h:80/x@y"),
            ("a // b:c@d", "a // b:c@d"),
            ("https://@h/x", "https://@h/x"),
            ("////u:p@h", "////***@h"),
        ] {
            assert_eq!(redacted(text), expected, "{text}");
        }
    }
}
