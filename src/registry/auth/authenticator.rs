//! Answers `WWW-Authenticate` challenges, and keeps what was learned and obtained for the checks that follow. Nothing is
//! shown before a registry asks; from then on its way of asking is known, and a token is kept for its repository as long as
//! it lasts. Only before a definite "no" is a login offered unasked: the registry is asked at `/v2/` how it wants it. A
//! login that was rejected is not shown again, for no image of its registry. A challenge of another host, which a redirect
//! led to, is not answered: our logins are not meant for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::{Method, Url};

use super::authorization::{Authorization, AuthorizationKind, AuthorizationOrigin};
use super::challenge::Challenge;
use super::login::{LoginSource, NotShown, StoredLogin};
use super::login_check::ShownLogins;
use super::login_sources::{Credentials, FoundLogin};
use super::scheme::{Scheme, TokenServer, challenges, known, unknown, words_of};
use super::scope;
use super::token::{self, TokenRequest};
use crate::registry::context::CheckContext;
use crate::registry::early_end::EarlyEnd;
use crate::registry::error::{CheckError, LocationError};
use crate::registry::http::address::{is_same_place, shown_host};
use crate::registry::http::error_response::ErrorResponse;
use crate::registry::http::requests::{HttpRequest, HttpResponse, MAX_ATTEMPTS};
use crate::registry::http::sender::Sender;
use crate::registry::limits::MAX_PING_SIZE;
use crate::registry::verdict::{Outage, Verdict};
use crate::system::lock::lock;

/// How long a credential helper may take.
const HELPER_TIMEOUT: Duration = Duration::from_secs(30);

/// What a 401 asks for.
struct Unauthorized {
    scheme: Option<Scheme>,
    /// The scopes for another token, if the scope of the one that was shown was too small.
    wider: Option<String>,
    answer: ErrorResponse,
}

/// The challenges at `/v2/`, and where they came from.
#[derive(Debug, Clone)]
struct BaseChallenges {
    challenges: Vec<Challenge>,
    url: Url,
}

type AuthorizationSlot = Arc<Mutex<Option<Authorization>>>;

/// Logins, and what was obtained for them. All checks of a client share it.
#[derive(Debug, Default)]
pub(in crate::registry) struct Authenticator {
    credentials: Credentials,
    /// How each registry asks.
    schemes: Mutex<HashMap<String, Scheme>>,
    /// How each registry asks at `/v2/`. The lock of one is held while it is asked, so that each is asked once.
    base_challenges: Mutex<HashMap<String, Arc<Mutex<Option<BaseChallenges>>>>>,
    /// The repositories for which a login was looked for unasked and not shown, and what became of it.
    not_offered: Mutex<HashMap<(String, String), LoginSource>>,
    /// What gives access to each repository. Its lock is held while its token is fetched, so that only one is fetched.
    authorizations: Mutex<HashMap<(String, String), AuthorizationSlot>>,
    shown_logins: ShownLogins,
}

impl Authenticator {
    pub(in crate::registry) fn new(credentials: Credentials) -> Self {
        Self { credentials, ..Self::default() }
    }

