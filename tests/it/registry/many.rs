//! Many checks at once with one client: what they share, and what is shown only once.

use std::thread;
use std::time::Duration;

use tagship::registry::{CheckedImage, Client, Detail};

use super::{anonymous, check_each, ci, client_with, logged_in, reference, show};
use crate::support::login::Login;
use crate::support::registry::{ALWAYS, Auth, Fault, HeldAnswer, Image, Registry};

const IMAGES: usize = 20;

/// Returns a registry with an image in each of many repositories.
fn with_images(auth: Auth) -> Registry {
    let registry = Registry::start(auth);
    for number in 0..IMAGES {
        registry.put_image(&format!("team/app{number}"), "v1", &Image::new());
    }
    registry
}

/// Checks all images at once.
fn check_all(client: &Client, registry: &Registry) -> Vec<CheckedImage> {
    let references: Vec<_> =
        (0..IMAGES).map(|number| reference(&registry.address(), &format!("team/app{number}:v1"))).collect();
    check_each(client, &references)
}

fn count(lines: &[String], start: &str, end: &str) -> usize {
    lines.iter().filter(|line| line.starts_with(start) && line.ends_with(end)).count()
}

#[test]
fn a_registry_tells_once_how_it_asks() {
    for (auth, tokens, refusals) in [(Auth::None, 0, 0), (Auth::Basic(ci()), 0, 1), (Auth::Bearer(ci()), IMAGES, 1)] {
        let registry = with_images(auth);
        let (client, _home) = logged_in(&registry, &ci());
        let checked = check_all(&client, &registry);
        assert!(checked.iter().all(|checked| show(checked) == "present"), "{checked:?}");
        let lines = registry.request_lines();
        assert_eq!(count(&lines, "GET /token", " 200"), tokens, "one for each repository: {lines:?}");
        assert_eq!(count(&lines, "HEAD ", " 200"), IMAGES, "{lines:?}");
        assert_eq!(count(&lines, "HEAD ", " 401"), refusals, "{lines:?}");
        assert_eq!(lines.len(), IMAGES + tokens + refusals, "and nothing else: {lines:?}");
    }
}

#[test]
fn a_wrong_password_is_shown_once_for_all_images() {
    for (auth, shown) in [(Auth::Basic(ci()), "HEAD "), (Auth::Bearer(ci()), "GET /token")] {
        let registry = with_images(auth);
        let (client, _home) = logged_in(&registry, &Login::new("ci", "wrong"));
        for checked in check_all(&client, &registry) {
            assert!(show(&checked).starts_with("login rejected 401"), "{checked:?}");
        }
        let requests = registry.requests();
        let with_login = requests.iter().filter(|request| request.authorization_value().is_some());
        let lines: Vec<_> = with_login.map(|request| request.line()).collect();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with(shown), "{lines:?}");
    }
}

/// A token server may refuse one repository to a login that another one is open to, so the login is shown for each of them, and
/// once in each look.
#[test]
fn a_login_that_gets_no_token_is_shown_once_for_each_image() {
    let registry = with_images(Auth::Bearer(ci()));
    registry.inject("GET /token", ALWAYS, Fault::status(403));
    let (client, _home) = logged_in(&registry, &ci());
    for _ in 0..2 {
        for checked in check_all(&client, &registry) {
            assert_eq!(show(&checked), "no access 403 DENIED");
        }
        let lines = registry.request_lines();
        assert_eq!(count(&lines, "GET /token", " 403"), IMAGES, "{lines:?}");
    }
}

#[test]
fn a_failing_token_server_does_not_make_a_login_wrong() {
    let registry = with_images(Auth::Bearer(ci()));
    registry.inject("GET /token", 1, Fault::status(404));
    let (client, _home) = logged_in(&registry, &ci());
    let shown: Vec<_> = check_all(&client, &registry).iter().map(show).collect();
    let failed = shown.iter().filter(|shown| shown.starts_with("refused 404")).count();
    let present = shown.iter().filter(|shown| *shown == "present").count();
    assert_eq!((failed, present), (1, IMAGES - 1), "{shown:?}");
}

#[test]
fn one_slow_image_does_not_hold_up_the_others() {
    for slow in [0, 7] {
        let registry = with_images(Auth::None);
        let answer = HeldAnswer::new();
        registry.inject(&format!("/v2/team/app{slow}/"), 1, Fault::Hold(answer.clone()));
        let checked = thread::scope(|scope| {
            let checking = scope.spawn(|| check_all(&anonymous(), &registry));
            // A client that waits for the end of the slow one gives up, and the check of that one fails.
            let mut others = 0;
            while others < IMAGES - 1 && !checking.is_finished() {
                others += count(&registry.request_lines(), "HEAD ", " 200");
                thread::sleep(Duration::from_millis(1));
            }
            // Each image has a time of its own: that of the others ends now.
            thread::sleep(Duration::from_secs(1));
            answer.let_go();
            checking.join().unwrap()
        });
        let shown: Vec<_> = checked.iter().map(show).collect();
        assert!(shown.iter().all(|shown| shown == "present"), "the others do not wait for number {slow}: {shown:?}");
        assert_eq!((0..IMAGES).max_by_key(|number| checked[*number].elapsed), Some(slow));
    }
}

#[test]
fn the_login_of_each_repository_is_shown_once() {
    let registry = with_images(Auth::Basic(ci()));
    let wrong = |password: &str| Login::new("ci", password).encoded();
    let config = format!(
        r#"{{"auths":{{"HOST/team/app0":{{"auth":"{}"}},"HOST/team":{{"auth":"{}"}}}}}}"#,
        wrong("wrong"),
        wrong("other")
    );
    let (client, _home) = client_with(&config, &registry);
    for checked in check_all(&client, &registry) {
        assert!(show(&checked).starts_with("login rejected 401"), "{checked:?}");
    }
    let requests = registry.requests();
    assert_eq!(requests.iter().filter(|request| request.authorization_value().is_some()).count(), 2);
}

#[test]
fn a_second_look_can_be_brief() {
    let registry = with_images(Auth::None);
    let client = anonymous();
    let look = |name: &str| client.check(&reference(&registry.address(), name), &[], Detail::Brief).unwrap();
    assert_eq!(show(&look("team/app1:v9")), "absent 404");
    assert_eq!(show(&look("team/app1:v1")), "present");
    assert_eq!(registry.request_lines().len(), 2);
}
