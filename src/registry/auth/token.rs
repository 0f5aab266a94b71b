//! The token server: exchanges a login, or none, for a token that opens a repository
//! ([token authentication](https://distribution.github.io/distribution/spec/auth/token/), and its
//! [OAuth2 form](https://distribution.github.io/distribution/spec/auth/oauth/) for identity tokens).

use std::time::{Duration, Instant};

use reqwest::header::HeaderValue;
use reqwest::{Method, StatusCode};
use serde::Deserialize;

use super::login::{StoredLogin, TOKEN_USER};
use super::login_check::LoginCheck;
use super::scheme::{TokenServer, challenges};
use super::secret::Secret;
use crate::registry::context::CheckContext;
use crate::registry::early_end::EarlyEnd;
use crate::registry::error::{CheckError, InvalidResponse};
use crate::registry::http::address::{is_same_place, shown_host};
use crate::registry::http::error_response::ErrorResponse;
use crate::registry::http::requests::{HttpRequest, HttpResponse, MAX_ATTEMPTS};
use crate::registry::http::sender::Sender;
use crate::registry::limits::MAX_TOKEN_SIZE;
use crate::registry::verdict::{Outage, Verdict};
use crate::system::network::sent_logins;

/// Our name; IBM's token server refuses a form without one.
const CLIENT_ID: &str = "tagship";

/// How long a token lasts if the server does not say.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(60);

/// How long before its end a token is no longer used.
const EXPIRY_MARGIN: Duration = Duration::from_secs(5);

/// What a token is wanted for.
pub(super) struct TokenRequest<'a> {
    pub(super) server: &'a TokenServer,
    /// Separated by spaces.
    pub(super) scope: &'a str,
}

pub(super) struct Token {
    pub(super) header: HeaderValue,
    pub(super) expires: Instant,
}

/// Fetches a token with a login, unless that is known to be wrong, or without one.
pub(super) fn fetch(
    wanted: &TokenRequest<'_>,
    login: Option<&StoredLogin>,
    check: Option<&LoginCheck>,
    sender: &Sender,
    context: &mut CheckContext,
) -> Result<Token, EarlyEnd> {
    let first_use = check.map(LoginCheck::begin).transpose()?.flatten();
    let fetched = ask(wanted, login, sender, context);
    match (first_use, &fetched) {
        (Some(first_use), Ok(_)) => first_use.accepted(),
        (Some(first_use), Err(EarlyEnd::Verdict(Verdict::LoginRejected(response)))) => {
            first_use.rejected(response.clone());
        }
        _ => {}
    }
    fetched
}

/// Asks the token server for a token, with `login` if there is one.
fn ask(
    wanted: &TokenRequest<'_>,
    login: Option<&StoredLogin>,
    sender: &Sender,
    context: &mut CheckContext,
) -> Result<Token, EarlyEnd> {
    context.allow_realm(&wanted.server.realm, sender.place(context))?;
    let (registry, server) = (&context.endpoint.registry, shown_host(&wanted.server.realm));
    sender.asides.add(format!("the token server of `{registry}` is `{server}`"));
    let response = match login {
        None | Some(StoredLogin::RegistryToken(_)) => get(wanted, None, sender, context)?,
        Some(StoredLogin::Password { username, password }) => get(wanted, Some((username, password)), sender, context)?,
        Some(StoredLogin::IdentityToken { username, token }) => {
            let response = post(wanted, token, sender, context)?;
            // Not every token server has the OAuth2 form; the specification says to go on with the plain one.
            if matches!(response.status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) {
                get(wanted, Some((username.as_deref().unwrap_or(TOKEN_USER), token)), sender, context)?
            } else {
                response
            }
        }
    };
    if response.status.is_success() && !response.is_page() {
        Ok(read(&response)?)
    } else {
        dropped(wanted, &response, login)?;
        Err(refusal(&response, login.is_some()).into())
    }
}

/// Fails if a refusal is no word on the login, because a redirect led to where it was not shown.
fn dropped(wanted: &TokenRequest<'_>, response: &HttpResponse, login: Option<&StoredLogin>) -> Result<(), CheckError> {
    if login.is_none() || is_same_place(&wanted.server.realm, &response.url) {
        return Ok(());
    }
    let to = format!("{}://{}", response.url.scheme(), shown_host(&response.url));
    let (host, status) = (shown_host(&wanted.server.realm), response.status.as_u16());
    Err(CheckError::LoginDropped { host, to, status })
}

