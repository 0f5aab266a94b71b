//! Logins in the form of `.netrc`, as curl reads them for git.

use crate::system::disk::bounded_file;
use std::path::Path;

/// Returns the login for `host` in the `.netrc` of the folder `home`, that of `user` if one is named; `None` if it has none.
pub(in crate::git) fn netrc(home: &Path, host: &str, user: Option<&str>) -> Option<(String, String)> {
    login_in(&bounded_file::read(&home.join(".netrc")).ok()?, host, user)
}

/// Returns the first login for `host`, and for `user` if one is named, that has a password.
fn login_in(text: &[u8], host: &str, user: Option<&str>) -> Option<(String, String)> {
    let mut entry = Entry::default();
    let mut words = netrc_words(&String::from_utf8_lossy(text)).into_iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "machine" | "default" if entry.is_for(user) => break,
            "machine" => {
                let applies = words.next().is_some_and(|name| name.eq_ignore_ascii_case(host));
                entry = Entry { applies, ..Entry::default() };
            }
            "default" => entry = Entry { applies: true, ..Entry::default() },
            "login" => entry.user = words.next(),
            "password" => entry.password = words.next(),
            "account" => drop(words.next()),
            _ => {}
        }
    }
    entry.is_for(user).then_some(())?;
    Some((entry.user.unwrap_or_default(), entry.password?))
}

/// One entry, of a machine or the default.
#[derive(Default)]
struct Entry {
    applies: bool,
    user: Option<String>,
    password: Option<String>,
}

impl Entry {
    fn is_for(&self, user: Option<&str>) -> bool {
        self.applies && self.password.is_some() && user.is_none_or(|user| self.user.as_deref() == Some(user))
    }
}

/// Returns the words of a `.netrc`, without comments, and without macros, which end at an empty line.
fn netrc_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut in_macro = false;
    for line in text.lines().map(str::trim) {
        in_macro &= !line.is_empty();
        if in_macro || line.starts_with('#') {
            continue;
        }
        let of_line = quoted_words(line);
        let before_macro = of_line.iter().position(|word| word == "macdef");
        in_macro = before_macro.is_some();
        words.extend(of_line.into_iter().take(before_macro.unwrap_or(usize::MAX)));
    }
    words
}

/// Returns the words of a line, of which one in double quotes may have blanks, and `\` before a quote.
fn quoted_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut chars = line.chars();
    while let Some(first) = chars.next() {
        if first.is_whitespace() {
            continue;
        }
        let is_quoted = first == '"';
        let mut word = String::new();
        let mut next = if is_quoted { chars.next() } else { Some(first) };
        while let Some(c) = next.filter(|c| if is_quoted { *c != '"' } else { !c.is_whitespace() }) {
            word.extend(if is_quoted && c == '\\' { chars.next() } else { Some(c) });
            next = chars.next();
        }
        words.push(word);
    }
    words
}

/// Reads any `.netrc`: one without the host's name and without a default has no login for it.
#[cfg(fuzzing)]
pub fn fuzz(text: &[u8]) {
    if login_in(text, "git.example.com", None).is_some() {
        let words = netrc_words(&String::from_utf8_lossy(text));
        assert!(words.iter().any(|word| word == "default" || word.eq_ignore_ascii_case("git.example.com")));
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests lay out their files")]
mod tests {
    use super::netrc;

    #[test]
    fn a_login_is_found_in_netrc() {
        let home = tempfile::tempdir().unwrap();
        let text = "# machine x\nmachine a.io login me password one\nmachine b.io\n\tlogin you\n\tpassword two\n\
                    default login any password three\n";
        std::fs::write(home.path().join(".netrc"), text).unwrap();
        let login = |host| netrc(home.path(), host, None).map(|(user, password)| format!("{user}:{password}"));
        assert_eq!(login("a.io").as_deref(), Some("me:one"));
        assert_eq!(login("b.io").as_deref(), Some("you:two"));
        assert_eq!(login("c.io").as_deref(), Some("any:three"));
        let odd = "machine A.io login default password default\nmacdef init\nmachine c.io password macro\n\n\
                   machine b.io account machine login \"y o\\\"u\" password \"t\\\\wo\"\nmachine d.io password machine\n";
        std::fs::write(home.path().join(".netrc"), odd).unwrap();
        assert_eq!(login("a.io").as_deref(), Some("default:default"));
        assert_eq!(login("b.io").as_deref(), Some("y o\"u:t\\wo"));
        assert_eq!(login("c.io"), None, "neither a macro's nor another machine's");
        assert_eq!(login("d.io").as_deref(), Some(":machine"));
        std::fs::write(home.path().join(".netrc"), "machine a.io login me").unwrap();
        assert_eq!(login("a.io"), None);
        let two = "machine a.io login me\nmachine a.io login you password two\ndefault login any password three\n";
        std::fs::write(home.path().join(".netrc"), two).unwrap();
        assert_eq!(login("a.io").as_deref(), Some("you:two"), "the first one that has a password");
        assert_eq!(netrc(&home.path().join("nowhere"), "a.io", None), None);
    }

    /// curl passes over the entries of other users, and one that names no user is not known to be this one's.
    #[test]
    fn a_user_chooses_among_the_logins() {
        let home = tempfile::tempdir().unwrap();
        let text = "machine a.io login alice password one\nmachine a.io password none\n\
                    machine a.io password two login bot\nmachine b.io login bot password other\n\
                    default login any password three\n";
        std::fs::write(home.path().join(".netrc"), text).unwrap();
        let password = |host, user| netrc(home.path(), host, user).map(|(_, password)| password);
        assert_eq!(password("a.io", None).as_deref(), Some("one"));
        for (user, expected) in
            [("alice", Some("one")), ("bot", Some("two")), ("any", Some("three")), ("Alice", None), ("eve", None)]
        {
            assert_eq!(password("a.io", Some(user)).as_deref(), expected, "{user}");
        }
    }
}
