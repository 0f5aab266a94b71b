//! Where logins come from, and which of them counts.

use std::time::Duration;

use tagship::registry::{Client, GivenLogin, LoginSource, LoginSources, Secret};

use super::{PASSWORD, check, check_error, ci, client_of, docker_config, show};
use crate::stage::Stage;
use crate::support::command::Home;
use crate::support::login::Login;
use crate::support::registry::{Auth, Image, Registry};

/// The places in the order in which they count.
const PLACES: [&str; 7] = ["given", "variable", "auth file", "docker", "runtime", "config", "ci"];

fn with_image() -> Registry {
    let registry = Registry::start(Auth::Basic(ci()));
    registry.put_image("app", "v1", &Image::new());
    registry
}

fn given(variable: &'static str, registry: &str, login: &Login) -> GivenLogin {
    let (username, password) = (login.user.clone(), Secret::new(login.password.clone()));
    GivenLogin { variable, registry: registry.to_owned(), username, password }
}

/// Returns a client that finds `login` for a registry in one of the places, and the wrong one in all that come after it.
fn client(place: usize, login: &Login, address: &str) -> (Client, Home) {
    let home = Home::new();
    let mut sources = LoginSources { home: Some(home.path().to_owned()), ..LoginSources::default() };
    for (index, name) in PLACES.iter().enumerate().skip(place) {
        let login = if index == place { login } else { &Login::new("ci", "wrong") };
        let config = docker_config(address, login);
        let write = |path: &str| home.write(path, &config);
        match *name {
            "given" => sources.given.push(given("GIVEN", address, login)),
            "variable" => sources.docker_auth_config = Some(Secret::new(config)),
            "auth file" => sources.auth_file = Some(write("auth.json")),
            "docker" => drop(write(".docker/config.json")),
            "runtime" => {
                write("runtime/containers/auth.json");
                sources.runtime_folder = Some(home.path().join("runtime"));
            }
            "config" => drop(write(".config/containers/auth.json")),
            _ => sources.of_ci.push(given("OF_CI", address, login)),
        }
    }
    (client_of(sources, Duration::from_secs(20)), home)
}

#[test]
fn the_order_of_the_places() {
    let registry = with_image();
    let address = registry.address();
    for place in 0..PLACES.len() {
        let (client, home) = client(place, &ci(), &address);
        let checked = check(&client, &registry, "app:v1");
        assert_eq!(show(&checked), "present", "{}", PLACES[place]);
        let file = |path: &str| format!("`{address}` in `{}`", home.path().join(path).display());
        let expected = [
            "`GIVEN`".to_owned(),
            format!("`{address}` in `DOCKER_AUTH_CONFIG`"),
            file("auth.json"),
            file(".docker/config.json"),
            file("runtime/containers/auth.json"),
            file(".config/containers/auth.json"),
            "`OF_CI`".to_owned(),
        ];
        assert_eq!(checked.source.to_string(), expected[place]);
    }
}

#[test]
fn a_login_of_another_registry_is_not_shown() {
    let registry = with_image();
    for (place, name) in PLACES.iter().enumerate() {
        let (client, _home) = client(place, &ci(), "ghcr.io");
        let checked = check(&client, &registry, "app:v1");
        assert_eq!((show(&checked).as_str(), &checked.source), ("no access 401", &LoginSource::Anonymous), "{name}");
        assert!(registry.requests().iter().all(|request| request.authorization_value().is_none()), "{name}");
    }
}

#[test]
fn docker_s_folder_of_choice_is_its_only_one() {
    let registry = with_image();
    let home = Home::new();
    home.write(".docker/config.json", &docker_config(&registry.address(), &ci()));
    let (home_folder, docker_config) = (Some(home.path().to_owned()), Some(home.path().join("nowhere")));
    let sources = LoginSources { home: home_folder, docker_config, ..LoginSources::default() };
    let checked = check(&client_of(sources, Duration::from_secs(20)), &registry, "app:v1");
    assert_eq!(show(&checked), "no access 401");
}

