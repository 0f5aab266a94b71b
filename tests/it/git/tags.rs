//! A tag on the release commit: both are made in one atomic request, or neither is.

use std::thread;

use serde_json::Value;

use super::{lines, release_in, serve};
use crate::pipeline::document;
use crate::stage::{COMMIT, FOLDER, Stage, tagship};
use crate::support::git_server::{Access, Fault};
use crate::support::repository::{Checkout, File, Remote};

/// Returns the object that a tag names; `None` if there is no such tag.
fn tag(remote: &Remote, name: &str) -> Option<String> {
    let full = format!("refs/tags/{name}");
    let output = remote.git(["for-each-ref", "--format=%(objectname)", full.as_str()]).run().success();
    Some(output.stdout().trim().to_owned()).filter(|id| !id.is_empty())
}

/// A shell command in a hook that runs outside of the push's quarantine.
const OUTSIDE: &str = "unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n";

/// Returns a hook's commands that make another commit on main, once.
fn another_release(stage: &Stage) -> String {
    let path = stage.remote.path().display().to_string();
    format!(
        "[ -e {path}/other ] && exit 0; touch {path}/other\n{OUTSIDE}\
         tree=$(git --git-dir={path} rev-parse main^{{tree}})\n\
         commit=$(git --git-dir={path} -c user.name=o -c user.email=o@x commit-tree -p main -m other $tree)\n\
         git --git-dir={path} update-ref refs/heads/main $commit"
    )
}

#[test]
fn a_tag_costs_no_request() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let release = stage.release_to(&server.url("gitops.git")).args(["--branch", "main", "--git-tag", "prod-{tag}"]);
    let output = release.arg(stage.argument()).run().success();
    let name = format!("prod-{COMMIT}");
    let tip = stage.remote.tip("main").unwrap();
    output.stdout_has(&format!(" tag     {}  {name}\n", &tip[..7]));
    assert_eq!(tag(&stage.remote, &name), Some(tip));
    assert_eq!(lines(&server).len(), 5);
    stage.remote.fsck();
}

#[test]
fn an_annotated_tag() {
    let stage = Stage::new();
    stage.remote.configure("receive.fsckObjects", "true");
    let release = stage.release().args(["--git-tag", "v2", "--git-tag-message", "Release {images}\n\nBy hand.\n"]);
    let release = release.args(["--no-check", "--output", "json", "IMAGE_PLACEHOLDER=*:v2"]);
    let output = release.env("GIT_COMMITTER_NAME", "CD").env("GIT_COMMITTER_EMAIL", "cd@example.com").run().success();
    assert_eq!(document(&output)["git_tag"], "v2");
    let tip = stage.remote.tip("main").unwrap();
    let object = stage.remote.git(["cat-file", "tag", "v2"]).run().success().stdout();
    let begin = format!("object {tip}\ntype commit\ntag v2\ntagger CD <cd@example.com> ");
    assert!(object.starts_with(&begin), "{object}");
    assert!(object.ends_with(" +0000\n\nRelease jakousa/dwk-4-gitops-app:v2\n\nBy hand.\n"), "{object}");
    stage.remote.fsck();
}

#[test]
fn a_checkout_follows_as_without_a_tag() {
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    release_in(&checkout, &stage.home, &stage).args(["--git-tag", "v2", "--git-tag-message", "Second"]).run().success();
    assert_eq!(checkout.head(), stage.remote.tip("main").unwrap());
    assert_eq!(checkout.status(), "");
    assert!(tag(&stage.remote, "v2").is_some());
}

/// A tag is never moved, whatever it is on: nothing is sent.
#[test]
fn a_tag_that_exists_is_an_error_before_the_push() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    stage.remote.git(["tag", "v2", "main"]).run().success();
    for url in [server.url("gitops.git"), stage.remote.file_url()] {
        let release = stage.release_to(&url).args(["--git-tag", "v2"]).arg(stage.argument());
        let output = release.run().exit(3);
        output
            .stderr_has("has a tag `v2` already, on another commit")
            .stderr_has("hint: give `--git-tag` a name that is new");
        stage.untouched();
    }
    assert!(lines(&server).iter().all(|line| !line.starts_with("POST /gitops.git/git-receive-pack")));
}

