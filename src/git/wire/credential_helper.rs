//! git's credential helpers, and the program of `GIT_ASKPASS`: they are asked for the login of a URL, and helpers are told
//! what became of it. gix knows which there are and what they are asked; here they run, because gix waits for them without
//! a limit, and lets them write to our stderr.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use gix::bstr::BString;
use gix::credentials::Program as Helper;
use gix::credentials::helper::Action;
use gix::credentials::protocol::Context;

use super::known_login::LoginOrigin;
use crate::system::processes::program_run::{Finished, run};
use crate::system::processes::programs::command;

/// Whether the programs of `GIT_ASKPASS` and `core.askPass` are asked. They may show a window to a person, and wait.
#[derive(Debug, Clone, Default)]
pub enum Askpass {
    #[default]
    Never,
    /// In CI there is no person, so that such a program knows the login. It has the program of `GIT_ASKPASS`.
    InCi(Option<OsString>),
}

/// The programs that may know the login for one URL.
pub(in crate::git) struct Helpers {
    helpers: Vec<Helper>,
    askpass: Option<(OsString, LoginOrigin)>,
    question: Context,
    /// The limit of one question to all of them.
    limit: Duration,
}

/// A login that a program told.
pub(super) struct ToldLogin {
    pub(super) user: String,
    pub(super) password: String,
    pub(super) origin: LoginOrigin,
    /// What the helpers get to store or to erase it.
    description: BString,
}

impl ToldLogin {
    /// Returns the login in what is `known`; `None` if that is not complete.
    fn of(known: &Context, origin: LoginOrigin) -> Option<Self> {
        let (user, password) = (known.username.clone()?, known.password.clone()?);
        let description = Context { www_authenticate: Vec::new(), ..known.clone() }.to_bstring();
        Some(Self { user, password, origin, description })
    }
}

impl Helpers {
    /// Returns the programs for `url`; `None` if there is none.
    pub(in crate::git) fn read(
        config: &gix::config::File,
        url: gix::Url,
        askpass: &Askpass,
        limit: Duration,
    ) -> Option<Self> {
        let permissions = gix::open::permissions::Environment::isolated();
        let (mut cascade, question, _) =
            gix::config::credential_helpers(url, config, true, |_| true, permissions, false).ok()?;
        let Action::Get(mut question) = question else { return None };
        question.options = cascade.context_options;
        // A line end in a URL would end a line that a helper reads.
        question.write_to(std::io::sink()).ok()?;
        question.destructure_url_in_place(cascade.use_http_path).ok()?;
        question.url = None;
        let helpers = std::mem::take(&mut cascade.programs);
        let configured =
            || Some((config.string("core.askPass")?.to_string().into(), LoginOrigin::Askpass("core.askPass")));
        let askpass = match askpass {
            Askpass::Never => None,
            Askpass::InCi(Some(program)) => Some((program.clone(), LoginOrigin::Askpass("GIT_ASKPASS"))),
            Askpass::InCi(None) => configured(),
        };
        let askpass = askpass.filter(|(program, _)| !program.is_empty());
        (!helpers.is_empty() || askpass.is_some()).then_some(Self { helpers, askpass, question, limit })
    }

