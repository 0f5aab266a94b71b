//! The login for a repository over HTTP. A login that is known goes with the first request. If none is known and the remote
//! requires one, or if the remote refuses one that no person gave for this run, the next one is tried. git's credential helpers
//! are the last, and are told whether theirs was accepted. No person is prompted.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

use reqwest::StatusCode;
use reqwest::header::HeaderValue;

use super::credential_helper::{Helpers, ToldLogin};
use super::exchange_failure::Refusal;
use super::known_login::LoginOrigin;
use crate::system::lock::lock;
use crate::system::network::authorization_header::basic;
use crate::system::network::sent_logins;

/// The login of a remote, and what the remote said about it.
#[derive(Default)]
pub(in crate::git) struct RemoteLogin(Mutex<State>);

#[derive(Default)]
struct State {
    /// Sent with every request.
    sent: Option<Sent>,
    /// What the remote gets if it refuses that, in this order.
    next: VecDeque<Next>,
    /// Whether a login may be for another repository of the server, to which this one is forbidden or hidden (403, 404).
    is_of_server: bool,
    /// The origin of the login that the remote refused last.
    refused: Option<LoginOrigin>,
    /// What is not read of the settings for a login, and why the helpers told none.
    problems: Vec<String>,
}

struct Sent {
    header: HeaderValue,
    origin: LoginOrigin,
    /// The helpers that told the login, until the remote has accepted it.
    untold: Option<(Box<Helpers>, Box<ToldLogin>)>,
}

enum Next {
    Known(HeaderValue, LoginOrigin),
    Helpers(Box<Helpers>),
}

impl Sent {
    fn new(mut header: HeaderValue, origin: LoginOrigin) -> Self {
        header.set_sensitive(true);
        sent_logins::note_header(&header);
        Self { header, origin, untold: None }
    }
}

impl RemoteLogin {
    /// Returns the login that is the first of `known`. The others are tried in their order if the remote refuses it, and the
    /// helpers after them.
    pub(in crate::git) fn new(
        known: impl IntoIterator<Item = (HeaderValue, LoginOrigin)>,
        helpers: Option<Helpers>,
    ) -> Self {
        let mut known = known.into_iter();
        let sent = known.next().map(|(header, origin)| Sent::new(header, origin));
        let next = known
            .map(|(header, origin)| Next::Known(header, origin))
            .chain(helpers.map(|helpers| Next::Helpers(Box::new(helpers))));
        Self(Mutex::new(State { sent, next: next.collect(), ..State::default() }))
    }

    /// Tries the next login that is known also if this remote is forbidden or hidden: they are logins of its server, and were
    /// given for another repository.
    #[must_use]
    pub(in crate::git) fn of_server(self) -> Self {
        self.state().is_of_server = true;
        self
    }

    /// Takes note of a setting for a login that is not read.
    pub(in crate::git) fn leave_out(&self, setting: &str) {
        self.state().problems.push(format!("git's `{setting}` is not read"));
    }

    /// Returns the header to send.
    pub(in crate::git) fn header(&self) -> Option<HeaderValue> {
        self.state().sent.as_ref().map(|sent| sent.header.clone())
    }

    /// Returns whether a refusal may bring another login.
    pub(in crate::git) fn may_change(&self) -> bool {
        !self.state().next.is_empty()
    }

    /// Returns where the login comes from that was sent to the remote; `None` if none was sent.
    pub(in crate::git) fn origin(&self) -> Option<LoginOrigin> {
        let state = self.state();
        state.sent.as_ref().map(|sent| sent.origin).or(state.refused)
    }

    /// Returns what is not read of the settings for a login, and why the helpers told none, as far as that is known.
    pub(in crate::git) fn problems(&self) -> Vec<String> {
        self.state().problems.clone()
    }

    /// Takes note that the remote refused a request. Returns whether that is for want of a login, or of another one, and there is
    /// one now that it has not seen.
    pub(super) fn rejected(&self, refusal: &Refusal) -> bool {
        let mut state = self.state();
        let is_of_login = match refusal.status {
            StatusCode::UNAUTHORIZED => true,
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                state.is_of_server && matches!(state.next.front(), Some(Next::Known(..)))
            }
            _ => false,
        };
        if !is_of_login {
            return false;
        }
        let is_final = state.next.is_empty() && state.sent.as_ref().is_none_or(|sent| sent.untold.is_none());
        if is_final {
            return false;
        }
        if let Some(Sent { origin, untold, .. }) = state.sent.take() {
            state.refused = Some(origin);
            if let Some((helpers, login)) = untold {
                helpers.erase(*login);
            }
        }
        state.sent = match state.next.pop_front() {
            Some(Next::Known(header, origin)) => Some(Sent::new(header, origin)),
            Some(Next::Helpers(helpers)) => match asked(helpers, &refusal.challenges) {
                Ok(sent) => Some(sent),
                Err(problems) => {
                    state.problems.extend(problems);
                    None
                }
            },
            None => None,
        };
        state.sent.is_some()
    }

    /// Takes note that the remote accepted the login.
    pub(in crate::git) fn accepted(&self) {
        if let Some((helpers, login)) = self.state().sent.as_mut().and_then(|sent| sent.untold.take()) {
            helpers.store(*login);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}

/// Returns the login that the helpers tell, for another service of the server. None of them is told what became of it.
pub(in crate::git) fn told_by(helpers: &Helpers) -> Option<HeaderValue> {
    let login = helpers.ask(&[]).ok()?;
    Some(Sent::new(basic(&login.user, &login.password), login.origin).header)
}

/// Returns the login that the helpers tell, or why they tell none.
fn asked(helpers: Box<Helpers>, challenges: &[String]) -> Result<Sent, Vec<String>> {
    let login = helpers.ask(challenges)?;
    let sent = Sent::new(basic(&login.user, &login.password), login.origin);
    Ok(Sent { untold: Some((helpers, Box::new(login))), ..sent })
}
