//! What the programs get that we start, and what other programs of the machine can read of us.

use crate::stage::Stage;
use crate::support::command::{Command, write_script};
use crate::support::git_server::{Access, GitServer};
use crate::support::login::Login;

/// The variables with logins that we use ourselves.
const SECRETS: [&str; 21] = [
    "TAGSHIP_GIT_TOKEN",
    "TAGSHIP_REGISTRY_PASSWORD",
    "PLUGIN_GIT_TOKEN",
    "PLUGIN_REGISTRY_PASSWORD",
    "INPUT_GIT_TOKEN",
    "INPUT_REGISTRY_PASSWORD",
    // GitHub's runner keeps the hyphens of an input's name.
    "INPUT_GIT-TOKEN",
    "INPUT_TOKEN",
    "INPUT_REGISTRY-PASSWORD",
    "INPUT_NOTIFY-SECRET",
    "INPUT_NOTIFY",
    "TAGSHIP_NOTIFY_SECRET",
    "PLUGIN_NOTIFY_SECRET",
    "INPUT_NOTIFY_SECRET",
    "GITHUB_TOKEN",
    "GITEA_TOKEN",
    "FORGEJO_TOKEN",
    "CI_JOB_TOKEN",
    "CI_REGISTRY_PASSWORD",
    "CI_REPOSITORY_URL",
    "SYSTEM_ACCESSTOKEN",
];

/// The variables with URLs, which may have a login.
const URLS: [&str; 4] = ["TAGSHIP_REPO", "TAGSHIP_FROM_REPO", "PLUGIN_REPO", "INPUT_FROM-REPOSITORY"];

fn with_secrets(release: Command) -> Command {
    let release = release.env("TAGSHIP_REGISTRY_USERNAME", "u").env("TAGSHIP_REGISTRY_HOST", "r.example");
    let release = SECRETS.iter().fold(release, |release, name| release.env(*name, "S3CR3T"));
    URLS.iter().fold(release, |release, name| release.env(*name, "https://u:S3CR3T@h.example/o/r"))
}

/// Writes a program that keeps its environment, and then does what the script says. Returns its path. It runs in bash,
/// because dash drops variables with a hyphen.
fn spy(stage: &Stage, name: &str, script: &str) -> String {
    let path = stage.home.path().join(name);
    let kept = stage.home.path().join("environments");
    write_script(&path, &format!("#!/usr/bin/env bash\n(echo {name}; env) >>'{}'\n{script}\n", kept.display()));
    path.display().to_string()
}

#[track_caller]
fn assert_without_secrets(stage: &Stage, programs: &[&str]) {
    let kept = std::fs::read_to_string(stage.home.path().join("environments")).unwrap_or_default();
    for program in programs {
        assert!(kept.lines().any(|line| line == *program), "{program} did not run: {kept}");
    }
    let leaked: Vec<_> = kept.lines().filter(|line| line.contains("S3CR3T")).collect();
    assert!(leaked.is_empty(), "{leaked:?}");
}

#[test]
fn programs_get_no_secret_of_ours() {
    let stage = Stage::new();
    let login = Login::new("me", "t0ken");
    let server = GitServer::start(stage.remote.folder(), Access::Login(login.clone()));
    let helper = spy(&stage, "helper", "[ \"$1\" = get ] && echo username=me");
    let askpass = spy(&stage, "askpass", "echo t0ken");
    let signer = spy(&stage, "signer", "exit 1");
    let config = format!(
        "[credential]\nhelper = {helper}\n[core]\naskPass = {askpass}\n[gpg]\nprogram = {signer}\n[user]\nsigningKey = x\n"
    );
    let config = stage.home.write("gitconfig", &config);
    let release = stage.release_to(&server.url("gitops.git")).env("GIT_CONFIG_GLOBAL", &config).env("CI", "true");
    let release = release.args(["--sign", "--no-check", "IMAGE_PLACEHOLDER=*:v2"]);
    // With the variable there would be nothing to ask a helper.
    let release = with_secrets(release).env("TAGSHIP_GIT_TOKEN", "");
    release.run().exit(1).stderr_has("signer` failed");
    assert_without_secrets(&stage, &["helper", "askpass", "signer"]);
}

