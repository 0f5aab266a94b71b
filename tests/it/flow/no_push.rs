//! `release --no-push`: a commit in the checkout, on what is checked out there; no server is asked.

use serde_json::Value;

use super::git;
use crate::pipeline::document;
use crate::stage::{FILE, FOLDER, SEED, Stage, tagship};
use crate::support::command::{Command, is_root, write_script};
use crate::support::git_server::{Access, GitServer};
use crate::support::repository::{Checkout, File};

fn shallow(stage: &Stage) -> Checkout {
    Checkout::shallow(&stage.remote.file_url())
}

fn commit(stage: &Stage, checkout: &Checkout) -> Command {
    let release = tagship().home(&stage.home).current_dir(checkout.path()).args(["release", "--no-push", "-k", FOLDER]);
    release.arg(stage.argument())
}

#[test]
fn a_commit_that_stays_here() {
    let stage = Stage::new();
    let server = GitServer::start(stage.remote.folder(), Access::Open);
    let checkout = shallow(&stage);
    git(&checkout, &["remote", "set-url", "origin", &server.url("gitops.git")]);
    let parent = checkout.head();
    let output = commit(&stage, &checkout).args(["--output", "json"]).run().success();
    let document = document(&output);
    assert_eq!(document["outcome"], "released");
    assert_eq!((&document["pushed"], &document["changed"]), (&Value::from(false), &Value::from(true)));
    assert_eq!((&document["branch"], &document["commit"]), (&Value::from("main"), &Value::from(checkout.head())));
    assert_eq!(document["parent"], parent);
    assert!(server.requests().is_empty());
    stage.untouched();
    assert_eq!(checkout.read(FILE), stage.released().as_bytes());
    assert_eq!(git(&checkout, &["status", "--porcelain", "--branch"]), "## main...origin/main [ahead 1]\n");
    git(&checkout, &["fsck", "--strict", "--no-dangling"]);
    git(&checkout, &["push", "--quiet"]);
    assert_eq!(stage.remote.log("main")[0].parents, [parent]);
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
}

/// A second one goes on top of the first, wherever the remote is, and needs no remote.
#[test]
fn what_is_checked_out_is_the_parent() {
    for detach in [false, true] {
        let stage = Stage::new();
        let checkout = shallow(&stage);
        git(&checkout, &["remote", "remove", "origin"]);
        if detach {
            checkout.detach();
        }
        let output = commit(&stage, &checkout).run().success();
        assert!(output.stdout().ends_with("\ncommitted; nothing was pushed\n"), "{}", output.stdout());
        assert!(output.stdout().contains("\n commit  ") && !output.stdout().contains(" push "), "{}", output.stdout());
        let first = checkout.head();
        let second = commit(&stage, &checkout).args(["--no-check", "IMAGE_PLACEHOLDER=*:v2", "--output", "json"]);
        let document = document(&second.run().success());
        assert_eq!(document["branch"], if detach { Value::Null } else { Value::from("main") });
        assert_eq!(git(&checkout, &["rev-parse", "HEAD^"]).trim(), first);
        assert_eq!(checkout.status(), "");
        commit(&stage, &checkout)
            .args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"])
            .run()
            .success()
            .stdout_has("unchanged");
    }
}

/// A branch may be another name of one: git commits to that one, and pushes it.
#[test]
fn a_branch_that_is_symbolic() {
    for push in [false, true] {
        let stage = Stage::new();
        let checkout = shallow(&stage);
        git(&checkout, &["symbolic-ref", "refs/heads/cur", "refs/heads/main"]);
        git(&checkout, &["symbolic-ref", "HEAD", "refs/heads/cur"]);
        let parent = checkout.head();
        let release = tagship().home(&stage.home).current_dir(checkout.path()).args(["release", "-k", FOLDER]);
        let release = release.args((!push).then_some("--no-push")).arg(stage.argument());
        release.run().success();
        assert_eq!(git(&checkout, &["rev-parse", "main^"]).trim(), parent);
        assert_eq!(checkout.head(), git(&checkout, &["rev-parse", "main"]).trim());
        assert_eq!(git(&checkout, &["symbolic-ref", "refs/heads/cur"]).trim(), "refs/heads/main");
        assert_eq!(git(&checkout, &["symbolic-ref", "--no-recurse", "HEAD"]).trim(), "refs/heads/cur");
        assert_eq!(checkout.status(), "");
        assert_eq!(stage.remote.number_of_commits("main"), if push { 2 } else { 1 });
    }
}

