//! Release branches that do not exist yet, and where they begin.

use super::{lines, serve};
use crate::stage::{FILE, SEED, Stage};
use crate::support::command::Command;
use crate::support::git_server::{Access, GitServer};
use crate::support::repository::{File, Remote};

/// A release to a branch that does not exist.
fn release_to_prod(stage: &Stage, url: &str) -> Command {
    stage.release_to(url).args(["--no-check", "--branch", "prod", "--create-branch", "IMAGE_PLACEHOLDER=*:v2"])
}

#[test]
fn a_new_branch_begins_at_its_base() {
    let stage = Stage::new();
    let staged = SEED.replace("resources:", "namePrefix: staging-\nresources:");
    let base = stage.remote.commit("staging", "Stage", &[File::new(FILE, &staged)]);
    let server = serve(&stage, Access::Open);
    let url = server.url("gitops.git");
    release_to_prod(&stage, &url).run().success();
    let at_default = lines(&server);
    assert_eq!(stage.remote.log("prod")[0].parents, [stage.remote.tip("main").unwrap()]);

    stage.remote.git(["branch", "-D", "prod"]).run().success();
    release_to_prod(&stage, &url).args(["--base", "staging", "--dry-run"]).run().success();
    assert_eq!(stage.remote.tip("prod"), None);
    server.requests();
    release_to_prod(&stage, &url).args(["--base", "staging"]).run().success();
    assert_eq!(lines(&server), at_default, "another base costs nothing more");
    assert_eq!(stage.remote.log("prod")[0].parents, std::slice::from_ref(&base));
    assert_eq!(stage.remote.changed_paths("staging", "prod"), [FILE]);
    assert!(String::from_utf8(stage.remote.file("prod", FILE)).unwrap().contains("namePrefix: staging-"));

    let again = release_to_prod(&stage, &url).args(["--base", "main"]);
    again.run().success().stdout_has("unchanged");
    assert_eq!(stage.remote.log("prod")[0].parents, [base], "a branch that exists stays where it is");
}

#[test]
fn a_base_that_is_missing_or_not_asked_for() {
    let stage = Stage::new();
    let url = stage.remote.file_url();
    for flags in [&["--base", "nowhere"][..], &["--base", "nowhere", "--dry-run"]] {
        let output = release_to_prod(&stage, &url).args(flags.iter().copied()).run().exit(3);
        output.stderr_has("there is no branch `nowhere`").stderr_has("hint: `--base` names where `prod` is to begin");
    }
    release_to_prod(&stage, &url).args(["--base", "no..name"]).run().exit(2).stderr_has("`no..name` is not the name");
    let release = stage.release_to(&url).args(["--no-check", "--branch", "prod", "IMAGE_PLACEHOLDER=*:v2"]);
    release.clone().args(["--base", "main"]).run().exit(2).stderr_has("--create-branch");
    release.run().exit(3).stderr_has("there is no branch `prod`").stderr_has("hint: `--create-branch` begins it");
    assert_eq!(stage.remote.tip("prod"), None);
}

#[test]
fn an_empty_repository() {
    let empty = Remote::create("empty");
    let stage = Stage::new();
    let server = GitServer::start(empty.folder(), Access::Open);
    for url in [empty.file_url(), server.url("empty.git")] {
        let output = release_to_prod(&stage, &url).run().exit(3);
        output.stderr_has("has no commits").stderr_has("hint: a release edits a kustomization that is there");
    }
}

#[test]
fn a_new_branch_with_nothing_to_commit() {
    let stage = Stage::new();
    let release = stage.release().args(["--no-check", "--branch", "prod", "--create-branch"]);
    let release = release.arg("IMAGE_PLACEHOLDER=*:b15411f387bb2a2286676b92a87fd85aa9b682a5");
    release.run().success().stdout_has("unchanged: `IMAGE_PLACEHOLDER` already is");
    assert_eq!(stage.remote.tip("prod"), None);
}
