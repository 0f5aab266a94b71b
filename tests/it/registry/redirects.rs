//! Answers that are somewhere else: no login goes with us, and not everywhere is gone to.

use tagship::registry::{CheckError, LocationError, Verdict};

use super::{anonymous, check, check_error, ci, logged_in, show};
use crate::support::http::Authorization;
use crate::support::registry::{ALWAYS, Auth, Fault, Image, Registry};

/// Two registries, of which the first redirects each request with a login to the second.
fn pair(second: Auth) -> (Registry, Registry) {
    let (first, second) = (Registry::start(Auth::Basic(ci())), Registry::start(second));
    for registry in [&first, &second] {
        registry.put_image("app", "v1", &Image::new());
    }
    let url = format!("http://{}/v2/app/manifests/v1", second.address());
    first.inject("/v2/app/manifests/v1", ALWAYS, Fault::redirect_after_login(&url));
    (first, second)
}

#[test]
fn no_login_crosses_to_another_host() {
    let (first, second) = pair(Auth::None);
    let (client, _home) = logged_in(&first, &ci());
    let checked = check(&client, &first, "app:v1");
    assert_eq!((show(&checked).as_str(), checked.requests), ("present", 3));
    let [request] = &second.requests()[..] else { panic!("one request") };
    assert_eq!(request.authorization(), Authorization::None);
    assert_eq!(first.requests()[1].authorization(), Authorization::Basic);
}

#[test]
fn a_challenge_of_another_host_gets_no_login() {
    for auth in [Auth::Basic(ci()), Auth::Bearer(ci())] {
        let (first, second) = pair(auth);
        let (client, _home) = logged_in(&first, &ci());
        let checked = check(&client, &first, "app:v1");
        let Verdict::LoginElsewhere(answer) = &checked.verdict else { panic!("{checked:?}") };
        assert_eq!(answer.host, second.address());
        let requests = second.requests();
        assert!(requests.iter().all(|request| request.authorization() == Authorization::None), "{requests:?}");
        assert_eq!(requests.len(), 1);
    }
}

#[test]
fn the_same_host_keeps_the_login() {
    let registry = Registry::start(Auth::Basic(ci()));
    registry.put_image("new", "v1", &Image::new());
    registry.inject("/v2/old/", ALWAYS, Fault::redirect("/v2/new/manifests/v1"));
    let (client, _home) = logged_in(&registry, &ci());
    let checked = check(&client, &registry, "old:v1");
    assert_eq!((show(&checked).as_str(), checked.requests), ("present", 4), "{:?}", registry.requests());
}

#[test]
fn where_a_redirect_must_not_lead() {
    let registry = Registry::start(Auth::None);
    let itself = format!("http://{}/v2/app/manifests/v1", registry.address());
    for (location, expected, requests) in [
        ("http://169.254.169.254/latest/meta-data", LocationError::Local, 1),
        ("https://10.0.0.1/", LocationError::Local, 1),
        ("file:///etc/passwd", LocationError::Scheme, 1),
        ("http://user:pw@127.0.0.1/", LocationError::Login, 1),
        ("http://[", LocationError::Malformed, 1),
        (&itself, LocationError::Circle, 1),
    ] {
        registry.inject("HEAD /v2/app", requests, Fault::redirect(location));
        let error = check_error(&anonymous(), &registry);
        let CheckError::Misdirected { source, to, .. } = &error else { panic!("{location}: {error:?}") };
        assert_eq!((*source, registry.requests().len()), (expected, requests), "{location}");
        assert!(!to.is_empty(), "{location} is shown");
    }
}

#[test]
fn a_login_in_a_form_stays_where_it_was_sent() {
    let (registry, other) = (Registry::start(Auth::Bearer(ci())), Registry::start(Auth::Bearer(ci())));
    registry.put_image("app", "v1", &Image::new());
    registry.inject("POST /token", 1, Fault::redirect(&format!("http://{}/token", other.address())));
    let config = format!(r#"{{"auths":{{"HOST":{{"identitytoken":"{}"}}}}}}"#, registry.identity_token());
    let (client, _home) = super::client_with(&config, &registry);
    assert_eq!(show(&check(&client, &registry, "app:v1")), "unavailable 307");
    assert!(other.requests().is_empty());
}
