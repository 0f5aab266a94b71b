use std::time::{Duration, Instant};

use super::connection::Connection;
use crate::support::command::{Command, Output};
use crate::support::git_server::{ALWAYS, Access, Fault, GitServer};
use crate::support::http::{Authorization, Response};
use crate::support::login::Login;
use crate::support::repository::{Checkout, File, Remote};
use crate::support::temporary_folder::temporary_folder;

fn seeded() -> Remote {
    let remote = Remote::create("config");
    remote.commit("main", "Begin", &[File::new("app/k.yaml", "a: 1\n"), File::new("b/c/d", "d")]);
    remote
}

fn login() -> Login {
    Login::new("ci", "s3cret")
}

fn clone(url: &str) -> Output {
    let folder = temporary_folder("served-");
    Command::git().args(["clone", "--quiet", "--depth=1", url]).arg(folder.path().join("clone")).run()
}

/// Commits something on a checkout and pushes it.
fn push(checkout: &Checkout, url: &str) -> Output {
    checkout.write("app/k.yaml", b"a: 2\n");
    checkout.git(["commit", "--quiet", "--all", "--allow-empty", "--message=Change"]).run().success();
    checkout.git(["push", "--quiet", url, "HEAD:main"]).run()
}

#[test]
fn everybody_clones_and_pushes_where_it_is_open() {
    let remote = seeded();
    let server = GitServer::start(remote.folder(), Access::Open);
    let checkout = Checkout::shallow(&server.url("config.git"));
    let requests = server.requests();
    assert_eq!(requests[0].logged.line(), "GET /config.git/info/refs 200");
    assert!(requests.iter().all(|request| request.service.as_deref() == Some("git-upload-pack")), "{requests:?}");
    assert!(requests.iter().all(|request| request.protocol.as_deref() == Some("version=2")), "{requests:?}");
    push(&checkout, &server.url("config.git")).success();
    assert_eq!(remote.file("main", "app/k.yaml"), b"a: 2\n");
    let requests = server.requests();
    let last = requests.last().unwrap();
    assert_eq!(last.service.as_deref(), Some("git-receive-pack"));
    assert!(last.logged.received > 100 && last.logged.sent > 10, "{} {}", last.logged.received, last.logged.sent);
}

#[test]
fn more_than_fits_into_pipes_goes_both_ways() {
    let remote = seeded();
    let server = GitServer::start(remote.folder(), Access::Open);
    let checkout = Checkout::shallow(&server.url("config.git"));
    // Nothing that could be compressed.
    let mut state = 1u64;
    let noise: Vec<u8> = (0..5 << 20)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u8
        })
        .collect();
    checkout.write("b/c/d", &noise);
    push(&checkout, &server.url("config.git")).success();
    assert!(remote.file("main", "b/c/d") == noise);
    assert!(server.requests().iter().any(|request| request.logged.received > 5 << 20));
    clone(&server.url("config.git")).success();
    assert!(server.requests().iter().any(|request| request.logged.sent > 5 << 20));
}

/// Most requests are answered without `git http-backend`, as it would answer them.
#[test]
fn git_answers_as_through_its_own_http_server() {
    let remote = seeded();
    let [direct, through] = [(), ()].map(|()| GitServer::start(remote.folder(), Access::Open));
    through.use_http_backend();
    let refs = "0014command=ls-refs\n00010009peel\n0000".to_owned();
    let absent = format!("0011command=fetch00010032want {}\n0009done\n0000", "1".repeat(40));
    let upload = ("Content-Type", "application/x-git-upload-pack-request");
    let receive = ("Content-Type", "application/x-git-receive-pack-request");
    let v2 = ("Git-Protocol", "version=2");
    for (line, headers, body) in [
        ("GET /config.git/info/refs?service=git-upload-pack", vec![], ""),
        ("GET /config.git/info/refs?service=git-upload-pack", vec![v2], ""),
        ("GET /config.git/info/refs?service=git-receive-pack", vec![], ""),
        ("GET /config.git/info/refs?service=git-receive-pack", vec![v2], ""),
        ("GET /config.git/info/refs?service=git-shell", vec![], ""),
        ("GET /config.git/info/refs", vec![], ""),
        ("GET /absent.git/info/refs?service=git-upload-pack", vec![], ""),
        ("GET /config.git/../config.git/info/refs?service=git-upload-pack", vec![], ""),
        ("POST /config.git/git-upload-pack", vec![upload, v2], &refs),
        ("POST /config.git/git-upload-pack", vec![upload, v2], &absent),
        ("POST /config.git/git-upload-pack", vec![upload, v2], "0011command=nothing0000"),
        ("POST /config.git/git-upload-pack", vec![receive, v2], &refs),
        ("POST /config.git/git-upload-pack", vec![v2], &refs),
        ("POST /config.git/git-receive-pack", vec![receive], "0000"),
        ("POST /config.git/git-receive-pack", vec![receive], "00"),
        ("POST /absent.git/git-receive-pack", vec![receive], "0000"),
    ] {
        let [direct, through] = [&direct, &through]
            .map(|server| Connection::open(&server.address()).ask(line, &headers, body.as_bytes()).without_framing());
        assert_eq!(format!("{direct:?}"), format!("{through:?}"), "{line} {headers:?} {body}");
    }
}

