//! Credential helpers, as small shell scripts.
#![cfg(unix)]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use tagship::registry::{CheckError, Client, HelperProblem, LoginSource, LoginSources, Verdict};

use super::{PASSWORD, check, check_error, ci, client_in, client_of, client_with, show};
use crate::support::command::Home;
use crate::support::registry::{ALWAYS, Auth, Fault, Image, Registry};

pub(super) const LOGIN: &str = r#"echo '{"ServerURL":"x","Username":"ci","Secret":"s3cret"}'"#;

fn with_image(auth: Auth) -> Registry {
    let registry = Registry::start(auth);
    registry.put_image("app", "v1", &Image::new());
    registry.put_image("other", "v1", &Image::new());
    registry
}

/// Installs `docker-credential-lab` with this body.
pub(super) fn install(home: &Home, script: &str) {
    let path = home.write("bin/docker-credential-lab", &format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(path, Permissions::from_mode(0o755)).expect("an executable file");
}

fn with_helper(registry: &Registry, script: &str) -> (Client, Home) {
    let (client, home) = client_with(r#"{"credHelpers":{"HOST":"lab"}}"#, registry);
    install(&home, script);
    (client, home)
}

fn problem(client: &Client, registry: &Registry) -> HelperProblem {
    let error = check_error(client, registry);
    let CheckError::Helper { program, server, source } = error else { panic!("{error:?}") };
    assert_eq!((program.as_str(), server), ("docker-credential-lab", registry.address()));
    assert!(!format!("{source:?} {source}").contains(PASSWORD));
    source
}

#[test]
fn a_helper_is_asked_once_and_in_docker_s_way() {
    let registry = with_image(Auth::Basic(ci()));
    let (client, home) = client_with(r#"{"credHelpers":{"HOST":"lab"},"auths":{"HOST":{}}}"#, &registry);
    let log = home.path().join("log");
    install(&home, &format!("echo \"$@ $(cat)\" >>'{}'\n{LOGIN}", log.display()));
    for name in ["app:v1", "other:v1"] {
        let checked = check(&client, &registry, name);
        assert!(matches!(checked.verdict, Verdict::Present(_)), "{checked:?}");
        let program = "docker-credential-lab".to_owned();
        assert_eq!(checked.source, LoginSource::Helper { program, server: registry.address() });
    }
    assert_eq!(std::fs::read_to_string(log).unwrap(), format!("get {}\n", registry.address()));
}

/// A login that was accepted before and is refused now may be another one in the helper by now.
#[test]
fn a_helper_is_asked_again_for_a_login_that_is_refused() {
    let registry = with_image(Auth::Basic(ci()));
    let (client, home) = client_with(r#"{"credHelpers":{"HOST":"lab"}}"#, &registry);
    let log = home.path().join("log");
    install(&home, &format!("echo \"$@\" >>'{}'\n{LOGIN}", log.display()));
    assert_eq!(show(&check(&client, &registry, "app:v1")), "present");
    let refusal = Fault::error(401).header("WWW-Authenticate", "Basic realm=\"a\"");
    registry.inject("HEAD /v2/app", ALWAYS, Fault::AnswerAfterLogin(refusal));
    assert_eq!(show(&check(&client, &registry, "app:v1")), "login rejected 401");
    assert_eq!(std::fs::read_to_string(log).unwrap(), "get\nget\n");
}

#[test]
fn who_is_asked_first() {
    let registry = with_image(Auth::Basic(ci()));
    let (good, bad) = (ci().encoded(), "Y2k6d3Jvbmc=");
    for (config, expected) in [
        (format!(r#"{{"credHelpers":{{"HOST":"lab"}},"auths":{{"HOST":{{"auth":"{bad}"}}}}}}"#), "present"),
        (format!(r#"{{"credsStore":"missing","auths":{{"HOST":{{"auth":"{good}"}}}}}}"#), "present"),
        (r#"{"credsStore":"lab","auths":{"HOST":{}}}"#.to_owned(), "present"),
        (r#"{"credsStore":"missing","credHelpers":{"HOST":"lab"}}"#.to_owned(), "present"),
        (r#"{"credHelpers":{"ghcr.io":"lab"}}"#.to_owned(), "no access 401"),
    ] {
        let (client, home) = client_with(&config, &registry);
        install(&home, LOGIN);
        assert_eq!(show(&check(&client, &registry, "app:v1")), expected, "{config}");
    }
}

#[test]
fn a_helper_without_the_login_is_as_none() {
    let registry = with_image(Auth::Basic(ci()));
    for script in [
        "echo 'credentials not found in native keychain'; exit 1",
        r#"echo '{"ServerURL":"","Username":"","Secret":""}'"#,
        r#"echo '{"ServerURL":"","Username":"","Secret":"s3cret"}'"#,
        r#"echo '{"ServerURL":"","Username":"ci","Secret":""}'"#,
    ] {
        let (client, _home) = with_helper(&registry, script);
        let checked = check(&client, &registry, "app:v1");
        assert_eq!((show(&checked).as_str(), &checked.source), ("no access 401", &LoginSource::Anonymous), "{script}");
    }
}

/// A folder and a file that is no program are passed over.
#[test]
fn only_a_program_is_a_helper() {
    let registry = with_image(Auth::Basic(ci()));
    let (_, home) = with_helper(&registry, LOGIN);
    std::fs::create_dir_all(home.path().join("folder/docker-credential-lab")).unwrap();
    home.write("file/docker-credential-lab", "#!/bin/sh\nexit 1\n");
    let folders = ["folder", "file", "bin"].map(|folder| home.path().join(folder));
    let search_path = Some(std::env::join_paths(folders).unwrap());
    let sources = LoginSources { home: Some(home.path().to_owned()), search_path, ..LoginSources::default() };
    let client = client_of(sources, Duration::from_secs(20));
    assert_eq!(show(&check(&client, &registry, "app:v1")), "present");
}

#[test]
fn a_helper_can_hold_an_identity_token() {
    let registry = with_image(Auth::Bearer(ci()));
    let token = registry.identity_token();
    let (client, _home) = with_helper(&registry, &format!(r#"echo '{{"Username":"<token>","Secret":"{token}"}}'"#));
    assert_eq!(show(&check(&client, &registry, "app:v1")), "present");
    assert_eq!(registry.request_lines()[1], "POST /token 200");
}

#[test]
fn helpers_that_fail() {
    let registry = with_image(Auth::Basic(ci()));
    let (client, _home) = with_helper(&registry, &format!("{LOGIN}; exit 3"));
    assert_eq!(problem(&client, &registry).to_string(), "it failed: exit status: 3");
    for script in ["echo 's3cret'", "exit 0", r#"echo '{"Username":"ci","Secret":["s3cret"]}'"#] {
        let (client, _home) = with_helper(&registry, script);
        assert!(matches!(problem(&client, &registry), HelperProblem::Output), "{script}");
    }
    let (client, _home) = client_with(r#"{"credHelpers":{"HOST":"lab"}}"#, &registry);
    assert!(matches!(problem(&client, &registry), HelperProblem::Missing));
}

#[test]
fn a_helper_that_hangs_is_stopped() {
    let registry = with_image(Auth::Basic(ci()));
    for script in [
        "echo $$ >\"$(dirname \"$0\")/pid\"; exec sleep 60",
        "echo $$ >\"$(dirname \"$0\")/pid\"; exec >&-; exec sleep 60",
    ] {
        let (_, home) = with_helper(&registry, script);
        let client = client_in(home.path(), Duration::from_secs(2));
        let started = Instant::now();
        assert!(matches!(problem(&client, &registry), HelperProblem::TimedOut), "{script}");
        assert!(started.elapsed() < Duration::from_secs(20), "{script}");
        let pid = std::fs::read_to_string(home.path().join("bin/pid")).unwrap();
        assert!(!std::path::Path::new(&format!("/proc/{}", pid.trim())).exists(), "{script}");
    }
}

/// The check of another registry has time limits of its own.
#[test]
fn a_helper_that_hangs_keeps_no_other_registry_waiting() {
    let (slow, quick) = (with_image(Auth::Basic(ci())), with_image(Auth::Basic(ci())));
    let home = Home::new();
    let helpers = format!(r#"{{"credHelpers":{{"{}":"lab","{}":"lab"}}}}"#, slow.address(), quick.address());
    home.write(".docker/config.json", &helpers);
    let hang = "echo $$ >\"$(dirname \"$0\")/pid\"; exec sleep 60";
    install(&home, &format!("if [ \"$(cat)\" = {} ]; then {hang}; fi\n{LOGIN}", slow.address()));
    let client = client_in(home.path(), Duration::from_secs(3));
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(matches!(problem(&client, &slow), HelperProblem::TimedOut)));
        let deadline = Instant::now() + Duration::from_secs(20);
        while !home.path().join("bin/pid").exists() && Instant::now() < deadline {
            std::thread::yield_now();
        }
        assert_eq!(show(&check(&client, &quick, "app:v1")), "present");
    });
}

#[test]
fn a_helper_s_name_is_no_path() {
    let registry = with_image(Auth::Basic(ci()));
    let (client, _home) = client_with(r#"{"credsStore":"../../bin/sh"}"#, &registry);
    let error = check_error(&client, &registry);
    assert!(matches!(error, CheckError::Config { .. }), "{error:?}");
}
