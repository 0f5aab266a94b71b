//! The ways of asking for a login, and the forms in which docker keeps one.

use std::time::Duration;

use serde_json::json;
use tagship::registry::{CheckError, ConfigProblem, Finding, InvalidResponse, LoginSource, NotShown};

use super::requirements::platform;
use super::{PASSWORD, anonymous, assert_check, check, check_error, check_for, ci, client_with, logged_in};
use crate::support::http::Response;
use crate::support::registry::{ALWAYS, Auth, Fault, Image, Registry, TokenSettings};

fn with_image(auth: Auth) -> Registry {
    let registry = Registry::start(auth);
    registry.put_image("app", "v1", &Image::new());
    registry
}

/// Returns a refusal that asks for a login in the given words.
fn challenge(words: &str) -> Response {
    Fault::error(401).header("WWW-Authenticate", words)
}

#[test]
fn a_challenge_that_is_missing_is_asked_for() {
    let registry = with_image(Auth::Bearer(ci()));
    registry.inject("HEAD /v2/app", 1, Fault::status(401));
    let (client, _home) = logged_in(&registry, &ci());
    let requests = ["HEAD app/v1 401", "GET  401", "GET /token 200", "HEAD app/v1 200"];
    assert_check(&check(&client, &registry, "app:v1"), &registry, "present", &requests);
}

#[test]
fn a_challenge_that_nobody_gives_ends_the_check() {
    let registry = with_image(Auth::None);
    registry.inject("/v2/app", ALWAYS, Fault::status(401));
    let (client, _home) = logged_in(&registry, &ci());
    let requests = ["HEAD app/v1 401", "GET  200", "GET app/v1 401"];
    assert_check(&check(&client, &registry, "app:v1"), &registry, "no access 401 UNAUTHORIZED", &requests);
}

#[test]
fn a_challenge_that_head_lacks_is_asked_for_with_get() {
    let registry = with_image(Auth::Basic(ci()));
    registry.inject("HEAD /v2/app", ALWAYS, Fault::status(401));
    let (client, _home) = logged_in(&registry, &ci());
    registry.inject("GET /v2/", 1, Fault::status(404));
    let requests = ["HEAD app/v1 401", "GET  404", "GET app/v1 401", "GET app/v1 200"];
    assert_check(&check(&client, &registry, "app:v1"), &registry, "present", &requests);
}

#[test]
fn a_login_that_has_expired_is_rejected_once_for_all_images() {
    for message in ["Your authorization token has expired.", "Your Authorization Token is invalid."] {
        let words = json!({"errors": [{"code": "DENIED", "message": message}]});
        let registry = with_image(Auth::Basic(ci()));
        registry.inject("/v2/", ALWAYS, Fault::AnswerAfterLogin(Response::json(403, &words)));
        let (client, _home) = logged_in(&registry, &ci());
        let requests = ["HEAD app/v1 401", "HEAD app/v1 403", "GET app/v1 403"];
        assert_check(&check(&client, &registry, "app:v1"), &registry, "login rejected 403 DENIED", &requests);
        assert_check(&check(&client, &registry, "other:v1"), &registry, "login rejected 403 DENIED", &[]);
    }
}

#[test]
fn a_token_server_can_say_that_a_login_has_expired() {
    let words = json!({"errors": [{"code": "DENIED", "message": "token has expired"}]});
    let registry = with_image(Auth::Bearer(ci()));
    registry.inject("GET /token", ALWAYS, Fault::Answer(Response::json(403, &words)));
    let (client, _home) = logged_in(&registry, &ci());
    let requests = ["HEAD app/v1 401", "GET /token 403"];
    assert_check(&check(&client, &registry, "app:v1"), &registry, "login rejected 403 DENIED", &requests);
}

/// Without a login, a token server that refuses says that one is needed, or that it does not understand.
#[test]
fn a_token_server_that_gives_no_token_without_a_login() {
    for (status, expected) in [
        (400, "refused 400 UNKNOWN"),
        (401, "no access 401 UNAUTHORIZED"),
        (403, "no access 403 DENIED"),
        (404, "refused 404 MANIFEST_UNKNOWN"),
    ] {
        let registry = with_image(Auth::Bearer(ci()));
        registry.inject("GET /token", 1, Fault::status(status));
        let requests = ["HEAD app/v1 401", &format!("GET /token {status}")];
        assert_check(&check(&anonymous(), &registry, "app:v1"), &registry, expected, &requests);
    }
}

