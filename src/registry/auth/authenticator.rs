//! What a registry is shown to let us in, and what a refusal means. Nothing is shown before a registry asks; from then
//! on its way of asking is known, and a token is kept for its repository as long as it lasts. A login that was refused
//! is not tried again, for no image of its registry: that would only help to lock the account. A challenge of another
//! host, which a redirect led to, is not answered: our logins are not meant for it.
//!
//! Of checks that begin at once, one goes ahead until it knows how the registry asks, and one until it knows whether a
//! login is right.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Method, Url};

use super::challenge::{self, Challenge};
use super::login_sources::{Credentials, Login, Source};
use super::token::{self, Wanted};
use super::turn::{Entry, Taken, Turn};
use crate::registry::answer::{Answer, Verdict};
use crate::registry::context::{Stop, Visit};
use crate::registry::error::CheckError;
use crate::registry::http::address::is_same_place;
use crate::registry::http::sender::{Reply, Request, Transport, out_of_time};

/// How long a credential helper may take.
const HELPER_LIMIT: Duration = Duration::from_secs(30);

/// How long other checks wait for the first answer of a registry: longer than any that works needs for it.
const DISCOVERY_LIMIT: Duration = Duration::from_secs(3);

/// How much of the answer at `/v2/` is read; nobody looks at it.
const PING_LIMIT: u64 = 64 << 10;

/// The value of `Authorization`, and how it was come by.
#[derive(Debug, Clone)]
pub(in crate::registry) struct Proof {
    pub(in crate::registry) header: HeaderValue,
    kind: Kind,
    source: Source,
    /// What the token was asked for, separated by spaces.
    scope: String,
    obtained: Instant,
    expires: Option<Instant>,
    /// Whether the login is right, where it is the login itself that is shown.
    trial: Option<Trial>,
}

/// Whether a login is right at a registry; else what it was told.
type Trial = Arc<Turn<Result<(), Answer>>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The login itself: a refusal means that it is wrong.
    Login,
    /// A token that the token server has given for the login: a refusal means that it may not see this.
    Token,
    /// The same with the scope that the registry asked for after it had refused another.
    WiderToken,
    /// Any of these from an earlier check: a refusal can mean that it is too old.
    Recalled,
}

/// The ways to be let in that we know.
#[derive(Debug, Clone)]
enum Scheme {
    Basic,
    Bearer { realm: Url, service: Option<String>, scope: Option<String> },
}

/// What a 401 asks for.
struct Demand {
    scheme: Option<Scheme>,
    /// The scopes for another token, because that of the one it was shown was too small.
    wider: Option<String>,
    answer: Answer,
}

type Slot = Arc<Mutex<Option<Proof>>>;

/// Logins, and what was gained by them. Shared by all checks of a client.
#[derive(Debug)]
pub(in crate::registry) struct Auth {
    credentials: Credentials,
    /// How each registry asks.
    schemes: Mutex<HashMap<String, Scheme>>,
    /// Who asks each registry first.
    discoveries: Mutex<HashMap<String, Arc<Turn<()>>>>,
    /// What opens each repository; the lock of one is held while its token is fetched, so that one is fetched.
    proofs: Mutex<HashMap<(String, String), Slot>>,
    /// The logins that were shown, by registry.
    trials: Mutex<Vec<(String, Login, Trial)>>,
}

