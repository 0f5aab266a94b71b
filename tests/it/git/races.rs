//! Releases at once: one moves the branch, the others begin again on its commit.

use std::sync::{Arc, Barrier};
use std::thread;

use super::{lines, serve};
use crate::pipeline::document;
use crate::stage::{Stage, tagship};
use crate::support::command::Command;
use crate::support::git_server::{Access, Fault, GitServer};
use crate::support::repository::{File, Remote};

/// The hook makes the other release in the very moment of ours, after the server has told us its tip.
#[test]
fn a_lost_race_is_tried_again_on_the_new_tip() {
    let stage = Stage::new();
    let other = stage.remote.path().join("other");
    let path = stage.remote.path().display().to_string();
    stage.remote.hook(
        "pre-receive",
        &format!(
            "[ -e {other} ] && exit 0; touch {other}\n\
             unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n\
             tree=$(git --git-dir={path} rev-parse main^{{tree}})\n\
             commit=$(git --git-dir={path} -c user.name=o -c user.email=o@x commit-tree -p main -m other $tree)\n\
             git --git-dir={path} update-ref refs/heads/main $commit",
            other = other.display()
        ),
    );
    let output = stage.release().args(["--output", "json"]).arg(stage.argument()).run().success();
    let document = document(&output);
    assert_eq!(document["attempts"], 2);
    let subjects: Vec<String> = stage.remote.log("main").into_iter().map(|commit| commit.subject).collect();
    assert_eq!(subjects.len(), 3, "{subjects:?}");
    assert_eq!(subjects[1], "other");
    stage.remote.fsck();
}

/// A release that has lost a race looks at the tip again right before its next push. Here the branch moves in the moment of that
/// look, which is the fourth request to read: two pushes are made in three attempts.
#[test]
fn a_race_that_shows_before_the_push_costs_no_push() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let path = stage.remote.path().to_owned();
    let move_on = move || {
        let git = || Command::git().arg(format!("--git-dir={}", path.display()));
        let commit = git().args(["commit-tree", "-p", "main", "-m", "other", "main^{tree}"]).run().success().stdout();
        git().args(["update-ref", "refs/heads/main", commit.trim()]).run().success();
    };
    let move_on: Arc<dyn Fn() + Send + Sync> = Arc::new(move_on);
    server.inject("POST /gitops.git/git-receive-pack", 1, Fault::After(move_on.clone()));
    server.inject("POST /gitops.git/git-upload-pack", 3, Fault::Pass);
    server.inject("POST /gitops.git/git-upload-pack", 1, Fault::After(move_on));
    let release = stage.release_to(&server.url("gitops.git")).args(["--branch", "main", "--output", "json"]);
    let output = release.arg(stage.argument()).run().success();
    let document = document(&output);
    assert_eq!(document["attempts"], 3);
    let subjects: Vec<String> = stage.remote.log("main").into_iter().map(|commit| commit.subject).collect();
    assert_eq!(subjects[1..3], ["other", "other"]);
    assert_eq!(lines(&server).iter().filter(|line| line.starts_with(PUSH)).count(), 2);
}

/// The second attempt reads the new commit with the trees that it changed, and nothing along the path that did not change: the
/// repository is too large for all its trees to come, and the first attempt reads them one by one.
#[test]
fn after_a_lost_race_only_what_changed_is_read() {
    let remote = Arc::new(Remote::create("gitops"));
    remote.fill(10_000, 3);
    let server = GitServer::start(remote.folder(), Access::Open);
    let other = Arc::clone(&remote);
    let release_other = move || {
        let file = File::new("clusters/42/apps/0001/kustomization.yaml", "images: []\n");
        other.commit("main", "other", &[file]);
    };
    server.inject(PUSH, 1, Fault::After(Arc::new(release_other)));
    let release = tagship().args(["release", "--no-check", "--repo", &server.url("gitops.git"), "--branch", "main"]);
    release.args(["-k", "clusters/42/apps/0042", "app=*:v9", "--output", "json"]).run().success();
    let requests = server.requests();
    let lost = requests.iter().position(|request| request.logged.line().starts_with(PUSH)).unwrap();
    let second = &requests[lost + 1..];
    // The fetch, and where the branch is right before the push.
    assert_eq!(second.iter().filter(|request| request.is_fetch()).count(), 2, "{second:#?}");
    let down: usize = second.iter().map(|request| request.logged.sent).sum();
    assert!(down < 16 << 10, "{down} bytes down");
    let history = remote.log("main");
    assert_eq!(history[1].subject, "other");
    assert_eq!(remote.file("main", "clusters/42/apps/0001/kustomization.yaml"), b"images: []\n");
    remote.fsck();
}

