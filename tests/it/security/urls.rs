//! URLs of repositories that are more than an address: options of ssh, helpers that are programs, lines for a credential
//! helper.

use std::fs;

use crate::stage::{Stage, tagship};
use crate::support::command::{Command, Home, write_script};
use crate::support::git_server::{Access, GitServer};
use crate::support::login::Login;
use crate::support::repository::Checkout;

/// Returns a folder of programs in which `ssh` writes its arguments down, one a line, and fails.
fn with_ssh(home: &Home) -> String {
    let programs = home.path().join("programs");
    fs::create_dir_all(&programs).unwrap();
    let log = home.path().join("ssh-arguments");
    write_script(&programs.join("ssh"), &format!("#!/bin/sh\nprintf '%s\\n' \"$@\" >>'{}'\nexit 255\n", log.display()));
    format!("{}:{}", programs.display(), std::env::var("PATH").unwrap())
}

/// Returns the URLs, each of which would touch the file `trace`.
fn hostile(trace: &str) -> Vec<String> {
    let option = format!("-oProxyCommand=touch${{IFS}}{trace}");
    vec![
        format!("ssh://{option}/r.git"),
        format!("ssh://{option}@h/r.git"),
        format!("ssh://h:{option}/r.git"),
        format!("{option}:r.git"),
        format!("{option}@h:r.git"),
        format!("git@{option}:r.git"),
        "ssh://-l@h/r.git".to_owned(),
        "-oX:y".to_owned(),
        format!("--upload-pack=touch {trace}"),
        format!("ext::sh -c touch% {trace}"),
        format!("ext::touch {trace}"),
        "fd::17".to_owned(),
        "git://127.0.0.1:1/r.git".to_owned(),
        "ftp://127.0.0.1:1/r.git".to_owned(),
        "gopher://127.0.0.1:1/r.git".to_owned(),
    ]
}

#[track_caller]
fn harmless(url: &str, release: Command, home: &Home, trace: &str) {
    let arguments = home.path().join("ssh-arguments");
    fs::write(&arguments, "").unwrap();
    let output = release.run();
    assert_ne!(output.code, Some(0), "{url}");
    assert!(!fs::exists(trace).unwrap(), "{url} ran a program: {}", output.stderr());
    let options = fs::read_to_string(&arguments).unwrap();
    let foreign = options.lines().find(|word| word.starts_with("-oProxy") || word.starts_with("-oX") || *word == "-l");
    assert_eq!(foreign, None, "{url} is an option of ssh: {options}");
}

#[test]
fn options_and_programs_in_urls() {
    let home = Home::new();
    let path = with_ssh(&home);
    let trace = home.path().join("trace").display().to_string();
    for url in hostile(&trace) {
        let release = tagship().home(&home).current_dir(home.path()).env("PATH", &path).arg("release");
        let release = release.arg(format!("--repo={url}")).args(["--branch", "main", "-k", ".", "--no-check"]);
        harmless(&url, release.args(["--timeout", "5s", "a:v1"]), &home, &trace);
    }
}

/// A configuration that is believed may name programs by their own keys, and not by a URL.
#[test]
fn the_same_by_insteadof() {
    let stage = Stage::new();
    let path = with_ssh(&stage.home);
    let trace = stage.home.path().join("trace").display().to_string();
    for url in hostile(&trace) {
        let checkout = Checkout::shallow(&stage.remote.file_url());
        checkout.git(["remote", "set-url", "origin", "config:r"]).run().success();
        checkout.git(["config", &format!("url.{url}.insteadOf"), "config:r"]).run().success();
        let release = tagship().home(&stage.home).current_dir(checkout.path()).env("PATH", &path);
        let release = release.args(["release", "-k", ".", "--no-check", "--timeout", "5s", "a:v1"]);
        harmless(&url, release, &stage.home, &trace);
    }
}

/// A helper reads lines: a line end in a part of a URL would be a line of its own, such as another host.
#[test]
fn line_ends_before_a_credential_helper() {
    let stage = Stage::new();
    let server = GitServer::start(stage.remote.folder(), Access::Login(Login::new("x", "S3CR3T")));
    let helper = stage.home.path().join("helper");
    let log = stage.home.write("helper.log", "");
    write_script(&helper, &format!("#!/bin/sh\ncat >>'{}'\n", log.display()));
    let config = stage
        .home
        .write("gitconfig", &format!("[credential]\n\thelper = {}\n\tuseHttpPath = true\n", helper.display()));
    let address = server.url("").replace("http://", "");
    for end in ["%0a", "%0d", "%0d%0a", "%00"] {
        for url in [
            format!("http://{address}a{end}host=evil.example{end}/r.git"),
            format!("http://u{end}host=evil.example{end}@{address}r.git"),
            format!("http://{address}r.git?a{end}host=evil.example"),
        ] {
            fs::write(&log, "").unwrap();
            let release = stage.release_to(&url).env("GIT_CONFIG_GLOBAL", &config).args(["--no-check", "a:v1"]);
            let output = release.run();
            assert_ne!(output.code, Some(0), "{url}");
            let told = fs::read(&log).unwrap();
            let told = String::from_utf8_lossy(&told);
            assert!(!told.lines().any(|line| line.starts_with("host=evil")), "{url}: {told}");
            assert!(!told.contains(['\r', '\0']), "{url}: {told:?}");
        }
    }
}
