//! Servers that quote the login that they were sent: neither the output nor a report has it.

use std::fs;
use std::io::Write as _;

use serde_json::json;

use crate::stage::{COMMIT, Stage};
use crate::support::command::Output;
use crate::support::forge::{Fault as ForgeFault, Forge, Kind, TOKEN};
use crate::support::git_server::packs::{packet, upload_pack_result};
use crate::support::git_server::{ALWAYS, Access, Fault as GitFault, GitServer};
use crate::support::http::Response;
use crate::support::login::Login;
use crate::support::registry::{Auth, Fault};

fn login() -> Login {
    Login::new("x-access-token", "t0ken/s3cr\"et")
}

/// Returns a text that quotes the login in each form in which it may come back.
fn quoting(login: &Login) -> String {
    let encoded = login.password.replace('/', "%2F").replace('"', "%22").replace('\'', "%27");
    let escaped = login.password.replace('"', "\\\"");
    format!("not for Basic {}, {}:{}, {encoded}, {escaped}", login.encoded(), login.user, login.password)
}

#[track_caller]
fn keeps(login: &Login, output: Output) -> Output {
    let output = output.says_nowhere(&login.encoded()).says_nowhere("t0ken").says_nowhere("s3cr");
    output.stderr_has("not for Basic ***, x-access-token:***, ***, ***")
}

/// A release to a git server that answers the requests of `pattern` with `answer`.
fn release(pattern: &str, answer: &Response, code: i32) {
    for format in ["text", "json"] {
        let stage = Stage::new();
        let server = GitServer::start(stage.remote.folder(), Access::Login(login()));
        server.inject(pattern, ALWAYS, GitFault::Answer(answer.clone()));
        let (junit, summary) = (stage.home.path().join("junit.xml"), stage.home.write("summary", ""));
        let release = stage.release_to(&server.url("gitops.git")).args(["--no-check", "--output", format]);
        let release = release.arg(format!("--result-file=junit={}", junit.display())).arg("IMAGE_PLACEHOLDER=*:v2");
        let release = release.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary);
        let output = release.env("TAGSHIP_GIT_TOKEN", login().password).args(["--timeout", "2s"]).run().exit(code);
        keeps(&login(), output);
        for report in [&junit, &summary] {
            let text = fs::read_to_string(report).unwrap_or_default();
            assert!(!text.contains("t0ken") && !text.contains(&login().encoded()), "{text}");
        }
    }
}

#[test]
fn a_git_server_that_refuses() {
    let words = quoting(&login());
    let refs = "GET /gitops.git/info/refs";
    release(refs, &Response::text(403, &words), 5);
    release(refs, &Response::json(400, &json!({ "message": words })), 8);
}

#[test]
fn a_git_server_that_sends_an_error_packet() {
    let error = packet(format!("ERR {}\n", quoting(&login())).as_bytes());
    release("POST /gitops.git/git-upload-pack", &upload_pack_result(&error), 6);
}

#[test]
fn a_hook_of_a_git_server() {
    let stage = Stage::new();
    let server = GitServer::start(stage.remote.folder(), Access::Login(login()));
    stage.remote.hook("pre-receive", &format!("cat >&2 <<'END'\n{}\nEND\nexit 1", quoting(&login())));
    let release = stage.release_to(&server.url("gitops.git")).args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]);
    keeps(&login(), release.env("TAGSHIP_GIT_TOKEN", login().password).run().exit(8));
}

#[test]
fn a_proxy_that_refuses() {
    let login = Login::new("me", "t0ken/s3cret");
    let body = quoting(&login);
    let proxy = super::scripted(move |stream| {
        let head =
            format!("HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes())
    });
    let stage = Stage::new();
    let release = stage.release_to("http://git.invalid/org/gitops.git").args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]);
    let release = release.env("http_proxy", format!("http://me:t0ken%2Fs3cret@{proxy}"));
    let output = release.run().exit(5).says_nowhere(&login.encoded()).says_nowhere("s3cret");
    output.stderr_has("not for Basic ***, me:***, ***, ***");
}

#[test]
fn the_api_of_a_forge() {
    let stage = Stage::new();
    let forge = Forge::start(Kind::GitHub, &stage.remote);
    let refusal = Response::json(403, &json!({ "message": format!("Bearer {TOKEN} may not do this") }));
    forge.inject("POST /api/v3/repos/org/gitops/pulls", ALWAYS, ForgeFault::Answer(refusal));
    let release = stage.release_to(&forge.url_with_token(TOKEN)).args(["--branch", "main", "--forge", "github"]);
    let release = release.args(["--no-check", "--pull-request", "IMAGE_PLACEHOLDER=*:v2"]);
    release.run().exit(5).says_nowhere(TOKEN).stderr_has("Bearer *** may not do this");
}

#[test]
fn a_registry_in_its_challenge() {
    let login = Login::new("x-access-token", "t0ken/s3cr'et");
    let stage = Stage::with_auth(Auth::Basic(login.clone()));
    let config = format!(r#"{{"auths":{{"{}":{{"auth":"{}"}}}}}}"#, stage.registry.address(), login.encoded());
    stage.home.write(".docker/config.json", &config);
    let challenge = format!(r#"Basic realm="x", error="denied", error_description="{}""#, quoting(&login));
    let refusal = Response::new(401).header("WWW-Authenticate", &challenge);
    stage.registry.inject("/v2/", ALWAYS, Fault::AnswerAfterLogin(refusal));
    keeps(&login, stage.tagship().arg("check").arg(format!("{}:{COMMIT}", stage.image())).run().exit(5));
}
