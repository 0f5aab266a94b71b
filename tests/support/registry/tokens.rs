//! The token server of Bearer authentication: who may have which token, and what a token then opens.
//!
//! [`grant`] decides and knows no form of token, so that docker-registry's signed tokens can be granted by the same
//! rules; the fixture's own tokens are opaque texts that it remembers.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Auth, State, error};
use crate::support::http::{Head, Response, form_values, lock};
use crate::support::login::Login;

pub const SERVICE: &str = "fixture-registry";

/// Stands for the login in the OAuth2 form of a token request.
pub(super) const IDENTITY_TOKEN: &str = "identity-token-of-the-login";

/// A scope `repository:name:action,action`, as far as it was granted.
#[derive(Clone, PartialEq, Eq)]
pub struct Scope {
    pub repository: String,
    pub actions: Vec<String>,
}

/// What a token will open.
pub struct Grant {
    /// The user; `None` for an anonymous one.
    pub user: Option<String>,
    pub scopes: Vec<Scope>,
}

/// How tokens are made, and how the answer with a token looks.
#[derive(Clone)]
pub struct TokenSettings {
    pub lifetime: Duration,
    /// Whether the answer says how long the token lives; without it, a client must assume 60 s.
    pub says_lifetime: bool,
    /// The fields that carry the token: `token`, `access_token` or both.
    pub fields: &'static [&'static str],
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self { lifetime: Duration::from_secs(300), says_lifetime: true, fields: &["token", "access_token"] }
    }
}

/// The tokens in circulation.
#[derive(Default)]
pub(super) struct Tokens {
    pub(super) settings: TokenSettings,
    issued: HashMap<String, (Instant, Vec<Scope>)>,
}

/// Decides on a token request: GET with Basic or without login, or POST with the form of OAuth2.
///
/// Asking for more than one may have is no error: the token opens what it can. Only a wrong login is one.
pub fn grant(head: &Head, body: &[u8], login: &Login) -> Result<Grant, Response> {
    if head.method == "POST" {
        return grant_by_form(&String::from_utf8_lossy(body), login);
    }
    let user = match head.header("authorization") {
        None => None,
        Some(_) if login.is_in(head) => Some(login.user.clone()),
        Some(_) => return Err(error(401, "UNAUTHORIZED", "incorrect username or password")),
    };
    let scopes = head.query_values("scope");
    Ok(scopes_for(user, scopes.iter().map(String::as_str)))
}

fn grant_by_form(form: &str, login: &Login) -> Result<Grant, Response> {
    let value = |key| form_values(form, key).pop().unwrap_or_default();
    if value("client_id").is_empty() || value("service").is_empty() {
        return Err(Response::json(400, &json!({ "error": "invalid_request" })));
    }
    let accepted = match value("grant_type").as_str() {
        "refresh_token" => value("refresh_token") == IDENTITY_TOKEN,
        "password" => value("username") == login.user && value("password") == login.password,
        _ => false,
    };
    if !accepted {
        return Err(Response::json(401, &json!({ "error": "invalid_grant" })));
    }
    Ok(scopes_for(Some(login.user.clone()), value("scope").split(' ')))
}

fn scopes_for<'a>(user: Option<String>, wanted: impl Iterator<Item = &'a str>) -> Grant {
    let mut scopes = Vec::new();
    for scope in wanted.flat_map(|scopes| scopes.split(' ')) {
        let mut parts = scope.splitn(3, ':');
        let (Some("repository"), Some(repository), Some(actions)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let allowed = |action: &&str| user.is_some() || (*action == "pull" && repository.starts_with("public/"));
        let actions = actions.split(',').filter(allowed).map(str::to_owned).collect();
        scopes.push(Scope { repository: repository.to_owned(), actions });
    }
    Grant { user, scopes }
}

impl State {
    /// Answers a request for a token.
    pub(super) fn give_token(&self, head: &Head, body: &[u8]) -> Response {
        let Auth::Bearer(login) = &self.auth else {
            return error(404, "UNSUPPORTED", "this registry has no tokens");
        };
        let grant = match grant(head, body, login) {
            Ok(grant) => grant,
            Err(refusal) => return refusal,
        };
        let mut tokens = lock(&self.tokens);
        let token = format!("token-{}-of-{}", tokens.issued.len() + 1, grant.user.as_deref().unwrap_or("anybody"));
        let expiry = Instant::now() + tokens.settings.lifetime;
        tokens.issued.insert(token.clone(), (expiry, grant.scopes));
        let mut answer = json!({});
        for field in tokens.settings.fields {
            answer[field] = Value::from(token.as_str());
        }
        if tokens.settings.says_lifetime {
            answer["expires_in"] = tokens.settings.lifetime.as_secs().into();
        }
        Response::json(200, &answer)
    }

    /// Returns the refusal of a request that may not have `actions` on a repository; `None` if it may.
    pub(super) fn refusal(&self, head: &Head, repository: &str, actions: &[&str]) -> Option<Response> {
        match &self.auth {
            Auth::None => None,
            Auth::Basic(login) if login.is_in(head) => None,
            Auth::Basic(_) => Some(Refusal::Login.response("Basic realm=\"fixture registry\"")),
            Auth::Bearer(_) => {
                let refusal = self.token_refusal(head, repository, actions)?;
                Some(refusal.response(&bearer_challenge(head, repository, actions, refusal.error())))
            }
        }
    }

    fn token_refusal(&self, head: &Head, repository: &str, actions: &[&str]) -> Option<Refusal> {
        let Some(token) = head.header("authorization").and_then(|value| value.strip_prefix("Bearer ")) else {
            return Some(Refusal::Login);
        };
        let tokens = lock(&self.tokens);
        let Some((_, scopes)) = tokens.issued.get(token).filter(|(expiry, _)| Instant::now() < *expiry) else {
            return Some(Refusal::Token);
        };
        let opens = |action: &&str| {
            let has = |scope: &Scope| scope.repository == repository && scope.actions.iter().any(|a| a == action);
            repository.is_empty() || scopes.iter().any(has)
        };
        (!actions.iter().all(opens)).then_some(Refusal::Scope)
    }
}

/// Why a request is refused.
enum Refusal {
    Login,
    Token,
    Scope,
}

impl Refusal {
    fn error(&self) -> &'static str {
        match self {
            Self::Login => "",
            Self::Token => ",error=\"invalid_token\"",
            Self::Scope => ",error=\"insufficient_scope\"",
        }
    }

    fn response(&self, challenge: &str) -> Response {
        error(401, "UNAUTHORIZED", "authentication required").header("WWW-Authenticate", challenge)
    }
}

/// Returns the challenge that sends a client to the token server, at the name under which it reached the registry.
fn bearer_challenge(head: &Head, repository: &str, actions: &[&str], error: &str) -> String {
    let host = head.header("host").unwrap_or_default();
    let scope = match repository {
        "" => String::new(),
        _ => format!(",scope=\"repository:{repository}:{}\"", actions.join(",")),
    };
    format!("Bearer realm=\"http://{host}/token\",service=\"{SERVICE}\"{scope}{error}")
}

/// Returns a refusal for want of scope, for a request that had enough of it.
pub(super) fn insufficient_scope(head: &Head) -> Response {
    let repository = super::routes::repository(&head.path);
    Refusal::Scope.response(&bearer_challenge(head, repository, &["pull"], Refusal::Scope.error()))
}
