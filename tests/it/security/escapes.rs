//! What servers, files and commits say, in the log of each kind of system: it acts on no terminal, and is no command to the
//! system that reads the log.

use std::fs;

use crate::report::read_outputs;
use crate::stage::{COMMIT, FILE, FOLDER, SEED, Stage};
use crate::support::command::{Command, Output};
use crate::support::http::Response;
use crate::support::registry::{ALWAYS, Fault};
use crate::support::repository::File;

/// What acts on terminals, and what systems take for commands.
const HOSTILE: &str = "a\u{1b}[2J\u{7}\u{202e}b\n::error::c\n  ::set-output name=outcome::d\n::add-mask::e\n##[group]f\n\
    ##vso[task.setvariable variable=g]h\n##teamcity[setParameter name='i']\n\u{9b}31mj\r::warning::k\n";

/// The systems, by the variables that they are known by.
const SYSTEMS: [(&str, &[(&str, &str)]); 5] = [
    ("none", &[]),
    ("CI", &[("CI", "true")]),
    ("GitHub", &[("CI", "true"), ("GITHUB_ACTIONS", "true")]),
    ("GitLab", &[("CI", "true"), ("GITLAB_CI", "true")]),
    ("Azure", &[("TF_BUILD", "True")]),
];

/// How many outputs there are: a text must not add one.
const OUTPUTS: usize = 18;

/// Runs a command under each system, with outputs and a summary, and asserts that nothing hostile is left of what it says.
#[track_caller]
fn harmless(stage: &Stage, command: impl Fn() -> Command) {
    for (system, variables) in SYSTEMS {
        let (outputs, summary) = (stage.home.write("outputs", ""), stage.home.write("summary", ""));
        let command = command().env("GITHUB_OUTPUT", &outputs).env("GITHUB_STEP_SUMMARY", &summary);
        let output = variables.iter().fold(command, |command, (name, value)| command.env(*name, *value)).run();
        let summary = fs::read_to_string(summary).unwrap();
        assert!(output.stdout().len() + output.stderr().len() > 10, "{system} says nothing");
        for text in [output.stdout(), output.stderr(), summary] {
            let acts = |c: char| (c.is_control() && !"\n\t".contains(c)) || "\u{202e}\u{2028}\u{200b}".contains(c);
            assert!(!text.contains(acts), "{system}: {text:?}");
        }
        no_command(system, &output);
        if system == "GitHub" {
            let names = read_outputs(&fs::read_to_string(outputs).unwrap());
            assert_eq!(names.len(), OUTPUTS, "{names:?}");
        }
    }
}

#[track_caller]
fn no_command(system: &str, output: &Output) {
    let said = output.stdout() + &output.stderr();
    for line in said.lines() {
        let line = line.trim_start_matches(|c: char| !c.is_ascii_graphic());
        let is_ours = system == "GitHub"
            && [
                "::group::diff",
                "::endgroup::",
                "::error title=tagship",
                "::warning title=tagship",
                "::notice title=tagship",
            ]
            .iter()
            .any(|own| line.starts_with(own));
        // The runner takes a line for one command: what is in an annotation's text is no second one.
        if is_ours {
            continue;
        }
        assert!(!line.starts_with("::"), "{system}: {line}");
        assert!(!["##[", "##vso[", "##teamcity["].iter().any(|command| line.contains(command)), "{system}: {line}");
    }
}

#[test]
fn what_a_hook_says() {
    let stage = Stage::new();
    let text = stage.home.write("said", HOSTILE);
    stage.remote.hook("pre-receive", &format!("cat '{}' >&2; exit 1", text.display()));
    harmless(&stage, || stage.release().args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]));
}

