//! The value of HTTP's `Authorization`, as it is made and as it is taken apart. It is marked as sensitive, so that nothing
//! that shows headers shows it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;

/// What GitHub's old manuals put in the password's place if the user is the token.
const NO_PASSWORD: &str = "x-oauth-basic";

/// Returns the credentials with their scheme, such as `Bearer`; `None` if they cannot be in a header.
pub(crate) fn of_scheme(scheme: &str, credentials: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("{scheme} {credentials}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Returns a login in the Basic scheme.
pub(crate) fn basic(user: &str, password: &str) -> HeaderValue {
    // Base64 has no character that a header forbids.
    of_scheme("Basic", &basic_credentials(user, password)).unwrap_or_else(|| HeaderValue::from_static("Basic"))
}

/// Returns a login as the credentials of the Basic scheme.
pub(crate) fn basic_credentials(user: &str, password: &str) -> String {
    STANDARD.encode(format!("{user}:{password}"))
}

/// Returns the scheme and the credentials of a header.
pub(crate) fn parts(value: &str) -> Option<(&str, &str)> {
    value.trim().split_once(' ').map(|(scheme, credentials)| (scheme, credentials.trim()))
}

/// Returns the user and the secret in the credentials of the Basic scheme. The user is empty if it is the token itself.
pub(crate) fn basic_login(credentials: &str) -> Option<(String, String)> {
    let login = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
    let (user, password) = login.split_once(':')?;
    Some(match password {
        "" | NO_PASSWORD => (String::new(), user.to_owned()),
        password => (user.to_owned(), password.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::{basic, basic_login, of_scheme};

    #[test]
    fn what_is_made() {
        assert_eq!(basic("ci", "s3:cret"), "Basic Y2k6czM6Y3JldA==");
        assert_eq!(of_scheme("Bearer", "s3:cret").unwrap(), "Bearer s3:cret");
        assert!(of_scheme("Bearer", "a\r\nHost: b").is_none());
        let shown = format!("{:?} {:?}", basic("ci", "s3cret"), of_scheme("Bearer", "s3cret"));
        assert!(!shown.contains("s3cret") && !shown.contains("Y2k6"), "{shown}");
    }

    #[test]
    fn what_is_taken_apart() {
        for (login, expected) in [
            (("me", "s3:cret"), ("me", "s3:cret")),
            (("s3cret", ""), ("", "s3cret")),
            (("s3cret", "x-oauth-basic"), ("", "s3cret")),
        ] {
            let credentials = super::basic_credentials(login.0, login.1);
            assert_eq!(basic_login(&credentials), Some((expected.0.to_owned(), expected.1.to_owned())));
        }
        assert!(basic_login("a b").is_none() && basic_login("bWU=").is_none());
    }
}
