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
        output
            .stderr_has("there is no branch `nowhere`")
            .stderr_has("hint: `--base` names the branch to start `prod` from");
    }
    release_to_prod(&stage, &url).args(["--base", "no..name"]).run().exit(2).stderr_has("`no..name` is not the name");
    let release = stage.release_to(&url).args(["--no-check", "--branch", "prod", "IMAGE_PLACEHOLDER=*:v2"]);
    release.clone().args(["--base", "main"]).run().exit(2).stderr_has("--create-branch");
    release
        .run()
        .exit(3)
        .stderr_has("there is no branch `prod`")
        .stderr_has("hint: check the name; `--create-branch` creates it from");
    assert_eq!(stage.remote.tip("prod"), None);
}

#[test]
fn an_empty_repository() {
    let empty = Remote::create("empty");
    let stage = Stage::new();
    let server = GitServer::start(empty.folder(), Access::Open);
    for url in [empty.file_url(), server.url("empty.git")] {
        let output = release_to_prod(&stage, &url).run().exit(3);
        output.stderr_has("has no default branch").stderr_has("in an empty repository, push a kustomization first");
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

/// The commits are on another branch than the one that HEAD names.
#[test]
fn a_default_branch_that_does_not_exist() {
    let stage = Stage::new();
    stage.remote.git(["symbolic-ref", "HEAD", "refs/heads/gone"]).run().success();
    let output = stage.release().arg(stage.argument()).run().exit(3);
    output.stderr_has("the default branch `gone` of ").stderr_has("hint: `--branch` names the release branch");
    stage.release().args(["--branch", "main"]).arg(stage.argument()).run().success();
}

/// A format of references that gix does not read: the release needs `--branch`, and the checkout does not follow.
#[test]
fn a_checkout_with_reftable() {
    let stage = Stage::new();
    let checkout = crate::support::repository::Checkout::shallow(&stage.remote.file_url());
    if checkout.git(["refs", "migrate", "--ref-format=reftable"]).run().code != Some(0) {
        // This git is too old to make one.
        return;
    }
    let release = |flags: &[&str]| {
        let release = super::release_in(&checkout, &stage.home, &stage).args(flags.iter().copied());
        release.run()
    };
    release(&[]).exit(3).stderr_has("such as reftable").stderr_has("hint: `--branch` names the release branch");
    release(&["--no-push"]).exit(3).stderr_has("such as reftable");
    release(&["--branch", "main"]).success();
}
