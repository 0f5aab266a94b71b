//! The author or committer of a commit, as `NAME <EMAIL>`.

use std::fmt;
use std::str::FromStr;

use gix::actor::Signature;
use gix::bstr::ByteSlice as _;

use crate::git::configuration::user_configuration;
use crate::git::error::GitError;

/// An author or a committer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub name: String,
    pub email: String,
}

/// Why a text is not `NAME <EMAIL>`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write it as `NAME <EMAIL>`")]
pub struct IdentityError;

impl FromStr for Identity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let text = text.trim_matches(' ');
        let (name, email) = text.strip_suffix('>').and_then(|text| text.split_once('<')).ok_or(IdentityError)?;
        let (name, email) = (name.trim_matches(' '), email.trim_matches(' '));
        let clean = |part: &str| !part.is_empty() && !part.contains(['<', '>']) && !part.contains(char::is_control);
        if clean(name) && clean(email) {
            Ok(Self { name: name.to_owned(), email: email.to_owned() })
        } else {
            Err(IdentityError)
        }
    }
}

/// A name and an e-mail address as they are configured, each in a place of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdentityParts {
    pub name: Option<String>,
    pub email: Option<String>,
}

/// Why configured parts make no identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnusableIdentity {
    #[error("has no name that can be used")]
    Name,
    #[error("has no e-mail address that can be used")]
    Email,
}

impl IdentityParts {
    /// Returns author and committer in the user's and the system's configuration of git.
    pub fn of_user() -> Result<(Self, Self), GitError> {
        Ok(Self::configured(&user_configuration()?))
    }

    /// Returns author and committer in a configuration: each part of the role's own section, else of `user`.
    pub(in crate::git) fn configured(config: &gix::config::File) -> (Self, Self) {
        let text = |key: String| config.string(&key).map(|value| value.to_str_lossy().into_owned());
        let part = |role: &str, part: &str| text(format!("{role}.{part}")).or_else(|| text(format!("user.{part}")));
        let parts = |role| Self { name: part(role, "name"), email: part(role, "email") };
        (parts("author"), parts("committer"))
    }

    /// Returns these parts, with those that are missing taken from `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { name: self.name.or(other.name), email: self.email.or(other.email) }
    }

    /// Returns the identity, cleaned as git cleans it; `None` if nothing is configured.
    pub fn identity(&self) -> Result<Option<Identity>, UnusableIdentity> {
        if *self == Self::default() {
            return Ok(None);
        }
        let clean = |part: &Option<String>| part.as_deref().map(cleaned).filter(|part| !part.is_empty());
        let name = clean(&self.name).ok_or(UnusableIdentity::Name)?;
        let email = clean(&self.email).ok_or(UnusableIdentity::Email)?;
        Ok(Some(Identity { name, email }))
    }
}

/// Returns a part as git's `ident.c` writes it: without what it takes for dirt at the ends, and without `<`, `>` and line ends.
fn cleaned(part: &str) -> String {
    let is_dirt = |c: char| c <= ' ' || ",:;<>\"\\'".contains(c);
    part.trim_matches(is_dirt).chars().filter(|c| !"\n<>".contains(*c)).collect()
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <{}>", self.name, self.email)
    }
}

impl Identity {
    pub(in crate::git) fn signature(&self, seconds: i64) -> Signature {
        let time = gix::date::Time { seconds, offset: 0 };
        Signature { name: self.name.clone().into(), email: self.email.clone().into(), time }
    }
}

#[cfg(test)]
mod tests {
    use super::{Identity, IdentityParts, UnusableIdentity};

    /// What git 2.47 makes of the same parts.
    #[test]
    fn parts_as_git_cleans_them() {
        let parts = |name: &str, email: &str| IdentityParts { name: Some(name.into()), email: Some(email.into()) };
        for (name, email, expected) in [
            ("Release <Bot>", "a@b", "Release Bot <a@b>"),
            ("A <x>", "<a@b>", "A x <a@b>"),
            ("John Jr.", " a@b, ", "John Jr. <a@b>"),
            ("'q'", "\"a@b\"", "q <a@b>"),
            ("a\\b", "a@b", "a\\b <a@b>"),
            ("l\nine", "a@b\n", "line <a@b>"),
        ] {
            assert_eq!(parts(name, email).identity().unwrap().unwrap().to_string(), expected);
        }
        assert_eq!(parts("<>", "a@b").identity(), Err(UnusableIdentity::Name));
        assert_eq!(parts("a", ", ").identity(), Err(UnusableIdentity::Email));
        assert_eq!(IdentityParts::default().identity(), Ok(None));
    }

    #[test]
    fn identities() {
        for (text, expected) in [
            ("A B <a@b.c>", Some("A B <a@b.c>")),
            (" bot[1]  < x > ", Some("bot[1] <x>")),
            ("a@b.c", None),
            ("<a@b.c>", None),
            ("A <>", None),
            ("A <a> <b>", None),
            ("A\n <a>", None),
        ] {
            assert_eq!(
                text.parse::<Identity>().ok().map(|identity| identity.to_string()).as_deref(),
                expected,
                "{text:?}"
            );
        }
    }
}