/// The branch was put back, and the tag was left: the same commit again, with the same time, needs the branch alone.
#[test]
fn a_tag_that_exists_on_the_same_commit() {
    for message in [&[][..], &["--git-tag-message", "Second"]] {
        let stage = Stage::new();
        let seed = stage.remote.tip("main").unwrap();
        let release = stage.release().args(["--git-tag", "v2", "--output", "json"]).args(message.iter().copied());
        let release = release.arg(stage.argument()).env("GIT_COMMITTER_DATE", "@1700000000");
        release.clone().run().success();
        let (tip, tagged) = (stage.remote.tip("main"), tag(&stage.remote, "v2"));
        stage.remote.git(["update-ref", "refs/heads/main", &seed]).run().success();
        let again = document(&release.run().success());
        assert_eq!((&again["outcome"], &again["git_tag"]), (&"released".into(), &"v2".into()));
        assert_eq!((stage.remote.tip("main"), tag(&stage.remote, "v2")), (tip, tagged));
    }
}

#[test]
fn a_tag_that_was_made_during_the_push() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let path = stage.remote.path().display().to_string();
    stage.remote.hook("pre-receive", &format!("{OUTSIDE}git --git-dir={path} update-ref refs/tags/v2 main"));
    let release = stage.release_to(&server.url("gitops.git")).args(["--git-tag", "v2"]).arg(stage.argument());
    release.run().exit(3).stderr_has("has a tag `v2` already");
    stage.untouched();
}

/// It is told before anything is read.
#[test]
fn a_server_that_is_not_atomic() {
    let stage = Stage::new();
    stage.remote.configure("receive.advertiseAtomic", "false");
    let server = serve(&stage, Access::Open);
    let release = |flags: &[&str]| {
        let release = stage.release_to(&server.url("gitops.git")).args(["--branch", "main"]);
        release.args(flags.iter().copied()).arg(stage.argument()).run()
    };
    release(&["--git-tag", "v2"]).exit(3).stderr_has("cannot move a branch and make a tag in one step");
    assert_eq!(lines(&server), ["GET /gitops.git/info/refs 200"; 2]);
    stage.untouched();
    release(&[]).success();
}

#[test]
fn a_lost_race_takes_the_tag_along() {
    let stage = Stage::new();
    stage.remote.hook("pre-receive", &another_release(&stage));
    let release = stage.release().args(["--git-tag", "v2", "--output", "json"]).arg(stage.argument());
    assert_eq!(document(&release.run().success())["attempts"], 2);
    let log = stage.remote.log("main");
    assert_eq!((log.len(), log[1].subject.as_str()), (3, "other"));
    assert_eq!(tag(&stage.remote, "v2").as_deref(), Some(log[0].id.as_str()));
}

/// One of several releases that want the same tag gets it; the branch has no other.
#[test]
fn releases_at_once_with_one_tag() {
    let remote = Remote::create("gitops");
    let entries: String = (0..6).map(|i| format!("- name: app{i}\n  newTag: v1\n")).collect();
    remote.commit("main", "Begin", &[File::new("kustomization.yaml", format!("images:\n{entries}"))]);
    let url = remote.file_url();
    let codes: Vec<Option<i32>> = thread::scope(|scope| {
        let runs = (0..6).map(|i| {
            let release = tagship().args(["release", "--no-check", "--git-tag", "v2", "--repo", &url]);
            scope.spawn(move || release.arg(format!("app{i}:v2")).run().code)
        });
        runs.collect::<Vec<_>>().into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 1, "{codes:?}");
    assert!(codes.iter().all(|code| [Some(0), Some(3)].contains(code)), "{codes:?}");
    assert_eq!(remote.number_of_commits("main"), 2);
    assert_eq!(tag(&remote, "v2"), remote.tip("main"));
}

#[test]
fn a_lost_answer() {
    for fault in [Fault::CutRequest(300), Fault::CutBeforeResponse, Fault::CutResponse(20)] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        server.inject("POST /gitops.git/git-receive-pack", 1, fault);
        let release = stage.release_to(&server.url("gitops.git")).args(["--git-tag", "v2", "--git-tag-message", "Two"]);
        release.arg(stage.argument()).run().success().stdout_has("released");
        assert_eq!(stage.remote.number_of_commits("main"), 2);
        assert_eq!(
            stage.remote.git(["rev-parse", "v2^{}"]).run().success().stdout().trim(),
            stage.remote.tip("main").unwrap()
        );
    }
}

