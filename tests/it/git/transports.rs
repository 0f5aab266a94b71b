//! The ways to a repository, and servers that are away, old or strange.

use super::{release_in, serve};
use crate::stage::{FILE, FOLDER, Stage, tagship};
use crate::support::command::{Command, Home, write_script};
use crate::support::git_server::{ALWAYS, Access, Fault};
use crate::support::http::Response;
use crate::support::repository::{Checkout, File};
use crate::support::servers::Sshd;

#[test]
fn a_server_that_is_away() {
    let stage = Stage::new();
    let run = |url: &str| stage.release_to(url).arg(stage.argument()).run();
    run("http://127.0.0.1:1/gitops.git").exit(6).stderr_has("127.0.0.1:1/gitops cannot be reached");
    let server = serve(&stage, Access::Open);
    let absent = run(&server.url("absent.git")).exit(5).stderr_has("is not there, or this login may not use it");
    absent.stderr_has("hint: check the URL, and that the login may use this repository");
    server.inject("GET /gitops.git", ALWAYS, Fault::Answer(Response::text(503, "down for maintenance")));
    run(&server.url("gitops.git")).exit(6).stderr_has("503 Service Unavailable: down for maintenance");
    stage.untouched();
}

/// The fixture lets git's services answer most requests: here its own HTTP server does.
#[test]
fn over_gits_own_http_server() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    server.use_http_backend();
    stage.release_to(&server.url("gitops.git")).arg(stage.argument()).run().success().stdout_has("released");
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
    server.disable_protocol_v2();
    stage.release_to(&server.url("gitops.git")).arg(stage.argument()).run().success().stdout_has("unchanged");
}

/// Without protocol v2, or without filters, the whole commit comes down, and the report says so.
#[test]
fn a_server_that_cannot_serve_parts() {
    let old = Stage::new();
    let server = serve(&old, Access::Open);
    server.disable_protocol_v2();
    let url = server.url("gitops.git");
    old.release_to(&url).arg(old.argument()).run().success().stdout_has("does not support partial fetches");
    assert_eq!(old.remote.file("main", FILE), old.released().as_bytes());
    old.release_to(&url).args(["--dry-run", "--no-check", "IMAGE_PLACEHOLDER=*:v2"]).run().success();

    let unfiltered = Stage::new();
    unfiltered.remote.configure("uploadpack.allowFilter", "false");
    unfiltered.remote.commit("main", "Change by hand", &[File::new("README.md", "by hand\n")]);
    let output = unfiltered.release().arg(unfiltered.argument()).run().success();
    output.stdout_has("does not support partial fetches").says_nowhere("read only");
    assert_eq!(unfiltered.remote.file("main", FILE), unfiltered.released().as_bytes());
}

/// git's server can send all on side bands, which gix would ask for and not read.
#[test]
fn a_server_that_offers_side_bands_for_all() {
    let stage = Stage::new();
    stage.remote.configure("uploadpack.allowSidebandAll", "true");
    let server = serve(&stage, Access::Open);
    for (url, tag) in [(stage.remote.file_url(), "v2"), (server.url("gitops.git"), "v3")] {
        let release = stage.release_to(&url).args(["--no-check", &format!("IMAGE_PLACEHOLDER=*:{tag}")]);
        release.run().success().stdout_has("released").says_nowhere("trying again");
    }
}

/// A server may have partial fetches, and refuse a filter: the other one takes its place, and without both, the whole commit
/// comes down.
#[test]
fn a_server_that_refuses_filters() {
    for (refused, is_whole) in [(&["blob:none"][..], false), (&["tree"], false), (&["blob:none", "tree"], true)] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        stage.remote.refuse_filters(refused);
        let says = |output: &str| {
            let whole = output.contains("does not support partial fetches");
            assert_eq!((whole, output.contains("trying again")), (is_whole, false), "{refused:?}: {output}");
        };
        for (url, tag) in [(stage.remote.file_url(), "v2"), (server.url("gitops.git"), "v3")] {
            let release = stage.release_to(&url).args(["--no-check", &format!("IMAGE_PLACEHOLDER=*:{tag}")]);
            says(&release.run().success().stdout());
            assert_eq!(stage.remote.log("main").len(), if tag == "v2" { 2 } else { 3 });
        }
        // A checkout has the tip, and not the commits before it.
        let checkout = Checkout::shallow(&stage.remote.file_url());
        let release = tagship().home(&stage.home).current_dir(checkout.path()).args(["release", "-k", FOLDER]);
        let output = release.args(["--no-check", "IMAGE_PLACEHOLDER=*:v4"]).run().success();
        output.stdout_has("released").says_nowhere("trying again");
        assert_eq!(stage.remote.log("main").len(), 4);
    }
}

/// The variable is for a server that somebody started, and not for those that we start.
#[test]
fn a_version_of_the_protocol_in_the_environment() {
    let stage = Stage::new();
    for version in ["1", "2", "0"] {
        let release = stage.release().env("GIT_PROTOCOL", format!("version={version}"));
        let release = release.args(["--no-check", &format!("IMAGE_PLACEHOLDER=*:v{version}")]);
        release.run().success().stdout_has("released");
    }
}

