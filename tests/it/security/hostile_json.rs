//! What hostile JSON can make us keep: whatever an API or a registry answers, memory stays under 100 MB. Each answer has as
//! many values as so many bytes allow.

use crate::stage::{COMMIT, Stage};
use crate::support::command::Command;
use crate::support::forge::{Fault as ForgeFault, Forge, Kind, TOKEN};
use crate::support::http::Response;
use crate::support::registry::{ALWAYS, Fault};

/// In bytes. A debug build needs some more for itself than a release build.
const MOST_MEMORY: u64 = 100_000_000;

/// Of an answer, in bytes: a manifest may have little more, and an answer of a forge four times as many.
const LENGTH: usize = 4_000_000;

#[track_caller]
fn bounded(command: Command, exit: i32, why: &str) {
    let (output, peak) = command.start().finish_with_peak();
    assert!(peak > 0 && peak < MOST_MEMORY, "{peak} bytes\n{}", output.stderr());
    output.exit(exit).stderr_has(why);
}

fn json_response(status: u16, text: &str) -> Response {
    Response::new(status).header("Content-Type", "application/json").body(text.as_bytes())
}

/// Returns a list of `length` bytes.
fn list_of(value: &str, length: usize) -> String {
    format!("[{}]", vec![value; (length - 2) / (value.len() + 1)].join(","))
}

#[test]
fn of_a_forge() {
    let nested = format!("{}0{}", r#"{"":"#.repeat(100), "}".repeat(100));
    for value in [r#"{"":0}"#, "[]", nested.as_str()] {
        let stage = Stage::new();
        let forge = Forge::start(Kind::GitHub, &stage.remote);
        let answer = json_response(201, &list_of(value, LENGTH));
        forge.inject("/api/v3/repos/org/gitops/pulls", ALWAYS, ForgeFault::Answer(answer));
        let release = stage.release_to(&forge.url_with_token(TOKEN)).args([
            "--branch",
            "main",
            "--forge",
            "github",
            "--timeout",
            "2m",
        ]);
        bounded(release.args(["--no-check", "--pull-request", "IMAGE_PLACEHOLDER=*:v2"]), 3, "too many values");
        stage.untouched();
    }
}

#[test]
fn of_a_registry() {
    let many = list_of(r#"{"":0}"#, LENGTH);
    for manifest in [
        format!(r#"{{"schemaVersion":2,"config":{{"digest":"x"}},"annotations":{many}}}"#),
        format!(r#"{{"schemaVersion":2,"artifactType":{many}}}"#),
    ] {
        let stage = Stage::new();
        let answer = json_response(200, &manifest);
        stage.registry.inject("/v2/", ALWAYS, Fault::AnswerAfterLogin(answer));
        let reference = format!("{}:{COMMIT}", stage.image());
        bounded(stage.tagship().args(["check", "--platform", "linux/amd64", &reference]), 4, "can be read");
    }
}