#[test]
fn a_look_before() {
    let stage = Stage::new();
    let checkout = shallow(&stage);
    let parent = checkout.head();
    let output = commit(&stage, &checkout).arg("--dry-run").run().success();
    output.stdout_has("+  newTag: fdafd7008d04").stdout_has("dry run: nothing was pushed");
    assert_eq!(checkout.head(), parent);
    assert_eq!(checkout.status(), "");
}

/// What is in the way is told before anything has changed, and by a dry run too.
#[test]
fn what_is_in_the_way_fails_it() {
    let stage = Stage::new();
    let fails = |make: fn(&Checkout), told: &str| {
        let checkout = shallow(&stage);
        make(&checkout);
        let state = || (checkout.head(), checkout.status(), checkout.read(FILE));
        let before = state();
        for commit in [commit(&stage, &checkout).arg("--dry-run"), commit(&stage, &checkout)] {
            commit.run().exit(3).stderr_has("the checkout cannot take the commit").stderr_has(told);
            assert_eq!(state(), before);
        }
    };
    fails(|checkout| checkout.write(FILE, b"mine\n"), "has uncommitted changes\n  hint: commit these changes first");
    fails(
        |checkout| {
            checkout.write(FILE, b"mine\n");
            git(checkout, &["add", FILE]);
            checkout.write(FILE, SEED.as_bytes());
        },
        "has uncommitted changes",
    );
    fails(
        |checkout| checkout.write(".git/MERGE_HEAD", format!("{}\n", checkout.head()).as_bytes()),
        "is not finished there\n  hint: finish it, or abort it",
    );
}

/// A run that was killed leaves the file written, or staged too. What it would become is there then, so nothing is lost.
#[test]
fn a_file_that_is_as_released_already_is_not_in_the_way() {
    for staged in [false, true] {
        for push in [false, true] {
            let stage = Stage::new();
            let checkout = shallow(&stage);
            checkout.write(FILE, stage.released().as_bytes());
            if staged {
                git(&checkout, &["add", FILE]);
            }
            let release = tagship().home(&stage.home).current_dir(checkout.path()).args(["release", "-k", FOLDER]);
            release.args((!push).then_some("--no-push")).arg(stage.argument()).run().success();
            assert_eq!(checkout.status(), "");
            assert_eq!(checkout.read(FILE), stage.released().as_bytes());
            let ahead = git(&checkout, &["rev-list", "--count", "origin/main..HEAD"]);
            assert_eq!(ahead, if push { "0\n" } else { "1\n" });
            git(&checkout, &["fsck", "--strict", "--no-dangling"]);
        }
    }
    // What is staged is the release, and what is on disk is not.
    let stage = Stage::new();
    let checkout = shallow(&stage);
    checkout.write(FILE, stage.released().as_bytes());
    git(&checkout, &["add", FILE]);
    checkout.write(FILE, SEED.as_bytes());
    commit(&stage, &checkout).run().exit(3).stderr_has("has uncommitted changes");
}

/// Another git may be at work, or have left its lock behind.
#[test]
fn a_lock_is_a_lost_race() {
    for (lock, told) in [("refs/heads/main.lock", "HEAD cannot be moved"), ("index.lock", "the index cannot be locked")]
    {
        let stage = Stage::new();
        let checkout = shallow(&stage);
        let before = (checkout.head(), checkout.read(FILE));
        checkout.write(&format!(".git/{lock}"), b"");
        let output = commit(&stage, &checkout).run().exit(7).stderr_has(told);
        output.stderr_has(&format!("{lock}` is there already; delete it if no other git is at work"));
        assert_eq!((checkout.head(), checkout.read(FILE)), before);
    }
}

