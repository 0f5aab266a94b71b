//! The history of an entry in a large file that is released for others: all its versions together take more memory than there is
//! for them, and are read a part at a time.

use super::serve;
use crate::stage::{Stage, tagship};
use crate::support::command::Command;
use crate::support::git_server::Access;
use crate::support::repository::{Checkout, File};

const FOLDER: &str = "apps";
const FILE: &str = "apps/kustomization.yaml";

/// How often `api` was released since `web` was, and the bytes of the file each time.
const RELEASES: usize = 90;
const SIZE: usize = 1 << 20;

/// In bytes. A debug build needs some more for itself than a release build.
const MOST_MEMORY: u64 = 100_000_000;

/// Returns a repository in which `web` was released, and `api` many times after it.
fn stage() -> Stage {
    stage_of(RELEASES)
}

fn stage_of(releases: usize) -> Stage {
    let stage = Stage::new();
    let comment = format!("# {}\n", "x".repeat(SIZE));
    let version = |web: usize, api: usize| {
        let entries = format!("images:\n- name: web\n  newTag: v{web}\n- name: api\n  newTag: v{api}\n");
        File::new(FILE, entries + &comment)
    };
    stage.remote.commit_each("main", "Release", (0..releases).map(|number| version(number.min(1), number)));
    stage
}

/// Runs a command, which must stay below the bound.
#[track_caller]
fn read(command: Command) -> String {
    let (output, peak) = command.start().finish_with_peak();
    let output = output.success();
    assert!(peak > 0 && peak < MOST_MEMORY, "{peak} bytes");
    output.stdout().clone()
}

#[track_caller]
fn log_and_rollback(command: impl Fn() -> Command) {
    let log = read(command().args(["log", "--output", "json", "-k", FOLDER, "web"]));
    assert!(log.contains(r#""tag":"v1""#) && log.contains(r#""tag":"v0""#), "{log}");
    let rollback = read(command().args(["rollback", "--no-check", "--dry-run", "-k", FOLDER, "web"]));
    assert!(rollback.contains("-  newTag: v1\n+  newTag: v0"), "{rollback}");
}

#[test]
fn from_a_server() {
    let stage = stage();
    log_and_rollback(|| stage.tagship().env("TAGSHIP_REPO", stage.remote.file_url()));
}

#[test]
fn from_a_checkout() {
    let stage = stage();
    let checkout = Checkout::clone_with(&stage.remote.file_url(), &[]);
    log_and_rollback(|| tagship().home(&stage.home).current_dir(checkout.path()));
}

/// A server without partial fetches sends whole commits, and as many as there is memory for count.
#[test]
fn from_a_server_without_partial_fetches() {
    let stage = stage();
    stage.remote.configure("uploadpack.allowFilter", "false");
    let command = || stage.tagship().env("TAGSHIP_REPO", stage.remote.file_url());
    let log = read(command().args(["log", "-k", FOLDER, "api", "--limit", "100"]));
    assert!(log.contains("searched the newest 50 commits only") && log.contains("v89"), "{log}");
    let output = command().args(["rollback", "--no-check", "-k", FOLDER, "web"]).run().exit(3);
    output.stderr_has("searched the newest 50 commits only");
}

/// The whole commit takes more than half of the memory that there is, and would come with every older one again: it comes once.
#[test]
fn a_large_commit_from_a_server_without_partial_fetches() {
    let stage = stage_of(1);
    let text = "x".repeat(SIZE);
    let large: Vec<_> =
        (0..30).map(|number| File::new(&format!("large/{number}"), format!("{number}{text}"))).collect();
    stage.remote.commit("main", "Add large files", &large);
    stage.remote.configure("uploadpack.allowFilter", "false");
    let server = serve(&stage, Access::Open);
    let command = || stage.tagship().env("TAGSHIP_REPO", server.url("gitops.git"));
    let log = read(command().args(["log", "-k", FOLDER, "api"]));
    assert!(log.contains("searched the newest commit only"), "{log}");
    assert_eq!(server.fetches(), 2, "the tips, and the commit");
}
