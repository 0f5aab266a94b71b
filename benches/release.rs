//! What a release costs in requests and bytes, against `git clone --depth 1`, commit and push, on growing repositories:
//! `cargo bench --bench release`. Requests and bytes are exact; times are those of one run on loopback.
#![allow(clippy::print_stdout, reason = "it prints a table")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use support::command::{Command, Home};
use support::git_server::{Access, GitServer};
use support::repository::Remote;

const FOLDER: &str = "clusters/07/apps/0000";

fn main() {
    println!("{:<28}{:>8}{:>12}{:>12}{:>10}", "files, way", "requests", "bytes up", "bytes down", "time");
    for files in [100, 10_000, 100_000] {
        let remote = Remote::create("gitops");
        remote.fill(files, 20);
        let server = GitServer::start(remote.folder(), Access::Open);
        let url = server.url("gitops.git");
        measure(&server, &format!("{files}, tagship"), || {
            let release = Command::tagship(env!("CARGO_BIN_EXE_tagship"));
            release.args(["release", "--no-check", "-q", "--repo", &url, "-k", FOLDER, "app=*:v100"]).run().success();
        });
        measure(&server, &format!("{files}, clone and push"), || with_git(&url));
    }
}

fn with_git(url: &str) {
    let home = Home::new();
    let git = |arguments: &[&str]| {
        let git = Command::git().current_dir(home.path()).limit(Duration::from_secs(300));
        git.args(arguments.iter().copied()).run().success();
    };
    git(&["clone", "--quiet", "--depth=1", url, "clone"]);
    let edit = format!("s/newTag: .*/newTag: v200/;w clone/{FOLDER}/new");
    let file = format!("clone/{FOLDER}/kustomization.yaml");
    Command::new("sed").current_dir(home.path()).args(["-i", &edit, &file]).run().success();
    git(&["-C", "clone", "commit", "--quiet", "--all", "--message=Release"]);
    git(&["-C", "clone", "push", "--quiet"]);
}

fn measure(server: &GitServer, way: &str, work: impl FnOnce()) {
    server.requests();
    let begun = Instant::now();
    work();
    let time = begun.elapsed();
    let requests = server.requests();
    let sum = |bytes: fn(&support::http::LoggedRequest) -> usize| {
        requests.iter().map(|request| bytes(&request.logged)).sum::<usize>()
    };
    let (up, down) = (sum(|request| request.received), sum(|request| request.sent));
    println!("{way:<28}{:>8}{up:>12}{down:>12}{:>7} ms", requests.len(), time.as_millis());
}
