//! Registries that hide what they have from a request without a login, and do not ask for one: a login that exists is shown
//! before a "no" is final.

use tagship::registry::{LoginSource, NotShown};

use super::requirements::platform;
use super::{
    anonymous, assert_check, check, check_each, check_error, check_for, ci, client_with, logged_in, reference, show,
};
use crate::support::http::Response;
use crate::support::login::Login;
use crate::support::registry::{ALWAYS, Auth, Fault, Image, Registry};

/// Returns a registry whose only challenge is at `/v2/`; a request without a login for an image gets `answer`.
fn hiding(auth: Auth, answer: Response) -> Registry {
    let registry = Registry::start(auth);
    registry.put_image("app", "v1", &Image::new());
    registry.inject("/v2/app", ALWAYS, Fault::InPlaceOfChallenge(answer));
    registry
}

#[test]
fn a_login_is_shown_before_a_no_is_final() {
    for status in [400, 403, 404] {
        let asked = [format!("HEAD app/v1 {status}"), format!("GET app/v1 {status}"), "GET  401".to_owned()];
        let asked: Vec<_> = asked.iter().map(String::as_str).collect();
        for (auth, token) in [(Auth::Basic(ci()), &[][..]), (Auth::Bearer(ci()), &["GET /token 200"])] {
            let registry = hiding(auth, Fault::error(status));
            let (client, _home) = logged_in(&registry, &ci());
            let requests = [&asked, token, &["HEAD app/v1 200"]].concat();
            assert_check(&check(&client, &registry, "app:v1"), &registry, "present", &requests);
            // From then on it is known that the registry wants the login.
            let requests = ["HEAD app/v9 404", "GET app/v9 404"];
            let verdict = "absent 404 MANIFEST_UNKNOWN";
            assert_check(&check(&client, &registry, "app:v9"), &registry, verdict, &requests);
        }
    }
}

#[test]
fn a_limit_without_a_login_is_not_the_limit_with_one() {
    let limit = Fault::error(429).header("Retry-After", "3600");
    let registry = hiding(Auth::Basic(ci()), limit);
    let (client, _home) = logged_in(&registry, &ci());
    let requests = ["HEAD app/v1 429", "GET  401", "HEAD app/v1 200"];
    assert_check(&check(&client, &registry, "app:v1"), &registry, "present", &requests);
}

#[test]
fn a_registry_that_limits_everything_is_asked_once_more() {
    let registry = Registry::start(Auth::None);
    registry.inject("/v2/", ALWAYS, Fault::status(429));
    let (client, _home) = logged_in(&registry, &ci());
    let requests = ["HEAD app/v1 429", "HEAD app/v1 429", "GET app/v1 429", "GET  429"];
    let verdict = "rate limited 429 TOOMANYREQUESTS";
    assert_check(&check(&client, &registry, "app:v1"), &registry, verdict, &requests);
}

#[test]
fn requirements_are_judged_with_the_login_too() {
    let registry = hiding(Auth::Basic(ci()), Fault::error(404));
    let (client, _home) = logged_in(&registry, &ci());
    let checked = check_for(&client, &registry.address(), "app:v1", &[platform("linux/amd64")]);
    let requests = registry.request_lines().len();
    assert_eq!((show(&checked).as_str(), requests), ("present", 4), "GET, GET /v2/, GET, GET of the configuration");
}

#[test]
fn without_a_login_nothing_more_is_asked() {
    let registry = hiding(Auth::Basic(ci()), Fault::error(404));
    let checked = check(&anonymous(), &registry, "app:v1");
    let requests = ["HEAD app/v1 404", "GET app/v1 404"];
    assert_check(&checked, &registry, "absent 404 MANIFEST_UNKNOWN", &requests);
    assert_eq!(checked.source, LoginSource::NotAsked);
}

