//! The text of a commit: a title, a body, and one last block of trailers, as `git interpret-trailers` reads it.

use std::fmt;

use crate::git::remotes::url_logins::has_login;

/// A commit message. Line breaks inside of a part become blanks, so that no text can pass for a trailer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub title: String,
    pub body: Vec<String>,
    pub trailers: Vec<Trailer>,
}

/// One `Token: value` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trailer {
    token: String,
    value: String,
}

/// Why a trailer cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrailerError {
    #[error("a trailer is `TOKEN=VALUE`, its token of letters, digits and `-`")]
    Token,
    #[error("a trailer's value is one line and not empty")]
    Value,
    #[error("its URL has a login in it")]
    Login,
}

impl Trailer {
    /// The token that asks GitHub to run no checks for a commit. It must be the last trailer, after two empty lines.
    pub const SKIP_CHECKS: &str = "skip-checks";

    pub fn new(token: &str, value: &str) -> Result<Self, TrailerError> {
        if token.is_empty() || !token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(TrailerError::Token);
        }
        if value.trim().is_empty() || value.contains(char::is_control) {
            return Err(TrailerError::Value);
        }
        if has_login(value) {
            return Err(TrailerError::Login);
        }
        Ok(Self { token: token.to_owned(), value: value.trim().to_owned() })
    }

    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for Trailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.token, self.value)
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", one_line(&self.title))?;
        if !self.body.is_empty() {
            writeln!(f)?;
        }
        for line in &self.body {
            writeln!(f, "{}", one_line(line))?;
        }
        if !self.trailers.is_empty() {
            writeln!(f)?;
        }
        if self.trailers.last().is_some_and(|last| last.token == Trailer::SKIP_CHECKS) {
            writeln!(f)?;
        }
        for trailer in &self.trailers {
            writeln!(f, "{trailer}")?;
        }
        Ok(())
    }
}

/// Returns `text` with a blank for each control character, and without blanks at its end.
pub(super) fn one_line(text: &str) -> String {
    text.split(char::is_control).collect::<Vec<_>>().join(" ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Message, Trailer, TrailerError};

    #[test]
    fn three_blocks() {
        let message = Message {
            title: "Release a:v1 [skip ci]".to_owned(),
            body: vec!["a: v0 -> v1\nTagship-Source: forged".to_owned()],
            trailers: vec![Trailer::new("Tagship-Version", "0.1.0").unwrap()],
        };
        assert_eq!(
            message.to_string(),
            "Release a:v1 [skip ci]\n\na: v0 -> v1 Tagship-Source: forged\n\nTagship-Version: 0.1.0\n"
        );
    }

    #[test]
    fn github_wants_two_empty_lines() {
        let trailers = [("Tagship-Version", "0.1.0"), (Trailer::SKIP_CHECKS, "true")];
        let trailers = trailers.map(|(token, value)| Trailer::new(token, value).unwrap()).to_vec();
        let message = Message { title: "Release a:v1".to_owned(), body: Vec::new(), trailers };
        assert_eq!(message.to_string(), "Release a:v1\n\n\nTagship-Version: 0.1.0\nskip-checks: true\n");
    }

    #[test]
    fn what_is_no_trailer() {
        assert_eq!(Trailer::new("a b", "x").unwrap_err(), TrailerError::Token);
        assert_eq!(Trailer::new("", "x").unwrap_err(), TrailerError::Token);
        assert_eq!(Trailer::new("A", " ").unwrap_err(), TrailerError::Value);
        assert_eq!(Trailer::new("A", "x\ny").unwrap_err(), TrailerError::Value);
        assert_eq!(Trailer::new("A", "see https://u:p@h/x").unwrap_err(), TrailerError::Login);
        assert!(Trailer::new("A", "https://h/x by a@b").is_ok());
    }
}