#[test]
fn what_a_registry_says() {
    let message = serde_json::to_string(HOSTILE).unwrap();
    let body = format!(r#"{{"errors": [{{"code": {message}, "message": {message}}}]}}"#);
    for status in [400, 401, 403, 404, 503] {
        let stage = Stage::new();
        let answer = Response::new(status).header("Content-Type", "application/json").body(body.as_bytes());
        stage.registry.inject("GET /v2/", ALWAYS, Fault::Answer(answer.clone()));
        stage.registry.inject("HEAD /v2/", ALWAYS, Fault::Answer(answer));
        harmless(&stage, || stage.tagship().args(["check", &format!("{}:{COMMIT}", stage.image()), "--timeout", "2s"]));
    }
}

#[test]
fn what_a_hold_says() {
    let stage = Stage::new();
    stage.remote.commit("main", "Hold", &[File::new(".tagship-hold", HOSTILE)]);
    harmless(&stage, || stage.release().args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]));
    harmless(&stage, || stage.release().args(["--no-check", "--dry-run", "--override-hold", "IMAGE_PLACEHOLDER=*:v2"]));
}

#[test]
fn what_the_file_says() {
    let stage = Stage::new();
    let around = HOSTILE.replace(['\u{1b}', '\u{7}', '\r'], "").replace('\n', "\n# ");
    stage.remote.commit("main", "Comment", &[File::new(FILE, format!("{SEED}# {around}\n::error::c: d\n"))]);
    harmless(&stage, || stage.release().args(["--no-check", "--dry-run", "IMAGE_PLACEHOLDER=*:v2"]));
    let quoted = serde_json::to_string(HOSTILE).unwrap();
    let entries = format!("images:\n- name: {quoted}\n  newName: {quoted}\n  newTag: {quoted}\n  digest: {quoted}\n");
    stage.remote.commit(
        "main",
        "Names",
        &[File::new(FILE, entries), File::new("b/kustomization.yaml", "images: []\n")],
    );
    let url = stage.remote.file_url();
    harmless(&stage, || stage.tagship().args(["status", "--repo", &url, "-k", FOLDER, "-k", "b"]));
    stage.remote.commit("main", "Break", &[File::new(FILE, format!("{SEED}bad: [{HOSTILE}"))]);
    harmless(&stage, || stage.release().args(["--no-check", "--dry-run", "IMAGE_PLACEHOLDER=*:v2"]));
}

#[test]
fn what_a_commit_says() {
    let stage = Stage::new();
    let seed = SEED.replace("b15411f387bb2a2286676b92a87fd85aa9b682a5", "v7");
    let message = format!(
        "{}\n\n{HOSTILE}\n\nTagship-Image: IMAGE_PLACEHOLDER=x:v7\nTagship-Run: {}\n",
        HOSTILE.replace('\n', " "),
        HOSTILE.replace('\n', " ")
    );
    stage.remote.commit("main", &message, &[File::new(FILE, seed)]);
    let url = stage.remote.file_url();
    let command = |words: &[&str]| stage.tagship().args(words.iter().copied()).args(["--repo", &url, "-k", FOLDER]);
    harmless(&stage, || command(&["log"]));
    harmless(&stage, || command(&["rollback", "--no-check", "--dry-run", "IMAGE_PLACEHOLDER"]));
}

#[test]
fn what_an_argument_says() {
    let stage = Stage::new();
    let line = HOSTILE.replace(['\n', '\r'], " ");
    harmless(&stage, || stage.tagship().args(["check", "--", HOSTILE]));
    harmless(&stage, || stage.tagship().args(["check", "--", &line]));
    harmless(&stage, || stage.release().args(["--tag", &line, "IMAGE_PLACEHOLDER=*"]));
    harmless(&stage, || stage.release().args(["--branch", &line, "IMAGE_PLACEHOLDER=*:v2"]));
    harmless(&stage, || stage.release().args(["--author", &line, "IMAGE_PLACEHOLDER=*:v2"]));
    harmless(&stage, || stage.release().args(["-k", &line, "--no-check", "IMAGE_PLACEHOLDER=*:v2"]));
}