    /// Asks one program after the other, until the login is complete. Each gets the remote's challenges (`WWW-Authenticate`). One
    /// that fails counts as one that knows none: the user has to see the remote's own answer. Without a login, returns why the
    /// programs told none, a line each.
    pub(super) fn ask(&self, challenges: &[String]) -> Result<ToldLogin, Vec<String>> {
        let deadline = Instant::now() + self.limit;
        let mut known = self.question.clone();
        known.www_authenticate = challenges.iter().map(|challenge| challenge.as_str().into()).collect();
        let mut said = Vec::new();
        for helper in &self.helpers {
            let ended = match self.invoke(helper, &Action::Get(known.clone()), deadline) {
                Ok(ended) => ended.ok_or_else(|| self.silent())?,
                Err(error) => {
                    said.push(quoted(format!("it cannot be started: {error}")));
                    continue;
                }
            };
            if !ended.status.success() {
                let lines = ended.error_lines();
                let lines = if lines.is_empty() { vec![format!("it ended with {}", ended.status)] } else { lines };
                said.extend(lines.into_iter().map(quoted));
                continue;
            }
            let Ok(told) = Context::from_bytes(&ended.stdout, known.options) else { continue };
            if told.quit == Some(true) {
                said.push(quoted("it told `quit`, so no other one is asked".to_owned()));
                return Err(said);
            }
            let has_password = told.password.is_some();
            learn(&mut known, told);
            if let Some(login) = ToldLogin::of(&known, LoginOrigin::CredentialHelper) {
                return Ok(login);
            }
            let lack = match (&known.username, &known.password) {
                (_, None) if has_password => "the password that it told has expired",
                (None, Some(_)) => "it told a password and no user name",
                (Some(_), None) => "it told a user name and no password",
                (None, None) | (Some(_), Some(_)) => "it told no login",
            };
            said.push(quoted(lack.to_owned()));
        }
        let Some((program, origin)) = &self.askpass else { return Err(said) };
        let ask = |prompt: String| {
            let answer = self.prompt(program, &prompt, deadline);
            answer.map_err(|lines| [&said[..], &lines].concat())
        };
        if known.username.is_none() {
            known.username = Some(ask(prompt("Username", &known))?);
        }
        if known.password.is_none() {
            known.password = Some(ask(prompt("Password", &known))?);
        }
        ToldLogin::of(&known, *origin).ok_or(said)
    }

    fn silent(&self) -> Vec<String> {
        vec![format!("git's credential helpers did not answer within {:?}", self.limit)]
    }

    /// Tells the helpers that the remote accepted the login.
    pub(super) fn store(&self, login: ToldLogin) {
        self.tell(&Action::Store(login.description));
    }

    /// Tells the helpers that the remote refused the login.
    pub(super) fn erase(&self, login: ToldLogin) {
        self.tell(&Action::Erase(login.description));
    }

    fn tell(&self, action: &Action) {
        let deadline = Instant::now() + self.limit;
        for helper in &self.helpers {
            // A helper that cannot store or erase a login changes nothing here.
            drop(self.invoke(helper, action, deadline));
        }
    }

    fn invoke(&self, helper: &Helper, action: &Action, deadline: Instant) -> anyhow::Result<Option<Finished>> {
        let mut command = helper.to_command(action)?;
        let mut input = Vec::new();
        action.send(&mut input)?;
        Ok(run(&mut command, input, deadline)?)
    }

    /// Asks an askpass program; returns its lines if it fails.
    fn prompt(&self, program: &OsString, prompt: &str, deadline: Instant) -> Result<String, Vec<String>> {
        let lines = match run(command(program).arg(prompt), Vec::new(), deadline) {
            Ok(None) => return Err(self.silent()),
            Ok(Some(ended)) if ended.status.success() => {
                // As for git, the answer ends with its first line.
                let text = String::from_utf8_lossy(&ended.stdout);
                return Ok(text.split(['\r', '\n']).next().unwrap_or_default().to_owned());
            }
            Ok(Some(ended)) => ended.error_lines(),
            Err(error) => vec![format!("cannot start `{}`: {error}", program.display())],
        };
        Err(lines.into_iter().map(quoted).collect())
    }
}

/// Returns a line about a program as it is told.
fn quoted(line: String) -> String {
    format!("credential helper: {line}")
}

/// Takes over what a helper told. A password that has expired counts as none.
fn learn(known: &mut Context, told: Context) {
    known.username = told.username.or(known.username.take());
    known.password = told.password.or(known.password.take());
    known.oauth_refresh_token = told.oauth_refresh_token.or(known.oauth_refresh_token.take());
    known.password_expiry_utc = told.password_expiry_utc.or(known.password_expiry_utc);
    if known.password_expiry_utc.is_some_and(|expiry| expiry < gix::date::Time::now_utc().seconds) {
        known.password_expiry_utc = None;
        known.clear_secrets();
    }
}

/// Returns the prompt that git would give.
fn prompt(what: &str, known: &Context) -> String {
    let protocol = known.protocol.as_deref().unwrap_or_default();
    let user = known.username.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
    let host = known.host.as_deref().unwrap_or_default();
    let path = known.path.as_ref().map(|path| format!("/{path}")).unwrap_or_default();
    format!("{what} for '{protocol}://{user}{host}{path}': ")
}
