//! `--notify`: who gets the result, in what form, and what becomes of a release if that fails.

use std::io;
use std::sync::{Arc, Mutex};

use ring::hmac;
use serde_json::Value;

use crate::pipeline::document;
use crate::stage::Stage;
use crate::support::command::Command;
use crate::support::http::{Reply, Response, Server};

/// A part of the URL that only the receiver may see.
const SECRET_PATH: &str = "/services/S3CR3T-PATH";
const KEY: &str = "S3CR3T-KEY";

/// A system that is told of releases, and what it was sent.
struct Receiver {
    server: Server,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Receiver {
    fn start(answer: impl Fn() -> Reply + Send + Sync + 'static) -> Self {
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let kept = bodies.clone();
        let server = Server::start(move |_head, body| {
            kept.lock().unwrap().push(body.read_all()?);
            io::Result::Ok(answer())
        });
        Self { server, bodies }
    }

    fn url(&self) -> String {
        format!("http://{}{SECRET_PATH}", self.server.address())
    }

    fn bodies(&self) -> Vec<Vec<u8>> {
        self.bodies.lock().unwrap().clone()
    }
}

fn notifying(release: Command, url: &str) -> Command {
    release.env("TAGSHIP_NOTIFY", url).env("TAGSHIP_NOTIFY_SECRET", format!("{KEY}\n"))
}

#[test]
fn the_result_is_sent_and_signed() {
    let stage = Stage::new();
    let receiver = Receiver::start(|| Reply::Send(Response::new(204)));
    let release = || notifying(stage.release(), &receiver.url()).args(["--output", "json", "-v"]);
    let output = release().arg(stage.argument()).run().success();
    let output =
        output.stderr_has(&format!("sent the result to `{}`", receiver.server.address())).says_nowhere("S3CR3T");
    let failed = release().arg("NO_SUCH_ENTRY=*:v1").run().exit(3);
    let failed = failed.says_nowhere("S3CR3T");
    let (bodies, requests) = (receiver.bodies(), receiver.server.requests());
    assert_eq!((bodies.len(), requests.len()), (2, 2));
    for ((body, request), output) in bodies.iter().zip(&requests).zip([output, failed]) {
        let (sent, printed): (Value, Value) = (serde_json::from_slice(body).unwrap(), document(&output));
        assert_eq!(sent, printed);
        assert_eq!((request.head.method.as_str(), request.head.path.as_str()), ("POST", SECRET_PATH));
        assert_eq!(request.head.header("content-type"), Some("application/json"));
        let signature =
            request.head.header("x-tagship-signature-256").and_then(|text| text.strip_prefix("sha256=")).unwrap();
        let bytes: Vec<u8> =
            (0..signature.len()).step_by(2).map(|at| u8::from_str_radix(&signature[at..at + 2], 16).unwrap()).collect();
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, KEY.as_bytes()), body, &bytes).unwrap();
    }
}

#[test]
fn without_a_key_there_is_no_signature() {
    let stage = Stage::new();
    let receiver = Receiver::start(|| Reply::Send(Response::new(200)));
    stage.release().args(["--notify", &receiver.url()]).arg(stage.argument()).run().success();
    assert_eq!(receiver.server.requests()[0].head.header("x-tagship-signature-256"), None);
}

/// A dry run changes nothing that another system should know.
#[test]
fn a_dry_run_is_not_sent() {
    let stage = Stage::new();
    let receiver = Receiver::start(|| Reply::Send(Response::new(200)));
    notifying(stage.release(), &receiver.url()).arg("--dry-run").arg(stage.argument()).run().success();
    assert_eq!(receiver.bodies().len(), 0);
}

/// What cannot be read is told where it was typed. An image without a tag is a release that fails.
#[test]
fn a_value_that_cannot_be_read_is_not_sent() {
    let stage = Stage::new();
    let receiver = Receiver::start(|| Reply::Send(Response::new(200)));
    let release = |words: &[&str]| notifying(stage.release(), &receiver.url()).args(words.iter().copied()).run();
    let image = stage.argument();
    for words in [
        &["--dryrun", &image][..],
        &["--timeout", "soon", &image],
        &["--wait", "5x", &image],
        &["--platform", "linux", &image],
        &["IMAGE_PLACEHOLDER=*:a/b"],
    ] {
        release(words).exit(2);
        assert_eq!(receiver.bodies().len(), 0, "{words:?}");
    }
    release(&["IMAGE_PLACEHOLDER=*"]).exit(2);
    assert_eq!(receiver.bodies().len(), 1);
    stage.untouched();
}

#[test]
fn a_delivery_that_fails_fails_nothing() {
    for (answer, expected) in [
        ((|| Reply::Send(Response::new(500))) as fn() -> Reply, "it answered 500"),
        (|| Reply::Send(Response::redirect("http://127.0.0.1:1/elsewhere")), "which is not followed"),
        (|| Reply::Drop, "the result was not sent to"),
    ] {
        let stage = Stage::new();
        let receiver = Receiver::start(answer);
        let output = notifying(stage.release(), &receiver.url()).arg(stage.argument()).run().success();
        output.stdout_has(expected).stdout_has(&receiver.server.address().to_string()).says_nowhere("S3CR3T");
        assert_eq!(receiver.bodies().len(), 1, "a request that may have arrived is not sent again");
        assert_eq!(stage.remote.number_of_commits("main"), 2);
    }
}

#[test]
fn a_server_that_is_not_there_fails_nothing() {
    let stage = Stage::new();
    let url = format!("http://127.0.0.1:1{SECRET_PATH}");
    let output = notifying(stage.release(), &url).arg(stage.argument()).run().success();
    output.stdout_has("the result was not sent to `127.0.0.1:1`").says_nowhere("S3CR3T");
}

/// The path of the URL may be a secret, so nothing quotes it.
#[test]
fn an_unsafe_url_is_refused_and_not_told() {
    let stage = Stage::new();
    for url in ["http://hooks.example/S3CR3T", "ftp://127.0.0.1/S3CR3T", "S3CR3T", ""] {
        stage.release().args(["--notify", url, "--dry-run"]).arg(stage.argument()).run().exit(2);
        let output = stage.release().args(["--notify", url]).arg(stage.argument()).run().exit(2);
        output.stderr_has("`--notify` is not an `https` URL").says_nowhere("S3CR3T");
    }
    notifying(stage.tagship().arg("release"), "https://hooks.example/S3CR3T")
        .arg("--help")
        .run()
        .success()
        .says_nowhere("S3CR3T");
    stage.untouched();
}