#[test]
fn a_registry_that_wants_no_login_sees_none() {
    let registry = Registry::start(Auth::None);
    let (client, _home) = logged_in(&registry, &ci());
    let absent = "absent 404 NAME_UNKNOWN";
    let checked = check(&client, &registry, "app:v1");
    assert_check(&checked, &registry, absent, &["HEAD app/v1 404", "GET app/v1 404", "GET  200"]);
    let LoginSource::NotShown { reason: NotShown::NotAsked, .. } = &checked.source else { panic!("{checked:?}") };
    for name in ["app:v1", "other:v1"] {
        let path = name.replace(':', "/");
        let requests = [format!("HEAD {path} 404"), format!("GET {path} 404")];
        let checked = check(&client, &registry, name);
        assert_check(&checked, &registry, absent, &requests.each_ref().map(String::as_str));
        assert!(matches!(checked.source, LoginSource::NotShown { .. }), "{checked:?}");
    }
}

#[test]
fn many_images_ask_once_how_the_registry_wants_the_login() {
    let registry = Registry::start(Auth::None);
    let (client, _home) = logged_in(&registry, &ci());
    let references: Vec<_> =
        (0..8).map(|number| reference(&registry.address(), &format!("team/app{number}:v1"))).collect();
    check_each(&client, &references);
    let lines = registry.request_lines();
    assert_eq!(lines.iter().filter(|line| *line == "GET /v2/ 200").count(), 1, "{lines:?}");
}

#[test]
fn a_wrong_login_is_shown_once() {
    let registry = hiding(Auth::Bearer(ci()), Fault::error(404));
    let (client, _home) = logged_in(&registry, &Login::new("ci", "wrong"));
    assert!(show(&check(&client, &registry, "app:v1")).starts_with("login rejected"));
    let requests = registry.requests();
    assert_eq!(requests.iter().filter(|request| request.authorization_value().is_some()).count(), 1);
}

/// The registry may hide its images from all who show no login.
#[test]
fn a_search_for_a_login_that_fails_is_an_error() {
    let registry = Registry::start(Auth::None);
    for (config, expected) in
        [("{", "cannot use the docker configuration"), (r#"{"credsStore":"missing"}"#, "cannot get the login for")]
    {
        let (client, _home) = client_with(config, &registry);
        let told = check_error(&client, &registry).to_string();
        assert!(told.starts_with(expected), "{told}");
    }
}

#[test]
fn how_a_login_is_wanted_is_asked_again_after_a_failure() {
    let registry = hiding(Auth::Basic(ci()), Fault::error(404));
    registry.inject("GET /v2/app", 1, Fault::status(404));
    registry.inject("GET /v2/", 1, Fault::status(503));
    let (client, _home) = logged_in(&registry, &ci());
    let requests = ["HEAD app/v1 404", "GET app/v1 404", "GET  503", "GET  401", "HEAD app/v1 200"];
    assert_check(&check(&client, &registry, "app:v1"), &registry, "present", &requests);
}

#[test]
fn a_no_is_not_final_if_nobody_tells_how_a_login_is_wanted() {
    for (fault, expected) in [
        (Fault::status(503), "unavailable 503 UNKNOWN"),
        (Fault::status(429), "rate limited 429 TOOMANYREQUESTS"),
        (Fault::Drop, "silent"),
    ] {
        for status in [400, 403, 404] {
            let registry = Registry::start(Auth::Basic(ci()));
            registry.inject("/v2/app", ALWAYS, Fault::status(status));
            registry.inject("GET /v2/", ALWAYS, fault.clone());
            let (client, _home) = logged_in(&registry, &ci());
            assert_eq!(show(&check(&client, &registry, "app:v1")), expected, "{status}");
        }
    }
}

/// A proxy that passes on nothing but images answers `/v2/` by itself: the registry asks for no login there.
#[test]
fn a_page_in_place_of_v2_leaves_the_answer() {
    for status in [200, 403, 404] {
        let registry = Registry::start(Auth::None);
        registry.inject("/v2/app", ALWAYS, Fault::status(404));
        registry.inject("GET /v2/", ALWAYS, Fault::Answer(Response::text(status, "<html><title>nginx</title>")));
        let (client, _home) = logged_in(&registry, &ci());
        assert!(show(&check(&client, &registry, "app:v1")).starts_with("absent 404"), "{status}");
    }
}
