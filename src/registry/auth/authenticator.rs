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

use reqwest::header::WWW_AUTHENTICATE;
use reqwest::{Method, Url};

use super::authorization::{Authorization, AuthorizationKind, LoginCheck};
use super::challenge::{self, Challenge};
use super::login::StoredLogin;
use super::login_sources::Credentials;
use super::token::{self, TokenRequest};
use super::turn::{Entry, Taken, Turn};
use crate::registry::context::{CheckContext, EarlyEnd};
use crate::registry::error::CheckError;
use crate::registry::http::address::is_same_place;
use crate::registry::http::error_response::ErrorResponse;
use crate::registry::http::requests::{HttpRequest, HttpResponse};
use crate::registry::http::sender::{Sender, out_of_time};
use crate::registry::limits::MAX_PING_SIZE;
use crate::registry::verdict::Verdict;

/// How long a credential helper may take.
const HELPER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long other checks wait for the first answer of a registry: longer than any that works needs for it.
const MAX_DISCOVERY_WAIT: Duration = Duration::from_secs(3);

/// The ways to be let in that we know.
#[derive(Debug, Clone)]
enum Scheme {
    Basic,
    Bearer { realm: Url, service: Option<String>, scope: Option<String> },
}

/// What a 401 asks for.
struct Unauthorized {
    scheme: Option<Scheme>,
    /// The scopes for another token, because that of the one it was shown was too small.
    wider: Option<String>,
    answer: ErrorResponse,
}

type Slot = Arc<Mutex<Option<Authorization>>>;

/// Logins, and what was gained by them. Shared by all checks of a client.
#[derive(Debug)]
pub(in crate::registry) struct Authenticator {
    credentials: Credentials,
    /// How each registry asks.
    schemes: Mutex<HashMap<String, Scheme>>,
    /// Who asks each registry first.
    discoveries: Mutex<HashMap<String, Arc<Turn<()>>>>,
    /// What opens each repository; the lock of one is held while its token is fetched, so that one is fetched.
    authorizations: Mutex<HashMap<(String, String), Slot>>,
    /// The logins that were shown, by registry.
    login_checks: Mutex<Vec<(String, StoredLogin, LoginCheck)>>,
}

