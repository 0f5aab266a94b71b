//! The token server: exchanges a login, or none, for a token that opens a repository
//! ([token authentication](https://distribution.github.io/distribution/spec/auth/token/), and its
//! [OAuth2 form](https://distribution.github.io/distribution/spec/auth/oauth/) for identity tokens).

use std::time::{Duration, Instant};

use reqwest::header::HeaderValue;
use reqwest::{Method, StatusCode, Url};
use serde::Deserialize;

use super::login_sources::{Login, TOKEN_USER};
use super::secret::Secret;
use crate::registry::answer::{Answer, Outage, Verdict};
use crate::registry::context::{Stop, Visit};
use crate::registry::error::{CheckError, Nonsense};
use crate::registry::http::address::shown_host;
use crate::registry::http::sender::{Reply, Request, Transport};

/// Who asks; IBM's token server refuses a form without it.
const CLIENT_ID: &str = "tagship";

const TOKEN_LIMIT: u64 = 64 << 10;

/// How long a token lasts that does not say so.
const DEFAULT_LIFE: Duration = Duration::from_secs(60);

/// How long before its end a token is no longer used.
const MARGIN: Duration = Duration::from_secs(5);

/// What a token is wanted for.
pub(in crate::registry) struct Wanted<'a> {
    pub(in crate::registry) realm: &'a Url,
    pub(in crate::registry) service: Option<&'a str>,
    /// Separated by spaces.
    pub(in crate::registry) scope: &'a str,
}

pub(in crate::registry) struct Token {
    pub(in crate::registry) header: HeaderValue,
    pub(in crate::registry) expires: Instant,
}

/// Asks the token server, with `login` where there is one.
pub(in crate::registry) fn fetch(
    wanted: &Wanted<'_>,
    login: Option<&Login>,
    transport: &Transport,
    visit: &mut Visit,
) -> Result<Token, Stop> {
    visit.allow(&visit.target.base, wanted.realm)?;
    let reply = match login {
        None | Some(Login::RegistryToken(_)) => get(wanted, None, transport, visit)?,
        Some(Login::Password { username, password }) => get(wanted, Some((username, password)), transport, visit)?,
        Some(Login::IdentityToken { username, token }) => {
            let reply = post(wanted, token, transport, visit)?;
            // Not every token server has the OAuth2 form; the specification says to go on with the plain one.
            if matches!(reply.status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) {
                get(wanted, Some((username.as_deref().unwrap_or(TOKEN_USER), token)), transport, visit)?
            } else {
                reply
            }
        }
    };
    if reply.status.is_success() { Ok(read(&reply)?) } else { Err(Stop::Verdict(refusal(&reply, login.is_some()))) }
}

fn get(
    wanted: &Wanted<'_>,
    login: Option<(&str, &Secret)>,
    transport: &Transport,
    visit: &mut Visit,
) -> Result<Reply, Stop> {
    let mut url = wanted.realm.clone();
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(wanted.service.map(|service| ("service", service)));
        query.extend_pairs(wanted.scope.split_whitespace().map(|scope| ("scope", scope)));
        query.append_pair("client_id", CLIENT_ID);
        query.extend_pairs(login.map(|(username, _)| ("account", username)));
    }
    let authorization = login.and_then(|(username, password)| password.basic(username));
    let request = Request {
        method: Method::GET,
        url: &url,
        accept: "application/json",
        authorization: authorization.as_ref(),
        form: None,
        limit: TOKEN_LIMIT,
    };
    transport.send(&request, visit)
}

fn post(wanted: &Wanted<'_>, token: &Secret, transport: &Transport, visit: &mut Visit) -> Result<Reply, Stop> {
    // A URL's query is written as a form is.
    let mut form = wanted.realm.clone();
    form.set_query(None);
    form.query_pairs_mut()
        .append_pair("grant_type", "refresh_token")
        .append_pair("client_id", CLIENT_ID)
        .append_pair("scope", wanted.scope)
        .append_pair("refresh_token", token.expose())
        .extend_pairs(wanted.service.map(|service| ("service", service)));
    let form = Secret::new(form.query().unwrap_or_default().to_owned());
    let request = Request {
        method: Method::POST,
        url: wanted.realm,
        accept: "application/json",
        authorization: None,
        form: Some(&form),
        limit: TOKEN_LIMIT,
    };
    transport.send(&request, visit)
}

/// Reads a token, of which some servers fill one field, some the other, and some both with one of them empty.
fn read(reply: &Reply) -> Result<Token, CheckError> {
    #[derive(Deserialize)]
    struct Body {
        token: Option<Secret>,
        access_token: Option<Secret>,
        expires_in: Option<serde_json::Value>,
    }
    let no_token = || CheckError::Nonsense { host: shown_host(&reply.url), source: Nonsense::NoToken };
    let Ok(body) = serde_json::from_slice::<Body>(&reply.body) else {
        return Err(no_token());
    };
    let life = body.expires_in.and_then(|seconds| seconds.as_u64()).map_or(DEFAULT_LIFE, Duration::from_secs);
    let token = [body.token, body.access_token].into_iter().flatten().find(|token| !token.is_empty());
    let header = token.and_then(|token| token.bearer()).ok_or_else(no_token)?;
    let now = Instant::now();
    Ok(Token { header, expires: now.checked_add(life.saturating_sub(MARGIN)).unwrap_or(now) })
}

/// Tells a login that is wrong from one that may not do this. OAuth2 says 400 `invalid_grant` where others say 401.
fn refusal(reply: &Reply, logged_in: bool) -> Verdict {
    let answer = Answer::of(reply);
    let bad_login = answer.status == 401 || answer.says(&["UNAUTHORIZED", "invalid_grant", "invalid_client"]);
    match answer.status {
        400..=499 if logged_in && bad_login => Verdict::LoginRejected(answer),
        401 | 403 => Verdict::NoAccess(answer),
        _ => Verdict::Unavailable(Outage::Answered(answer)),
    }
}
