//! Checkouts with a file that this user may not read, or that is broken: never taken for an empty one.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::release_in;
use crate::stage::{FOLDER, Stage, tagship};
use crate::support::command::{Command, Output, is_root};
use crate::support::repository::Checkout;

/// A user that owns nothing.
const NOBODY: &[&str] = &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Lets another user write to these folders and what is in them.
fn give_away(paths: &[&Path]) {
    Command::new("chown").args(["-R", "65534:65534"]).args(paths).run().success();
}

/// git ends with 128 for each.
#[test]
fn a_file_of_the_repository_that_may_not_be_read() {
    if !is_root() {
        return;
    }
    for name in ["config", "packed-refs"] {
        let stage = Stage::new();
        let checkout = Checkout::shallow(&stage.remote.file_url());
        checkout.git(["config", "commit.gpgSign", "true"]).run().success();
        checkout.git(["pack-refs", "--all"]).run().success();
        give_away(&[checkout.path(), stage.remote.path(), stage.home.path()]);
        let path = checkout.path().join(".git").join(name);
        Command::new("chown").arg("0:0").arg(&path).run().success();
        set_mode(&path, 0o600);
        for no_push in [&[][..], &["--no-push"]] {
            let release = tagship().home(&stage.home).current_dir(checkout.path().join(FOLDER));
            let release = release.args(["release", "--no-check", "IMAGE_PLACEHOLDER=*:v2"]).args(no_push);
            let output = release.behind(NOBODY).run().exit(3);
            output
                .stderr_has(&format!("/.git/{name}` cannot be read: Permission denied"))
                .stderr_has("hint: let this user read");
        }
        stage.untouched();
    }
}

#[test]
fn a_configuration_or_packed_references_that_are_broken() {
    for (name, text, why) in [
        ("config", "[include]\npath = config\n", "include"),
        ("config", "[core]\nrepositoryFormatVersion = x\n", "repositoryFormatVersion"),
        ("config", "[core]\nworktree =\n", "worktree"),
        ("packed-refs", "# pack-refs with: peeled sorted \nno reference\n", "packed-refs"),
    ] {
        let stage = Stage::new();
        let checkout = Checkout::shallow(&stage.remote.file_url());
        let path = checkout.path().join(".git").join(name);
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        std::fs::write(&path, format!("{before}{text}")).unwrap();
        for no_push in [&[][..], &["--no-push"]] {
            let output: Output = release_in(&checkout, &stage.home, &stage).args(no_push).run();
            println!("{name} {text:?} {no_push:?}: {}", output.stderr());
            output.exit(3).stderr_has("cannot be used").stderr_has(why);
        }
        stage.untouched();
    }
}

/// A container may have the home of root and another user. git warns, and goes on.
#[test]
fn a_home_that_may_not_be_read() {
    if !is_root() {
        return;
    }
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    give_away(&[checkout.path(), stage.remote.path()]);
    stage.home.write(".config/git/attributes", "");
    set_mode(stage.home.path(), 0o700);
    let release = |tag: &str| {
        let release = tagship().home(&stage.home).current_dir(checkout.path().join(FOLDER));
        let release = release.args(["release", "--no-check", &format!("IMAGE_PLACEHOLDER=*:{tag}")]);
        release.env("TMPDIR", "/tmp").behind(NOBODY)
    };
    release("v2").run().success().says_nowhere("left as it is");
    let head = checkout.git(["-c", "safe.directory=*", "rev-parse", "HEAD"]).run().success().stdout();
    assert_eq!(head.trim(), stage.remote.tip("main").unwrap());
    release("v3").arg("--no-push").run().success();
}