/// git does not write `packed-refs` for a commit or a push, so a lock of it is not in the way. Logs say the same as without one.
#[test]
fn a_lock_of_packed_references_is_not_in_the_way() {
    for push in [false, true] {
        let logs = [false, true].map(|locked| {
            let stage = Stage::new();
            let checkout = shallow(&stage);
            git(&checkout, &["pack-refs", "--all"]);
            if locked {
                checkout.write(".git/packed-refs.lock", b"");
            }
            let release = tagship().home(&stage.home).current_dir(checkout.path()).args(["release", "-k", FOLDER]);
            release.args((!push).then_some("--no-push")).arg(stage.argument()).run().success();
            assert_eq!(checkout.status(), "");
            assert_eq!(git(&checkout, &["rev-list", "--count", "origin/main..HEAD"]), if push { "0\n" } else { "1\n" });
            ["HEAD", "main", "origin/main"].map(|name| git(&checkout, &["reflog", "--format=%gd %gn %ge", name]))
        });
        assert_eq!(logs[0], logs[1]);
        assert!(logs[0][0].contains("HEAD@{0} "), "{logs:?}");
    }
}

/// Lets a signer run `script` in the checkout once: after the tip was read, and before the commit is there.
fn meanwhile(stage: &Stage, checkout: &Checkout, script: &str) {
    let signer = stage.home.path().join("signer");
    let (once, at) = (stage.home.path().join("once"), checkout.path().display());
    let script = format!(
        "#!/bin/sh\ncat >/dev/null\nif ! test -e '{once}'; then\n>'{once}'\ncd '{at}'\n\
         git() {{ command git -c user.name=n -c user.email=e@x -c commit.gpgSign=false \"$@\"; }}\n{script}\nfi >&2\n\
         echo '[GNUPG:] SIG_CREATED D' >&2\necho signature\n",
        once = once.display()
    );
    write_script(&signer, &script);
    let signer = signer.display().to_string();
    for (key, value) in [
        ("commit.gpgSign", "true"),
        ("gpg.program", &signer),
        ("user.name", "n"),
        ("user.email", "e@x"),
        ("user.signingKey", "key"),
    ] {
        git(checkout, &["config", key, value]);
    }
}

#[test]
fn a_commit_that_was_faster_is_built_upon() {
    const RIVAL: &str = "git commit --quiet --allow-empty -m Rival";
    let stage = Stage::new();
    let checkout = shallow(&stage);
    meanwhile(&stage, &checkout, RIVAL);
    let output = commit(&stage, &checkout).args(["--output", "json"]).run().success();
    let document = document(&output);
    assert_eq!((&document["outcome"], &document["attempts"]), (&Value::from("released"), &Value::from(2)));
    assert_eq!(git(&checkout, &["log", "--format=%s", "--max-count=1", "HEAD^"]), "Rival\n");
    assert_eq!(checkout.read(FILE), stage.released().as_bytes());
    assert_eq!(checkout.status(), "");

    let checkout = shallow(&stage);
    std::fs::remove_file(stage.home.path().join("once")).unwrap();
    meanwhile(&stage, &checkout, RIVAL);
    let output = commit(&stage, &checkout).args(["--attempts", "1"]).run().exit(7);
    output.stderr_has("error: lost the race for main\n");
    assert_eq!(git(&checkout, &["log", "--format=%s", "--max-count=1"]), "Rival\n");
}

/// The release was asked for on the branch that was checked out.
#[test]
fn another_branch_that_is_checked_out_meanwhile_gets_nothing() {
    let stage = Stage::new();
    let checkout = shallow(&stage);
    let script = "git checkout --quiet -b other && git commit --quiet --allow-empty -m Other";
    meanwhile(&stage, &checkout, script);
    let output = commit(&stage, &checkout).run().exit(7);
    output.stderr_has("main is no longer checked out").stderr_has("hint: run the same command again");
    assert_eq!(git(&checkout, &["log", "--format=%s", "--max-count=1"]), "Other\n");
}

