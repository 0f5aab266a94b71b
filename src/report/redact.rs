//! Keeps logins out of everything that is printed: a URL that a user, a server or a file wrote may have one, and so may an
//! argument in the wrong place.

use std::borrow::Cow;
use std::ffi::OsString;

use crate::git::has_login;
pub(super) use crate::git::without_logins as redacted;

/// The keys whose values are paths of a repository, which are no URLs, whatever is in them.
const PATHS: [&str; 2] = ["file\"", "files\""];

/// Returns a JSON text without the logins of its URLs, each of which ends with its string. It has no blanks between its tokens.
pub(super) fn redacted_json(text: &str) -> String {
    let mut is_escaped = false;
    let ends_string = |c: char| {
        let ends = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    };
    let (mut key, mut before) = ("", "");
    // What stands between two strings is a piece of its own, as each string is.
    let shown = text.split_inclusive(ends_string).map(|piece| {
        if piece.starts_with(':') {
            key = before;
        }
        before = piece;
        if PATHS.contains(&key) { Cow::Borrowed(piece) } else { redacted(piece) }
    });
    shown.collect()
}

/// Returns a note if an argument of a command line, whose first item is the program's name, has a login in a URL.
pub(crate) fn exposed_login(arguments: &[OsString]) -> Option<String> {
    arguments.iter().skip(1).any(|argument| has_login(&argument.to_string_lossy())).then(|| {
        "an argument has a login in its URL, which other processes of this machine can read; \
         give it as `TAGSHIP_GIT_TOKEN`, that of a registry as `TAGSHIP_REGISTRY_PASSWORD`, or such an address of `--notify` as \
         `TAGSHIP_NOTIFY`"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::{exposed_login, redacted_json};

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
    fn logins_in_json() {
        for (text, expected) in [
            (r#"{"a":"https://u:p@h","b":"//x","c":"y@z:1"}"#, r#"{"a":"https://***@h","b":"//x","c":"y@z:1"}"#),
            (r#"{"a":"https://u:p\"q@h\\","b":"y@z:1"}"#, r#"{"a":"https://***@h\\","b":"y@z:1"}"#),
            (r#"{"file":"a:b@c.d/x","n":1,"a":"u:p@h.io/x"}"#, r#"{"file":"a:b@c.d/x","n":1,"a":"***@h.io/x"}"#),
            (
                r#"{"files":["a:b@c.d/x","a:b@c.d/y"],"a":["u:p@h.io/x"]}"#,
                r#"{"files":["a:b@c.d/x","a:b@c.d/y"],"a":["***@h.io/x"]}"#,
            ),
        ] {
            assert_eq!(redacted_json(text), expected, "{text}");
        }
    }
}
