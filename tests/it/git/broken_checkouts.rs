//! Checkouts with a file that this user may not read, or that is broken: never taken for an empty one.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::release_in;
use crate::stage::{FILE, FOLDER, Stage, tagship};
use crate::support::command::{Command, Output, is_root};
use crate::support::repository::{Checkout, File};

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
    for name in ["config", "packed-refs", "HEAD"] {
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

/// A power loss leaves such files. What is wrong is told, and is no detached HEAD and no branch without commits.
#[test]
fn references_that_are_broken() {
    let zeros = [0; 41];
    for (name, text) in [
        ("HEAD", &b"garbage\n"[..]),
        ("HEAD", b""),
        ("refs/heads/main", b""),
        ("refs/heads/main", &zeros),
        ("refs/heads/main", b"garbage\n"),
    ] {
        let stage = Stage::new();
        let checkout = Checkout::shallow(&stage.remote.file_url());
        std::fs::write(checkout.path().join(".git").join(name), text).unwrap();
        for no_push in [&[][..], &["--no-push"]] {
            let output: Output = release_in(&checkout, &stage.home, &stage).args(no_push).run();
            println!("{name} {text:?} {no_push:?}: {}", output.stderr());
            output.exit(3).stderr_has("/.git` cannot be used: HEAD cannot be read: ").stderr_has("`--repo`");
        }
        stage.untouched();
    }
}

/// No reference is there for a user that may not look.
#[test]
fn references_that_may_not_be_read() {
    if !is_root() {
        return;
    }
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    give_away(&[checkout.path(), stage.remote.path(), stage.home.path()]);
    set_mode(&checkout.path().join(".git/refs"), 0);
    for no_push in [&[][..], &["--no-push"]] {
        let release = tagship().home(&stage.home).current_dir(checkout.path().join(FOLDER));
        let release = release.args(["release", "--no-check", "IMAGE_PLACEHOLDER=*:v2"]).args(no_push);
        let output = release.behind(NOBODY).run().exit(3);
        output.stderr_has("HEAD cannot be read: ").stderr_has("Permission denied");
    }
    set_mode(&checkout.path().join(".git/refs"), 0o755);
    stage.untouched();
}

#[test]
fn a_commit_that_is_lost() {
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    std::fs::write(checkout.path().join(".git/refs/heads/main"), format!("{:040}\n", 1)).unwrap();
    let output = release_in(&checkout, &stage.home, &stage).arg("--no-push").run().exit(3);
    output.stderr_has("the checkout cannot be used: it lacks objects that the release reads");
}

/// `git checkout -b refs/heads/main` makes a branch with that short name, beside `main`.
#[test]
fn a_branch_with_the_name_of_another_one_in_full() {
    for name in ["refs/heads/main", "refs/heads/y"] {
        let stage = Stage::new();
        let checkout = Checkout::shallow(&stage.remote.file_url());
        let full = format!("refs/heads/{name}");
        checkout.git(["update-ref", &full, "HEAD"]).run().success();
        checkout.git(["symbolic-ref", "HEAD", &full]).run().success();
        checkout.git(["push", "--quiet", "origin", &format!("HEAD:{full}")]).run().success();
        let before = stage.remote.git(["rev-parse", &full]).run().success().stdout();
        for flags in [&[][..], &["--no-push"], &["--create-branch"]] {
            let output = release_in(&checkout, &stage.home, &stage).args(flags).run().exit(3);
            output.stderr_has(&format!("`{full}` is checked out, which is no name for a release branch"));
        }
        stage.untouched();
        release_in(&checkout, &stage.home, &stage).args(["--branch", "main"]).run().success();
        assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
        assert_eq!(stage.remote.git(["rev-parse", &full]).run().success().stdout(), before);
        assert_eq!(checkout.head(), before.trim());
    }
}

/// `git replace` shows another commit or tree in the place of the one that the release is made on. git takes index and files
/// from what is shown, so HEAD on the release would be a staged change back of all that differs.
#[test]
fn a_checkout_in_which_the_tip_is_replaced_is_left_alone() {
    for name in ["HEAD", "HEAD^{tree}", "HEAD:4-gitops"] {
        let stage = Stage::new();
        let file = File::new("4-gitops/other", "x\n");
        stage.remote.commit("main", "Another file", &[file]);
        let checkout = Checkout::clone_with(&stage.remote.file_url(), &[]);
        let id = |name: &str| checkout.git(["rev-parse", name]).run().success().stdout().trim().to_owned();
        let other = name.replace("HEAD", "HEAD~");
        checkout.git(["replace", &id(name), &id(&other)]).run().success();
        checkout.git(["reset", "--quiet", "--hard"]).run().success();
        let state = || (checkout.head(), checkout.status(), checkout.read(FILE));
        let before = state();
        let output = release_in(&checkout, &stage.home, &stage).arg("--no-push").run().exit(3);
        output
            .stderr_has("the checkout cannot take the commit: `git replace` shows something else in the place of ")
            .stderr_has("hint: `git replace --delete` ends that");
        assert_eq!(state(), before);
        let output = release_in(&checkout, &stage.home, &stage).run().success();
        output.stdout_has("the checkout was left as it is: `git replace` shows something else in the place of ");
        assert_eq!(state(), before);
        assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
    }
}

/// No other run is in the way, and the same command again ends in the same way.
#[test]
fn an_index_that_is_broken() {
    for length in [0, 5, 20, 100] {
        let stage = Stage::new();
        let checkout = Checkout::shallow(&stage.remote.file_url());
        let mut index = checkout.read(".git/index");
        index.truncate(length);
        checkout.write(".git/index", &index);
        let output = release_in(&checkout, &stage.home, &stage).arg("--no-push").run().exit(3);
        output
            .stderr_has("the checkout cannot take the commit: the index cannot be read: it is ")
            .stderr_has("hint: delete the index of the checkout, and let `git reset` write a new one");
        std::fs::remove_file(checkout.path().join(".git/index")).unwrap();
        checkout.git(["reset", "--quiet"]).run().success();
        release_in(&checkout, &stage.home, &stage).arg("--no-push").run().success();
    }
}