#[test]
fn a_login_is_asked_for_where_it_is_needed() {
    let remote = seeded();
    let all = GitServer::start(remote.folder(), Access::Login(login()));
    clone(&all.url("config.git")).exit(128).stderr_has("terminal prompts disabled");
    clone(&all.url_with(&Login::new("ci", "wrong"), "config.git")).exit(128).stderr_has("Authentication failed");
    all.requests();
    clone(&all.url_with(&login(), "config.git")).success();
    let kinds: Vec<_> = all.requests().iter().map(|request| request.logged.authorization()).collect();
    assert_eq!(kinds[..2], [Authorization::None, Authorization::Basic]);

    let to_push = GitServer::start(remote.folder(), Access::LoginToPush(login()));
    let checkout = Checkout::shallow(&to_push.url("config.git"));
    push(&checkout, &to_push.url("config.git")).exit(128);
    push(&checkout, &to_push.url_with(&login(), "config.git")).success();

    let text = "Permission to config.git denied to ci.".to_owned();
    let forbidden = GitServer::start(remote.folder(), Access::PushForbidden(login(), text));
    let checkout = Checkout::shallow(&forbidden.url("config.git"));
    push(&checkout, &forbidden.url_with(&login(), "config.git"))
        .exit(128)
        .stderr_has("remote: Permission to config.git denied to ci.")
        .stderr_has("403");
}

#[test]
fn filters_are_as_strict_as_the_strictest_host() {
    let remote = seeded();
    let server = GitServer::start(remote.folder(), Access::Open);
    let clone_with = |filter: &str| {
        let folder = temporary_folder("served-");
        Command::git()
            .args(["clone", "--quiet", "--bare", "--depth=1", &format!("--filter={filter}"), &server.url("config.git")])
            .arg(folder.path().join("clone"))
            .run()
    };
    for filter in ["blob:none", "tree:0"] {
        clone_with(filter).success();
    }
    for filter in ["tree:1", "blob:limit=1k", "combine:blob:none+tree:0"] {
        clone_with(filter).exit(128).stderr_has("filter");
    }
}

#[test]
fn hooks_and_protection_refuse_in_their_own_words() {
    let remote = seeded();
    let server = GitServer::start(remote.folder(), Access::Open);
    let checkout = Checkout::shallow(&server.url("config.git"));
    remote.protect("main");
    push(&checkout, &server.url("config.git")).exit(1).stderr_has("GH006").stderr_has("hook declined");
    remote.hook("pre-receive", "echo \"not on $(date +%A)s\" >&2; exit 1");
    push(&checkout, &server.url("config.git")).exit(1).stderr_has("not on ").stderr_has("pre-receive hook declined");
    assert_eq!(remote.number_of_commits("main"), 1);
}

#[test]
fn version_2_of_the_protocol_can_be_unknown() {
    let remote = seeded();
    let server = GitServer::start(remote.folder(), Access::Open);
    let list = || {
        let trace = Command::git().args(["ls-remote", &server.url("config.git")]).env("GIT_TRACE_PACKET", "1").run();
        trace.success().stderr()
    };
    assert!(list().contains("version 2"));
    server.disable_protocol_v2();
    assert!(!list().contains("version 2"));
    clone(&server.url("config.git")).success();
}

#[test]
fn a_renamed_repository_is_found() {
    let remote = seeded();
    let server = GitServer::start(remote.folder(), Access::Open);
    server.redirect("/old.git/", "/config.git/");
    clone(&server.url("old.git")).success();
    let lines: Vec<_> = server.requests().iter().map(|request| request.logged.line()).collect();
    assert_eq!(lines[..2], ["GET /old.git/info/refs 301", "GET /config.git/info/refs 200"]);
}

#[test]
fn faults_hit_their_request_and_no_other() {
    let remote = seeded();
    let server = GitServer::start(remote.folder(), Access::LoginToPush(login()));
    let url = server.url_with(&login(), "config.git");
    let checkout = Checkout::shallow(&url);
    let push_pattern = "POST /config.git/git-receive-pack";

    server.inject("GET /config.git/info/refs?service=git-receive-pack", 1, Fault::Answer(Response::text(503, "busy")));
    push(&checkout, &url).exit(128).stderr_has("503");
    server.inject(push_pattern, 1, Fault::CutRequest(10));
    let post = Connection::open(&server.address()).try_ask(push_pattern, &[], &[0; 100]);
    assert!(post.is_err(), "{post:?}");
    assert_eq!(server.requests().last().unwrap().logged.received, 10);

    server.inject("GET /config.git/info/refs", 1, Fault::CutResponse(20));
    assert_ne!(push(&checkout, &url).code, Some(0));
    assert_eq!(server.requests().last().unwrap().logged.sent, 20);

    // A connection that dies after it was used before makes curl send the request again, so once is not enough.
    server.inject(push_pattern, ALWAYS, Fault::CutBeforeResponse);
    assert_ne!(push(&checkout, &url).code, Some(0));
    let tip = checkout.head();
    assert_eq!(remote.tip("main"), Some(tip), "git did its work, and the answer was lost");
}

#[test]
fn distance_and_silence() {
    let remote = seeded();
    let server = GitServer::start(remote.folder(), Access::Open);
    server.set_latency(Duration::from_millis(100));
    let began = Instant::now();
    Command::git().args(["ls-remote", &server.url("config.git")]).run().success();
    assert!(began.elapsed() >= Duration::from_millis(200), "two requests");
    server.inject("/config.git/", ALWAYS, Fault::Hang);
    let hanging = Command::git().args(["ls-remote", &server.url("config.git")]).limit(Duration::from_secs(1));
    assert!(std::panic::catch_unwind(|| hanging.run()).is_err(), "git waits for ever");
}
