//! Releases at once: one moves the branch, the others begin again on its commit.

use std::thread;

use crate::stage::{Stage, tagship};
use crate::support::git_server::{Access, GitServer};
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
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["attempts"], 2);
    let subjects: Vec<String> = stage.remote.log("main").into_iter().map(|commit| commit.subject).collect();
    assert_eq!(subjects.len(), 3, "{subjects:?}");
    assert_eq!(subjects[1], "other");
    stage.remote.fsck();
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

/// Each release has an entry of its own in one file; every one must land, and none may take another's away.
#[test]
fn releases_at_once_all_land() {
    const RELEASES: usize = 24;
    let remote = Remote::create("gitops");
    let entries: String = (0..RELEASES).map(|i| format!("- name: app{i}\n  newTag: v1\n")).collect();
    remote.commit("main", "Begin", &[File::new("kustomization.yaml", format!("images:\n{entries}"))]);
    let server = GitServer::start(remote.folder(), Access::Open);
    thread::scope(|scope| {
        for i in 0..RELEASES {
            let url = server.url("gitops.git");
            scope.spawn(move || {
                let release = tagship().args(["release", "--no-check", "--attempts", "50", "--repo", &url]);
                release.arg(format!("app{i}:v2")).run().success();
            });
        }
    });
    assert_eq!(remote.number_of_commits("main"), RELEASES + 1);
    let pushes = server
        .requests()
        .iter()
        .filter(|request| request.logged.line().contains("POST /gitops.git/git-receive"))
        .count();
    assert!(pushes < 4 * RELEASES, "{pushes} pushes");
    let file = String::from_utf8(remote.file("main", "kustomization.yaml")).unwrap();
    assert_eq!(file, format!("images:\n{}", entries.replace("v1", "v2")));
    remote.fsck();
}
