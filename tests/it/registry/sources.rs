//! Where logins come from, and which of them counts.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tagship::registry::{CheckError, Client, GivenLogin, LoginSource, LoginSources, Secret};

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
    GivenLogin { variable, registry: registry.to_owned(), username, password, token_servers: None }
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

/// What is in the place of a configuration and cannot be read is not one without logins.
#[test]
fn a_configuration_that_cannot_be_read() {
    let registry = with_image();
    let home = Home::new();
    home.write(".docker/config.json/file", "");
    let sources = LoginSources { home: Some(home.path().to_owned()), ..LoginSources::default() };
    let error = check_error(&client_of(sources, Duration::from_secs(20)), &registry);
    assert!(matches!(error, CheckError::Config { .. }), "{error:?}");
}

/// Which token servers may see a login is said for each registry.
#[test]
fn token_servers_are_those_of_the_registry() {
    let registry = Registry::start(Auth::Bearer(ci()));
    registry.put_image("app", "v1", &Image::new());
    let elsewhere = GivenLogin { token_servers: Some(Vec::new()), ..given("OF_CI", "registry.example", &ci()) };
    let of_ci = vec![elsewhere, given("OF_CI", &registry.address(), &ci())];
    let client = client_of(LoginSources { of_ci, ..LoginSources::default() }, Duration::from_secs(20));
    assert_eq!(show(&check(&client, &registry, "app:v1")), "present");
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
        let of_another = LoginSource::OfAnother { variable: "GIVEN", registry: "ghcr.io".to_owned() };
        let expected = if *name == "given" { of_another } else { LoginSource::Anonymous };
        assert_eq!((show(&checked).as_str(), &checked.source), ("no access 401", &expected), "{name}");
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
fn docker_s_folder_can_be_its_file() {
    let registry = with_image();
    let home = Home::new();
    let file = home.write("docker.json", &docker_config(&registry.address(), &ci()));
    home.write(".docker/config.json", &docker_config(&registry.address(), &ci()));
    for (docker_config, auth_file) in
        [(Some(file.as_path()), None), (Some(Path::new("~/.docker")), None), (None, Some(Path::new("~/docker.json")))]
    {
        let sources = LoginSources {
            home: Some(home.path().to_owned()),
            docker_config: docker_config.map(Path::to_owned),
            auth_file: auth_file.map(Path::to_owned),
            ..LoginSources::default()
        };
        let checked = check(&client_of(sources, Duration::from_secs(20)), &registry, "app:v1");
        assert_eq!(show(&checked), "present", "{docker_config:?} {auth_file:?}");
    }
}

#[test]
fn a_variable_that_names_nothing_is_told() {
    let stage = Stage::with_auth(Auth::Basic(ci()));
    let check = || stage.tagship().args(["check", stage.argument().split_once('=').unwrap().1]);
    for variable in ["REGISTRY_AUTH_FILE", "DOCKER_CONFIG"] {
        let output = check().env(variable, "/nowhere/at/all").run().exit(5);
        output.stderr_has(&format!("hint: check `{variable}`: it names `/nowhere/at/all`, which does not exist"));
    }
    // A folder without a configuration is docker's before the first login.
    let output = check().env("DOCKER_CONFIG", stage.home.path()).run().exit(5);
    assert!(!output.stderr().contains("DOCKER_CONFIG"), "{}", output.stderr());
}

#[test]
fn a_variable_can_hold_the_path_of_a_configuration_or_its_base64() {
    let registry = with_image();
    let home = Home::new();
    let config = docker_config(&registry.address(), &ci());
    let encoded = STANDARD.encode(&config);
    let (start, end) = encoded.split_at(40);
    let path = home.write("variable.tmp", &config).display().to_string();
    for text in [path, format!("{encoded}\n"), format!("{start}\n{end}\n"), format!("\n{config}")] {
        let sources = LoginSources { docker_auth_config: Some(Secret::new(text)), ..LoginSources::default() };
        let checked = check(&client_of(sources, Duration::from_secs(20)), &registry, "app:v1");
        assert_eq!(show(&checked), "present");
    }
    let docker_auth_config = Some(Secret::new("/nowhere/at/all".to_owned()));
    let sources = LoginSources { docker_auth_config, ..LoginSources::default() };
    let error = check_error(&client_of(sources, Duration::from_secs(20)), &registry);
    let CheckError::Config { source, .. } = error else { panic!("{error:?}") };
    assert_eq!(source.to_string(), "it names the file `/nowhere/at/all`, which cannot be read");
}

#[test]
fn a_line_break_is_not_part_of_a_password() {
    let stage = Stage::with_auth(Auth::Basic(ci()));
    let check = |host: &str| {
        let check = stage.tagship().args(["check", stage.argument().split_once('=').unwrap().1]);
        let check = check.env("TAGSHIP_REGISTRY_USERNAME", "ci\n").env("TAGSHIP_REGISTRY_HOST", host);
        check.env("TAGSHIP_REGISTRY_PASSWORD", format!("{PASSWORD}\r\n")).run()
    };
    check(&stage.registry.address()).success();
    check(&format!("{}/app", stage.registry.address())).exit(2).stderr_has("which is not a host");
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
    with_login().env("TAGSHIP_REGISTRY_HOST", "ghcr.io").run().exit(5).stderr_has(&format!(
        "hint: log in with `docker login`; no login for {address} was found: `TAGSHIP_REGISTRY_PASSWORD` is for `ghcr.io`"
    ));
    // The secrets of a pipeline may be empty, as in a fork.
    check().env("TAGSHIP_REGISTRY_HOST", &address).env("TAGSHIP_REGISTRY_PASSWORD", "").run().exit(5).stderr_has(
        &format!(
            "hint: set `TAGSHIP_REGISTRY_USERNAME` and `TAGSHIP_REGISTRY_PASSWORD`; no login for {address} was found: \
         `TAGSHIP_REGISTRY_HOST` names the registry alone"
        ),
    );
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
fn a_helper_that_fails_can_be_run_by_hand() {
    use super::helpers::install;
    let stage = Stage::with_auth(Auth::Basic(ci()));
    install(&stage.home, "echo 's3cret'; exit 1");
    stage.home.write(".docker/config.json", r#"{"credsStore":"lab"}"#);
    let path = format!("{}:/usr/bin:/bin", stage.home.path().join("bin").display());
    let check = stage.tagship().args(["check", &format!("{}:v1", stage.image())]).env("PATH", path);
    let output = check.run().exit(5).says_nowhere(PASSWORD);
    let address = stage.registry.address();
    output.stderr_has(&format!("hint: run `echo {address} | docker-credential-lab get` to see why"));
}

/// As `PATH=$PATH:` makes it: an empty part is the current folder, where a branch may have put a program.
#[cfg(unix)]
#[test]
fn a_helper_is_not_taken_from_the_current_folder() {
    use super::helpers::{LOGIN, install};
    let stage = Stage::with_auth(Auth::Basic(ci()));
    install(&stage.home, LOGIN);
    stage.home.write(".docker/config.json", r#"{"credsStore":"lab"}"#);
    for path in ["/usr/bin:", ":/usr/bin", ".:/usr/bin", "../bin"] {
        let check = stage.tagship().args(["check", &format!("{}:v1", stage.image())]);
        let check = check.current_dir(stage.home.path().join("bin")).env("PATH", path);
        check.run().exit(5).stderr_has("`docker-credential-lab`");
    }
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
