//! A user and a password, and the shapes in which HTTP carries them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::http::Head;

/// The one login that a server accepts.
#[derive(Clone)]
pub struct Login {
    pub user: String,
    pub password: String,
}

impl Login {
    pub fn new(user: &str, password: &str) -> Self {
        Self { user: user.to_owned(), password: password.to_owned() }
    }

    /// Returns `user:password` in base64, as `auth` of a docker config and HTTP's Basic scheme have it.
    pub fn encoded(&self) -> String {
        STANDARD.encode(format!("{}:{}", self.user, self.password))
    }

    /// Returns the login that a request brings in HTTP's Basic scheme.
    pub fn of(head: &Head) -> Option<Self> {
        let (scheme, credentials) = head.header("authorization")?.split_once(' ')?;
        let decoded = STANDARD.decode(credentials.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
        let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        Some(Self::new(user, password))
    }

    /// Returns whether a request brings exactly this login.
    pub fn is_in(&self, head: &Head) -> bool {
        let Some((scheme, credentials)) = head.header("authorization").and_then(|value| value.split_once(' ')) else {
            return false;
        };
        scheme.eq_ignore_ascii_case("basic") && credentials.trim() == self.encoded()
    }
}