#[test]
fn a_token_is_no_password() {
    let registry = with_image(Auth::Basic(ci()));
    for field in ["identitytoken", "registrytoken"] {
        let (client, _home) = client_with(&format!(r#"{{"auths":{{"HOST":{{"{field}":"abc"}}}}}}"#), &registry);
        let checked = check(&client, &registry, "app:v1");
        assert_check(&checked, &registry, "no access 401", &["HEAD app/v1 401"]);
        let LoginSource::NotShown { reason: NotShown::Token, .. } = &checked.source else { panic!("{checked:?}") };
    }
}

#[test]
fn the_challenge_that_we_know_is_answered() {
    let registry = with_image(Auth::Basic(ci()));
    let others = ["Negotiate", "Bearer service=\"no realm\", Digest realm=\"a, \\\"b\\\"\", nonce=x"];
    registry.inject("/", ALWAYS, Fault::Challenges(others.map(str::to_owned).to_vec()));
    let (client, _home) = logged_in(&registry, &ci());
    let requests = ["HEAD app/v1 401", "HEAD app/v1 200"];
    assert_check(&check(&client, &registry, "app:v1"), &registry, "present", &requests);
}

#[test]
fn an_unknown_kind_of_login_is_an_error() {
    let registry = with_image(Auth::None);
    registry.inject("/", ALWAYS, Fault::Answer(challenge("Negotiate, Digest realm=\"a\"")));
    let (client, _home) = logged_in(&registry, &ci());
    let expected = format!("{} wants a login of an unknown kind: `negotiate`, `digest`", registry.address());
    assert_eq!(check_error(&client, &registry).to_string(), expected);
    // This kind is known, but where the token is given is not.
    let registry = with_image(Auth::None);
    let (client, _home) = logged_in(&registry, &ci());
    registry.inject("/", ALWAYS, Fault::Answer(challenge("Bearer service=\"a\"")));
    let told = check_error(&client, &registry).to_string();
    assert!(told.ends_with(" unknown kind: `bearer` without a `realm`"), "{told}");
}

#[test]
fn a_realm_can_be_relative() {
    let registry = with_image(Auth::Bearer(ci()));
    let words = "bearer Realm=\"/token\", service=\"fixture-registry\"";
    registry.inject("HEAD /v2/app", 1, Fault::Answer(challenge(words)));
    let (client, _home) = logged_in(&registry, &ci());
    let requests = ["HEAD app/v1 401", "GET /token 200", "HEAD app/v1 200"];
    assert_check(&check(&client, &registry, "app:v1"), &registry, "present", &requests);
}

#[test]
fn a_realm_elsewhere_in_the_network_gets_no_login() {
    let registry = with_image(Auth::Bearer(ci()));
    let (client, _home) = logged_in(&registry, &ci());
    for realm in ["http://169.254.169.254/token", "http://10.0.0.1/token", "http://[fe80::1]/token", "ftp://host/token"]
    {
        registry.inject("HEAD /v2/app", 1, Fault::Answer(challenge(&format!("Bearer realm=\"{realm}\""))));
        assert!(matches!(check_error(&client, &registry), CheckError::Misdirected { .. }), "{realm}");
    }
    assert_eq!(registry.requests().len(), 4);
}

#[test]
fn a_challenge_obtains_no_more_than_a_pull_from_this_repository() {
    for (scope, asked) in [
        ("repository:app:pull,push,delete", "repository:app:pull"),
        ("repository:app:*", "repository:app:pull"),
        ("repository:other:pull", "repository:app:pull"),
        ("repository:other:pull repository:app:push", "repository:app:pull"),
        ("registry:catalog:*", "repository:app:pull"),
        ("aws", "aws"),
    ] {
        let registry = with_image(Auth::Bearer(ci()));
        let words = format!("Bearer realm=\"/token\",service=\"fixture-registry\",scope=\"{scope}\"");
        registry.inject("HEAD /v2/app", 1, Fault::Answer(challenge(&words)));
        let (client, _home) = logged_in(&registry, &ci());
        check(&client, &registry, "app:v1");
        assert_eq!(registry.requests()[1].head.query_values("scope"), [asked], "{scope}");
    }
}

/// A scope that names no repository holds for the others of the registry too.
#[test]
fn what_is_asked_for_the_next_repository() {
    for (scope, asked) in [("aws", "aws"), ("repository:app:pull", "repository:other:pull")] {
        let registry = with_image(Auth::Bearer(ci()));
        registry.put_image("other", "v1", &Image::new());
        let words = format!("Bearer realm=\"/token\",service=\"fixture-registry\",scope=\"{scope}\"");
        registry.inject("HEAD /v2/app", ALWAYS, Fault::Answer(challenge(&words)));
        let (client, _home) = logged_in(&registry, &ci());
        check(&client, &registry, "app:v1");
        registry.requests();
        check(&client, &registry, "other:v1");
        assert_eq!(registry.requests()[0].head.query_values("scope"), [asked]);
    }
}

#[test]
fn bearer_is_preferred_to_basic() {
    let registry = with_image(Auth::Bearer(ci()));
    let words = "Basic realm=\"a\", Bearer realm=\"/token\",service=\"fixture-registry\"";
    registry.inject("HEAD /v2/", ALWAYS, Fault::Challenges(vec![words.to_owned()]));
    let requests = ["HEAD public/app/v1 401", "GET /token 200", "HEAD public/app/v1 200"];
    registry.put_image("public/app", "v1", &Image::new());
    assert_check(&check(&anonymous(), &registry, "public/app:v1"), &registry, "present", &requests);
}

#[test]
fn a_wider_scope_is_asked_for_once() {
    let registry = with_image(Auth::Bearer(ci()));
    let words = "Bearer realm=\"/token\",scope=\"aws\",error=\"insufficient_scope\"";
    registry.inject("HEAD /v2/app", 1, Fault::AnswerAfterLogin(challenge(words)));
    let (client, _home) = logged_in(&registry, &ci());
    let checked = check(&client, &registry, "app:v1");
    let requests = registry.requests();
    let lines: Vec<_> = requests.iter().map(|request| request.line()).collect();
    assert_eq!(checked.requests, 5, "{lines:?}");
    let scopes = |index: usize| requests[index].head.query_values("scope");
    assert_eq!(scopes(1), ["repository:app:pull"]);
    assert_eq!(scopes(3), ["aws", "repository:app:pull"]);

    let registry = with_image(Auth::Bearer(ci()));
    registry.inject("HEAD /v2/app", ALWAYS, Fault::AnswerAfterLogin(challenge(words)));
    let (client, _home) = logged_in(&registry, &ci());
    let checked = check(&client, &registry, "app:v1");
    assert_eq!((super::show(&checked).as_str(), checked.requests), ("no access 401 insufficient_scope", 5));
}

#[test]
fn tokens_in_all_their_forms() {
    for (fields, says_lifetime) in
        [(&["token"][..], true), (&["access_token"], false), (&["token", "access_token"], true)]
    {
        let registry = with_image(Auth::Bearer(ci()));
        registry.set_token_settings(TokenSettings { says_lifetime, fields, ..TokenSettings::default() });
        let (client, _home) = logged_in(&registry, &ci());
        assert_eq!(check(&client, &registry, "app:v1").requests, 3, "{fields:?}");
        assert_eq!(check(&client, &registry, "app:v1").requests, 1, "{fields:?}");
    }
}

#[test]
fn a_token_is_used_as_long_as_it_lasts() {
    let registry = with_image(Auth::Bearer(ci()));
    registry.set_token_settings(TokenSettings { lifetime: Duration::from_secs(5), ..TokenSettings::default() });
    let (client, _home) = logged_in(&registry, &ci());
    let first = ["HEAD app/v1 401", "GET /token 200", "HEAD app/v1 200"];
    assert_check(&check(&client, &registry, "app:v1"), &registry, "present", &first);
    assert_check(&check(&client, &registry, "app:v1"), &registry, "present", &first[1..]);
}

#[test]
fn a_token_that_no_longer_opens_is_renewed_once() {
    let registry = with_image(Auth::Bearer(ci()));
    let (client, _home) = logged_in(&registry, &ci());
    check(&client, &registry, "app:v1");
    registry.requests();
    let words = format!("Bearer realm=\"http://{}/token\",service=\"s\",error=\"invalid_token\"", registry.address());
    registry.inject("HEAD /v2/app", 1, Fault::AnswerAfterLogin(challenge(&words)));
    let requests = ["HEAD app/v1 401", "GET /token 200", "HEAD app/v1 200"];
    assert_check(&check(&client, &registry, "app:v1"), &registry, "present", &requests);
    registry.inject("HEAD /v2/app", ALWAYS, Fault::AnswerAfterLogin(challenge(&words)));
    let requests = ["HEAD app/v1 401", "GET /token 200", "HEAD app/v1 401"];
    assert_check(&check(&client, &registry, "app:v1"), &registry, "no access 401 invalid_token", &requests);
}

#[test]
fn a_token_that_is_refused_in_the_middle_of_a_check_is_renewed_once() {
    for (times, expected) in [(1, true), (ALWAYS, false)] {
        let registry = with_image(Auth::Bearer(ci()));
        let (client, _home) = logged_in(&registry, &ci());
        let words = format!("Bearer realm=\"http://{}/token\",error=\"invalid_token\"", registry.address());
        registry.inject("GET /v2/app/blobs", times, Fault::AnswerAfterLogin(challenge(&words)));
        let checked = check_for(&client, &registry.address(), "app:v1", &[platform("linux/amd64")]);
        assert_eq!(checked.findings == [Finding::Met], expected, "{checked:?}");
        assert_eq!(checked.requests, 6, "{:?}", registry.request_lines());
    }
}

#[test]
fn a_login_that_is_no_longer_right_is_not_shown_again() {
    let registry = with_image(Auth::Basic(ci()));
    let (client, _home) = logged_in(&registry, &ci());
    check(&client, &registry, "app:v1");
    registry.requests();
    registry.inject("HEAD /v2/app", ALWAYS, Fault::AnswerAfterLogin(challenge("Basic realm=\"a\"")));
    assert_check(&check(&client, &registry, "app:v1"), &registry, "login rejected 401", &["HEAD app/v1 401"]);
}

#[test]
fn identity_tokens() {
    let registry = with_image(Auth::Bearer(ci()));
    let config = format!(r#"{{"auths":{{"HOST":{{"identitytoken":"{}"}}}}}}"#, registry.identity_token());
    let (client, _home) = client_with(&config, &registry);
    let requests = ["HEAD app/v1 401", "POST /token 200", "HEAD app/v1 200"];
    assert_check(&check(&client, &registry, "app:v1"), &registry, "present", &requests);

    let (client, _home) = client_with(r#"{"auths":{"HOST":{"identitytoken":"expired"}}}"#, &registry);
    let requests = ["HEAD app/v1 401", "POST /token 401"];
    assert_check(&check(&client, &registry, "app:v1"), &registry, "login rejected 401 invalid_grant", &requests);

    // A token server without the OAuth2 form takes the token as a password.
    let auth = ci().encoded();
    let config = format!(r#"{{"auths":{{"HOST":{{"auth":"{auth}","identitytoken":"{PASSWORD}"}}}}}}"#);
    let (client, _home) = client_with(&config, &registry);
    registry.inject("POST /token", 1, Fault::status(404));
    let requests = ["HEAD app/v1 401", "POST /token 404", "GET /token 200", "HEAD app/v1 200"];
    assert_check(&check(&client, &registry, "app:v1"), &registry, "present", &requests);
}

#[test]
fn a_registry_token_is_shown_as_it_is() {
    let registry = with_image(Auth::Bearer(ci()));
    let (client, _home) = client_with(r#"{"auths":{"HOST":{"registrytoken":"abc"}}}"#, &registry);
    let checked = check(&client, &registry, "app:v1");
    let requests = registry.requests();
    assert_eq!((super::show(&checked).as_str(), requests.len()), ("login rejected 401 invalid_token", 2));
    assert_eq!(requests[1].authorization_value(), Some("Bearer abc"));
}

#[test]
fn a_login_for_a_part_of_the_registry() {
    let registry = Registry::start(Auth::Basic(ci()));
    registry.put_image("team/app", "v1", &Image::new());
    registry.put_image("other/app", "v1", &Image::new());
    let (client, _home) =
        client_with(&format!(r#"{{"auths":{{"HOST/team":{{"auth":"{}"}}}}}}"#, ci().encoded()), &registry);
    let requests = ["HEAD team/app/v1 401", "HEAD team/app/v1 200"];
    assert_check(&check(&client, &registry, "team/app:v1"), &registry, "present", &requests);
    let requests = ["HEAD other/app/v1 401"];
    assert_check(&check(&client, &registry, "other/app:v1"), &registry, "no access 401", &requests);
}

#[test]
fn a_token_server_that_makes_no_sense() {
    for (fault, expected) in [
        (Fault::Answer(Response::text(200, "welcome")), InvalidResponse::NoToken),
        (Fault::Answer(Response::text(200, "{}")), InvalidResponse::NoToken),
        (Fault::Answer(Response::text(200, r#"{"token":""}"#)), InvalidResponse::NoToken),
        (Fault::Answer(Response::text(200, r#"{"token":"a\r\nb: c"}"#)), InvalidResponse::NoToken),
        (Fault::Pad(70_000), InvalidResponse::TooLong { limit: 64 << 10 }),
    ] {
        let registry = with_image(Auth::Bearer(ci()));
        registry.inject("GET /token", 1, fault);
        let (client, _home) = logged_in(&registry, &ci());
        let error = check_error(&client, &registry);
        assert!(matches!(&error, CheckError::InvalidResponse { source, .. } if *source == expected), "{error:?}");
    }
}

#[test]
fn a_page_is_no_answer_of_a_token_server() {
    for status in [200, 401, 403, 404] {
        let registry = with_image(Auth::Bearer(ci()));
        registry.inject("GET /token", 1, Fault::Answer(Response::text(status, "<html><title>Proxy</title>")));
        let (client, _home) = logged_in(&registry, &ci());
        assert_eq!(super::show(&check(&client, &registry, "app:v1")), format!("page {status}"));
    }
}

/// A proxy that guards the token server sends its page beside a challenge.
#[test]
fn a_page_with_a_challenge_refuses_the_login() {
    let registry = with_image(Auth::Bearer(ci()));
    let page = Response::text(401, "<html><title>401</title>").header("WWW-Authenticate", "Basic realm=\"a\"");
    registry.inject("GET /token", ALWAYS, Fault::Answer(page));
    let (client, _home) = logged_in(&registry, &ci());
    assert_eq!(super::show(&check(&client, &registry, "app:v1")), "login rejected 401");
    assert_eq!(super::show(&check(&anonymous(), &registry, "app:v1")), "no access 401");
}

#[test]
fn a_broken_configuration_is_named_and_nothing_of_it_shown() {
    let registry = with_image(Auth::Basic(ci()));
    for config in [r#"{"auths": "s3cret"}"#, "s3cret", r#"{"auths":{"HOST":{"auth":"s3cret"}}}"#] {
        let (client, home) = client_with(config, &registry);
        let error = check_error(&client, &registry);
        let CheckError::Config { path, source } = &error else { panic!("{error:?}") };
        assert_eq!(*path, home.path().join(".docker/config.json"));
        assert!(matches!(source, ConfigProblem::Malformed { .. } | ConfigProblem::Auth { .. }), "{source:?}");
        assert!(!format!("{error:?} {error} {source}").contains(PASSWORD), "{error:?}");
    }
}

#[test]
fn a_configuration_that_is_not_needed_is_not_read() {
    let registry = with_image(Auth::None);
    let (client, _home) = client_with("broken", &registry);
    assert_check(&check(&client, &registry, "app:v1"), &registry, "present", &["HEAD app/v1 200"]);
}