#[test]
fn a_broken_variable_is_named_and_not_shown() {
    let registry = with_image();
    let docker_auth_config = Some(Secret::new(format!("{{\"auths\": {PASSWORD}")));
    let sources = LoginSources { docker_auth_config, ..LoginSources::default() };
    let error = check_error(&client_of(sources, Duration::from_secs(20)), &registry);
    assert_eq!(error.to_string(), "cannot use the docker configuration `DOCKER_AUTH_CONFIG`");
    assert!(!format!("{error:?}").contains(PASSWORD));
}

#[test]
fn the_environment_of_the_program() {
    let stage = Stage::with_auth(Auth::Basic(ci()));
    let address = stage.registry.address();
    let check = || stage.tagship().args(["check", "-v"]).arg(stage.argument().split_once('=').unwrap().1);
    let with_login = || check().env("TAGSHIP_REGISTRY_USERNAME", "ci").env("TAGSHIP_REGISTRY_PASSWORD", PASSWORD);
    let here = || with_login().env("TAGSHIP_REGISTRY_HOST", &address);
    here().run().success().stdout_has("login: `TAGSHIP_REGISTRY_PASSWORD`").says_nowhere(PASSWORD);
    // The image's name does not choose where the password goes.
    with_login().run().exit(2).stderr_has("name the registry in `TAGSHIP_REGISTRY_HOST`").says_nowhere(PASSWORD);
    with_login().env("TAGSHIP_REGISTRY_HOST", "ghcr.io").run().exit(5).stderr_has("no login for");
    with_login().env("TAGSHIP_REGISTRY_HOST", &address).arg("ghcr.io/a:v1@sha256:1").run().exit(2);
    check().env("TAGSHIP_REGISTRY_USERNAME", "ci").run().exit(2).stderr_has("`TAGSHIP_REGISTRY_PASSWORD` is not");
    let config = docker_config(&address, &ci());
    check().env("DOCKER_AUTH_CONFIG", config).run().success().stdout_has("in `DOCKER_AUTH_CONFIG`");
    let gitlab =
        check().env("CI_REGISTRY", &address).env("CI_REGISTRY_USER", "ci").env("CI_REGISTRY_PASSWORD", PASSWORD);
    gitlab.run().success().stdout_has("login: `CI_REGISTRY_PASSWORD`");
    check().env("GITHUB_TOKEN", PASSWORD).run().exit(5).stderr_has("no login for");
    let no_check = ["--no-check", "IMAGE_PLACEHOLDER=*:v2"];
    stage.release().env("TAGSHIP_REGISTRY_USERNAME", "ci").args(no_check).run().success();
}

#[cfg(unix)]
#[test]
fn a_helper_sees_no_login_of_ours() {
    use super::helpers::{LOGIN, install};
    let stage = Stage::with_auth(Auth::Basic(ci()));
    let home = Home::new();
    let log = home.path().join("log");
    install(&home, &format!("env >'{}'\n{LOGIN}", log.display()));
    home.write(".docker/config.json", r#"{"credsStore":"lab"}"#);
    let mut tagship = stage.tagship().args(["check", stage.argument().split_once('=').unwrap().1]);
    let variables = [
        ("TAGSHIP_REGISTRY_HOST", "ghcr.io"),
        ("TAGSHIP_REGISTRY_USERNAME", "ci"),
        ("TAGSHIP_REGISTRY_PASSWORD", "hidden-1"),
        ("TAGSHIP_GIT_TOKEN", "hidden-2"),
        ("CI_JOB_TOKEN", "hidden-3"),
        ("DOCKER_AUTH_CONFIG", r#"{"auths":{"hidden-4":{}}}"#),
        ("OF_THE_HELPER", "kept"),
    ];
    for (name, value) in variables {
        tagship = tagship.env(name, value);
    }
    let path = format!("{}:/usr/bin:/bin", home.path().join("bin").display());
    tagship.env("PATH", path).env("DOCKER_CONFIG", home.path().join(".docker")).run().success();
    let seen = std::fs::read_to_string(log).unwrap();
    assert!(seen.contains("OF_THE_HELPER=kept") && !seen.contains("hidden"), "{seen}");
}
