//! The registry check against a registry: what it concludes, and every request that it makes to get there.

mod certificates;
mod client_certificates;
mod damaged;
mod faults;
mod helpers;
mod login;
mod many;
mod one_host;
mod proxies;
mod reach;
mod real;
mod redirects;
mod requirements;
mod signatures;
mod signed;
mod sources;
mod tls;
mod unasked;
mod verdicts;

use std::path::Path;
use std::time::Duration;

use tagship::image::Reference;
use tagship::registry::{
    CheckError, CheckedImage, Client, ClientOptions, Credentials, Detail, LoginSources, Outage, Proxies, Requirement,
    Trust, Verdict,
};

use crate::support::command::Home;
use crate::support::login::Login;
use crate::support::registry::Registry;

const PASSWORD: &str = "s3cret";

fn ci() -> Login {
    Login::new("ci", PASSWORD)
}

/// Returns a client that finds its docker configuration and its credential helpers in `home`.
fn client_in(home: &Path, timeout: Duration) -> Client {
    let search_path = Some(home.join("bin").into());
    client_of(LoginSources { home: Some(home.to_owned()), search_path, ..LoginSources::default() }, timeout)
}

fn client_of(sources: LoginSources, timeout: Duration) -> Client {
    let credentials = Credentials::from(sources);
    let proxies = Proxies::default();
    Client::new(ClientOptions { plain_http: Vec::new(), trust: Trust::default(), proxies, timeout, credentials })
}

/// Returns a client with this docker configuration.
fn configured(config: &str) -> (Client, Home) {
    let home = Home::new();
    home.write(".docker/config.json", config);
    (client_in(home.path(), Duration::from_secs(20)), home)
}

/// Returns a client with this docker configuration, in which `HOST` stands for the registry.
fn client_with(config: &str, registry: &Registry) -> (Client, Home) {
    configured(&config.replace("HOST", &registry.address()))
}

/// Returns a docker configuration that holds a login for the registry at `address`.
fn docker_config(address: &str, login: &Login) -> String {
    format!(r#"{{"auths":{{"{address}":{{"auth":"{}"}}}}}}"#, login.encoded())
}

/// Returns a client that is logged in at `registry`.
fn logged_in(registry: &Registry, login: &Login) -> (Client, Home) {
    configured(&docker_config(&registry.address(), login))
}

fn anonymous() -> Client {
    client_in(Path::new("/nowhere"), Duration::from_secs(20))
}

fn reference(address: &str, name: &str) -> Reference {
    format!("{address}/{name}").parse().expect("a reference")
}

/// Checks `name` in a registry.
fn check(client: &Client, registry: &Registry, name: &str) -> CheckedImage {
    check_at(client, &registry.address(), name)
}

/// Checks `name` in the registry at `address`.
fn check_at(client: &Client, address: &str, name: &str) -> CheckedImage {
    check_for(client, address, name, &[])
}

/// Checks whether `name` in the registry at `address` fulfils requirements.
fn check_for(client: &Client, address: &str, name: &str, requirements: &[Requirement]) -> CheckedImage {
    let checked = client.check(&reference(address, name), requirements, Detail::Full);
    checked.unwrap_or_else(|error| panic!("{name}: {error:?}"))
}

/// Checks images at once, without requirements.
fn check_each(client: &Client, references: &[Reference]) -> Vec<CheckedImage> {
    let questions: Vec<_> = references.iter().map(|reference| (reference, &[][..])).collect();
    let results = client.check_each(&questions, Detail::Full);
    results.into_iter().map(|result| result.expect("a verdict")).collect()
}

/// Returns why a check of `app:v1` comes to no verdict.
fn check_error(client: &Client, registry: &Registry) -> CheckError {
    client.check(&reference(&registry.address(), "app:v1"), &[], Detail::Full).expect_err("no verdict")
}

/// Shows a verdict in a few words, with status and code if there is an answer.
fn show(checked: &CheckedImage) -> String {
    show_verdict(&checked.verdict)
}

fn show_verdict(verdict: &Verdict) -> String {
    let (word, answer) = match verdict {
        Verdict::Present(_) => return "present".to_owned(),
        Verdict::Mismatch { .. } => return "mismatch".to_owned(),
        Verdict::Unavailable(Outage::NoAnswer { .. }) => return "silent".to_owned(),
        Verdict::Unavailable(Outage::Untrusted { .. }) => return "untrusted".to_owned(),
        Verdict::NotAnImage(artifact) => return artifact.to_string(),
        Verdict::LoginElsewhere(answer) => ("login elsewhere", answer),
        Verdict::Unavailable(Outage::Page(answer)) => ("page", answer),
        Verdict::Absent(answer) => ("absent", answer),
        Verdict::NoAccess(answer) => ("no access", answer),
        Verdict::LoginRejected(answer) => ("login rejected", answer),
        Verdict::Withheld(answer) => ("withheld", answer),
        Verdict::Refused(answer) => ("refused", answer),
        Verdict::RateLimited(answer) => ("rate limited", answer),
        Verdict::Unavailable(Outage::Answered(answer)) => ("unavailable", answer),
    };
    let shown = format!("{word} {} {}", answer.status, answer.code.as_deref().unwrap_or_default());
    shown.trim_end().to_owned()
}

/// Asserts the verdict and all requests since the last call, without the `/v2/` and `/manifests` of their paths.
#[track_caller]
fn assert_check(checked: &CheckedImage, registry: &Registry, verdict: &str, requests: &[&str]) {
    let lines = registry.request_lines();
    assert_eq!(checked.requests as usize, lines.len(), "the count that is reported: {lines:?}");
    let lines: Vec<_> = lines.iter().map(|line| short(line)).collect();
    assert_eq!((show(checked).as_str(), lines), (verdict, requests.iter().map(ToString::to_string).collect()));
}

/// Returns a request without the `/v2/` and `/manifests` of its path.
fn short(line: &str) -> String {
    line.replace("/v2/", "").replace("/manifests", "")
}
