//! What a registry is shown in `Authorization`, and how it was obtained.

use std::sync::Arc;
use std::time::Instant;

use reqwest::header::HeaderValue;

use super::login::LoginSource;
use super::login_check::LoginCheck;

/// The value of `Authorization`, and how it was come by.
#[derive(Debug, Clone)]
pub(in crate::registry) struct Authorization {
    pub(in crate::registry) header: HeaderValue,
    pub(super) kind: AuthorizationKind,
    pub(super) source: LoginSource,
    /// What the token was asked for, separated by spaces.
    pub(super) scope: String,
    pub(super) obtained: Instant,
    pub(super) expires: Option<Instant>,
    /// Whether the login is right; `None` if a token is shown in its place.
    pub(in crate::registry) login_check: Option<Arc<LoginCheck>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AuthorizationKind {
    /// The login itself: a refusal means that it is wrong.
    Login,
    /// A token that the token server has given for the login: a refusal means that it may not see this.
    Token,
    /// The same with the scope that the registry asked for after it had refused another.
    WiderToken,
    /// Any of these from an earlier check: a refusal can mean that it is too old.
    Recalled,
}
