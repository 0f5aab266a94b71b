//! A text that must not be seen: a password, a token. It has no `Display`, and its `Debug` says nothing, so that it can
//! only get out through [`Secret::expose`].

use std::fmt;

use reqwest::header::HeaderValue;
use serde::Deserialize;

use crate::system::network::authorization_header;

#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the secret in a line, whose line break at the end is none of it: programs and files end lines with one.
    pub fn of_line(text: &str) -> Self {
        Self(text.trim_end_matches(['\r', '\n']).to_owned())
    }

    pub(in crate::registry) fn expose(&self) -> &str {
        &self.0
    }

    pub(in crate::registry) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the value of `Authorization: Bearer`; `None` if the token cannot be part of a header.
    pub(in crate::registry) fn bearer(&self) -> Option<HeaderValue> {
        authorization_header::of_scheme("Bearer", &self.0)
    }

    /// Returns the value of `Authorization: Basic` for this password and its user.
    pub(in crate::registry) fn basic(&self, username: &str) -> HeaderValue {
        authorization_header::basic(username, &self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_shows_nothing() {
        let secret = Secret::new("s3cret".to_owned());
        let headers = [secret.bearer().unwrap(), secret.basic("ci")];
        let shown = format!("{secret:?} {headers:?}");
        assert!(shown.starts_with("Secret(…) "), "{shown}");
        assert!(!shown.contains("s3cret") && !shown.contains("Y2k6"), "{shown}");
    }
}
