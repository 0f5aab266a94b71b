//! What a check concludes if there is no fault, and the fewest requests for it.

use std::thread;

use tagship::registry::{LoginSource, Verdict};

use super::{anonymous, assert_check, check, ci, logged_in};
use crate::support::login::Login;
use crate::support::registry::{Auth, Format, Image, Registry};

fn with_image(auth: Auth) -> Registry {
    let registry = Registry::start(auth);
    registry.put_image("app", "v1", &Image::new());
    registry.put_image("app", "v2", &Image::new().label("version", "2"));
    registry.put_image("public/app", "v1", &Image::new());
    registry
}

#[test]
fn without_authentication() {
    let registry = with_image(Auth::None);
    let client = anonymous();
    for (name, verdict, requests) in [
        ("app:v1", "present", &["HEAD app/v1 200"][..]),
        ("app:v9", "absent 404 MANIFEST_UNKNOWN", &["HEAD app/v9 404", "GET app/v9 404"]),
        ("other:v1", "absent 404 NAME_UNKNOWN", &["HEAD other/v1 404", "GET other/v1 404"]),
    ] {
        let checked = check(&client, &registry, name);
        assert_check(&checked, &registry, verdict, requests);
        assert_eq!(checked.source, LoginSource::NotAsked);
    }
}

#[test]
fn basic() {
    let registry = with_image(Auth::Basic(ci()));
    let (client, home) = logged_in(&registry, &ci());
    for (name, verdict, requests) in [
        ("app:v1", "present", &["HEAD app/v1 401", "HEAD app/v1 200"][..]),
        ("app:v2", "present", &["HEAD app/v2 200"]),
        ("public/app:v1", "present", &["HEAD public/app/v1 200"]),
        ("app:v9", "absent 404 MANIFEST_UNKNOWN", &["HEAD app/v9 404", "GET app/v9 404"]),
    ] {
        let checked = check(&client, &registry, name);
        assert_check(&checked, &registry, verdict, requests);
        let path = home.path().join(".docker/config.json");
        assert_eq!(checked.source, LoginSource::File { path, key: registry.address() });
    }
}

#[test]
fn bearer() {
    let registry = with_image(Auth::Bearer(ci()));
    let (client, _home) = logged_in(&registry, &ci());
    for (name, verdict, requests) in [
        ("app:v1", "present", &["HEAD app/v1 401", "GET /token 200", "HEAD app/v1 200"][..]),
        ("app:v2", "present", &["HEAD app/v2 200"]),
        ("app:v9", "absent 404 MANIFEST_UNKNOWN", &["HEAD app/v9 404", "GET app/v9 404"]),
        ("public/app:v1", "present", &["GET /token 200", "HEAD public/app/v1 200"]),
    ] {
        assert_check(&check(&client, &registry, name), &registry, verdict, requests);
    }
    let (client, _home) = logged_in(&registry, &ci());
    assert_check(
        &check(&client, &registry, "app:v9"),
        &registry,
        "absent 404 MANIFEST_UNKNOWN",
        &["HEAD app/v9 401", "GET /token 200", "HEAD app/v9 404", "GET app/v9 404"],
    );
}

#[test]
fn without_a_login() {
    let registry = with_image(Auth::Basic(ci()));
    let checked = check(&anonymous(), &registry, "app:v1");
    assert_check(&checked, &registry, "no access 401", &["HEAD app/v1 401"]);
    assert_eq!(checked.source, LoginSource::Anonymous);

    let registry = with_image(Auth::Bearer(ci()));
    let requests = ["HEAD public/app/v1 401", "GET /token 200", "HEAD public/app/v1 200"];
    assert_check(&check(&anonymous(), &registry, "public/app:v1"), &registry, "present", &requests);
    let requests = ["HEAD app/v1 401", "GET /token 200", "HEAD app/v1 401"];
    let checked = check(&anonymous(), &registry, "app:v1");
    assert_check(&checked, &registry, "no access 401 insufficient_scope", &requests);
}

#[test]
fn a_wrong_password_is_shown_once() {
    let wrong = Login::new("ci", "wrong");
    let registry = with_image(Auth::Basic(ci()));
    let (client, _home) = logged_in(&registry, &wrong);
    let requests = ["HEAD app/v1 401", "HEAD app/v1 401"];
    assert_check(&check(&client, &registry, "app:v1"), &registry, "login rejected 401", &requests);

    let registry = with_image(Auth::Bearer(ci()));
    let (client, _home) = logged_in(&registry, &wrong);
    let checked = check(&client, &registry, "app:v1");
    assert_check(&checked, &registry, "login rejected 401 UNAUTHORIZED", &["HEAD app/v1 401", "GET /token 401"]);
    let Verdict::LoginRejected(answer) = checked.verdict else { panic!() };
    let expected = format!("{} answered 401 UNAUTHORIZED: incorrect username or password", registry.address());
    assert_eq!(answer.to_string(), expected);
}

#[test]
fn every_kind_of_image_is_accepted() {
    let registry = Registry::start(Auth::None);
    let platforms = ["linux/amd64", "linux/arm64"];
    for (tag, image) in [
        ("single", Image::new()),
        ("index", Image::new().platforms(&platforms).with_attestation()),
        ("docker", Image::new().format(Format::Docker)),
        ("docker-list", Image::new().format(Format::Docker).platforms(&platforms)),
    ] {
        let digest = registry.put_image("app", tag, &image);
        let (media_type, bytes) = registry.manifest("app", tag).unwrap();
        let checked = check(&anonymous(), &registry, &format!("app:{tag}"));
        let Verdict::Present(found) = &checked.verdict else { panic!("{tag}: {checked:?}") };
        assert_eq!(found.digest.as_str(), digest, "{tag}");
        assert_eq!(found.media_type.as_ref().unwrap().to_string(), media_type, "{tag}");
        assert_eq!(found.size, Some(bytes.len() as u64), "{tag}");
        assert_eq!(checked.requests, 1, "{tag}");
    }
}

#[test]
fn a_digest_must_be_what_the_tag_means() {
    let registry = Registry::start(Auth::None);
    let first = registry.put_image("app", "v1", &Image::new());
    let second = registry.put_image("app", "v2", &Image::new().label("version", "2"));
    let client = anonymous();
    for (name, verdict, requests) in [
        (format!("app:v1@{first}"), "present", 1),
        (format!("app@{second}"), "present", 1),
        (format!("app:v1@{second}"), "mismatch", 2),
        (format!("app@sha256:{}", "0".repeat(64)), "absent 404 MANIFEST_UNKNOWN", 2),
    ] {
        let checked = check(&client, &registry, &name);
        assert_eq!((super::show(&checked).as_str(), checked.requests), (verdict, requests), "{name}");
        if let Verdict::Mismatch { wanted, found } = checked.verdict {
            assert_eq!((wanted.as_str(), found.digest.as_str()), (second.as_str(), first.as_str()));
        }
    }
}

#[test]
fn many_checks_at_once_share_one_token() {
    let registry = Registry::start(Auth::Bearer(ci()));
    for number in 0..8 {
        registry.put_image("app", &format!("v{number}"), &Image::new());
    }
    let (client, _home) = logged_in(&registry, &ci());
    thread::scope(|scope| {
        for number in 0..8 {
            let (client, registry) = (&client, &registry);
            scope.spawn(move || {
                let checked = check(client, registry, &format!("app:v{number}"));
                assert!(matches!(checked.verdict, Verdict::Present(_)), "{checked:?}");
            });
        }
    });
    let tokens = registry.request_lines().into_iter().filter(|line| line.starts_with("GET /token")).count();
    assert_eq!(tokens, 1);
}