#[test]
fn other_object_names_are_refused() {
    let home = Home::new();
    let path = home.path().join("gitops.git");
    Command::git().args(["init", "--quiet", "--bare", "--object-format=sha256"]).arg(&path).run().success();
    let release = tagship().home(&home).args(["release", "--no-check", "--branch", "main", "--repo"]).arg(&path);
    release.args(["a:v1"]).run().exit(3).stderr_has("its objects are not named by SHA-1");
    let checkout = home.path().join("checkout");
    Command::git().args(["init", "--quiet", "--object-format=sha256"]).arg(&checkout).run().success();
    let release = tagship().home(&home).current_dir(&checkout).args(["release", "--no-check", "a:v1"]);
    release.run().exit(3).stderr_has("`.` cannot be used: its objects are not named by SHA-1");
}

#[test]
fn over_ssh() {
    let Some(sshd) = Sshd::start() else { return };
    let stage = Stage::new();
    let url = sshd.url(stage.remote.path());
    let release = |command: String| stage.release_to(&url).env("GIT_SSH_COMMAND", command).arg(stage.argument()).run();
    release(sshd.client_command_without_key()).exit(5).stderr_has("does not accept the key").stderr_has("  ssh: ");
    stage.untouched();
    release(sshd.client_command()).success();
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
    let absent = sshd.url(std::path::Path::new("/nowhere.git"));
    let release = stage.release_to(&absent).env("GIT_SSH_COMMAND", sshd.client_command()).arg(stage.argument());
    release.run().exit(5).stderr_has("  ssh: fatal: '/nowhere.git' does not appear to be a git repository\n");
}

/// sshd turns connections away if many begin at once. Then they are made again; a host that is not known is not asked for again.
#[test]
fn a_host_of_ssh_that_turns_connections_away() {
    let Some(sshd) = Sshd::start() else { return };
    let stage = Stage::new();
    let release = |turned_away: u32, words: &str| {
        let home = Home::new();
        let client = home.path().join("client");
        let tries: String =
            (0..turned_away).map(|number| format!("{} ", home.path().join(number.to_string()).display())).collect();
        let script = format!(
            "#!/bin/sh\nfor try in {tries}; do mkdir $try 2>/dev/null && {{ echo '{words}' >&2; exit 255; }}; done\nexec {} \"$@\"\n",
            sshd.client_command()
        );
        write_script(&client, &script);
        let release = stage.release_to(&sshd.url(stage.remote.path())).env("GIT_SSH", client);
        release.env("GIT_SSH_VARIANT", "ssh").args(["--no-check", "--branch", "main", "IMAGE_PLACEHOLDER=*:v2"]).run()
    };
    let reset = "kex_exchange_identification: read: Connection reset by peer";
    release(3, reset).success().stdout_has("released");
    for (times, words) in [(100, reset), (1, "ssh: Could not resolve hostname h: Name or service not known")] {
        release(times, words).exit(6).stderr_has(words);
    }
}

/// Nothing tells which options a client knows that is not there, and none is to blame.
#[test]
fn a_client_of_ssh_that_is_not_there() {
    let stage = Stage::new();
    for url in ["ssh://git@host.example/repo.git", "ssh://git@host.example:2222/repo.git"] {
        for (client, told) in [
            ("/nonexistent", "error: cannot start `/nonexistent`: No such file or directory"),
            ("/nonexistent -v", "error: a program on the way to host.example"),
        ] {
            let release = stage.release_to(url).env("GIT_SSH_COMMAND", client).args(["--no-check", "--branch", "main"]);
            let output = release.arg(stage.argument()).run().exit(1);
            output.stderr_has(told).stderr_has("GIT_SSH_COMMAND`");
        }
    }
}

#[test]
fn over_ssh_with_the_checkouts_own_command() {
    let Some(sshd) = Sshd::start() else { return };
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    checkout.git(["remote", "set-url", "origin", &sshd.url(stage.remote.path())]).run().success();
    checkout.git(["config", "core.sshCommand", &sshd.client_command()]).run().success();
    release_in(&checkout, &stage.home, &stage).run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

/// What answers is there, and is no git server, or one of the time before servers had a part in it.
#[test]
fn what_does_not_speak_git() {
    let page = Response::new(200).header("Content-Type", "text/html; charset=utf-8").body(b"<h1>Sign in</h1>");
    let files = Response::text(200, "fdafd7008d04c2a2286676b92a87fd85aa9b682a\trefs/heads/main\n");
    let nothing = Response::new(200);
    for (answer, expected) in [
        (page, "a web page answered, and no git server"),
        (files, "it serves files only"),
        (nothing, "the server that answered is no git server"),
    ] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        server.inject("GET /gitops.git/info/refs", ALWAYS, Fault::Answer(answer));
        for flags in [&[][..], &["--dry-run"]] {
            let release = stage.release_to(&server.url("gitops.git")).args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]);
            let output = release.args(flags.iter().copied()).run().exit(3);
            output.stderr_has(expected).stderr_has("hint: check the URL: is it the one to clone from?");
        }
        stage.untouched();
    }
}