/// The branch is forced back to a commit that the first attempt has not read, and that a server need not send to a reader who has
/// the old tip.
#[test]
fn a_race_with_a_branch_that_was_forced_back_is_tried_again() {
    let remote = Arc::new(Remote::create("gitops"));
    remote.fill(100, 60);
    let back = remote.git(["rev-parse", "main~55"]).run().success().stdout();
    let server = GitServer::start(remote.folder(), Access::Open);
    let other = Arc::clone(&remote);
    let force_back = move || drop(other.git(["update-ref", "refs/heads/main", "main~55"]).run().success());
    server.inject(PUSH, 1, Fault::After(Arc::new(force_back)));
    let release = tagship().args(["release", "--no-check", "--repo", &server.url("gitops.git"), "--branch", "main"]);
    release.args(["-k", "clusters/42/apps/0000", "app=*:v9"]).run().success();
    // The first attempt reads the commit, the file, and what that was before. The second asks for what has changed, for all
    // of the commit, for the file, and where the branch is.
    assert_eq!(server.fetches(), 3 + 4);
    let history = remote.log("main");
    assert_eq!(history[1].id, back.trim());
    assert_eq!(history.len(), 6);
    remote.fsck();
}

#[test]
fn a_race_that_is_always_lost_ends() {
    let stage = Stage::new();
    let path = stage.remote.path().display().to_string();
    stage.remote.hook(
        "pre-receive",
        &format!(
            "unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n\
             tree=$(git --git-dir={path} rev-parse main^{{tree}})\n\
             commit=$(git --git-dir={path} -c user.name=o -c user.email=o@x commit-tree -p main -m other $tree)\n\
             git --git-dir={path} update-ref refs/heads/main $commit"
        ),
    );
    let output = stage.release().args(["--attempts", "2"]).arg(stage.argument()).run().exit(7);
    output.stderr_has("lost the race for");
    assert!(stage.remote.log("main").iter().all(|commit| !commit.subject.starts_with("Release")));
}

const PUSH: &str = "POST /gitops.git/git-receive-pack";

/// Ten, since the server takes the first push when it has one of each: all were made on the same tip, so that one lands and nine
/// lose for certain, and then race with each other.
const RELEASES: usize = 10;

/// On a busy machine; 19 to 22 were counted.
const MOST_PUSHES: usize = 3 * RELEASES;

/// Lets many releases of one file begin at once, each of one image. Asserts that all but one have lost a race.
fn release_at_once(remote: &Remote, image: impl Fn(usize) -> String + Sync) {
    let server = GitServer::start(remote.folder(), Access::Open);
    let url = server.url("gitops.git");
    server.inject(PUSH, RELEASES, Fault::Meet(Arc::new(Barrier::new(RELEASES))));
    let release = |number| {
        let release = tagship().args(["release", "--no-check", "--attempts", "50", "--output", "json", "--repo", &url]);
        let output = release.arg(image(number)).run().success();
        let document = document(&output);
        document["attempts"].as_u64().unwrap()
    };
    let attempts: Vec<u64> = thread::scope(|scope| {
        let running: Vec<_> = (0..RELEASES).map(|number| scope.spawn(move || release(number))).collect();
        running.into_iter().map(|release| release.join().unwrap()).collect()
    });
    assert_eq!(attempts.iter().filter(|attempts| **attempts > 1).count(), RELEASES - 1, "{attempts:?}");
    remote.fsck();
    let pushes = lines(&server).iter().filter(|line| line.starts_with(PUSH)).count();
    assert!(pushes < MOST_PUSHES, "{pushes} pushes");
}

/// Each release has an entry of its own in one file; every one must land, and none may take another's away.
#[test]
fn releases_at_once_all_land() {
    let remote = Remote::create("gitops");
    let entries: String = (0..RELEASES).map(|i| format!("- name: app{i}\n  newTag: v1\n")).collect();
    remote.commit("main", "Begin", &[File::new("kustomization.yaml", format!("images:\n{entries}"))]);
    release_at_once(&remote, |i| format!("app{i}:v2"));
    assert_eq!(remote.number_of_commits("main"), RELEASES + 1);
    let file = String::from_utf8(remote.file("main", "kustomization.yaml")).unwrap();
    assert_eq!(file, format!("images:\n{}", entries.replace("v1", "v2")));
}

/// All releases write the same value. Each is in the history once, on the one before it, with the tag that it was made for;
/// the last one stands.
#[test]
fn releases_at_once_of_one_entry_follow_each_other() {
    let remote = Remote::create("gitops");
    let seed =
        remote.commit("main", "Begin", &[File::new("kustomization.yaml", "images:\n- name: app\n  newTag: v1\n")]);
    release_at_once(&remote, |i| format!("app:r{i}"));
    let mut released = Vec::new();
    let mut parent = seed.clone();
    let mut history = remote.log("main");
    assert_eq!(history.pop().unwrap().id, seed);
    for commit in history.into_iter().rev() {
        assert_eq!(commit.parents, [parent], "the history is one line");
        let [image] = commit.trailer("Tagship-Image")[..] else {
            panic!("not one image: {}", commit.message);
        };
        let tag = image.strip_prefix("app=app:").unwrap().to_owned();
        let file = remote.file(&commit.id, "kustomization.yaml");
        assert_eq!(file, format!("images:\n- name: app\n  newTag: {tag}\n").as_bytes());
        released.push(tag);
        parent = commit.id;
    }
    released.sort_unstable();
    let mut wanted: Vec<_> = (0..RELEASES).map(|i| format!("r{i}")).collect();
    wanted.sort_unstable();
    assert_eq!(released, wanted);
}
