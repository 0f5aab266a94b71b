//! Logins that CI systems, users and servers have put into texts: no commit, log, report or summary has them.

use std::fs;

use crate::stage::{COMMIT, Stage, tagship};
use crate::support::command::{Command, Home, Output};

const SECRET: &str = "S3CR3T";

#[track_caller]
fn keeps(output: Output) {
    output.success().says_nowhere(SECRET);
}

/// Variables of CI systems with a login in them, each with the variables by which the system is known.
#[test]
fn logins_in_the_urls_of_ci_systems() {
    let github =
        [("GITHUB_ACTIONS", "true"), ("GITHUB_REPOSITORY", "o/r"), ("GITHUB_RUN_ID", "1"), ("GITHUB_SHA", COMMIT)];
    let gitlab = [("GITLAB_CI", "true"), ("CI_PROJECT_PATH", "o/r"), ("CI_COMMIT_SHA", COMMIT)];
    let jenkins = [("JENKINS_URL", "https://ci/"), ("GIT_COMMIT", COMMIT)];
    let buildkite = [("BUILDKITE", "true"), ("BUILDKITE_COMMIT", COMMIT)];
    for (known_by, name, value) in [
        (&github[..], "GITHUB_SERVER_URL", "https://u:S3CR3T@h"),
        (&github[..], "GITHUB_SERVER_URL", "HTTPS://u:S3CR3T@h"),
        (&github[..], "GITHUB_SERVER_URL", "https://S3CR3T@h"),
        (&github[..3], "GITHUB_REPOSITORY", "u:S3CR3T@h/o/r"),
        (&gitlab, "CI_JOB_URL", "https://u:S3CR3T@h/1"),
        (&gitlab, "CI_JOB_URL", "https://h/1?token=S3CR3T"),
        (&gitlab, "CI_JOB_URL", "https://h/1#S3CR3T"),
        (&gitlab[..1], "CI_PROJECT_PATH", "o/r?private_token=S3CR3T"),
        (&jenkins, "BUILD_URL", "https://u:S3CR3T@h/1"),
        (&jenkins, "GIT_URL", "https://h/o/r.git?private_token=S3CR3T"),
        (&jenkins, "GIT_URL", "ssh://u:S3CR3T@h/o/r.git"),
        (&jenkins, "GIT_URL", "https://u:pass/S3CR3T@h/o/r.git"),
        (&buildkite, "BUILDKITE_REPO", "u:S3CR3T@h:o/r.git"),
        (&buildkite, "BUILDKITE_REPO", "u:S3CR3T@h/o/r.git"),
        (&buildkite, "BUILDKITE_BUILD_URL", "u:S3CR3T@h"),
    ] {
        let stage = Stage::new();
        let summary = stage.home.write("summary", "");
        let outputs = stage.home.write("outputs", "");
        let release =
            stage.release().args(["-v", "--output", "json", "--on-superseded", "allow"]).arg(stage.argument());
        let release = release.env("GITHUB_STEP_SUMMARY", &summary).env("GITHUB_OUTPUT", &outputs);
        let release = known_by.iter().fold(release, |release, (name, value)| release.env(name, value));
        keeps(release.env(name, value).run());
        let commit = &stage.remote.log("main")[0];
        for text in
            [&format!("{commit:?}"), &fs::read_to_string(&summary).unwrap(), &fs::read_to_string(&outputs).unwrap()]
        {
            assert!(!text.contains(SECRET), "{name}={value}: {text}");
        }
        assert_eq!(stage.remote.number_of_commits("main"), 2, "{name}={value}");
    }
}

#[test]
fn a_trailer_with_a_login() {
    let stage = Stage::new();
    let release = stage.release().args(["--trailer", "See=https://u:S3CR3T@h/x"]).arg(stage.argument());
    release.run().exit(2).says_nowhere(SECRET).stderr_has("has a login in it");
    stage.untouched();
}

/// An argument in the wrong place is quoted by the error that it makes.
#[test]
fn a_login_in_the_wrong_place() {
    let home = Home::new();
    let url = "https://u:S3CR3T@h/o/r.git";
    let run = |words: &[&str]| -> Command { tagship().home(&home).args(words.iter().copied()) };
    for words in [
        &["release", "-k", ".", url][..],
        &["release", "--branch", url, "a:v1"],
        &["check", url],
        &["check", "--wait", url, "a:v1"],
        &["check", "--platform", url, "a:v1"],
        &[url],
        &["release", "a:v1", &format!("--nonsense={url}")],
        &["set", "-k", url, "a:v1"],
        &["release", "--author", url, "a:v1"],
        &["release", "--order", url, "a:v1"],
    ] {
        for format in ["text", "json"] {
            let output = run(words).args(["--output", format]).run();
            assert_ne!(output.code, Some(0), "{words:?}");
            output.says_nowhere(SECRET);
        }
    }
}
