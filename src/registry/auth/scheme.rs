//! How a registry wants a login: the challenges of an answer, and which of them we know and answer.

use reqwest::Url;
use reqwest::header::WWW_AUTHENTICATE;

use super::challenge::{self, Challenge};
use crate::registry::error::CheckError;
use crate::registry::http::error_response::ErrorResponse;
use crate::registry::http::requests::HttpResponse;
use crate::system::network::sent_logins;

/// The ways to authorize that we know.
#[derive(Debug, Clone)]
pub(super) enum Scheme {
    Basic,
    Bearer { server: TokenServer, scope: Option<String> },
}

/// Where tokens are given, and for which registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TokenServer {
    pub(super) realm: Url,
    pub(super) service: Option<String>,
}

impl Scheme {
    /// Returns the scheme of a challenge that came from `url`, if it is one we know and complete.
    pub(super) fn of(challenge: &Challenge, url: &Url) -> Option<Self> {
        let value = |name| challenge.parameter(name).map(str::to_owned);
        match challenge.scheme() {
            "basic" => Some(Self::Basic),
            "bearer" => {
                let realm = url.join(challenge.parameter("realm")?).ok()?;
                Some(Self::Bearer { server: TokenServer { realm, service: value("service") }, scope: value("scope") })
            }
            _ => None,
        }
    }

    /// Returns the token server; `None` if the registry wants the login itself.
    pub(super) fn server(&self) -> Option<&TokenServer> {
        match self {
            Self::Bearer { server, .. } => Some(server),
            Self::Basic => None,
        }
    }

    /// Returns what holds for the other repositories of the registry too. A scope that names none does, such as the
    /// `aws` of ECR's public gallery.
    pub(super) fn for_any_repository(self) -> Self {
        match self {
            Self::Bearer { server, scope } => {
                Self::Bearer { server, scope: scope.filter(|scope| !scope.starts_with("repository:")) }
            }
            Self::Basic => Self::Basic,
        }
    }
}

/// Returns the challenge to answer of those that came from `url`. Bearer is first: a registry may give a token without a
/// login, and a token tells less than a password.
pub(super) fn known<'a>(challenges: &'a [Challenge], url: &Url) -> Option<(&'a Challenge, Scheme)> {
    let known = challenges.iter().filter_map(|challenge| Some((challenge, Scheme::of(challenge, url)?)));
    known.min_by_key(|(_, scheme)| matches!(scheme, Scheme::Basic))
}

/// Returns what a 401 says: in its body, or else in a challenge that we know.
pub(in crate::registry) fn words_of(response: &HttpResponse) -> ErrorResponse {
    let challenges = challenges(response);
    let known = challenges.iter().find(|challenge| Scheme::of(challenge, &response.url).is_some());
    let word = |name| known.and_then(|challenge| challenge.parameter(name));
    ErrorResponse::of(response).or_words(word("error"), word("error_description"))
}

/// Returns the challenges of an answer.
pub(super) fn challenges(response: &HttpResponse) -> Vec<Challenge> {
    let headers = response.headers.get_all(WWW_AUTHENTICATE).iter();
    let headers: Vec<_> = headers.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    challenge::parse(headers.iter().map(AsRef::as_ref))
}

/// Returns the error for challenges none of which we know. Bearer without a realm does not say where tokens are given.
pub(super) fn unknown(registry: &str, challenges: &[Challenge]) -> CheckError {
    let shown = |challenge: &Challenge| match (challenge.scheme(), challenge.parameter("realm")) {
        ("bearer", None) => "`bearer` without a `realm`".to_owned(),
        (scheme, _) => format!("`{:.20}`", sent_logins::hidden(scheme)),
    };
    let schemes: Vec<_> = challenges.iter().take(5).map(shown).collect();
    CheckError::Scheme { host: registry.to_owned(), schemes: schemes.join(", ") }
}
