//! The same answers from the real docker-registry, in the same number of requests, and the same as skopeo gets, if they are
//! installed.

use tagship::registry::{Client, Verdict};

use super::{anonymous, check, check_at, ci, configured, docker_config, show};
use crate::support::command::{Command, Home};
use crate::support::login::Login;
use crate::support::registry::{ALWAYS, Auth, Fault, Image, Registry};
use crate::support::servers::{DockerRegistry, installed};

/// Who asks for what, and the verdict and number of requests.
type Case = (Who, &'static str, &'static str, usize);

#[derive(Debug, Clone, Copy)]
enum Who {
    Anonymous,
    LoggedIn,
    WithWrongPassword,
}

impl Who {
    fn client(self, address: &str) -> (Client, Option<Home>) {
        let login = match self {
            Self::Anonymous => return (anonymous(), None),
            Self::LoggedIn => ci(),
            Self::WithWrongPassword => Login::new("ci", "wrong"),
        };
        let (client, home) = configured(&docker_config(address, &login));
        (client, Some(home))
    }
}

/// Runs the cases, each with a new client, against a registry with one index in two repositories.
fn run(auth: &Auth, cases: &[Case]) {
    let source = Registry::start(Auth::None);
    let Some(mut registry) = DockerRegistry::start(auth) else { return };
    let image = Image::new().platforms(&["linux/amd64", "linux/arm64"]).with_attestation();
    let mut expected = String::new();
    for repository in ["team/app", "public/app"] {
        expected = source.put_image(repository, "v1", &image);
        registry.copy_from(&source, repository, "v1");
    }
    for (who, name, verdict, requests) in cases {
        let (client, _home) = who.client(&registry.address());
        let checked = check_at(&client, &registry.address(), name);
        let tokens = registry.token_request_lines();
        let lines = registry.request_lines(requests - tokens.len());
        assert_eq!(
            (show(&checked).as_str(), checked.requests as usize),
            (*verdict, *requests),
            "{who:?} {name}: {lines:?}"
        );
        assert_eq!(lines.len() + tokens.len(), *requests, "{who:?} {name}: {lines:?}");
        if let Verdict::Present(found) = checked.verdict {
            assert_eq!(found.digest.as_str(), expected, "{who:?} {name}");
        }
    }
}

#[test]
fn open() {
    run(
        &Auth::None,
        &[
            (Who::Anonymous, "team/app:v1", "present", 1),
            (Who::LoggedIn, "team/app:v1", "present", 1),
            (Who::Anonymous, "team/app:v9", "absent 404 MANIFEST_UNKNOWN", 2),
            (Who::Anonymous, "team/none:v1", "absent 404 MANIFEST_UNKNOWN", 2),
        ],
    );
}

#[test]
fn with_passwords() {
    run(
        &Auth::Basic(ci()),
        &[
            (Who::LoggedIn, "team/app:v1", "present", 2),
            (Who::LoggedIn, "team/app:v9", "absent 404 MANIFEST_UNKNOWN", 3),
            (Who::LoggedIn, "team/none:v1", "absent 404 MANIFEST_UNKNOWN", 3),
            (Who::WithWrongPassword, "team/app:v1", "login rejected 401", 2),
            (Who::Anonymous, "team/app:v1", "no access 401", 1),
        ],
    );
}

#[test]
fn with_tokens() {
    run(
        &Auth::Bearer(ci()),
        &[
            (Who::LoggedIn, "team/app:v1", "present", 3),
            (Who::LoggedIn, "team/app:v9", "absent 404 MANIFEST_UNKNOWN", 4),
            (Who::LoggedIn, "team/none:v1", "absent 404 MANIFEST_UNKNOWN", 4),
            (Who::WithWrongPassword, "team/app:v1", "login rejected 401 UNAUTHORIZED", 2),
            (Who::Anonymous, "public/app:v1", "present", 3),
            (Who::Anonymous, "team/app:v1", "no access 401 insufficient_scope", 3),
        ],
    );
}

/// Logins that skopeo finds and shows, so that we must not say that there is no image, or no login.
#[test]
fn logins_that_skopeo_uses() {
    if installed("skopeo").is_none() {
        return;
    }
    let registry = Registry::start(Auth::Basic(ci()));
    registry.put_image("app", "v1", &Image::new());
    registry.put_image("hidden", "v1", &Image::new());
    registry.inject("/v2/hidden", ALWAYS, Fault::InPlaceOfChallenge(Fault::error(404)));
    let (address, auth) = (registry.address(), ci().encoded());
    let (start, end) = auth.split_at(4);
    for config in [
        docker_config(&address, &ci()),
        format!(r#"{{"auths":{{"{address}":{{"auth":"{start}\n{end}\r\n"}}}}}}"#),
        format!(r#"{{"Auths":{{"{address}":{{"AUTH":"{auth}"}}}}}}"#),
    ] {
        for name in ["app:v1", "hidden:v1"] {
            let (client, home) = configured(&config);
            let image = format!("docker://{address}/{name}");
            let skopeo = Command::new("skopeo").args(["inspect", "--raw", "--tls-verify=false", &image]).home(&home);
            skopeo.env("REGISTRY_AUTH_FILE", home.path().join(".docker/config.json")).run().success();
            assert_eq!(show(&check(&client, &registry, name)), "present", "{name} {config}");
        }
    }
}
