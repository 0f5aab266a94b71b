//! One check under way: what it is after, until when, and what it has taken so far.

use std::time::{Duration, Instant};

use reqwest::Url;

use super::auth::authorization::Authorization;
use super::auth::login::LoginSource;
use super::endpoint::Endpoint;
use super::error::{CheckError, LocationError};
use super::http::address::{AddressScope, Registry, may_lead, shown_host};
use super::verdict::Verdict;

pub(super) struct CheckContext {
    pub(super) endpoint: Endpoint,
    pub(super) deadline: Instant,
    pub(super) requests: u32,
    pub(super) source: LoginSource,
    /// What the registry is shown from now on.
    pub(super) authorization: Option<Authorization>,
    /// The token server that gave the login no token in this check, for which scope, and what it said: it is not asked again.
    pub(super) refused_login: Option<(Url, String, Verdict)>,
}

impl CheckContext {
    pub(super) fn new(endpoint: Endpoint, deadline: Instant) -> Self {
        Self {
            endpoint,
            deadline,
            requests: 0,
            source: LoginSource::NotAsked,
            authorization: None,
            refused_login: None,
        }
    }

    /// Returns how much time is left, at most `limit`.
    pub(super) fn time_left(&self, limit: Duration) -> Duration {
        self.deadline.saturating_duration_since(Instant::now()).min(limit)
    }

    /// Fails if an answer from `from` must not lead to `to`, by where the registry is.
    pub(super) fn allow(&self, from: &Url, to: &Url, place: AddressScope) -> Result<(), CheckError> {
        may_lead(&Registry { url: &self.endpoint.base, place }, from, to)
            .map_err(|refusal| misdirected(from, shown_host(to), refusal))
    }

    /// Fails if the registry must not have its token server at `realm`, by where the registry is.
    pub(super) fn allow_realm(&self, realm: &Url, place: AddressScope) -> Result<(), CheckError> {
        let base = &self.endpoint.base;
        match may_lead(&Registry { url: base, place }, base, realm) {
            Ok(()) => Ok(()),
            Err(LocationError::Downgrade) => {
                Err(CheckError::PlainRealm { host: shown_host(&self.endpoint.base), realm: shown_host(realm) })
            }
            Err(refusal) => Err(misdirected(&self.endpoint.base, shown_host(realm), refusal)),
        }
    }
}

pub(super) fn misdirected(from: &Url, to: String, source: LocationError) -> CheckError {
    CheckError::Misdirected { from: shown_host(from), to, source }
}
