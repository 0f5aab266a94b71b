//! Forward proxies, as git and the environment name them: a real one, which says what it was asked.

use super::{login, release_in, serve};
use crate::stage::{FILE, Stage};
use crate::support::certificate::{Certificate, LOOPBACK};
use crate::support::command::Command;
use crate::support::git_server::{ALWAYS, Access, GitServer};
use crate::support::http::Response;
use crate::support::login::Login;
use crate::support::proxy::{Proxy, ProxyFault};
use crate::support::repository::Checkout;
use crate::support::socks::SocksProxy;

/// Returns a dry run, which asks for everything that a release reads, with this configuration of git and environment.
fn release_with(stage: &Stage, url: &str, config: &str, environment: &[(&str, &str)]) -> Command {
    let config = stage.home.write("gitconfig", config);
    let release = stage.release_to(url).env("GIT_CONFIG_GLOBAL", config);
    let release = release.args(["--no-check", "--dry-run", "IMAGE_PLACEHOLDER=*:v2"]);
    environment.iter().fold(release, |release, (name, value)| release.env(*name, *value))
}

#[test]
fn who_names_a_proxy_and_who_takes_it_back() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let proxy = Proxy::start(None);
    let (url, own) = (proxy.url(), server.url(""));
    let url = url.as_str();
    let bare = url.trim_start_matches("http://");
    let elsewhere = own.replace("127.0.0.1", "localhost");
    for (config, environment, is_asked) in [
        (format!("[http]\nproxy = {url}"), &[][..], true),
        (format!("[http]\nproxy = {bare}"), &[], true),
        (format!("[http \"{own}\"]\nproxy = {url}"), &[], true),
        (format!("[http \"{elsewhere}\"]\nproxy = {url}"), &[], false),
        (format!("[http]\nproxy = {url}\n[http \"{own}\"]\nproxy ="), &[], false),
        (String::new(), &[("http_proxy", url)], true),
        (String::new(), &[("all_proxy", url)], true),
        (String::new(), &[("https_proxy", url)], false),
        (String::new(), &[("http_proxy", url), ("no_proxy", "127.0.0.1")], false),
        (String::new(), &[("http_proxy", url), ("no_proxy", "git.example")], true),
        (String::new(), &[("http_proxy", url), ("NO_PROXY", "127.0.0.0/8")], false),
        (String::new(), &[("http_proxy", url), ("NO_PROXY", "127.0.0.1:1")], true),
        ("[http]\nproxy =".to_owned(), &[("http_proxy", url)], false),
        (format!("[http]\nproxy = {url}"), &[("no_proxy", "localhost,127.0.0.1")], false),
        (format!("[http]\nproxy = {url}"), &[("no_proxy", "git.example")], true),
    ] {
        release_with(&stage, &server.url("gitops.git"), &config, environment).run().success();
        let asked: Vec<_> = proxy.requests().iter().map(|request| request.line()).collect();
        let arrived = server.requests().len();
        let expected = if is_asked { arrived } else { 0 };
        assert_eq!(asked.len(), expected, "{config} {environment:?}: {asked:?} of {arrived}");
        assert!(asked.iter().all(|line| line.contains(&format!(" {}gitops.git/", server.url("")))), "{asked:?}");
    }
}

/// A remote may have a proxy of its own, or none.
#[test]
fn a_proxy_of_the_remote_alone() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let (proxy, other) = (Proxy::start(None), Proxy::start(None));
    for (own, is_asked) in [(proxy.url(), true), (String::new(), false)] {
        let checkout = Checkout::shallow(&stage.remote.file_url());
        checkout.git(["remote", "set-url", "origin", &server.url("gitops.git")]).run().success();
        checkout.git(["config", "http.proxy", &other.url()]).run().success();
        checkout.git(["config", "remote.origin.proxy", &own]).run().success();
        release_in(&checkout, &stage.home, &stage).run().success();
        assert_eq!(!proxy.requests().is_empty(), is_asked, "{own}");
        assert!(other.requests().is_empty(), "{own}");
    }
}

/// Over TLS the proxy sees where to, and nothing else.
#[test]
fn a_tunnel_for_tls() {
    let Some(certificate) = Certificate::issue(LOOPBACK) else { return };
    let stage = Stage::new();
    let server = GitServer::start_tls(stage.remote.folder(), Access::Login(login()), &certificate);
    let proxy_login = Login::new("me", "pr0xy-s3cret");
    let proxy = Proxy::start(Some(proxy_login.clone()));
    let url = proxy.url_with(&proxy_login);
    let authority = format!("[http]\nsslCAInfo = {}\n", certificate.authority().display());
    for (config, environment, is_asked) in [
        (format!("{authority}proxy = {url}"), &[][..], true),
        (authority.clone(), &[("https_proxy", url.as_str())], true),
        (authority.clone(), &[("https_proxy", &url), ("no_proxy", "127.0.0.1")], false),
        (authority, &[("http_proxy", &url)], false),
    ] {
        let release = release_with(&stage, &server.url_with(&login(), "gitops.git"), &config, environment);
        release.run().success().says_nowhere(&proxy_login.password);
        let asked = proxy.requests();
        let lines: Vec<_> = asked.iter().map(|request| request.line()).collect();
        let connect = format!("CONNECT {} 200", server.address());
        assert_eq!(lines, if is_asked { vec![connect] } else { Vec::new() }, "one connection for all requests");
        assert!(asked.iter().all(|request| request.authorization_value().is_none()), "the repository's login leaked");
        let arrived = server.requests();
        assert!(!arrived.is_empty());
        let leaked = arrived.iter().any(|request| request.logged.head.header("proxy-authorization").is_some());
        assert!(!leaked, "the proxy's login went to the repository");
    }
}

