//! The login for a repository over HTTP. A login that is known goes with the first request. If none is known and the remote
//! requires one, git's credential helpers are asked, and are told whether it was accepted. No person is prompted.

use std::sync::mpsc::channel;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gix::credentials::helper::{Action, Cascade, NextAction};
use reqwest::header::HeaderValue;

use super::known_login::{LoginOrigin, basic};

/// The login of a remote, and what the remote said about it.
pub(in crate::git) struct RemoteLogin(Mutex<State>);

enum State {
    /// No login is known, and the helpers have not been asked.
    Unasked(Helpers),
    /// To be sent with every request.
    Known(HeaderValue, LoginOrigin),
    /// A login from a helper, which the remote has neither accepted nor refused.
    Offered(HeaderValue, Helpers, NextAction),
    /// The remote refused the login from a helper.
    Refused,
    /// The helpers did not answer within this limit.
    Silent(Duration),
    /// There is no login.
    None,
}

impl RemoteLogin {
    pub(in crate::git) fn known(mut header: HeaderValue, origin: LoginOrigin) -> Self {
        header.set_sensitive(true);
        Self(Mutex::new(State::Known(header, origin)))
    }

    pub(in crate::git) fn of_helpers(helpers: Helpers) -> Self {
        Self(Mutex::new(State::Unasked(helpers)))
    }

    /// Returns the header to send.
    pub(in crate::git) fn header(&self) -> Option<HeaderValue> {
        match &*self.state() {
            State::Known(header, _) | State::Offered(header, ..) => Some(header.clone()),
            State::Unasked(_) | State::Refused | State::Silent(_) | State::None => None,
        }
    }

    /// Returns where the login comes from that was sent to the remote; `None` if none was sent.
    pub(in crate::git) fn origin(&self) -> Option<LoginOrigin> {
        match &*self.state() {
            State::Known(_, origin) => Some(*origin),
            State::Offered(..) | State::Refused => Some(LoginOrigin::CredentialHelper),
            State::Unasked(_) | State::Silent(_) | State::None => None,
        }
    }

    /// Returns the limit within which the helpers did not answer; `None` if they did.
    pub(in crate::git) fn silent_helpers(&self) -> Option<Duration> {
        match &*self.state() {
            State::Silent(limit) => Some(*limit),
            _ => None,
        }
    }

    /// Takes note that the remote requires a login, or another one. Returns whether there is one now that it has not seen.
    pub(in crate::git) fn rejected(&self) -> bool {
        let mut state = self.state();
        match std::mem::replace(&mut *state, State::None) {
            State::Unasked(helpers) => {
                *state = helpers.ask();
                return matches!(*state, State::Offered(..));
            }
            State::Offered(_, helpers, next) => {
                helpers.tell(next.erase());
                *state = State::Refused;
            }
            other => *state = other,
        }
        false
    }

    /// Takes note that the remote accepted the login.
    pub(in crate::git) fn accepted(&self) {
        let mut state = self.state();
        match std::mem::replace(&mut *state, State::None) {
            State::Offered(header, helpers, next) => {
                helpers.tell(next.store());
                *state = State::Known(header, LoginOrigin::CredentialHelper);
            }
            other => *state = other,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for RemoteLogin {
    fn default() -> Self {
        Self(Mutex::new(State::None))
    }
}

/// git's credential helpers for one URL, as `credential.*` configures them.
pub(in crate::git) struct Helpers {
    cascade: Cascade,
    question: Action,
    /// The limit of one call.
    limit: Duration,
}

impl Helpers {
    /// Returns the helpers for `url`; `None` if none is configured.
    pub(in crate::git) fn read(config: &gix::config::File, url: gix::Url, limit: Duration) -> Option<Self> {
        let permissions = gix::open::permissions::Environment::isolated();
        let (cascade, question, _) =
            gix::config::credential_helpers(url, config, true, |_| true, permissions, false).ok()?;
        (!cascade.programs.is_empty()).then_some(Self { cascade, question, limit })
    }

    /// Asks the helpers. One that fails counts as one that knows no login: the user has to see the remote's own answer.
    fn ask(mut self) -> State {
        let limit = self.limit;
        let answered = within(limit, move || {
            let outcome = self.cascade.invoke(self.question.clone(), never_prompt()).ok().flatten();
            (outcome, self)
        });
        match answered {
            None => State::Silent(limit),
            Some((None, _)) => State::None,
            Some((Some(outcome), helpers)) => {
                let mut header = basic(&outcome.identity.username, &outcome.identity.password);
                header.set_sensitive(true);
                State::Offered(header, helpers, outcome.next)
            }
        }
    }

    fn tell(mut self, action: Action) {
        // A helper that cannot store or erase a login changes nothing here.
        within(self.limit, move || self.cascade.invoke(action, never_prompt()).is_ok());
    }
}

/// Returns the result of `work`; `None` if it takes longer than `limit`. gix waits for a helper without a limit and cannot
/// stop one, so one that hangs goes on in its thread.
fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = channel();
    // The send fails if the limit has passed.
    std::thread::spawn(move || sender.send(work()).ok());
    receiver.recv_timeout(limit).ok()
}

fn never_prompt() -> gix::prompt::Options {
    gix::prompt::Options { askpass: None, mode: gix::prompt::Mode::Disable }
}
