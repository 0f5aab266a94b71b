//! Requests to an API: limits of rate, busy servers, redirects, and where a token goes.

use std::time::Duration;

use reqwest::Url;
use serde_json::json;

use tagship::forge::{Forge, ForgeAddress, ForgeConnection, ForgeError, ForgeHints, ForgeKind};
use tagship::outcome::failure::{Failure, FailureKind};
use tagship::system::network::http::{Security, client};

use super::{HEAD, PROPOSAL, api_of, api_with, connection, github, token_of};
use crate::support::certificate::{Certificate, LOOPBACK};
use crate::support::forge::{ALWAYS, Fault, TOKEN};
use crate::support::http::{Reply, Response, Server, nginx_400};
use crate::support::login::Login;

/// Returns a refusal in GitHub's form.
fn refused(status: u16, message: &str) -> Response {
    Response::json(status, &json!({ "message": message, "status": status.to_string() }))
}

/// The limit of a call.
const LIMIT: Duration = Duration::from_secs(20);

const PULLS: &str = "/api/v3/repos/org/gitops/pulls";

#[test]
fn a_limit_of_the_rate_is_waited_for_and_is_no_lack_of_permission() {
    for status in [403, 429] {
        let github = github();
        let limited = refused(status, "You have exceeded a secondary rate limit").header("Retry-After", "0");
        github.inject(PULLS, 1, Fault::Answer(limited));
        assert_eq!(api_of(&github).newest_request(HEAD, "main"), Ok(None), "{status}");
    }
}

#[test]
fn a_limit_that_outlasts_the_time_is_told_with_its_end() {
    let github = github();
    let limited = refused(403, "API rate limit exceeded")
        .header("X-RateLimit-Remaining", "0")
        .header("X-RateLimit-Reset", "4102444800");
    github.inject(PULLS, ALWAYS, Fault::Answer(limited));
    let error = api_of(&github).newest_request(HEAD, "main").unwrap_err();
    let ForgeError::RateLimited { pause: Some(pause), .. } = error else { panic!("{error:?}") };
    assert!(pause > Duration::from_secs(3600), "{pause:?}");
    assert_eq!(github.short_call_lines().len(), 1, "nothing is asked again in vain");
}

/// GitHub names its secondary limit by the page of its manual, and says nothing in the headers: a minute is to be waited then.
#[test]
fn a_limit_that_only_the_manual_names() {
    let github = github();
    let page =
        "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits";
    let document = json!({ "message": "You have exceeded a secondary rate limit.", "documentation_url": page });
    github.inject(PULLS, ALWAYS, Fault::Answer(Response::json(403, &document)));
    let error = api_of(&github).newest_request(HEAD, "main").unwrap_err();
    let ForgeError::RateLimited { pause, .. } = error else { panic!("{error:?}") };
    assert_eq!(pause, Some(Duration::from_secs(60)));
    assert_eq!(github.short_call_lines().len(), 1, "nothing is asked again in vain");
}

#[test]
fn a_403_without_such_headers_is_final() {
    let github = github();
    let forbidden = refused(403, "Resource not accessible by integration").header("X-RateLimit-Remaining", "17");
    github.inject(PULLS, ALWAYS, Fault::Answer(forbidden));
    let error = api_of(&github).newest_request(HEAD, "main").unwrap_err();
    assert!(matches!(error, ForgeError::Forbidden { .. }), "{error:?}");
    assert_eq!(github.short_call_lines().len(), 1);
}

#[test]
fn a_busy_server_is_asked_again() {
    let github = github();
    github.inject(PULLS, 2, Fault::Answer(Response::text(502, "Bad Gateway")));
    assert_eq!(api_of(&github).newest_request(HEAD, "main"), Ok(None));
    github.inject(PULLS, ALWAYS, Fault::Answer(Response::text(502, "Bad Gateway")));
    let error = api_of(&github).newest_request(HEAD, "main").unwrap_err();
    assert!(matches!(error, ForgeError::Busy(_)), "{error:?}");
}