/// Each waits for the locks of the others, and goes on top of them.
#[test]
fn several_at_once_in_one_checkout() {
    let stage = Stage::new();
    let names = ["a", "b", "c", "d"];
    let files = names.map(|name| File::new(&format!("{name}/kustomization.yaml"), SEED));
    stage.remote.commit("main", "Add overlays", &files);
    let checkout = shallow(&stage);
    let started = names.map(|name| {
        let release =
            tagship().home(&stage.home).current_dir(checkout.path()).args(["release", "--no-push", "-k", name]);
        release.args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]).start()
    });
    for running in started {
        running.finish().success();
    }
    for name in names {
        let text = String::from_utf8(checkout.read(&format!("{name}/kustomization.yaml"))).unwrap();
        assert!(text.contains("newTag: v2"), "{name}: {text}");
    }
    assert_eq!(checkout.status(), "");
    assert_eq!(git(&checkout, &["rev-list", "--count", "origin/main..HEAD"]), "4\n");
}

/// A container that ran git there before has left files of another user's. That is told before anything changes. A user that may
/// write everywhere runs the release as another user.
#[cfg(unix)]
#[test]
fn what_may_not_be_written_of_the_checkout() {
    let run = |program: &str, arguments: &[&str]| Command::new(program).args(arguments.iter().copied()).run().success();
    let wrapper: &[&str] =
        if is_root() { &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] } else { &[] };
    let log = "logs/refs/heads/main";
    let log_told = "logs/refs/heads/main` cannot be written: Permission denied (os error 13)\n";
    for (missing, path, told) in [
        ("", "logs/HEAD", "logs/HEAD` cannot be written: Permission denied (os error 13)\n"),
        ("", log, log_told),
        (log, "logs/refs/heads", log_told),
        ("logs/refs", "logs", log_told),
        (
            "",
            "refs/heads",
            "error: the checkout cannot take the commit: HEAD cannot be moved: Permission denied (os error 13)",
        ),
        (
            "",
            "",
            "error: the checkout cannot take the commit: the index cannot be locked: Permission denied (os error 13)",
        ),
    ] {
        let stage = Stage::new();
        let checkout = shallow(&stage);
        let git_dir = checkout.path().join(".git");
        if !missing.is_empty() {
            run("rm", &["-r", git_dir.join(missing).to_str().unwrap()]);
        }
        let unwritable = git_dir.join(path);
        run("chmod", &["a-w", unwritable.to_str().unwrap()]);
        run("chmod", &["a+rx", checkout.path().parent().unwrap().to_str().unwrap()]);
        let state = || {
            let read = |file: &str| std::fs::read(checkout.path().join(file)).unwrap();
            [".git/index", ".git/HEAD", ".git/refs/heads/main", FILE].map(read)
        };
        let before = state();
        if is_root() {
            run("chown", &["-R", "65534:65534", checkout.path().to_str().unwrap()]);
        }
        for flag in [Some("--dry-run"), None, None] {
            let output = commit(&stage, &checkout).args(flag).behind(wrapper).run().exit(3);
            output
                .stderr_has("error: the checkout cannot take the commit: ")
                .stderr_has(told)
                .stderr_has("hint: give this user the right to write the file and its folder");
            assert_eq!(state(), before);
        }
    }
}

/// No other target would help.
#[test]
fn a_full_disk_is_unexpected() {
    let stage = Stage::new();
    let many: Vec<_> = (0..200).map(|i| File::new(&format!("many/{i:03}"), "")).collect();
    stage.remote.commit("main", "Make the index large", &many);
    let checkout = shallow(&stage);
    let before = (checkout.head(), checkout.read(FILE));
    let limited = r#"trap "" XFSZ; ulimit -f 16; exec "$@""#;
    commit(&stage, &checkout)
        .behind(&["sh", "-c", limited, "sh"])
        .run()
        .exit(1)
        .stderr_has("the index cannot be written");
    assert_eq!((checkout.head(), checkout.read(FILE)), before);
    assert_eq!(checkout.status(), "");
}

