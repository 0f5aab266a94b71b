//! One host name before several registries, each of which asks for logins in its own way: a proxy that routes by the path.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tagship::registry::{CheckedImage, Client};

use super::{check_at, check_each, ci, client_in, configured, docker_config, reference, show};
use crate::support::http::{Head, Reply, Response, Server};
use crate::support::login::Login;
use crate::support::registry::Fault;

/// Starts a host where the first part of a repository's name tells the registry: `basic` wants the login itself, and any
/// other a token of its own token server, which takes the login of that name, or `ci`, or none.
fn host() -> Server {
    Server::start(|head, _| Ok(Reply::Send(answer(head))))
}

fn answer(head: &Head) -> Response {
    if let Some(registry) = head.path.strip_prefix("/token/") {
        let is_known = Login::of(head).is_none_or(|login| login.user == ci().user || login.user == registry);
        return if is_known { Response::json(200, &json!({ "token": registry })) } else { Fault::error(401) };
    }
    let registry = head.path.trim_start_matches("/v2/").split('/').next().unwrap_or_default();
    let (is_let_in, challenge) = match registry {
        "basic" => (ci().is_in(head), "Basic realm=\"basic\"".to_owned()),
        _ => (
            head.header("authorization") == Some(format!("Bearer {registry}").as_str()),
            format!("Bearer realm=\"/token/{registry}\",service=\"{registry}\""),
        ),
    };
    match is_let_in {
        true => Response::new(200).header("Docker-Content-Digest", &format!("sha256:{}", "0".repeat(64))),
        false => Fault::error(401).header("WWW-Authenticate", &challenge),
    }
}

fn check_all(client: &Client, address: &str, registries: &[&str]) -> Vec<CheckedImage> {
    let references: Vec<_> = registries.iter().map(|name| reference(address, &format!("{name}/app:v1"))).collect();
    check_each(client, &references)
}

#[test]
fn each_registry_behind_one_host_is_asked_in_its_own_way() {
    let server = host();
    let address = server.address().to_string();
    for registries in [&["a", "b"][..], &["b", "a"], &["a", "basic"], &["basic", "a"], &["a", "basic", "b", "basic"]] {
        let (client, _home) = configured(&docker_config(&address, &ci()));
        let shown: Vec<_> = check_all(&client, &address, registries).iter().map(show).collect();
        assert!(shown.iter().all(|shown| shown == "present"), "{registries:?}: {shown:?}");
    }
    let anonymous = client_in(Path::new("/nowhere"), Duration::from_secs(20));
    let shown: Vec<_> = check_all(&anonymous, &address, &["a", "b"]).iter().map(show).collect();
    assert_eq!(shown, ["present", "present"]);
}

/// The token server of one registry says nothing of a login for another.
#[test]
fn a_login_for_one_registry_is_not_judged_by_another() {
    let server = host();
    let address = server.address().to_string();
    let of = |name: &str| format!(r#""{address}/{name}":{{"auth":"{}"}}"#, Login::new(name, "s3cret").encoded());
    let (client, _home) = configured(&format!(r#"{{"auths":{{{},{}}}}}"#, of("a"), of("b")));
    for name in ["a", "b", "a", "b"] {
        assert_eq!(show(&check_at(&client, &address, &format!("{name}/app:v1"))), "present", "{name}");
    }
}

/// What is remembered of one registry costs the other a token and a refusal, and is not shown to it again and again.
#[test]
fn another_way_of_asking_is_answered_once() {
    let server = host();
    let address = server.address().to_string();
    let (client, _home) = configured(&docker_config(&address, &ci()));
    check_all(&client, &address, &["a"]);
    server.requests();
    check_at(&client, &address, "b/app:v1");
    let lines: Vec<_> = server.requests().iter().map(|request| request.line()).collect();
    let paths: Vec<_> = lines.iter().map(|line| line.split(['?', ' ']).nth(1).unwrap_or_default()).collect();
    assert_eq!(paths, ["/token/a", "/v2/b/app/manifests/v1", "/token/b", "/v2/b/app/manifests/v1"], "{lines:?}");
}