/// A page of another type says that the address is wrong. What says that it is JSON and is not was damaged on its way.
#[test]
fn a_damaged_answer_is_asked_for_again() {
    let damaged = || Fault::Answer(Response::json(200, &json!([])).body(b"[{\"number\": 1, \xff"));
    let github = github();
    github.inject(PULLS, 2, damaged());
    assert_eq!(api_of(&github).newest_request(HEAD, "main"), Ok(None));
    github.inject(PULLS, ALWAYS, damaged());
    let error = api_of(&github).newest_request(HEAD, "main").unwrap_err();
    assert!(matches!(error, ForgeError::Damaged { .. }), "{error:?}");
}

#[test]
fn a_silent_server_ends_with_the_time_limit() {
    let github = github();
    github.inject(PULLS, ALWAYS, Fault::Hang);
    let error = api_with(&github, TOKEN, Duration::from_millis(300)).newest_request(HEAD, "main").unwrap_err();
    assert!(matches!(error, ForgeError::NoAnswer { .. }), "{error:?}");
}

#[test]
fn a_redirect_is_followed_at_the_same_server() {
    let github = github();
    let target = format!("{}/api/v3/repos/org/gitops/pulls?state=all", github.origin());
    github.inject("GET /api/v3/repos/org/gitops/pulls?state=all&head", 1, Fault::Answer(Response::redirect(&target)));
    assert_eq!(api_of(&github).newest_request(HEAD, "main"), Ok(None));
    // The repository may have another owner now, whom a filter would have to name.
    assert_eq!(github.short_call_lines(), ["GET /pulls 307", "GET /pulls 200", "GET /pulls 200"]);
}

#[test]
fn a_token_goes_to_no_other_server() {
    let github = github();
    let other = Server::start(|_, _| Ok(Reply::Send(Response::json(200, &json!([])))));
    let target = format!("http://{}/api/v3/repos/org/gitops/pulls", other.address());
    github.inject(PULLS, ALWAYS, Fault::Answer(Response::redirect(&target)));
    let error = api_of(&github).propose(&PROPOSAL).unwrap_err();
    assert!(matches!(error, ForgeError::InvalidAnswer { .. }), "{error:?}");
    assert!(other.requests().is_empty());
}

#[test]
fn a_wrong_token_is_told_and_never_shown() {
    let github = github();
    let error = api_with(&github, "ghs_wr0ng", Duration::from_secs(20)).propose(&PROPOSAL).unwrap_err();
    let ForgeError::Unauthorized(words) = &error else { panic!("{error:?}") };
    assert_eq!(words.lines, ["Bad credentials"]);
    assert!(!format!("{error} {error:?}").contains("wr0ng"));
    assert_eq!(github.short_call_lines(), ["GET /pulls 401"]);
}

#[test]
fn what_is_no_answer_of_an_api_is_told() {
    for (answer, why) in [
        (Response::text(200, "<!DOCTYPE html>"), "it is no list of pull requests"),
        (Response::json(200, &json!({ "message": "hello" })), "it is no list of pull requests"),
        (Response::new(200).body(&vec![b' '; 17 << 20]), "it is too long"),
    ] {
        let github = github();
        github.inject(PULLS, ALWAYS, Fault::Answer(answer));
        let error = api_of(&github).newest_request(HEAD, "main").unwrap_err();
        assert!(error.to_string().ends_with(why), "{error}");
    }
}

/// nginx in front of the API ends the handshake, and answers each request so. It is not asked again.
#[test]
fn nginx_in_front_of_the_api() {
    let Some(certificate) = Certificate::issue(LOOPBACK) else { return };
    let words = "No required SSL certificate was sent";
    let server = Server::start_tls(&certificate, |_, _| Ok(Reply::Send(nginx_400(words))));
    let url = Url::parse(&format!("https://{}/org/gitops", server.address())).unwrap();
    let hints = ForgeHints { kind: Some(ForgeKind::GitHub), ..ForgeHints::default() };
    let client = client(Security::Tls, LIMIT).tls_danger_accept_invalid_certs(true).no_proxy().build().unwrap();
    let connection = ForgeConnection { client, ..connection(token_of(&Login::new("x-token-auth", TOKEN)), LIMIT) };
    let api = Forge::new(ForgeAddress::of(&url, &hints).unwrap(), connection).unwrap();
    let failure = Failure::from(api.newest_request(HEAD, "main").unwrap_err());
    assert_eq!(failure.kind, FailureKind::Unauthorized);
    assert!(failure.message.ends_with("did not answer: it requires a client certificate"), "{}", failure.message);
    assert_eq!(server.requests().len(), 1);
}
