//! Forward proxies on the way to a registry: which of them is asked, what it sees, and what is said if it does not help.

use std::time::{Duration, Instant};

use crate::stage::tagship;
use crate::support::command::{Command, Home};
use crate::support::http::Response;
use crate::support::login::Login;
use crate::support::proxy::{Proxy, ProxyFault};
use crate::support::registry::{ALWAYS, Auth, Image, Registry};
use crate::support::socks::SocksProxy;

use super::{ci, docker_config};

const HOST: &str = "reg.example.test";

/// Returns a registry with `app:v1` in it, and a proxy for which all names lead there.
fn behind_proxy(auth: Auth) -> (Registry, Proxy) {
    let registry = Registry::start(auth);
    registry.put_image("app", "v1", &Image::new());
    let proxy = Proxy::answering_at(&registry.address());
    (registry, proxy)
}

/// Returns a check of an image of `reg.example.test`, in plain HTTP and through this proxy.
fn check(home: &Home, proxy: &str) -> Command {
    let check = tagship().home(home).args(["check", &format!("{HOST}/app:v1"), "--plain-http", HOST]);
    check.args(["--timeout", "2s"]).env("http_proxy", proxy).env("https_proxy", proxy)
}

#[test]
fn plain_http_is_told_each_time() {
    let (registry, proxy) = behind_proxy(Auth::None);
    let home = Home::new();
    let note = "`reg.example.test` is reached over plain HTTP: a machine in between can read and change all of it";
    check(&home, &proxy.url()).run().success().stdout_has(note);
    let output = check(&home, &proxy.url()).args(["--output", "json"]).run().success();
    assert!(output.stdout().contains(note), "{}", output.stdout());
    let summary = home.write("summary", "");
    let reported = check(&home, &proxy.url()).env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary);
    reported.run().success();
    let summary = std::fs::read_to_string(&summary).unwrap();
    assert!(summary.contains("plain HTTP"), "{summary}");
    let loopback = tagship().home(&home).args(["check", &format!("{}/app:v1", registry.address())]);
    let output = loopback.run().success();
    assert!(!output.stdout().contains("plain HTTP") && !output.stderr().contains("plain HTTP"));
}

#[test]
fn which_hosts_are_reached_without_a_proxy() {
    let (_registry, proxy) = behind_proxy(Auth::None);
    for (list, is_direct) in [
        ("reg.example.test", true),
        (".example.test", true),
        ("*.example.test", true),
        ("reg.example.test:80", true),
        ("reg.example.test:5000", false),
        ("*", true),
        ("10.0.0.0/8", false),
        ("other.test", false),
    ] {
        let output = check(&Home::new(), &proxy.url()).env("NO_PROXY", list).run();
        assert_eq!(proxy.requests().is_empty(), is_direct, "{list}");
        assert_eq!(output.code == Some(0), !is_direct, "{list}: {}", output.stderr());
    }
}

#[test]
fn no_login_goes_to_a_proxy_in_clear_text() {
    for auth in [Auth::Basic(ci()), Auth::Bearer(ci())] {
        let (_registry, proxy) = behind_proxy(auth);
        let home = Home::new();
        home.write(".docker/config.json", &docker_config(HOST, &ci()));
        let output = check(&home, &proxy.url()).run().exit(5).stderr_has("in clear text");
        output.stderr_has("hint: name reg.example.test in `NO_PROXY`").says_nowhere(&ci().password);
        let shown = proxy.requests().iter().any(|request| request.authorization_value().is_some());
        assert!(!shown, "the login was shown");
    }
}

#[test]
fn a_proxy_that_does_not_help_is_named() {
    let login = Login::new("me", "pr0xy-s3cret");
    let wants_login = Proxy::start(Some(login.clone()));
    let broken = Proxy::start(None);
    broken.inject("CONNECT ", ALWAYS, ProxyFault::Answer(Response::text(502, "no route")));
    let name = |url: &str| url.trim_start_matches("http://").to_owned();
    for (url, code, text) in [
        (wants_login.url(), 5, format!("the proxy {} requires a login", name(&wants_login.url()))),
        (wants_login.url_with(&Login::new("me", "wr0ng")), 5, "requires a login that it accepts".to_owned()),
        (broken.url(), 6, format!("the proxy {} did not connect", name(&broken.url()))),
        ("http://127.0.0.1:1".to_owned(), 6, "the proxy 127.0.0.1:1 does not accept connections".to_owned()),
        ("http://nowhere.invalid:1".to_owned(), 6, "the name of the proxy nowhere.invalid:1".to_owned()),
    ] {
        for plain in [false, true] {
            // A resolver may take seconds to say that there is no such name.
            let check = tagship().args(["check", &format!("{HOST}/app:v1"), "--timeout", "20s"]);
            let check = if plain { check.args(["--plain-http", HOST]) } else { check };
            if plain && url == broken.url() {
                continue;
            }
            let output = check.env("http_proxy", &url).env("https_proxy", &url).run().exit(code).stderr_has(&text);
            output.says_nowhere("wr0ng");
        }
    }
}