#[test]
fn a_whole_release_through_a_proxy_with_a_login() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let proxy_login = Login::new("me", "pr0xy-s3cret");
    let proxy = Proxy::start(Some(proxy_login.clone()));
    let checkout = Checkout::shallow(&stage.remote.file_url());
    checkout.git(["remote", "set-url", "origin", &server.url_with(&login(), "gitops.git")]).run().success();
    checkout.git(["config", "http.proxy", &proxy.url_with(&proxy_login)]).run().success();
    let output = release_in(&checkout, &stage.home, &stage).arg("-v").run().success();
    output.says_nowhere(&proxy_login.password).says_nowhere(&login().password);
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
    let leaked =
        |request: &crate::support::git_server::GitRequest| request.logged.head.header("proxy-authorization").is_some();
    assert!(!server.requests().iter().any(leaked), "the proxy's login went to the repository");
}

/// A proxy that says no is not the repository, and its answer is not taken for the repository's.
#[test]
fn a_proxy_that_does_not_help() {
    let Some(certificate) = Certificate::issue(LOOPBACK) else { return };
    let stage = Stage::new();
    let plain = serve(&stage, Access::Open);
    let secure = GitServer::start_tls(stage.remote.folder(), Access::Open, &certificate);
    let authority = format!("[http]\nsslCAInfo = {}\n", certificate.authority().display());
    let wrong = Login::new("me", "wr0ng-s3cret");
    let wants_login = Proxy::start(Some(Login::new("me", "pr0xy-s3cret")));
    let broken = Proxy::start(None);
    broken.inject("GET ", ALWAYS, ProxyFault::Answer(Response::text(502, "no route")));
    broken.inject("CONNECT ", ALWAYS, ProxyFault::Answer(Response::text(502, "no route")));
    let forbids = Proxy::start(None);
    forbids.inject("GET ", ALWAYS, ProxyFault::Answer(Response::text(403, "by policy")));
    forbids.inject("CONNECT ", ALWAYS, ProxyFault::Answer(Response::text(403, "by policy")));
    let hanging = Proxy::start(None);
    hanging.inject("GET ", 1, ProxyFault::Hang);
    hanging.inject("CONNECT ", 1, ProxyFault::Hang);
    for (proxy, code, without_tls, through_tunnel) in [
        (wants_login.url(), 5, "requires a login that it accepts (407)", "requires a login that it accepts (407)"),
        (wants_login.url_with(&wrong), 5, "requires a login that it accepts", "requires a login that it accepts"),
        (broken.url(), 6, "502 Bad Gateway: no route", "did not connect: it answered 502 Bad Gateway"),
        (forbids.url(), 5, "403 Forbidden: by policy", "does not allow the connection: it answered 403 Forbidden"),
        (hanging.url(), 6, "no answer within 1s", "no answer within 1s"),
        ("http://127.0.0.1:1".to_owned(), 6, "does not accept connections", "does not accept connections"),
    ] {
        for (server, expected) in [(&plain, without_tls), (&secure, through_tunnel)] {
            let config = format!("{authority}proxy = {proxy}");
            let release = release_with(&stage, &server.url("gitops.git"), &config, &[]).args(["--timeout", "1s"]);
            release.run().exit(code).stderr_has(expected).says_nowhere(&wrong.password);
            assert!(server.requests().is_empty());
        }
    }
}

#[test]
fn a_proxy_that_cannot_be_used() {
    let stage = Stage::new();
    for proxy in ["socks9://127.0.0.1:1", "ftp://me:s3cret@127.0.0.1", "http://me:s3cret@:0:0"] {
        let release = release_with(&stage, "http://127.0.0.1:1/x.git", &format!("[http]\nproxy = {proxy}"), &[]);
        release.run().exit(2).stderr_has("http.proxy").says_nowhere("s3cret");
    }
}

/// As git itself: its configuration and the environment may name one.
#[test]
fn a_socks_proxy() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let proxy = SocksProxy::start(None, server.address().parse().unwrap());
    let url = format!("socks5h://{}", proxy.address());
    let repository = "http://git.example.test/gitops.git";
    for (config, environment) in [
        (format!("[http]\nproxy = {url}"), &[][..]),
        (String::new(), &[("http_proxy", url.as_str())]),
        (String::new(), &[("all_proxy", url.as_str())]),
    ] {
        release_with(&stage, repository, &config, environment).run().success();
        let destinations = proxy.destinations();
        assert!(!destinations.is_empty(), "{config} {environment:?}");
        assert!(destinations.iter().all(|host| host == "git.example.test:80"), "{destinations:?}");
    }
    release_with(&stage, repository, "", &[("all_proxy", "socks5h://127.0.0.1:1")])
        .run()
        .exit(6)
        .stderr_has("the proxy 127.0.0.1:1 did not connect: ");
}