fn get(
    wanted: &TokenRequest<'_>,
    login: Option<(&str, &Secret)>,
    sender: &Sender,
    context: &mut CheckContext,
) -> Result<HttpResponse, EarlyEnd> {
    let mut url = wanted.server.realm.clone();
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(wanted.server.service.as_ref().map(|service| ("service", service)));
        query.extend_pairs(wanted.scope.split_whitespace().map(|scope| ("scope", scope)));
        query.append_pair("client_id", CLIENT_ID);
        query.extend_pairs(login.map(|(username, _)| ("account", username)));
    }
    let authorization = login.map(|(username, password)| password.basic(username));
    let request = HttpRequest {
        method: Method::GET,
        url: &url,
        accept: "application/json",
        authorization: authorization.as_ref(),
        form: None,
        limit: MAX_TOKEN_SIZE,
        attempts: MAX_ATTEMPTS,
    };
    sender.send(&request, context)
}

fn post(
    wanted: &TokenRequest<'_>,
    token: &Secret,
    sender: &Sender,
    context: &mut CheckContext,
) -> Result<HttpResponse, EarlyEnd> {
    // A URL's query is written as a form is.
    let mut form = wanted.server.realm.clone();
    form.set_query(None);
    form.query_pairs_mut()
        .append_pair("grant_type", "refresh_token")
        .append_pair("client_id", CLIENT_ID)
        .append_pair("scope", wanted.scope)
        .append_pair("refresh_token", token.expose())
        .extend_pairs(wanted.server.service.as_ref().map(|service| ("service", service)));
    sent_logins::note(token.expose());
    let form = Secret::new(form.query().unwrap_or_default().to_owned());
    let request = HttpRequest {
        method: Method::POST,
        url: &wanted.server.realm,
        accept: "application/json",
        authorization: None,
        form: Some(&form),
        limit: MAX_TOKEN_SIZE,
        attempts: MAX_ATTEMPTS,
    };
    sender.send(&request, context)
}

/// Reads a token, of which some servers fill one field, some the other, and some both with one of them empty.
fn read(response: &HttpResponse) -> Result<Token, CheckError> {
    #[derive(Deserialize)]
    struct Body {
        token: Option<Secret>,
        access_token: Option<Secret>,
        expires_in: Option<serde_json::Value>,
    }
    let no_token = || CheckError::InvalidResponse { host: shown_host(&response.url), source: InvalidResponse::NoToken };
    let Ok(body) = serde_json::from_slice::<Body>(&response.body) else {
        return Err(no_token());
    };
    let life = body.expires_in.and_then(|seconds| seconds.as_u64()).map_or(DEFAULT_LIFETIME, Duration::from_secs);
    let token = [body.token, body.access_token].into_iter().flatten().find(|token| !token.is_empty());
    let header = token.and_then(|token| token.bearer()).ok_or_else(no_token)?;
    let now = Instant::now();
    Ok(Token { header, expires: now.checked_add(life.saturating_sub(EXPIRY_MARGIN)).unwrap_or(now) })
}

/// Tells a wrong login from one without this permission. OAuth2 has 400 `invalid_grant` for a wrong login, others 401.
fn refusal(response: &HttpResponse, logged_in: bool) -> Verdict {
    let answer = ErrorResponse::of(response);
    let bad_login = answer.status == 401
        || answer.refuses_login()
        || answer.says(&["UNAUTHORIZED", "invalid_grant", "invalid_client"]);
    match answer.status {
        // A proxy that guards the token server by a login has a page beside its challenge.
        200..=499 if response.is_page() && challenges(response).is_empty() => {
            Verdict::Unavailable(Outage::Page(answer))
        }
        400..=499 if logged_in && bad_login => Verdict::LoginRejected(answer),
        401 | 403 => Verdict::NoAccess(answer),
        400..=499 => Verdict::Refused(answer),
        _ => Verdict::Unavailable(Outage::Answered(answer)),
    }
}