/// A login or a policy of the proxy is for a person to change; what lies behind the proxy may come back by itself.
#[test]
fn a_proxy_that_refuses_to_connect_is_told_with_its_status() {
    for (status, code, attempts, text) in [
        (302, 6, 3, "did not connect: it answered 302 Found"),
        (403, 5, 1, "does not allow the connection: it answered 403 Forbidden"),
        (407, 5, 1, "requires a login that it accepts (407)"),
        (451, 5, 1, "does not allow the connection: it answered 451"),
        (502, 6, 3, "did not connect: it answered 502 Bad Gateway"),
    ] {
        let proxy = Proxy::start(None);
        proxy.inject("CONNECT ", ALWAYS, ProxyFault::Answer(Response::text(status, "no")));
        let url = proxy.url_with(&Login::new("me", "pr0xy-s3cret"));
        let check = tagship().args(["check", &format!("{HOST}/app:v1"), "--output", "json"]).env("https_proxy", url);
        let output = check.run().exit(code).stdout_has(text).says_nowhere("pr0xy-s3cret");
        assert!(!output.stdout().contains("unsuccessful"), "{}", output.stdout());
        let asked = proxy.requests();
        assert!(asked.iter().all(|request| request.line().starts_with("CONNECT reg.example.test:443 ")), "{asked:?}");
        // Once more for the status, unless the library tells it.
        assert_eq!(asked.len(), if status == 407 { attempts } else { 2 * attempts }, "{status}");
    }
}

/// The status is asked for within the time of the request that was refused.
#[test]
fn a_proxy_that_hangs_after_its_refusal_takes_no_time_of_its_own() {
    let proxy = Proxy::start(None);
    proxy.inject("CONNECT ", 1, ProxyFault::Answer(Response::text(403, "no")));
    proxy.inject("CONNECT ", ALWAYS, ProxyFault::Hang);
    let begun = Instant::now();
    let check = tagship().args(["check", &format!("{HOST}/app:v1"), "--timeout", "1s"]).env("https_proxy", proxy.url());
    check.run().exit(6).stderr_has("did not connect");
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

/// `socks5h` gives the proxy the name, as curl does. `socks5` would look it up here, where it leads nowhere.
#[test]
fn a_socks_proxy() {
    let login = Login::new("me", "s0cks-s3cret");
    let registry = Registry::start(Auth::None);
    registry.put_image("app", "v1", &Image::new());
    let target = registry.address().parse().unwrap();
    let (open, closed) = (SocksProxy::start(None, target), SocksProxy::start(Some(login.clone()), target));
    let url = |proxy: &SocksProxy, login: &str| format!("socks5h://{login}{}", proxy.address());
    let home = Home::new();
    for (proxy, login) in [(&open, ""), (&closed, "me:s0cks-s3cret@")] {
        check(&home, &url(proxy, login)).run().success();
        assert_eq!(proxy.destinations(), [format!("{HOST}:80")]);
    }
    let nothing_listens = "socks5h://127.0.0.1:1".to_owned();
    let name = |proxy: &SocksProxy| format!("the proxy {}", proxy.address());
    for (proxy, code, expected) in [
        (url(&closed, "me:wr0ng@"), 5, format!("{} requires a login that it accepts", name(&closed))),
        (url(&closed, ""), 5, format!("{} requires a login that it accepts", name(&closed))),
        (nothing_listens, 6, "the proxy 127.0.0.1:1 did not connect: ".to_owned()),
        (
            format!("socks5://{}", open.address()),
            6,
            format!("{} did not connect: the name of the host cannot be resolved here", name(&open)),
        ),
        ("ftp://me:wr0ng@127.0.0.1:1".to_owned(), 2, "proxy` is not the URL of a proxy".to_owned()),
    ] {
        let output = check(&home, &proxy).run().exit(code).stderr_has(&expected);
        output.says_nowhere("wr0ng").says_nowhere(&login.password);
    }
}