    /// Returns what can be shown before the registry asks: what gave access to the repository before, or what the registry
    /// has asked for before. That may have been for another repository: a proxy can have several registries behind one host,
    /// each of which asks in its own way.
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
        match self.obtain(&scheme, None, sender, context) {
            Ok(obtained) => {
                *slot = obtained.map(presumed);
                Ok(slot.clone())
            }
            Err(end @ EarlyEnd::Verdict(Verdict::Unavailable(_) | Verdict::RateLimited(_))) => Err(end),
            // It may ask for this repository in another way, or for nothing.
            Err(_) => {
                context.source = LoginSource::NotAsked;
                Ok(None)
            }
        }
    }

    /// Returns what to show next after `response`, a 401 to what the check has shown so far. Ends the check if nothing is
    /// left to show.
    pub(in crate::registry) fn answer(
        &self,
        response: &HttpResponse,
        sender: &Sender,
        context: &mut CheckContext,
    ) -> Result<Authorization, EarlyEnd> {
        if !is_same_place(&response.url, &context.endpoint.base) {
            return Err(Verdict::LoginElsewhere(ErrorResponse::of(response)).into());
        }
        let Unauthorized { scheme, wider, answer } = self.unauthorized(response, sender, context)?;
        match context.authorization.as_ref() {
            None => {}
            Some(shown) if shown.is_not_asked_for(response) => {}
            // A credential helper may know a newer login by now.
            Some(Authorization { origin: AuthorizationOrigin::Recalled, .. }) => {
                self.credentials.forget(&context.endpoint.registry);
            }
            Some(shown) => match shown.kind {
                AuthorizationKind::Token if wider.is_some() => {}
                AuthorizationKind::Token | AuthorizationKind::WiderToken => {
                    return Err(Verdict::NoAccess(answer).into());
                }
                AuthorizationKind::Login => {
                    *lock(&self.slot(context)) = None;
                    return Err(Verdict::LoginRejected(answer).into());
                }
            },
        }
        let Some(scheme) = scheme else {
            return Err(match response.is_page() {
                true => Verdict::Unavailable(Outage::Page(answer)),
                false => Verdict::NoAccess(answer),
            }
            .into());
        };
        lock(&self.schemes).insert(context.endpoint.registry.clone(), scheme.clone().for_any_repository());
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
            // What failed here would fail for the other repositories too.
            lock(&self.schemes).remove(&context.endpoint.registry);
        }
        let Some(authorization) = obtained? else {
            return Err(Verdict::NoAccess(answer).into());
        };
        // It was accepted before and has not changed since, so it is the login that is wrong by now.
        if authorization.kind == AuthorizationKind::Login && refused.as_ref() == Some(&authorization.header) {
            *slot = None;
            return Err(Verdict::LoginRejected(answer).into());
        }
        *slot = Some(authorization.clone());
        Ok(authorization)
    }

    /// Prepares the login to be shown to a registry that has not asked for one, and returns whether there is one and the
    /// registry wants it. It is asked at `/v2/`, where some registries have the only challenge. If that fails, or the search for
    /// a login, the check fails: with the login, the image may be there.
    pub(in crate::registry) fn offer(
        &self,
        attempts: u32,
        sender: &Sender,
        context: &mut CheckContext,
    ) -> Result<bool, EarlyEnd> {
        if context.authorization.is_some() || context.source != LoginSource::NotAsked {
            return Ok(false);
        }
        let key = slot_key(context);
        if let Some(source) = lock(&self.not_offered).get(&key) {
            context.source = source.clone();
            return Ok(false);
        }
        if let Some(scheme) = self.scheme_for_login(attempts, sender, context)?
            && let Some(authorization) = self.obtain(&scheme, None, sender, context)?
        {
            let authorization = presumed(authorization);
            *lock(&self.slot(context)) = Some(authorization.clone());
            context.authorization = Some(authorization);
            return Ok(true);
        }
        lock(&self.not_offered).insert(key, context.source.clone());
        Ok(false)
    }

    /// Returns how the registry wants a login that it has not asked for; `None` if there is no login, or it wants none.
    fn scheme_for_login(
        &self,
        attempts: u32,
        sender: &Sender,
        context: &mut CheckContext,
    ) -> Result<Option<Scheme>, EarlyEnd> {
        let limit = context.time_left(HELPER_TIMEOUT);
        context.source = match self.credentials.find(&context.endpoint.registry, &context.endpoint.repository, limit)? {
            FoundLogin::Login(_, source) => {
                LoginSource::NotShown { source: Box::new(source), reason: NotShown::NotAsked }
            }
            FoundLogin::None(LoginSource::Anonymous) => return Ok(None),
            FoundLogin::None(why) => {
                context.source = why;
                return Ok(None);
            }
        };
        let BaseChallenges { challenges, url } = self.base_challenges(attempts, sender, context)?;
        let scheme = known(&challenges, &url).map(|(_, scheme)| scheme);
        if let Some(scheme) = &scheme {
            lock(&self.schemes).insert(context.endpoint.registry.clone(), scheme.clone().for_any_repository());
        }
        Ok(scheme)
    }

    /// Asks `/v2/` for challenges, once for each registry.
    fn base_challenges(
        &self,
        attempts: u32,
        sender: &Sender,
        context: &mut CheckContext,
    ) -> Result<BaseChallenges, EarlyEnd> {
        let slot = Arc::clone(lock(&self.base_challenges).entry(context.endpoint.registry.clone()).or_default());
        let mut slot = lock(&slot);
        if let Some(known) = &*slot {
            return Ok(known.clone());
        }
        let base = context.endpoint.base.clone();
        let request = HttpRequest {
            method: Method::GET,
            url: &base,
            accept: "application/json",
            authorization: None,
            form: None,
            limit: MAX_PING_SIZE,
            attempts,
        };
        let response = sender.send(&request, context)?;
        let is_ours = is_same_place(&response.url, &base);
        let challenges = if is_ours { challenges(&response) } else { Vec::new() };
        let known = BaseChallenges { challenges, url: response.url };
        Ok(slot.insert(known).clone())
    }

    /// Reads a 401. If it has no challenge, `/v2/` is asked for one, once; if that has none either, the way in which the
    /// registry asked before is taken.
    fn unauthorized(
        &self,
        response: &HttpResponse,
        sender: &Sender,
        context: &mut CheckContext,
    ) -> Result<Unauthorized, EarlyEnd> {
        let answer = words_of(response);
        let mut challenges = challenges(response);
        let mut url = response.url.clone();
        if challenges.is_empty() && context.authorization.is_none() {
            BaseChallenges { challenges, url } = self.base_challenges(MAX_ATTEMPTS, sender, context)?;
        }
        let Some((challenge, scheme)) = known(&challenges, &url) else {
            if !challenges.is_empty() && context.authorization.is_none() {
                return Err(EarlyEnd::Error(unknown(&context.endpoint.registry, &challenges)));
            }
            let scheme = lock(&self.schemes).get(&context.endpoint.registry).cloned();
            return Ok(Unauthorized { scheme, wider: None, answer });
        };
        let error = challenge.parameter("error");
        // The same scope again would be granted as little as before.
        let asked = context.authorization.as_ref().map_or("", |shown| &shown.scope);
        let is_wider =
            |scope: &String| error == Some("insufficient_scope") && !asked.split(' ').any(|word| word == scope);
        let wanted = challenge.parameter("scope");
        let allowed = wanted.and_then(|scopes| scope::pull_only(scopes, &context.endpoint.repository));
        // The new scope comes first: some token servers read only one.
        let wider = allowed.filter(is_wider).map(|scope| format!("{scope} {asked}"));
        Ok(Unauthorized { scheme: Some(scheme), wider, answer })
    }

    /// Looks the login up and turns it into what the registry wants; `None` if no login fits.
    fn obtain(
        &self,
        scheme: &Scheme,
        wider: Option<String>,
        sender: &Sender,
        context: &mut CheckContext,
    ) -> Result<Option<Authorization>, EarlyEnd> {
        let limit = context.time_left(HELPER_TIMEOUT);
        let found = self.credentials.find(&context.endpoint.registry, &context.endpoint.repository, limit)?;
        context.source = found.source().clone();
        match scheme {
            Scheme::Bearer { server, scope } if !matches!(found.login(), Some(StoredLogin::RegistryToken(_))) => {
                let named = || scope::pull_only(scope.as_deref()?, &context.endpoint.repository);
                let (kind, scope) = match wider {
                    Some(wider) => (AuthorizationKind::WiderToken, Some(wider)),
                    None => (AuthorizationKind::Token, named()),
                };
                self.by_token(server, kind, scope, &found, sender, context).map(Some)
            }
            _ => Ok(self.by_login(scheme, &found, context)),
        }
    }

    /// Exchanges a login, or none, for a token.
    fn by_token(
        &self,
        server: &TokenServer,
        kind: AuthorizationKind,
        scope: Option<String>,
        found: &FoundLogin,
        sender: &Sender,
        context: &mut CheckContext,
    ) -> Result<Authorization, EarlyEnd> {
        let (registry, login) = (&context.endpoint.registry, found.login());
        if !self.credentials.may_show(registry, found.source(), &server.realm) {
            let (from, to) = (shown_host(&context.endpoint.base), shown_host(&server.realm));
            return Err(CheckError::Misdirected { from, to, source: LocationError::OtherServer }.into());
        }
        let check = login.map(|login| self.shown_logins.check(registry, Some(server), login));
        let scope = scope.unwrap_or_else(|| scope::pull(&context.endpoint.repository));
        if let Some((realm, refused, verdict)) = &context.refused_login
            && (realm, refused) == (&server.realm, &scope)
        {
            return Err(verdict.clone().into());
        }
        let obtained = Instant::now();
        let wanted = TokenRequest { server, scope: &scope };
        let fetched = token::fetch(&wanted, login, check.as_deref(), sender, context);
        if let (Some(_), Err(EarlyEnd::Verdict(verdict))) = (login, &fetched) {
            context.refused_login = Some((server.realm.clone(), scope.clone(), verdict.clone()));
        }
        let token = fetched?;
        Ok(Authorization {
            header: token.header,
            kind,
            server: Some(server.clone()),
            origin: AuthorizationOrigin::Asked,
            source: found.source().clone(),
            scope,
            obtained,
            expires: Some(token.expires),
            login_check: None,
        })
    }

    /// Takes a login as it is; `None` if there is none, or the registry wants one of another kind.
    fn by_login(&self, scheme: &Scheme, found: &FoundLogin, context: &mut CheckContext) -> Option<Authorization> {
        let FoundLogin::Login(login, source) = found else { return None };
        let header = match (scheme, login) {
            (Scheme::Basic, StoredLogin::Password { username, password }) => Some(password.basic(username)),
            (Scheme::Bearer { .. }, StoredLogin::RegistryToken(token)) => token.bearer(),
            _ => None,
        };
        let Some(header) = header else {
            context.source = LoginSource::NotShown { source: Box::new(source.clone()), reason: NotShown::Token };
            return None;
        };
        Some(Authorization {
            header,
            kind: AuthorizationKind::Login,
            server: scheme.server().cloned(),
            origin: AuthorizationOrigin::Asked,
            source: source.clone(),
            scope: scope::pull(&context.endpoint.repository),
            obtained: Instant::now(),
            expires: None,
            login_check: Some(self.shown_logins.check(&context.endpoint.registry, scheme.server(), login)),
        })
    }

    fn slot(&self, context: &CheckContext) -> AuthorizationSlot {
        lock(&self.authorizations).entry(slot_key(context)).or_default().clone()
    }
}

/// Returns what authorizations are kept by: registry and repository.
fn slot_key(context: &CheckContext) -> (String, String) {
    (context.endpoint.registry.clone(), context.endpoint.repository.clone())
}

fn presumed(authorization: Authorization) -> Authorization {
    Authorization { origin: AuthorizationOrigin::Presumed, ..authorization }
}

/// Returns what is kept, if it lasts and is newer than what was refused.
fn usable(kept: Option<&Authorization>, refused: Option<&Authorization>) -> Option<Authorization> {
    let kept = kept?;
    let lasts = kept.expires.is_none_or(|end| Instant::now() < end);
    let newer = refused.is_none_or(|refused| kept.obtained > refused.obtained);
    (lasts && newer).then(|| Authorization { origin: AuthorizationOrigin::Recalled, ..kept.clone() })
}