impl Auth {
    pub(in crate::registry) fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            schemes: Mutex::default(),
            discoveries: Mutex::default(),
            proofs: Mutex::default(),
            trials: Mutex::default(),
        }
    }

    /// Returns the duty to find out how the registry asks; waits a moment where another check has it, and goes on
    /// without it where that is slow.
    pub(in crate::registry) fn discover(&self, visit: &Visit) -> Option<Taken<()>> {
        let turn = lock(&self.discoveries).entry(visit.target.registry.clone()).or_default().clone();
        match turn.enter(Instant::now() + visit.time_left(DISCOVERY_LIMIT)) {
            Entry::First(taken) => Some(taken),
            Entry::Known(()) | Entry::TooLate => None,
        }
    }

    /// Returns the duty to find out whether the login that the visit would show is right, or nothing where that is known
    /// or no login is shown. Stops where it is known to be wrong.
    pub(in crate::registry) fn begin_trial(&self, visit: &Visit) -> Result<Option<Taken<Result<(), Answer>>>, Stop> {
        match visit.proof.as_ref().and_then(|proof| proof.trial.as_ref()) {
            Some(trial) => enter(trial, visit),
            None => Ok(None),
        }
    }

    /// Returns what can be shown before the registry asks: what opened the repository before, or what opens it by the
    /// way in which this registry has asked before.
    pub(in crate::registry) fn recall(&self, transport: &Transport, visit: &mut Visit) -> Result<Option<Proof>, Stop> {
        let slot = self.slot(visit);
        let mut slot = lock(&slot);
        if let Some(proof) = usable(slot.as_ref(), None) {
            visit.source = proof.source.clone();
            return Ok(Some(proof));
        }
        let Some(scheme) = lock(&self.schemes).get(&visit.target.registry).cloned() else {
            return Ok(None);
        };
        *slot = self.obtain(&scheme, None, transport, visit)?;
        Ok(slot.clone())
    }

    /// Returns what to show next after `reply`, a 401 to what the visit has shown so far. Stops where nothing is left
    /// to show.
    pub(in crate::registry) fn answer(
        &self,
        reply: &Reply,
        transport: &Transport,
        visit: &mut Visit,
    ) -> Result<Proof, Stop> {
        if !is_same_place(&reply.url, &visit.target.base) {
            return Err(Stop::Verdict(Verdict::NoAccess(Answer::of(reply))));
        }
        let Demand { scheme, wider, answer } = self.demand(reply, transport, visit)?;
        match visit.proof.as_ref().map(|proof| proof.kind) {
            None => {}
            // A credential helper may know a newer login by now.
            Some(Kind::Recalled) => self.credentials.forget(&visit.target.registry),
            Some(Kind::Token) if wider.is_some() => {}
            Some(Kind::Token | Kind::WiderToken) => return Err(Stop::Verdict(Verdict::NoAccess(answer))),
            Some(Kind::Login) => {
                *lock(&self.slot(visit)) = None;
                return Err(Stop::Verdict(Verdict::LoginRejected(answer)));
            }
        }
        let Some(scheme) = scheme else {
            return Err(Stop::Verdict(Verdict::NoAccess(answer)));
        };
        lock(&self.schemes).insert(visit.target.registry.clone(), scheme.clone().for_any_repository());
        visit.settle_discovery();
        let slot = self.slot(visit);
        let mut slot = lock(&slot);
        // Another check may have been faster.
        if let Some(proof) = usable(slot.as_ref(), visit.proof.as_ref()).filter(|_| wider.is_none()) {
            visit.source = proof.source.clone();
            return Ok(proof);
        }
        let refused = visit.proof.as_ref().map(|proof| proof.header.clone());
        let obtained = self.obtain(&scheme, wider, transport, visit);
        if let Err(Stop::Error(_)) = &obtained {
            // What led nowhere is no way in for the other repositories either.
            lock(&self.schemes).remove(&visit.target.registry);
        }
        let Some(proof) = obtained? else {
            return Err(Stop::Verdict(Verdict::NoAccess(answer)));
        };
        // What worked before and is the same now has not grown too old: it is wrong by now.
        if proof.kind == Kind::Login && refused.as_ref() == Some(&proof.header) {
            *slot = None;
            return Err(Stop::Verdict(Verdict::LoginRejected(answer)));
        }
        *slot = Some(proof.clone());
        Ok(proof)
    }

    /// Reads a 401. One without a challenge is asked for it at `/v2/`, once; where that has none either, the registry
    /// may have told it before.
    fn demand(&self, reply: &Reply, transport: &Transport, visit: &mut Visit) -> Result<Demand, Stop> {
        let mut challenges = challenges(reply);
        let mut url = reply.url.clone();
        if challenges.is_empty() && visit.proof.is_none() {
            let base = visit.target.base.clone();
            let ping = Request {
                method: Method::GET,
                url: &base,
                accept: "application/json",
                authorization: None,
                form: None,
                limit: PING_LIMIT,
            };
            let reply = transport.send(&ping, visit)?;
            if is_same_place(&reply.url, &base) {
                challenges = self::challenges(&reply);
                url = reply.url;
            }
        }
        let known = challenges.iter().find_map(|challenge| Some((challenge, Scheme::of(challenge, &url)?)));
        let Some((challenge, scheme)) = known else {
            if !challenges.is_empty() && visit.proof.is_none() {
                return Err(Stop::Error(unknown(&visit.target.registry, &challenges)));
            }
            let scheme = lock(&self.schemes).get(&visit.target.registry).cloned();
            return Ok(Demand { scheme, wider: None, answer: Answer::of(reply) });
        };
        let error = challenge.parameter("error");
        // The same scope again would be granted as little as before.
        let asked = visit.proof.as_ref().map_or("", |proof| &proof.scope);
        let is_wider =
            |scope: &&str| error == Some("insufficient_scope") && !asked.split(' ').any(|word| word == *scope);
        // What it asks for now comes first: some token servers read only one scope.
        let wider = challenge.parameter("scope").filter(is_wider).map(|scope| format!("{scope} {asked}"));
        Ok(Demand {
            scheme: Some(scheme),
            wider,
            answer: Answer::of(reply).or_words(error, challenge.parameter("error_description")),
        })
    }

    /// Looks the login up and turns it into what the registry wants; `None` where there is no login that fits.
    fn obtain(
        &self,
        scheme: &Scheme,
        wider: Option<String>,
        transport: &Transport,
        visit: &mut Visit,
    ) -> Result<Option<Proof>, Stop> {
        let limit = visit.time_left(HELPER_LIMIT);
        let (login, source) = self.credentials.find(&visit.target.registry, &visit.target.repository, limit)?;
        visit.source = source.clone();
        let kind = if wider.is_some() { Kind::WiderToken } else { Kind::Token };
        let named = match scheme {
            Scheme::Bearer { scope, .. } => scope.clone(),
            Scheme::Basic => None,
        };
        let scope = wider.or(named).unwrap_or_else(|| format!("repository:{}:pull", visit.target.repository));
        let obtained = Instant::now();
        if let (
            Scheme::Bearer { realm, service, .. },
            None | Some(Login::Password { .. } | Login::IdentityToken { .. }),
        ) = (scheme, &login)
        {
            let wanted = Wanted { realm, service: service.as_deref(), scope: &scope };
            let token = self.fetch(&wanted, login.as_ref(), transport, visit)?;
            let expires = Some(token.expires);
            return Ok(Some(Proof { header: token.header, kind, source, scope, obtained, expires, trial: None }));
        }
        let header = match (scheme, &login) {
            (Scheme::Basic, Some(Login::Password { username, password })) => password.basic(username),
            (Scheme::Bearer { .. }, Some(Login::RegistryToken(token))) => token.bearer(),
            _ => None,
        };
        let trial = login.map(|login| self.trial(&visit.target.registry, login));
        Ok(header.map(|header| Proof { header, kind: Kind::Login, source, scope, obtained, expires: None, trial }))
    }

    /// Fetches a token, unless the login is known to be wrong.
    fn fetch(
        &self,
        wanted: &Wanted<'_>,
        login: Option<&Login>,
        transport: &Transport,
        visit: &mut Visit,
    ) -> Result<token::Token, Stop> {
        let taken = match login {
            Some(login) => enter(&self.trial(&visit.target.registry, login.clone()), visit)?,
            None => None,
        };
        let fetched = token::fetch(wanted, login, transport, visit);
        match (taken, &fetched) {
            (Some(taken), Ok(_)) => taken.settle(Ok(())),
            (Some(taken), Err(Stop::Verdict(Verdict::LoginRejected(answer)))) => taken.settle(Err(answer.clone())),
            _ => {}
        }
        fetched
    }

    fn trial(&self, registry: &str, login: Login) -> Trial {
        let mut trials = lock(&self.trials);
        if let Some((_, _, trial)) = trials.iter().find(|(at, known, _)| at == registry && *known == login) {
            return Arc::clone(trial);
        }
        let trial = Trial::default();
        trials.push((registry.to_owned(), login, Arc::clone(&trial)));
        trial
    }

    fn slot(&self, visit: &Visit) -> Slot {
        let key = (visit.target.registry.clone(), visit.target.repository.clone());
        lock(&self.proofs).entry(key).or_default().clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn enter(trial: &Trial, visit: &Visit) -> Result<Option<Taken<Result<(), Answer>>>, Stop> {
    match trial.enter(visit.deadline) {
        Entry::First(taken) => Ok(Some(taken)),
        Entry::Known(Ok(())) => Ok(None),
        Entry::Known(Err(answer)) => Err(Stop::Verdict(Verdict::LoginRejected(answer))),
        Entry::TooLate => Err(Stop::Verdict(out_of_time(&visit.target.base))),
    }
}

/// Returns what is kept, if it lasts and is newer than what was refused.
fn usable(kept: Option<&Proof>, refused: Option<&Proof>) -> Option<Proof> {
    let kept = kept?;
    let lasts = kept.expires.is_none_or(|end| Instant::now() < end);
    let newer = refused.is_none_or(|refused| kept.obtained > refused.obtained);
    (lasts && newer).then(|| Proof { kind: Kind::Recalled, ..kept.clone() })
}

fn challenges(reply: &Reply) -> Vec<Challenge> {
    let headers = reply.headers.get_all(WWW_AUTHENTICATE).iter();
    let headers: Vec<_> = headers.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    challenge::parse(headers.iter().map(AsRef::as_ref))
}

fn unknown(registry: &str, challenges: &[Challenge]) -> CheckError {
    let schemes: Vec<_> = challenges.iter().take(5).map(|challenge| format!("`{:.20}`", challenge.scheme())).collect();
    CheckError::Scheme { host: registry.to_owned(), schemes: schemes.join(", ") }
}

impl Scheme {
    /// Returns the scheme of a challenge that came from `url`, if it is one we know and complete.
    fn of(challenge: &Challenge, url: &Url) -> Option<Self> {
        match challenge.scheme() {
            "basic" => Some(Self::Basic),
            "bearer" => Some(Self::Bearer {
                realm: url.join(challenge.parameter("realm")?).ok()?,
                service: challenge.parameter("service").map(str::to_owned),
                scope: challenge.parameter("scope").map(str::to_owned),
            }),
            _ => None,
        }
    }

    /// Returns what holds for the other repositories of the registry too. A scope that names none does, such as the
    /// `aws` of ECR's public gallery.
    fn for_any_repository(self) -> Self {
        match self {
            Self::Bearer { realm, service, scope } => {
                Self::Bearer { realm, service, scope: scope.filter(|scope| !scope.starts_with("repository:")) }
            }
            Self::Basic => Self::Basic,
        }
    }
}
