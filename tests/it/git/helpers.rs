//! git's credential helpers: which is asked for what, and those that know no login. No other program is asked, and no person
//! is prompted.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{lines, login, serve};
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

/// As from git, a helper gets what the server wants to see: some choose the login by that.
#[test]
fn a_helper_is_told_the_challenge() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let helper = helper(&stage, "own", &right());
    release_with(&stage, &server, &format!("[credential]\nhelper = {helper}\n")).run().success();
    let log = log(&stage, "own");
    let (get, store) = log.split_once("store\n").unwrap_or_else(|| panic!("{log}"));
    assert!(get.ends_with("wwwauth[]=Basic realm=\"git\"\n"), "{log}");
    assert!(!store.contains("wwwauth"), "{log}");
}

/// The service that is asked first asks the helper; the other one is asked with its login.
#[test]
fn a_helper_is_asked_once_for_both_services() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let helper = helper(&stage, "own", &right());
    let config = stage.home.write("gitconfig", &format!("[credential]\nhelper = {helper}\n"));
    let release = stage.release_to(&server.url("gitops.git")).env("GIT_CONFIG_GLOBAL", config);
    release.args(["--no-check", "--branch", "main", "IMAGE_PLACEHOLDER=*:v2"]).run().success();
    assert_eq!(log(&stage, "own").matches("get\n").count(), 1);
    assert_eq!(lines(&server)[..3], ["401", "200", "200"].map(|status| format!("GET /gitops.git/info/refs {status}")));
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
    // Its child would keep open what the caller listens to.
    let hang = format!("sleep 1000 & echo $! >'{}'; wait", stage.home.path().join("child").display());
    let config = format!("[credential]\nhelper = {}\n", helper(&stage, "helper", &hang));
    let release = release_with(&stage, &server, &config).args(["--timeout", "1s"]);
    let output = release.limit(Duration::from_secs(15)).run().exit(5);
    output.stderr_has("git's credential helpers did not answer within 1s");
    #[cfg(target_os = "linux")]
    assert_ended(&stage.home.path().join("child"));
}

/// Asserts that the process whose id is in the file does not run any more.
#[cfg(target_os = "linux")]
fn assert_ended(pid_file: &std::path::Path) {
    let pid = std::fs::read_to_string(pid_file).unwrap();
    let state = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    let runs = |state: &str| {
        state.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
    };
    let begun = Instant::now();
    // On busy processors, a process that was killed may have to wait for one before it ends.
    while runs(&state()) && begun.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!runs(&state()), "{}", state());
}

/// What a helper says is quoted if it knows no login, and does not get among our own lines.
#[test]
fn what_a_helper_says() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let config =
        format!("[credential]\nhelper = {}\n", helper(&stage, "helper", "echo the vault is sealed >&2; exit 1"));
    let output = release_with(&stage, &server, &config).run().exit(5);
    output.stderr_has("\n  credential helper: the vault is sealed\n");
    let config =
        format!("[credential]\nhelper = {}\n", helper(&stage, "helper", &format!("echo chatter >&2; {}", right())));
    assert_eq!(release_with(&stage, &server, &config).run().success().stderr(), "");
}

/// Writes a program that answers git's prompts, and logs them. Returns its path.
fn askpass(stage: &Stage, answer: &str) -> PathBuf {
    let path = stage.home.path().join("askpass");
    let log = log_of(stage, "askpass");
    write_script(&path, &format!("#!/bin/sh\necho \"$1\" >>'{}'\n{answer}\n", log.display()));
    path
}

/// That a helper was asked, and what is missing, is told.
#[test]
fn half_a_login_of_a_helper() {
    for (answer, told) in [
        ("echo password=x", "it told a password and no user name"),
        ("echo username=u", "it told a user name and no password"),
        ("echo username=u; echo password=x; echo password_expiry_utc=1", "the password that it told has expired"),
        ("echo quit=1", "it told `quit`, so no other one is asked"),
    ] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Login(login()));
        let config = format!("[credential]\nhelper = \"{}\"\n", helper(&stage, "half", answer));
        let output = release_with(&stage, &server, &config).run().exit(5);
        output.stderr_has(&format!("credential helper: {told}"));
    }
}

/// A program that prompts a person would wait without an end.
#[test]
fn no_person_is_prompted() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let askpass = askpass(&stage, &format!("echo {}", login().password));
    let release = release_with(&stage, &server, &format!("[core]\naskPass = {}\n", askpass.display()));
    for variable in ["GIT_ASKPASS", "SSH_ASKPASS"] {
        let release = release.clone().env(variable, &askpass).env("GIT_TERMINAL_PROMPT", "1").env("DISPLAY", ":0");
        release.run().exit(5).stderr_has("requires a login, and none was found");
        assert_eq!(log(&stage, "askpass"), "", "{variable} was asked");
    }
}

/// In CI there is no person, and the program knows the login; it is asked what git would ask it.
#[test]
fn askpass_is_asked_in_ci() {
    let answer = format!("case $1 in User*) echo {};; *) echo {};; esac", login().user, login().password);
    for (by_variable, url_user) in [(true, false), (false, false), (true, true)] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Login(login()));
        let program = askpass(&stage, &answer);
        let config = if by_variable { String::new() } else { format!("[core]\naskPass = {}\n", program.display()) };
        let user = if url_user { format!("{}@", login().user) } else { String::new() };
        let url = server.url("gitops.git").replace("http://", &format!("http://{user}"));
        let config = stage.home.write("gitconfig", &config);
        let environment: &[_] = if by_variable { &[("GIT_ASKPASS", program.clone())] } else { &[] };
        let release = stage.release_to(&url).env("GIT_CONFIG_GLOBAL", &config).env("CI", "true");
        let release = environment.iter().fold(release, |release, (name, value)| release.env(*name, value));
        let release = release.args(["--no-check", "--dry-run", "IMAGE_PLACEHOLDER=*:v2"]);
        release.run().success().says_nowhere(&login().password);
        let ours = std::mem::take(&mut log(&stage, "askpass"));
        std::fs::remove_file(log_of(&stage, "askpass")).unwrap();
        let git = Command::git().env("GIT_CONFIG_GLOBAL", &config).args(["ls-remote", &url]);
        environment.iter().fold(git, |git, (name, value)| git.env(*name, value)).run().success();
        assert_eq!(ours, log(&stage, "askpass"), "git asks the same");
    }
}

#[test]
fn an_askpass_that_hangs_or_fails() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    for (answer, expected) in [("sleep 1000", "did not answer within 1s"), ("echo no >&2; exit 1", "none was found")] {
        let release = release_with(&stage, &server, "").env("CI", "true").env("GIT_ASKPASS", askpass(&stage, answer));
        let release = release.args(["--timeout", "1s"]).limit(Duration::from_secs(15));
        release.run().exit(5).stderr_has(expected);
    }
}