/// The branch has our commit, and the tag is gone again: that is no success.
#[test]
fn a_tag_that_is_missing_afterwards() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    server.inject("POST /gitops.git/git-receive-pack", 1, Fault::CutBeforeResponse);
    let path = stage.remote.path().display().to_string();
    stage.remote.hook("post-receive", &format!("git --git-dir={path} update-ref -d refs/tags/v2"));
    let release = stage.release_to(&server.url("gitops.git")).args(["--git-tag", "v2"]).arg(stage.argument());
    let output = release.run().exit(8);
    let tip = stage.remote.tip("main").unwrap();
    let output = output.stderr_has(&format!("main is at {} now, and", &tip[..7])).stderr_has("has no tag `v2` on it");
    let command = format!("git push {} {tip}:refs/tags/v2", server.url("gitops.git"));
    output.stderr_has(&format!("hint: make the tag in a clone that has the commit: `{command}`\n"));
}

/// A rule for tags alone: the branch stays where it is, too.
#[test]
fn a_tag_that_is_refused() {
    let stage = Stage::new();
    stage.remote.hook("update", "case $1 in refs/tags/*) echo 'no tags' >&2; exit 1;; esac");
    let output = stage.release().args(["--git-tag", "v2"]).arg(stage.argument()).run().exit(8);
    output
        .stderr_has("the server refused the push to `main`: ")
        .stderr_has("of the tag it says: hook declined")
        .stderr_has("remote: no tags");
    stage.untouched();
    stage.remote.hook("pre-receive", "exit 1");
    let both = stage.release().args(["--git-tag", "v2"]).arg(stage.argument()).run().exit(8);
    assert!(!both.stderr().contains("of the tag it says"), "one reason is told once: {}", both.stderr());
}

/// A name of git is a file or a folder, and not both.
#[test]
fn a_name_that_is_the_folder_of_another() {
    let stage = Stage::new();
    stage.remote.git(["tag", "v2", "main"]).run().success();
    let tagged = stage.release().args(["--git-tag", "v2/web"]).arg(stage.argument());
    let beside = stage.release().args(["--create-branch", "--branch", "main/web"]).arg(stage.argument());
    for release in [tagged, beside] {
        release
            .run()
            .exit(8)
            .stderr_has("hint: choose another name: a branch or tag `a` and one `a/b` cannot both exist");
        stage.untouched();
    }
}

#[test]
fn names_that_are_no_tags() {
    let stage = Stage::new();
    for (name, expected) in [
        ("a b", "`a b` is not the name of a tag"),
        ("-{tag}", "`-{tag}` is not the name of a tag"),
        ("{name}", "the name of the tag has no placeholder `{name}`"),
        (" ", "the name of the tag is empty"),
        ("{images}", "app:v2` is not the name of a tag"),
        ("build-{source}", "the name of the tag has a `{source}`, and nothing tells it for this release\n  hint: "),
    ] {
        let release = stage.release().args(["--no-check", &format!("--git-tag={name}"), "IMAGE_PLACEHOLDER=*:v2"]);
        release.run().exit(2).stderr_has(expected);
    }
    let release = stage.release().args(["--no-check", "--git-tag=v2", "--git-tag-message", " {source}\n"]);
    let expected = "the message of the tag has a `{source}`, and nothing tells it for this release\n  hint: ";
    release.arg("IMAGE_PLACEHOLDER=*:v2").run().exit(2).stderr_has(expected);
    let release = stage.release().args(["--git-tag-message", "x"]).arg(stage.argument());
    release.run().exit(2).stderr_has("--git-tag <NAME>");
    stage.untouched();
}