#[test]
fn ssh_and_hooks_get_no_secret_of_ours() {
    let stage = Stage::new();
    let serve = format!(r#"for last; do :; done; set -- $last; exec "$1" '{}'"#, stage.remote.path().display());
    let ssh = spy(&stage, "ssh", &serve);
    let kept = stage.home.path().join("environments");
    let hook = stage.remote.path().join("hooks/pre-receive");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    write_script(&hook, &format!("#!/bin/sh\n(echo hook; env) >>'{}'\n", kept.display()));
    let release = |url: &str, version: &str| {
        let release = stage.release_to(url).args(["--no-check", &format!("IMAGE_PLACEHOLDER=*:{version}")]);
        with_secrets(release).env("GIT_SSH_COMMAND", &ssh).run().success()
    };
    release("ssh://git@host.example/org/repo.git", "v2");
    release(&stage.remote.file_url(), "v3");
    assert_without_secrets(&stage, &["ssh", "hook"]);
}

/// A branch that is checked out may have a file of any name.
#[test]
fn no_program_comes_from_the_current_folder() {
    let stage = Stage::new();
    let folder = stage.home.path().join("checkout");
    std::fs::create_dir(&folder).unwrap();
    for name in ["ssh", "sh", "gpg", "git", "git-receive-pack", "git-credential-own"] {
        write_script(&folder.join(name), &format!("#!/bin/sh\necho {name} >>'{}/ran'\n", folder.display()));
    }
    let config = stage.home.write("gitconfig", "[credential]\nhelper = own\n[user]\nsigningKey = x\n");
    let server = GitServer::start(stage.remote.folder(), Access::Login(Login::new("me", "t0ken")));
    const PASSED_OVER: &str = "; parts of `PATH` that are empty or relative are passed over";
    let empty = stage.release_to("ssh://git@host.example/org/repo.git").env("PATH", "").current_dir(&folder);
    empty.args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]).run();
    assert!(!folder.join("ran").exists(), "{}", std::fs::read_to_string(folder.join("ran")).unwrap());
    for own in ["", ".", "./", "../checkout"] {
        let release = |url: &str| {
            let path = format!("{own}:/nowhere:{own}");
            let release = stage.release_to(url).env("PATH", path).env("GIT_CONFIG_GLOBAL", &config);
            release.current_dir(&folder).args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"])
        };
        release("ssh://git@host.example/org/repo.git")
            .run()
            .exit(1)
            .stderr_has("cannot start `ssh`: ")
            .stderr_has(PASSED_OVER);
        release(&stage.remote.file_url()).run().exit(1).stderr_has("cannot start `git-receive-pack`");
        release(&server.url("gitops.git")).run().exit(5);
        release(&stage.remote.file_url()).arg("--sign").run().exit(1);
        // What is started gets no such path either.
        let helper =
            format!("[credential]\nhelper = \"!git status >/dev/null; env >'{}/kept'; :\"\n", folder.display());
        let config = stage.home.write("other-gitconfig", &helper);
        let path = format!("{own}:/usr/bin:/bin");
        release(&server.url("gitops.git")).env("PATH", path).env("GIT_CONFIG_GLOBAL", &config).run().exit(5);
        let kept = std::fs::read_to_string(folder.join("kept")).unwrap();
        assert!(kept.lines().any(|line| line == "PATH=/usr/bin:/bin"), "{own}: {kept}");
        assert!(!folder.join("ran").exists(), "{own}: {}", std::fs::read_to_string(folder.join("ran")).unwrap());
    }
}

#[test]
fn a_login_in_an_argument_is_told() {
    let stage = Stage::new();
    let login = Login::new("me", "S3CR3T");
    let server = GitServer::start(stage.remote.folder(), Access::Login(login.clone()));
    let url = server.url_with(&login, "gitops.git");
    const NOTE: &str = "an argument has a login in its URL, which other processes of this machine can read";
    let arguments = ["release", "-k", crate::stage::FOLDER, "--no-check", "--dry-run", "IMAGE_PLACEHOLDER=*:v2"];
    let output = stage.tagship().args(arguments).args(["--repo", &url]).run().success();
    output.stdout_has(NOTE).says_nowhere("S3CR3T");
    let output = stage.tagship().args(arguments).env("TAGSHIP_REPO", &url).run().success();
    assert!(!output.stdout().contains(NOTE), "the environment of a process is its own");
}

/// The guard asks the repository that CI builds, which the login is not for.
#[test]
fn the_login_does_not_go_to_the_repository_that_ci_builds() {
    let stage = Stage::new();
    let commit = stage.remote.log("main")[0].id.clone();
    let server = GitServer::start(stage.remote.folder(), Access::Open);
    let guard = || {
        let guard = stage
            .tagship()
            .current_dir(stage.home.path())
            .arg("guard")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_REPOSITORY", "gitops");
        let guard = guard.env("GITHUB_SERVER_URL", server.url("").trim_end_matches('/')).env("GITHUB_SHA", &commit);
        let guard = guard.env("GITHUB_EVENT_NAME", "push").env("GITHUB_REF", "refs/heads/main");
        guard.env("GITHUB_REF_TYPE", "branch").env("GITHUB_REF_NAME", "main")
    };
    guard().env("TAGSHIP_GIT_TOKEN", "S3CR3T").run().success();
    let asked = server.requests();
    assert!(!asked.is_empty(), "nothing was asked");
    assert!(asked.iter().all(|request| request.logged.authorization_value().is_none()), "the login was sent");
    // That of the CI system is for this server.
    guard().env("GITHUB_TOKEN", "S3CR3T").run().success();
    let asked = server.requests();
    assert!(asked.iter().all(|request| request.logged.authorization_value().is_some()), "the login was not sent");
}
