//! What the commit is made of.

use super::release_in;
use crate::stage::{SEED, Stage};
use crate::support::command::Command;
use crate::support::repository::{Checkout, File};
use crate::support::servers::installed;

/// Equal overlays are one object to git, and a server that checks objects refuses a pack that has one twice.
#[test]
fn equal_files_go_into_one_commit() {
    for limit in ["1", "100"] {
        let stage = Stage::new();
        stage.remote.configure("receive.unpackLimit", limit);
        let files = ["dev", "staging"].map(|name| File::new(&format!("{name}/kustomization.yaml"), SEED));
        stage.remote.commit("main", "Add overlays", &files);
        let url = stage.remote.file_url();
        let release = stage.tagship().args(["release", "--repo", &url, "-k", "dev", "-k", "staging"]);
        release.arg(stage.argument()).run().success();
        stage.remote.fsck();
        for name in ["dev", "staging"] {
            let file = stage.remote.file("main", &format!("{name}/kustomization.yaml"));
            assert_eq!(file, stage.released().as_bytes());
        }
    }
}

#[test]
fn a_new_branch_with_nothing_to_commit() {
    let stage = Stage::new();
    let release = stage.release().args(["--no-check", "--branch", "prod", "--create-branch"]);
    let release = release.arg("IMAGE_PLACEHOLDER=*:b15411f387bb2a2286676b92a87fd85aa9b682a5");
    release.run().exit(3).stderr_has("there is nothing to commit on it");
    assert_eq!(stage.remote.tip("prod"), None);
}

#[test]
fn push_options_reach_the_server() {
    let stage = Stage::new();
    stage.remote.hook("post-receive", "echo \"$GIT_PUSH_OPTION_COUNT $GIT_PUSH_OPTION_0\" > options");
    stage.release().args(["--push-option", "ci.skip"]).arg(stage.argument()).run().success();
    assert_eq!(std::fs::read_to_string(stage.remote.path().join("options")).unwrap(), "1 ci.skip\n");
    stage.remote.configure("receive.advertisePushOptions", "false");
    let release = stage.release().args(["--push-option", "x", "--no-check", "IMAGE_PLACEHOLDER=*:v2"]);
    release.run().success().stdout_has("takes no push options, so they were left out");
}

#[test]
fn commits_are_signed_where_git_is_told_to() {
    let Some(keygen) = installed("ssh-keygen") else { return };
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    let key = stage.home.path().join("key");
    Command::new(keygen).args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).run().success();
    let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    let allowed = stage.home.write("allowed_signers", &format!("releaser@example.org {public}"));
    for (name, value) in [
        ("commit.gpgSign", "true"),
        ("gpg.format", "ssh"),
        ("user.signingKey", &key.display().to_string()),
        ("user.name", "Releaser"),
        ("user.email", "releaser@example.org"),
    ] {
        checkout.git(["config", name, value]).run().success();
    }
    release_in(&checkout, &stage.home, &stage).run().success();
    let allowed = format!("gpg.ssh.allowedSignersFile={}", allowed.display());
    let verified = stage.remote.git(["-c", &allowed, "verify-commit", "main"]).run().success();
    verified.stderr_has("Good \"git\" signature for releaser@example.org");
    stage.remote.fsck();

    checkout.git(["config", "user.signingKey", "/nowhere"]).run().success();
    let release = release_in(&checkout, &stage.home, &stage).args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]);
    release.run().exit(1).stderr_has("the commit cannot be signed");
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}