/// A name that has the tag of one image alone would say less than the commit does.
#[test]
fn several_tags_make_no_name() {
    let stage = Stage::new();
    let two = "images:\n- name: web\n  newTag: v0\n- name: api\n  newTag: v0\n";
    stage.remote.commit("main", "Add", &[File::new("two/kustomization.yaml", two)]);
    let release = |name: &str, [web, api]: [&str; 2]| {
        let release = stage.tagship().args(["release", "--repo", &stage.remote.file_url(), "-k", "two", "--no-check"]);
        let release = release.args(["--git-tag", name, "--git-tag-message", "Of {tag}", "--message", "Go to {tag}"]);
        release.args([&format!("web=*:{web}"), &format!("api=*:{api}")])
    };
    let expected = "the name of the tag has a `{tag}`, and the images have several: v2, v3\n  hint: give `--git-tag` or \
                    `--git-tag-message` a text without it";
    release("p-{tag}", ["v2", "v3"]).run().exit(2).stderr_has(expected);
    assert_eq!(stage.remote.number_of_commits("main"), 2);
    release("p-{tag}", ["v2", "v2"]).run().success();
    stage.remote.git(["rev-parse", "p-v2"]).run().success();
    // What a person reads has all of them.
    release("both", ["v3", "v4"]).run().success();
    let subject = stage.remote.log("main")[0].subject.clone();
    assert!(subject.starts_with("Go to v3, v4"), "{subject}");
}

#[test]
fn a_dry_run_names_the_tag() {
    let stage = Stage::new();
    let release = stage.release().args(["--dry-run", "--git-tag", "prod-{tag}", "--output", "json"]);
    let output = release.arg(stage.argument()).run().success();
    assert_eq!(document(&output)["git_tag"], format!("prod-{COMMIT}"));
    stage.untouched();
    assert_eq!(stage.remote.git(["tag"]).run().success().stdout(), "");
}

/// A dry run tells whether the release will work.
#[test]
fn a_dry_run_tells_that_the_tag_exists() {
    let stage = Stage::new();
    stage.remote.git(["tag", "v2.0", "main"]).run().success();
    let url = stage.remote.file_url();
    let checkout = Checkout::shallow(&url);
    let dry_run = |tag: &str| {
        let release = stage.release_to(&url).args(["--dry-run", "--git-tag", tag]).arg(stage.argument());
        let followed = release_in(&checkout, &stage.home, &stage).args(["--dry-run", "--git-tag", tag]);
        [release.run(), followed.run()]
    };
    for output in dry_run("v2.0") {
        output.exit(3).stderr_has("has a tag `v2.0` already").stderr_has("hint: give `--git-tag` a name that is new");
    }
    // One whose name begins so is another one.
    for output in dry_run("v2") {
        output.success();
    }
}

/// What changes nothing makes no commit, and so no tag.
#[test]
fn rollbacks_and_promotions_have_tags_too() {
    let stage = Stage::new();
    let other = "images:\n- name: IMAGE_PLACEHOLDER\n  newName: jakousa/dwk-4-gitops-app\n  newTag: v1\n";
    stage.remote.commit("main", "Add", &[File::new("prod/kustomization.yaml", other)]);
    let url = stage.remote.file_url();
    let run = |arguments: &[&str]| {
        let command = stage.tagship().arg(arguments[0]).args(["--repo", &url, "--no-check", "--output", "json"]);
        document(&command.args(arguments[1..].iter().copied()).run().success())
    };
    run(&["release", "-k", FOLDER, "--git-tag", "test-{tag}", "IMAGE_PLACEHOLDER=*:v2"]);
    let promoted = run(&["promote", "--from", FOLDER, "--to", "prod", "--git-tag", "prod-{tag}"]);
    assert_eq!(promoted["git_tag"], "prod-v2");
    let back = run(&["rollback", "-k", "prod", "--git-tag", "prod-back-to-{tag}", "IMAGE_PLACEHOLDER"]);
    assert_eq!(back["git_tag"], "prod-back-to-v1");
    assert_eq!(tag(&stage.remote, "prod-back-to-v1"), stage.remote.tip("main"));
    let again = run(&["release", "-k", "prod", "--git-tag", "again", "IMAGE_PLACEHOLDER=*:v1"]);
    assert_eq!((&again["outcome"], &again["git_tag"]), (&Value::from("unchanged"), &Value::Null));
    assert_eq!(stage.remote.git(["tag"]).run().success().stdout(), "prod-back-to-v1\nprod-v2\ntest-v2\n");
}
