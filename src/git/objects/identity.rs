//! The author or committer of a commit, as `NAME <EMAIL>`.

use std::fmt;
use std::str::FromStr;

use gix::actor::Signature;
use gix::bstr::ByteSlice as _;

use crate::git::error::GitError;
use crate::git::remote::user_configuration;

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

impl Identity {
    /// Returns the identity in the user's and the system's configuration of git; `None` if there is none.
    pub fn of_user() -> Result<Option<Self>, GitError> {
        let config = user_configuration()?;
        let text = |key: &str| config.string(key).map(|value| value.to_str_lossy().into_owned());
        let identity = text("user.name").zip(text("user.email")).map(|(name, email)| format!("{name} <{email}>"));
        Ok(identity.and_then(|identity| identity.parse().ok()))
    }
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
    use super::Identity;

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
