//! What a request to a forge's API shows. It is the login of git, which is taken apart if it is a header of HTTP's Basic
//! scheme, as actions/checkout leaves it.

use reqwest::header::HeaderValue;

use crate::system::network::authorization_header;

/// A token, with the user of the login that it comes from. It is a secret, so it has no `Debug`.
#[derive(Clone)]
pub struct ApiToken {
    user: String,
    secret: String,
}

impl ApiToken {
    /// Returns the token in an `Authorization` of git; `None` if there is none in it.
    pub fn of_authorization(header: &HeaderValue) -> Option<Self> {
        let (scheme, credentials) = authorization_header::parts(header.to_str().ok()?)?;
        let (user, secret) = match scheme.to_ascii_lowercase().as_str() {
            "bearer" | "token" => (String::new(), credentials.to_owned()),
            "basic" => authorization_header::basic_login(credentials)?,
            _ => return None,
        };
        (!secret.is_empty()).then_some(Self { user, secret })
    }

    /// Returns the value of an `Authorization` with this scheme, such as `Bearer`; `None` if the token cannot be in a header.
    pub(super) fn authorization(&self, scheme: &str) -> Option<HeaderValue> {
        authorization_header::of_scheme(scheme, &self.secret)
    }

    /// Returns the value of an `Authorization` of the Basic scheme.
    pub(super) fn basic(&self) -> HeaderValue {
        authorization_header::basic(&self.user, &self.secret)
    }

    /// Returns whether the token is a JSON Web Token, as Azure gives to jobs and to the users of its directory.
    pub(super) fn is_jwt(&self) -> bool {
        self.secret.starts_with("eyJ") && self.secret.matches('.').count() == 2
    }

    /// Returns the user of git's login; empty if the login has none.
    pub(super) fn user(&self) -> &str {
        &self.user
    }
}

#[cfg(test)]
mod tests {
    use super::ApiToken;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use reqwest::header::HeaderValue;

    #[test]
    fn a_login_of_git_is_taken_apart() {
        let basic = |login: &str| format!("Basic {}", STANDARD.encode(login));
        for (header, expected) in [
            (basic("x-access-token:s3cret"), Some("x-access-token Bearer s3cret")),
            (basic("me:s3:cret"), Some("me Bearer s3:cret")),
            (basic("s3cret:"), Some(" Bearer s3cret")),
            (basic("s3cret:x-oauth-basic"), Some(" Bearer s3cret")),
            (format!("basic  {}", STANDARD.encode(":s3cret")), Some(" Bearer s3cret")),
            ("bearer s3cret".to_owned(), Some(" Bearer s3cret")),
            ("token s3cret".to_owned(), Some(" Bearer s3cret")),
            (basic(":"), None),
            ("Basic %%%".to_owned(), None),
            ("Basic".to_owned(), None),
            ("Negotiate abc".to_owned(), None),
        ] {
            let token = ApiToken::of_authorization(&HeaderValue::from_str(&header).unwrap());
            let shown = token.map(|token| {
                let authorization = token.authorization("Bearer").unwrap();
                assert!(authorization.is_sensitive());
                format!("{} {}", token.user(), authorization.to_str().unwrap())
            });
            assert_eq!(shown.as_deref(), expected, "{header}");
        }
    }

    #[test]
    fn basic_again() {
        let header = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode("me@example.org:s3cret"))).unwrap();
        let token = ApiToken::of_authorization(&header).unwrap();
        assert_eq!(token.basic(), header);
    }
}
