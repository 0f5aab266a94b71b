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
use crate::system::program_run::{Finished, run};
use crate::system::programs::command;

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

/// What the programs said.
pub(super) enum Answer {
    Login(Box<ToldLogin>),
    /// They know none, and wrote this to stderr.
    None(Vec<String>),
    /// They did not answer in time.
    Silent(Duration),
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

    /// Asks one program after the other, until the login is complete. One that fails counts as one that knows none: the user
    /// has to see the remote's own answer.
    pub(super) fn ask(&self) -> Answer {
        let deadline = Instant::now() + self.limit;
        let mut known = self.question.clone();
        let mut said = Vec::new();
        for helper in &self.helpers {
            let ended = match self.invoke(helper, &Action::Get(known.clone()), deadline) {
                Ok(Some(ended)) => ended,
                Ok(None) => return Answer::Silent(self.limit),
                Err(error) => {
                    said.push(format!("it cannot be started: {error}"));
                    continue;
                }
            };
            if !ended.status.success() {
                let lines = ended.error_lines();
                said.extend(if lines.is_empty() { vec![format!("it ended with {}", ended.status)] } else { lines });
                continue;
            }
            let Ok(told) = Context::from_bytes(&ended.stdout, known.options) else { continue };
            if told.quit == Some(true) {
                return Answer::None(said);
            }
            learn(&mut known, told);
            if let (Some(user), Some(password)) = (&known.username, &known.password) {
                return Self::login(user.clone(), password.clone(), LoginOrigin::CredentialHelper, &known);
            }
        }
        let Some((program, origin)) = &self.askpass else { return Answer::None(said) };
        for field in [Field::User, Field::Password] {
            let slot = match field {
                Field::User => &known.username,
                Field::Password => &known.password,
            };
            if slot.is_some() {
                continue;
            }
            match self.prompt(program, &field.prompt(&known), deadline) {
                Prompted::Value(value) if field == Field::User => known.username = Some(value),
                Prompted::Value(value) => known.password = Some(value),
                Prompted::Nothing(lines) => return Answer::None([said, lines].concat()),
                Prompted::Silent => return Answer::Silent(self.limit),
            }
        }
        match (&known.username, &known.password) {
            (Some(user), Some(password)) => Self::login(user.clone(), password.clone(), *origin, &known),
            _ => Answer::None(said),
        }
    }

    fn login(user: String, password: String, origin: LoginOrigin, known: &Context) -> Answer {
        Answer::Login(Box::new(ToldLogin { user, password, origin, description: known.to_bstring() }))
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

    fn prompt(&self, program: &OsString, prompt: &str, deadline: Instant) -> Prompted {
        match run(command(program).arg(prompt), Vec::new(), deadline) {
            Ok(None) => Prompted::Silent,
            Ok(Some(ended)) if ended.status.success() => {
                // As for git, the answer ends with its first line.
                let text = String::from_utf8_lossy(&ended.stdout);
                Prompted::Value(text.split(['\r', '\n']).next().unwrap_or_default().to_owned())
            }
            Ok(Some(ended)) => Prompted::Nothing(ended.error_lines()),
            Err(error) => Prompted::Nothing(vec![format!("cannot start `{}`: {error}", program.display())]),
        }
    }
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

/// What an askpass program is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    User,
    Password,
}

impl Field {
    /// Returns the prompt that git would give.
    fn prompt(self, known: &Context) -> String {
        let protocol = known.protocol.as_deref().unwrap_or_default();
        let user = known.username.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
        let host = known.host.as_deref().unwrap_or_default();
        let path = known.path.as_ref().map(|path| format!("/{path}")).unwrap_or_default();
        match self {
            Self::User => format!("Username for '{protocol}://{host}{path}': "),
            Self::Password => format!("Password for '{protocol}://{user}{host}{path}': "),
        }
    }
}

/// How an askpass program ended.
enum Prompted {
    Value(String),
    Nothing(Vec<String>),
    Silent,
}
