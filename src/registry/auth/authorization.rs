//! What a registry is shown in `Authorization`, and how it was obtained.

use std::sync::Arc;
use std::time::Instant;

use reqwest::header::HeaderValue;

use super::login::LoginSource;
use super::login_check::LoginCheck;
use super::scheme::{TokenServer, challenges, known};
use crate::registry::http::requests::HttpResponse;

/// The value of `Authorization`, and how it was come by.
#[derive(Debug, Clone)]
pub(in crate::registry) struct Authorization {
    pub(in crate::registry) header: HeaderValue,
    pub(super) kind: AuthorizationKind,
    pub(super) origin: AuthorizationOrigin,
    /// The token server that was asked; `None` if the registry wants the login itself.
    pub(super) server: Option<TokenServer>,
    pub(super) source: LoginSource,
    /// What the token was asked for, separated by spaces.
    pub(super) scope: String,
    pub(super) obtained: Instant,
    pub(super) expires: Option<Instant>,
    /// Whether the login is right; `None` if a token is shown in its place.
    pub(in crate::registry) login_check: Option<Arc<LoginCheck>>,
}

impl Authorization {
    /// Whether it answers another way of asking than that of a 401, which the registry had not asked for now: the 401 tells
    /// nothing of the login.
    pub(in crate::registry) fn is_not_asked_for(&self, response: &HttpResponse) -> bool {
        let challenges = challenges(response);
        let asked = known(&challenges, &response.url);
        self.origin != AuthorizationOrigin::Asked
            && asked.is_some_and(|(_, scheme)| scheme.server() != self.server.as_ref())
    }

    /// Notes that the registry took it.
    pub(in crate::registry) fn note_taken(&mut self) {
        self.origin = AuthorizationOrigin::Recalled;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AuthorizationKind {
    /// The login itself: a refusal means that it is wrong.
    Login,
    /// A token that the token server has given for the login: a refusal means that it may not see this.
    Token,
    /// The same with the scope that the registry asked for after it had refused another.
    WiderToken,
}

/// Why it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AuthorizationOrigin {
    /// The registry asked for it in this check.
    Asked,
    /// The registry asked so for another repository or at `/v2/`, and has not yet said how it asks for this one.
    Presumed,
    /// An earlier check showed it, or an earlier request: a refusal can mean that it is too old.
    Recalled,
}
