//! The login for a repository over HTTP. A login that is known goes with the first request. If none is known and the remote
//! requires one, git's credential helpers are asked, and are told whether it was accepted. No person is prompted.

use std::path::Path;
use std::sync::mpsc::channel;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use gix::credentials::helper::{Action, Cascade, NextAction};
use reqwest::header::HeaderValue;

/// A login from the environment. It holds a secret, so it has no `Debug`.
#[derive(Clone)]
pub struct HostLogin {
    /// The URL of the server that it is for, of which scheme, host and port count; `None`: it is for the remote.
    pub server: Option<String>,
    pub user: String,
    pub password: String,
}

/// The login of a remote, and what the remote said about it.
pub(in crate::git) struct RemoteLogin(Mutex<State>);

enum State {
    /// No login is known, and the helpers have not been asked.
    Unasked(Helpers),
    /// To be sent with every request.
    Known(HeaderValue),
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
    pub(in crate::git) fn known(mut header: HeaderValue) -> Self {
        header.set_sensitive(true);
        Self(Mutex::new(State::Known(header)))
    }

    pub(in crate::git) fn of_helpers(helpers: Helpers) -> Self {
        Self(Mutex::new(State::Unasked(helpers)))
    }

    /// Returns the header to send.
    pub(in crate::git) fn header(&self) -> Option<HeaderValue> {
        match &*self.state() {
            State::Known(header) | State::Offered(header, ..) => Some(header.clone()),
            State::Unasked(_) | State::Refused | State::Silent(_) | State::None => None,
        }
    }

    /// Returns whether a login has been sent to the remote.
    pub(in crate::git) fn was_shown(&self) -> bool {
        !matches!(&*self.state(), State::Unasked(_) | State::Silent(_) | State::None)
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
                *state = State::Known(header);
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

/// Returns the header of HTTP's Basic scheme.
pub(in crate::git) fn basic(user: &str, password: &str) -> HeaderValue {
    let login = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    // Base64 has no character that a header forbids.
    HeaderValue::try_from(format!("Basic {login}")).unwrap_or_else(|_| HeaderValue::from_static("Basic"))
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

/// Returns the login for `host` in a file in the form of `.netrc`, as curl reads it for git.
pub(in crate::git) fn netrc(home: &Path, host: &str) -> Option<(String, String)> {
    let text = std::fs::read(home.join(".netrc")).ok()?;
    let mut words = netrc_words(&String::from_utf8_lossy(&text)).into_iter();
    let (mut applies, mut user, mut password) = (false, None, None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "machine" | "default" if applies && password.is_some() => break,
            "machine" => {
                applies = words.next().is_some_and(|name| name.eq_ignore_ascii_case(host));
                user = None;
            }
            "default" => (applies, user) = (true, None),
            // The value is read even if the machine does not match: it may be the word `default`.
            "login" => user = words.next().filter(|_| applies),
            "password" => password = words.next().filter(|_| applies),
            "account" => drop(words.next()),
            _ => {}
        }
    }
    Some((user.unwrap_or_default(), password?))
}

/// Returns the words of a `.netrc`, without comments, and without macros, which end at an empty line.
fn netrc_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut in_macro = false;
    for line in text.lines().map(str::trim) {
        in_macro &= !line.is_empty();
        if in_macro || line.starts_with('#') {
            continue;
        }
        let of_line = quoted_words(line);
        let before_macro = of_line.iter().position(|word| word == "macdef");
        in_macro = before_macro.is_some();
        words.extend(of_line.into_iter().take(before_macro.unwrap_or(usize::MAX)));
    }
    words
}

/// Returns the words of a line, of which one in double quotes may have blanks, and `\` before a quote.
fn quoted_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut chars = line.chars();
    while let Some(first) = chars.next() {
        if first.is_whitespace() {
            continue;
        }
        let is_quoted = first == '"';
        let mut word = String::new();
        let mut next = if is_quoted { chars.next() } else { Some(first) };
        while let Some(c) = next.filter(|c| if is_quoted { *c != '"' } else { !c.is_whitespace() }) {
            word.extend(if is_quoted && c == '\\' { chars.next() } else { Some(c) });
            next = chars.next();
        }
        words.push(word);
    }
    words
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests lay out their files")]
mod tests {
    use super::netrc;

    #[test]
    fn a_login_is_found_in_netrc() {
        let home = tempfile::tempdir().unwrap();
        let text = "# machine x\nmachine a.io login me password one\nmachine b.io\n\tlogin you\n\tpassword two\n\
                    default login any password three\n";
        std::fs::write(home.path().join(".netrc"), text).unwrap();
        let login = |host| netrc(home.path(), host).map(|(user, password)| format!("{user}:{password}"));
        assert_eq!(login("a.io").as_deref(), Some("me:one"));
        assert_eq!(login("b.io").as_deref(), Some("you:two"));
        assert_eq!(login("c.io").as_deref(), Some("any:three"));
        let odd = "machine A.io login default password default\nmacdef init\nmachine c.io password macro\n\n\
                   machine b.io account machine login \"y o\\\"u\" password \"t\\\\wo\"\nmachine d.io password machine\n";
        std::fs::write(home.path().join(".netrc"), odd).unwrap();
        assert_eq!(login("a.io").as_deref(), Some("default:default"));
        assert_eq!(login("b.io").as_deref(), Some("y o\"u:t\\wo"));
        assert_eq!(login("c.io"), None, "neither a macro's nor another machine's");
        assert_eq!(login("d.io").as_deref(), Some(":machine"));
        std::fs::write(home.path().join(".netrc"), "machine a.io login me").unwrap();
        assert_eq!(login("a.io"), None);
        assert_eq!(netrc(&home.path().join("nowhere"), "a.io"), None);
    }
}
