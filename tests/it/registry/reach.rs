//! Where a registry may lead us: judged by the addresses that its names are resolved to, and where the CI system's own logins
//! may go.

use std::net::{IpAddr, ToSocketAddrs as _};

use super::{ci, docker_config};
use crate::stage::tagship;
use crate::support::command::{Command, Home};
use crate::support::http::Authorization;
use crate::support::proxy::Proxy;
use crate::support::registry::{ALWAYS, Auth, Fault, Image, Registry};

fn check(home: &Home, registry: &str) -> Command {
    tagship().home(home).args(["check", &format!("{registry}/app:v1"), "-v"])
}

/// Returns a name that leads to another address of this machine than loopback, if it has one.
fn name_of_this_machine() -> Option<String> {
    let name = std::fs::read_to_string("/etc/hostname").ok()?.trim().to_owned();
    let addresses: Vec<_> = (name.as_str(), 0).to_socket_addrs().ok()?.map(|address| address.ip()).collect();
    let is_private = |address: &IpAddr| matches!(address, IpAddr::V4(v4) if v4.is_private() || v4.is_link_local());
    (!addresses.is_empty() && addresses.iter().all(is_private)).then_some(name)
}

#[test]
fn a_name_that_leads_inside_the_network() {
    let Some(name) = name_of_this_machine() else { return };
    let registry = Registry::start(Auth::None);
    registry.put_image("app", "v1", &Image::new());
    registry.inject("/v2/app", ALWAYS, Fault::redirect(&format!("http://{name}:1/v2/app/manifests/v1")));
    let output = check(&Home::new(), &registry.address()).run().exit(5);
    output.stderr_has(&format!("leads to {name}:1, which is not followed: it is an address inside this machine"));
}

#[test]
fn an_address_that_is_refused() {
    let registry = Registry::start(Auth::None);
    registry.inject("/v2/app", ALWAYS, Fault::redirect("http://169.254.169.254/latest"));
    let output = check(&Home::new(), &registry.address()).run().exit(5);
    output
        .stderr_has("leads to 169.254.169.254")
        .stderr_has("hint: check the addresses in the registry's configuration");
}

#[test]
fn redirects_in_a_circle() {
    let registry = Registry::start(Auth::None);
    registry.inject("/v2/app", ALWAYS, Fault::redirect("/v2/app/manifests/v1"));
    check(&Home::new(), &registry.address()).run().exit(6).stderr_has("the redirects lead in a circle");
}

fn with_challenge(registry: &Registry, realm: &str) {
    let challenge = format!("Bearer realm=\"{realm}\",service=\"s\"");
    let refusal = Fault::error(401).header("WWW-Authenticate", &challenge);
    registry.inject("/v2/app", ALWAYS, Fault::Answer(refusal));
}

/// GitHub's token is for `ghcr.io`, and a token server elsewhere does not get it.
#[test]
fn a_login_of_the_ci_system_goes_to_its_own_servers() {
    let registry = Registry::start(Auth::Bearer(ci()));
    let other = Registry::start(Auth::Bearer(ci()));
    with_challenge(&registry, &format!("http://{}/token", other.address().replace("127.0.0.1", "localhost")));
    let gitlab = |home: &Home| {
        let check = check(home, &registry.address()).env("GITLAB_CI", "true").env("CI_REGISTRY", registry.address());
        check.env("CI_REGISTRY_USER", "ci").env("CI_REGISTRY_PASSWORD", &ci().password)
    };
    let output = gitlab(&Home::new()).env("CI_SERVER_URL", "https://gitlab.example.test").run().exit(5);
    output.stderr_has("the login of the CI system is for its own servers alone").says_nowhere(&ci().password);
    assert!(other.requests().is_empty());
    let output = gitlab(&Home::new()).env("CI_SERVER_URL", "http://localhost").run();
    let told = format!("the token server of `{}` is `localhost:", registry.address());
    assert!(output.stdout().contains(&told) || output.stderr().contains(&told), "{}", output.stdout());
    let shown = other.requests().iter().any(|request| request.authorization() == Authorization::Basic);
    assert!(shown, "the system's own server gets its login");
}

#[test]
fn a_token_server_that_leads_elsewhere() {
    let (registry, other) = (Registry::start(Auth::Bearer(ci())), Registry::start(Auth::Bearer(ci())));
    registry.put_image("app", "v1", &Image::new());
    registry.inject("GET /token", ALWAYS, Fault::redirect(&format!("http://{}/token", other.address())));
    other.inject("GET /token", ALWAYS, Fault::status(401));
    let home = Home::new();
    home.write(".docker/config.json", &docker_config(&registry.address(), &ci()));
    let output = check(&home, &registry.address()).run().exit(5);
    output.stderr_has(&format!("the login was not shown to http://{}, where the token server of", other.address()));
    assert_eq!(other.requests()[0].authorization(), Authorization::None);
}

#[test]
fn hosts_that_are_no_hosts() {
    let run = |words: &[&str]| tagship().args(words.iter().copied()).run();
    run(&["check", "https://ghcr.io/org/app:v1"]).exit(2).stderr_has("hint: leave out `https://`");
    run(&["check", "docker://ghcr.io/org/app:v1"]).exit(2).stderr_has("hint: leave out `docker://`");
    run(&["check", "reg.corp/app:v1", "--plain-http", "*.corp"]).exit(2).stderr_has("`*` stands for no host");
    let registry = Registry::start(Auth::None);
    registry.put_image("app", "v1", &Image::new());
    let proxy = Proxy::answering_at(&registry.address());
    for host in ["http://reg.corp", "reg.corp/", "http://reg.corp/", "reg.corp:80"] {
        let check = tagship().args(["check", "reg.corp/app:v1", "--plain-http", host]);
        check.env("http_proxy", proxy.url()).run().success();
    }
}
