//! The login for a repository over HTTP. A login that is known goes with the first request. If none is known and the remote
//! requires one, git's credential helpers are asked, and are told whether it was accepted. No person is prompted.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderValue;

use super::credential_helper::{Answer, Askpass, Helpers, ToldLogin};
use super::known_login::{LoginOrigin, basic};

/// The login of a remote, and what the remote said about it.
#[derive(Default)]
pub(in crate::git) struct RemoteLogin(Mutex<State>);

enum State {
    /// No login is known, and the helpers have not been asked.
    Unasked(Helpers),
    /// To be sent with every request.
    Known(HeaderValue, LoginOrigin),
    /// A login from a helper, which the remote has neither accepted nor refused.
    Offered(HeaderValue, Helpers, Box<ToldLogin>),
    /// The remote refused the login from a helper.
    Refused(LoginOrigin),
    /// There is no login, for this reason.
    None(Vec<String>),
}

impl RemoteLogin {
    pub(in crate::git) fn known(mut header: HeaderValue, origin: LoginOrigin) -> Self {
        header.set_sensitive(true);
        Self(Mutex::new(State::Known(header, origin)))
    }

    /// Returns the login that helpers of git may know; `None` if there are no helpers.
    pub(in crate::git) fn of_helpers(
        config: &gix::config::File,
        url: &gix::Url,
        askpass: &Askpass,
        limit: Duration,
    ) -> Option<Self> {
        Helpers::read(config, url.clone(), askpass, limit).map(|helpers| Self(Mutex::new(State::Unasked(helpers))))
    }

    /// Returns the header to send.
    pub(in crate::git) fn header(&self) -> Option<HeaderValue> {
        match &*self.state() {
            State::Known(header, _) | State::Offered(header, ..) => Some(header.clone()),
            State::Unasked(_) | State::Refused(_) | State::None(_) => None,
        }
    }

    /// Returns whether the helpers may still have to be asked for a login.
    pub(in crate::git) fn may_be_asked_for(&self) -> bool {
        matches!(&*self.state(), State::Unasked(_))
    }

    /// Returns where the login comes from that was sent to the remote; `None` if none was sent.
    pub(in crate::git) fn origin(&self) -> Option<LoginOrigin> {
        match &*self.state() {
            State::Known(_, origin) | State::Refused(origin) => Some(*origin),
            State::Offered(_, _, login) => Some(login.origin),
            State::Unasked(_) | State::None(_) => None,
        }
    }

    /// Returns why the helpers told no login, as far as that is known.
    pub(in crate::git) fn problems(&self) -> Vec<String> {
        match &*self.state() {
            State::None(problems) => problems.clone(),
            _ => Vec::new(),
        }
    }

    /// Takes note that the remote requires a login, or another one. Returns whether there is one now that it has not seen.
    pub(in crate::git) fn rejected(&self) -> bool {
        let mut state = self.state();
        match std::mem::take(&mut *state) {
            State::Unasked(helpers) => {
                *state = asked(helpers);
                return matches!(*state, State::Offered(..));
            }
            State::Offered(_, helpers, login) => {
                *state = State::Refused(login.origin);
                helpers.erase(*login);
            }
            other => *state = other,
        }
        false
    }

    /// Takes note that the remote accepted the login.
    pub(in crate::git) fn accepted(&self) {
        let mut state = self.state();
        match std::mem::take(&mut *state) {
            State::Offered(header, helpers, login) => {
                *state = State::Known(header, login.origin);
                helpers.store(*login);
            }
            other => *state = other,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for State {
    fn default() -> Self {
        Self::None(Vec::new())
    }
}

fn asked(helpers: Helpers) -> State {
    match helpers.ask() {
        Answer::Silent(limit) => State::None(vec![format!("git's credential helpers did not answer within {limit:?}")]),
        Answer::None(said) => State::None(said.into_iter().map(|line| format!("credential helper: {line}")).collect()),
        Answer::Login(login) => {
            let mut header = basic(&login.user, &login.password);
            header.set_sensitive(true);
            State::Offered(header, helpers, login)
        }
    }
}