impl Authenticator {
    pub(in crate::registry) fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            schemes: Mutex::default(),
            discoveries: Mutex::default(),
            authorizations: Mutex::default(),
            login_checks: Mutex::default(),
        }
    }

    /// Returns the duty to find out how the registry asks; waits a moment where another check has it, and goes on
    /// without it where that is slow.
    pub(in crate::registry) fn discover(&self, context: &CheckContext) -> Option<Taken<()>> {
        let turn = lock(&self.discoveries).entry(context.endpoint.registry.clone()).or_default().clone();
        match turn.enter(Instant::now() + context.time_left(MAX_DISCOVERY_WAIT)) {
            Entry::First(taken) => Some(taken),
            Entry::Known(()) | Entry::TooLate => None,
        }
    }

    /// Returns the duty to find out whether the login that the context would show is right, or nothing where that is known
    /// or no login is shown. Stops where it is known to be wrong.
    pub(in crate::registry) fn begin_trial(
        &self,
        context: &CheckContext,
    ) -> Result<Option<Taken<Result<(), ErrorResponse>>>, EarlyEnd> {
        match context.authorization.as_ref().and_then(|authorization| authorization.trial.as_ref()) {
            Some(trial) => enter(trial, context),
            None => Ok(None),
        }
    }

    /// Returns what can be shown before the registry asks: what opened the repository before, or what opens it by the
    /// way in which this registry has asked before.
    pub(in crate::registry) fn recall(
        &self,
        sender: &Sender,
        context: &mut CheckContext,
    ) -> Result<Option<Authorization>, EarlyEnd> {
        let slot = self.slot(context);
        let mut slot = lock(&slot);
        if let Some(authorization) = usable(slot.as_ref(), None) {
            context.source = authorization.source.clone();
            return Ok(Some(authorization));
        }
        let Some(scheme) = lock(&self.schemes).get(&context.endpoint.registry).cloned() else {
            return Ok(None);
        };
        *slot = self.obtain(&scheme, None, sender, context)?;
        Ok(slot.clone())
    }

    /// Returns what to show next after `response`, a 401 to what the context has shown so far. Stops where nothing is left
    /// to show.
    pub(in crate::registry) fn answer(
        &self,
        response: &HttpResponse,
        sender: &Sender,
        context: &mut CheckContext,
    ) -> Result<Authorization, EarlyEnd> {
        if !is_same_place(&response.url, &context.endpoint.base) {
            return Err(EarlyEnd::Verdict(Verdict::NoAccess(ErrorResponse::of(response))));
        }
        let Unauthorized { scheme, wider, answer } = self.unauthorized(response, sender, context)?;
        match context.authorization.as_ref().map(|shown| shown.kind) {
            None => {}
            // A credential helper may know a newer login by now.
            Some(AuthorizationKind::Recalled) => self.credentials.forget(&context.endpoint.registry),
            Some(AuthorizationKind::Token) if wider.is_some() => {}
            Some(AuthorizationKind::Token | AuthorizationKind::WiderToken) => {
                return Err(EarlyEnd::Verdict(Verdict::NoAccess(answer)));
            }
            Some(AuthorizationKind::Login) => {
                *lock(&self.slot(context)) = None;
                return Err(EarlyEnd::Verdict(Verdict::LoginRejected(answer)));
            }
        }
        let Some(scheme) = scheme else {
            return Err(EarlyEnd::Verdict(Verdict::NoAccess(answer)));
        };
        lock(&self.schemes).insert(context.endpoint.registry.clone(), scheme.clone().for_any_repository());
        context.settle_discovery();
        let slot = self.slot(context);
        let mut slot = lock(&slot);
        // Another check may have been faster.
        if let Some(authorization) = usable(slot.as_ref(), context.authorization.as_ref()).filter(|_| wider.is_none()) {
            context.source = authorization.source.clone();
            return Ok(authorization);
        }
        let refused = context.authorization.as_ref().map(|shown| shown.header.clone());
        let obtained = self.obtain(&scheme, wider, sender, context);
        if let Err(EarlyEnd::Error(_)) = &obtained {
            // What led nowhere is no way in for the other repositories either.
            lock(&self.schemes).remove(&context.endpoint.registry);
        }
        let Some(authorization) = obtained? else {
            return Err(EarlyEnd::Verdict(Verdict::NoAccess(answer)));
        };
        // What worked before and is the same now has not grown too old: it is wrong by now.
        if authorization.kind == AuthorizationKind::Login && refused.as_ref() == Some(&authorization.header) {
            *slot = None;
            return Err(EarlyEnd::Verdict(Verdict::LoginRejected(answer)));
        }
        *slot = Some(authorization.clone());
        Ok(authorization)
    }

    /// Reads a 401. One without a challenge is asked for it at `/v2/`, once; where that has none either, the registry
    /// may have told it before.
    fn unauthorized(
        &self,
        response: &HttpResponse,
        sender: &Sender,
        context: &mut CheckContext,
    ) -> Result<Unauthorized, EarlyEnd> {
        let mut challenges = challenges(response);
        let mut url = response.url.clone();
        if challenges.is_empty() && context.authorization.is_none() {
            let base = context.endpoint.base.clone();
            let ping = HttpRequest {
                method: Method::GET,
                url: &base,
                accept: "application/json",
                authorization: None,
                form: None,
                limit: MAX_PING_SIZE,
            };
            let response = sender.send(&ping, context)?;
            if is_same_place(&response.url, &base) {
                challenges = self::challenges(&response);
                url = response.url;
            }
        }
        let known = challenges.iter().find_map(|challenge| Some((challenge, Scheme::of(challenge, &url)?)));
        let Some((challenge, scheme)) = known else {
            if !challenges.is_empty() && context.authorization.is_none() {
                return Err(EarlyEnd::Error(unknown(&context.endpoint.registry, &challenges)));
            }
            let scheme = lock(&self.schemes).get(&context.endpoint.registry).cloned();
            return Ok(Unauthorized { scheme, wider: None, answer: ErrorResponse::of(response) });
        };
        let error = challenge.parameter("error");
        // The same scope again would be granted as little as before.
        let asked = context.authorization.as_ref().map_or("", |shown| &shown.scope);
        let is_wider =
            |scope: &&str| error == Some("insufficient_scope") && !asked.split(' ').any(|word| word == *scope);
        // What it asks for now comes first: some token servers read only one scope.
        let wider = challenge.parameter("scope").filter(is_wider).map(|scope| format!("{scope} {asked}"));
        Ok(Unauthorized {
            scheme: Some(scheme),
            wider,
            answer: ErrorResponse::of(response).or_words(error, challenge.parameter("error_description")),
        })
    }

    /// Looks the login up and turns it into what the registry wants; `None` where there is no login that fits.
    fn obtain(
        &self,
        scheme: &Scheme,
        wider: Option<String>,
        sender: &Sender,
        context: &mut CheckContext,
    ) -> Result<Option<Authorization>, EarlyEnd> {
        let limit = context.time_left(HELPER_TIMEOUT);
        let (login, source) = self.credentials.find(&context.endpoint.registry, &context.endpoint.repository, limit)?;
        context.source = source.clone();
        let kind = if wider.is_some() { AuthorizationKind::WiderToken } else { AuthorizationKind::Token };
        let named = match scheme {
            Scheme::Bearer { scope, .. } => scope.clone(),
            Scheme::Basic => None,
        };
        let scope = wider.or(named).unwrap_or_else(|| format!("repository:{}:pull", context.endpoint.repository));
        let obtained = Instant::now();
        if let (
            Scheme::Bearer { realm, service, .. },
            None | Some(StoredLogin::Password { .. } | StoredLogin::IdentityToken { .. }),
        ) = (scheme, &login)
        {
            let wanted = TokenRequest { realm, service: service.as_deref(), scope: &scope };
            let token = self.fetch(&wanted, login.as_ref(), sender, context)?;
            let expires = Some(token.expires);
            return Ok(Some(Authorization {
                header: token.header,
                kind,
                source,
                scope,
                obtained,
                expires,
                trial: None,
            }));
        }
        let header = match (scheme, &login) {
            (Scheme::Basic, Some(StoredLogin::Password { username, password })) => password.basic(username),
            (Scheme::Bearer { .. }, Some(StoredLogin::RegistryToken(token))) => token.bearer(),
            _ => None,
        };
        let trial = login.map(|login| self.trial(&context.endpoint.registry, login));
        Ok(header.map(|header| Authorization {
            header,
            kind: AuthorizationKind::Login,
            source,
            scope,
            obtained,
            expires: None,
            trial,
        }))
    }

    /// Fetches a token, unless the login is known to be wrong.
    fn fetch(
        &self,
        wanted: &TokenRequest<'_>,
        login: Option<&StoredLogin>,
        sender: &Sender,
        context: &mut CheckContext,
    ) -> Result<token::Token, EarlyEnd> {
        let taken = match login {
            Some(login) => enter(&self.trial(&context.endpoint.registry, login.clone()), context)?,
            None => None,
        };
        let fetched = token::fetch(wanted, login, sender, context);
        match (taken, &fetched) {
            (Some(taken), Ok(_)) => taken.settle(Ok(())),
            (Some(taken), Err(EarlyEnd::Verdict(Verdict::LoginRejected(answer)))) => taken.settle(Err(answer.clone())),
            _ => {}
        }
        fetched
    }

    fn trial(&self, registry: &str, login: StoredLogin) -> LoginCheck {
        let mut checks = lock(&self.login_checks);
        if let Some((_, _, trial)) = checks.iter().find(|(at, known, _)| at == registry && *known == login) {
            return Arc::clone(trial);
        }
        let trial = LoginCheck::default();
        checks.push((registry.to_owned(), login, Arc::clone(&trial)));
        trial
    }

    fn slot(&self, context: &CheckContext) -> Slot {
        let key = (context.endpoint.registry.clone(), context.endpoint.repository.clone());
        lock(&self.authorizations).entry(key).or_default().clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn enter(trial: &LoginCheck, context: &CheckContext) -> Result<Option<Taken<Result<(), ErrorResponse>>>, EarlyEnd> {
    match trial.enter(context.deadline) {
        Entry::First(taken) => Ok(Some(taken)),
        Entry::Known(Ok(())) => Ok(None),
        Entry::Known(Err(answer)) => Err(EarlyEnd::Verdict(Verdict::LoginRejected(answer))),
        Entry::TooLate => Err(EarlyEnd::Verdict(out_of_time(&context.endpoint.base))),
    }
}

/// Returns what is kept, if it lasts and is newer than what was refused.
fn usable(kept: Option<&Authorization>, refused: Option<&Authorization>) -> Option<Authorization> {
    let kept = kept?;
    let lasts = kept.expires.is_none_or(|end| Instant::now() < end);
    let newer = refused.is_none_or(|refused| kept.obtained > refused.obtained);
    (lasts && newer).then(|| Authorization { kind: AuthorizationKind::Recalled, ..kept.clone() })
}

fn challenges(response: &HttpResponse) -> Vec<Challenge> {
    let headers = response.headers.get_all(WWW_AUTHENTICATE).iter();
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