#[test]
fn the_image_is_checked_all_the_same() {
    let stage = Stage::new();
    let checkout = shallow(&stage);
    let absent = tagship().home(&stage.home).current_dir(checkout.path()).args(["release", "-k", FOLDER]);
    let absent = absent.arg(format!("IMAGE_PLACEHOLDER={}:absent", stage.image())).env("TAGSHIP_NO_PUSH", "true");
    absent.run().exit(4);
    assert_eq!(checkout.head(), stage.remote.tip("main").unwrap());
    assert_eq!(checkout.status(), "");
}

#[test]
fn what_is_not_here_is_not_fetched() {
    let stage = Stage::new();
    let checkout = Checkout::clone_with(&stage.remote.file_url(), &["--filter=blob:none", "--no-checkout"]);
    commit(&stage, &checkout)
        .run()
        .exit(3)
        .stderr_has("the checkout cannot be used: it lacks objects that the release reads")
        .stderr_has("hint: leave out `--no-push`, or bring what is missing with `git fetch --refetch --no-filter`");
    git(&checkout, &["fetch", "--quiet", "--refetch", "--no-filter"]);
    let output = commit(&stage, &checkout).run().exit(3);
    output.stderr_has("hint: `git checkout` writes the files and the index");
    git(&checkout, &["checkout", "--quiet"]);
    commit(&stage, &checkout).run().success();
    let bare = Checkout::clone_with(&stage.remote.file_url(), &["--no-checkout"]);
    let output = commit(&stage, &bare).run().exit(3).stderr_has("the checkout cannot take the commit: it has no index");
    output.stderr_has("hint: `git checkout` writes the files and the index");
    let empty = Checkout::clone_with(&stage.remote.sibling("empty").file_url(), &[]);
    let output = commit(&stage, &empty).run().exit(3).stderr_has("main has no commits in the checkout");
    output.stderr_has("hint: commit the files there first, or leave out `--no-push`");
}

#[test]
fn what_makes_no_sense_with_it() {
    let stage = Stage::new();
    let checkout = shallow(&stage);
    let refused = |arguments: &[&str], told: &str| {
        commit(&stage, &checkout).args(arguments.iter().copied()).run().exit(2).stderr_has(told);
    };
    refused(&["--repo", &stage.remote.file_url()], "`--no-push` needs a checkout");
    refused(&["--branch", "prod"], "`prod` is not checked out");
    refused(&["--create-branch"], "cannot be used with");
    refused(&["--push-option", "x"], "cannot be used with");
    refused(&["--git-tag", "x"], "cannot be used with");
    checkout.detach();
    refused(&["--branch", "main"], "`main` is not checked out");
    assert_eq!(checkout.head(), stage.remote.tip("main").unwrap());
}

/// What is missing are the files of older commits, for the order of releases.
#[test]
fn what_a_partial_clone_lacks_of_older_commits_can_be_brought() {
    let stage = Stage::new();
    for tag in ["v1", "v2"] {
        stage.release().args(["--no-check", &format!("IMAGE_PLACEHOLDER=*:{tag}")]).run().success();
    }
    let checkout = Checkout::clone_with(&stage.remote.file_url(), &["--filter=blob:none"]);
    let release = || {
        let release =
            tagship().home(&stage.home).current_dir(checkout.path()).args(["release", "--no-push", "-k", FOLDER]);
        release.args(["--no-check", "IMAGE_PLACEHOLDER=*:v3"])
    };
    release().run().exit(3).stderr_has("`git fetch --refetch --no-filter`");
    git(&checkout, &["fetch", "--quiet", "--refetch", "--no-filter"]);
    release().run().success();
}

#[test]
fn a_file_that_goes_through_a_filter() {
    let stage = Stage::new();
    let checkout = shallow(&stage);
    std::fs::create_dir_all(checkout.path().join(".git/info")).unwrap();
    checkout.write(".git/info/attributes", b"kustomization.yaml ident\n");
    let output = commit(&stage, &checkout).run().exit(3);
    output.stderr_has("goes through a filter of git").stderr_has("hint: leave out `--no-push`");
}
