//! git's credential helpers: which is asked for what, and those that know no login. No other program is asked, and no person
//! is prompted.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{login, serve};
use crate::stage::Stage;
use crate::support::command::{Command, write_script};
use crate::support::git_server::{Access, GitServer};

/// Writes a helper that logs what it is asked, and answers with what the script prints. Returns its path.
fn helper(stage: &Stage, name: &str, answer: &str) -> String {
    let path = stage.home.path().join(name);
    let log = log_of(stage, name);
    write_script(
        &path,
        &format!("#!/bin/sh\n(echo \"$1\"; cat) >>'{}'\n[ \"$1\" = get ] || exit 0\n{answer}\n", log.display()),
    );
    path.display().to_string()
}

fn log_of(stage: &Stage, name: &str) -> PathBuf {
    stage.home.path().join(format!("{name}.log"))
}

fn log(stage: &Stage, name: &str) -> String {
    std::fs::read_to_string(log_of(stage, name)).unwrap_or_default()
}

/// What a helper prints that knows the login.
fn right() -> String {
    format!("echo username={}; echo password={}", login().user, login().password)
}

/// Returns a dry run with this configuration of git.
fn release_with(stage: &Stage, server: &GitServer, config: &str) -> Command {
    let config = stage.home.write("gitconfig", config);
    let release = stage.release_to(&server.url("gitops.git")).env("GIT_CONFIG_GLOBAL", config);
    release.args(["--no-check", "--dry-run", "IMAGE_PLACEHOLDER=*:v2"])
}

#[test]
fn a_helper_is_for_its_url() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let (own, other) = (helper(&stage, "own", &right()), helper(&stage, "other", &right()));
    let elsewhere = server.url("").replace("127.0.0.1", "localhost");
    let config = format!(
        "[credential \"{elsewhere}\"]\nhelper = {other}\n[credential \"{}\"]\nhelper = {own}\n",
        server.url("")
    );
    release_with(&stage, &server, &config).run().success().says_nowhere(&login().password);
    assert!(log(&stage, "own").starts_with("get\n"), "{}", log(&stage, "own"));
    assert_eq!(log(&stage, "other"), "", "the helper of another server");
}

#[test]
fn an_empty_helper_takes_back_those_before_it() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let (first, second) = (helper(&stage, "first", &right()), helper(&stage, "second", &right()));
    let config = format!("[credential]\nhelper = {first}\nhelper =\nhelper = {second}\n");
    release_with(&stage, &server, &config).run().success();
    assert_eq!(log(&stage, "first"), "");
    assert!(log(&stage, "second").starts_with("get\n"));
}

/// The path is the repository's own affair, unless git is told otherwise.
#[test]
fn the_path_is_told_where_it_counts() {
    for (setting, is_told) in [("", false), ("useHttpPath = true\n", true)] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Login(login()));
        let config = format!("[credential]\nhelper = {}\n{setting}", helper(&stage, "helper", &right()));
        release_with(&stage, &server, &config).run().success();
        let asked = log(&stage, "helper");
        assert!(asked.contains(&format!("protocol=http\nhost={}\n", server.address())), "{asked}");
        assert_eq!(asked.contains("path=gitops.git"), is_told, "{asked}");
        let (get, store) = asked.split_once("store\n").expect("the login was good, which the helper is told");
        assert!(!get.contains("password="), "{get}");
        assert!(store.contains(&format!("password={}\n", login().password)), "{store}");
    }
}

/// Whatever a helper does wrong, the next one is asked; in the end there is no login, and nothing of it is quoted.
#[test]
fn helpers_that_are_of_no_help() {
    for answer in [
        "exit 1",
        "echo s3cret garbage; printf 'no\\0thing\\377'",
        "echo password=s3cret",
        "echo quit=1",
        "kill -9 $$",
        "exec 0<&- 1>&-",
        ":",
    ] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Login(login()));
        let config = format!("[credential]\nhelper = {}\n", helper(&stage, "helper", answer));
        let output = release_with(&stage, &server, &config).run().exit(5).says_nowhere("s3cret");
        output.stderr_has("requires a login, and none was found");
        assert!(log(&stage, "helper").starts_with("get\n"), "{answer}");
        assert!(!log(&stage, "helper").contains("store"), "{answer}");
    }
}

#[test]
fn a_helper_that_hangs() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    // It outlives the release, and must not keep what we listen to open.
    let config = format!("[credential]\nhelper = {}\n", helper(&stage, "helper", "exec sleep 20 2>&-"));
    let begun = Instant::now();
    let output = release_with(&stage, &server, &config).args(["--timeout", "1s"]).run().exit(5);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    output.stderr_has("git's credential helpers did not answer within 1s");
}

/// A program that prompts a person would wait without an end.
#[test]
fn nobody_is_prompted() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let asked = stage.home.path().join("asked");
    let askpass = stage.home.path().join("askpass");
    write_script(&askpass, &format!("#!/bin/sh\ntouch '{}'\necho {}\n", asked.display(), login().password));
    let release = release_with(&stage, &server, &format!("[core]\naskPass = {}\n", askpass.display()));
    for variable in ["GIT_ASKPASS", "SSH_ASKPASS"] {
        let release = release.clone().env(variable, &askpass).env("GIT_TERMINAL_PROMPT", "1").env("DISPLAY", ":0");
        release.run().exit(5).stderr_has("requires a login, and none was found");
        assert!(!asked.exists(), "{variable} was asked");
    }
}
