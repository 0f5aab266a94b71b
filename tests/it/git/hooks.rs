//! A release that a hook of git starts: the environment of a hook names the files of the hook's own repository.

use std::path::Path;

use crate::stage::{FILE, FOLDER, Stage, tagship};
use crate::support::command::write_script;
use crate::support::repository::Checkout;

/// Asserts that a checkout has the release in its files, its index and its HEAD.
#[track_caller]
fn has_release(checkout: &Checkout, stage: &Stage) {
    assert_eq!(checkout.read(FILE), stage.released().as_bytes());
    assert_eq!(checkout.status(), "");
}

/// The other checkout may be of another repository, or another work tree of the same one.
#[test]
fn a_hook_releases_into_another_checkout() {
    for linked in [false, true] {
        let stage = Stage::new();
        let target = Checkout::shallow(&stage.remote.file_url());
        let app = if linked { target.worktree("app") } else { Checkout::shallow(&stage.remote.file_url()) };
        let before = app.read(FILE);
        let git_dir = if linked { target.path().join(".git") } else { app.path().join(".git") };
        std::fs::create_dir_all(git_dir.join("hooks")).unwrap();
        let script = format!(
            "#!/bin/sh\nexec '{}' release --no-check --repo '{}' -k {FOLDER} {}\n",
            env!("CARGO_BIN_EXE_tagship"),
            target.path().display(),
            stage.argument()
        );
        let hook = git_dir.join("hooks/post-commit");
        write_script(&hook, &script);
        app.write("new", b"new\n");
        app.git(["add", "new"]).run().success();
        app.git(["commit", "--quiet", "-m", "Change the application"]).run().success();
        std::fs::remove_file(hook).unwrap();

        assert_eq!(target.head(), stage.remote.tip("main").unwrap());
        has_release(&target, &stage);
        assert_eq!(app.status(), "", "linked: {linked}");
        assert_eq!(app.read(FILE), before);
        target.write("next", b"next\n");
        target.git(["add", "next"]).run().success();
        target.git(["commit", "--quiet", "-m", "Next"]).run().success();
        let changed = target.git(["show", "--format=", "--name-only"]).run().success().stdout();
        assert_eq!(changed, "next\n", "the next commit reverts the release");
    }
}

/// These are the variables that `git rev-parse --local-env-vars` lists and that name files. `GIT_NAMESPACE` is for servers.
#[test]
fn the_flag_beats_each_variable_of_a_repository() {
    for (name, value) in [
        ("GIT_DIR", ".git"),
        ("GIT_WORK_TREE", ""),
        ("GIT_INDEX_FILE", ".git/index"),
        ("GIT_COMMON_DIR", ".git"),
        ("GIT_OBJECT_DIRECTORY", ".git/objects"),
        ("GIT_SHALLOW_FILE", ".git/shallow"),
        ("GIT_NAMESPACE", "space"),
    ] {
        println!("{name}");
        let stage = Stage::new();
        let target = Checkout::shallow(&stage.remote.file_url());
        let app = Checkout::shallow(&stage.remote.file_url());
        let value = if name == "GIT_NAMESPACE" { Path::new(value).to_owned() } else { app.path().join(value) };
        let release = tagship().home(&stage.home).current_dir(app.path()).args(["release", "--no-check", "--no-push"]);
        let release = release.arg("--repo").arg(target.path()).args(["-k", FOLDER]).arg(stage.argument());
        release.env(name, value).run().success();
        has_release(&target, &stage);
        assert_eq!(app.status(), "");
    }
}
