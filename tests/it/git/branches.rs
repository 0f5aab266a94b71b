//! Release branches that do not exist yet, and where they begin.

use std::sync::Arc;

use super::{lines, serve};
use crate::stage::{FILE, FOLDER, SEED, Stage};
use crate::support::command::Command;
use crate::support::git_server::{Access, Fault, GitServer};
use crate::support::http::Response;
use crate::support::repository::{Checkout, File, Remote};

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
    let release = release_to_prod(&stage, &url).args(["--base", "staging", "--output", "json"]);
    release.run().success().stdout_has(r#""branch_created":true"#);
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
        // What only reads has no flag that starts a branch.
        for command in ["status", "check", "log"] {
            let read = |flags: &[&str]| {
                let read = stage.tagship().args([command, "--repo", &url, "-k", "."]).args(flags.to_vec());
                read.run().exit(3)
            };
            let of_branch = read(&["--branch", "prod"]).stderr_has("there is no branch `prod`");
            of_branch.stderr_has("hint: is the repository empty? push a kustomization first").says_nowhere("--base");
            read(&[]).stderr_has("hint: `--branch` names the release branch; in an empty repository, push a");
        }
    }
}

/// What the stage's branch has already.
const SEEDED: &str = "IMAGE_PLACEHOLDER=*:b15411f387bb2a2286676b92a87fd85aa9b682a5";

/// A release to a branch that does not exist, of what its base has already.
fn nothing_new_to_prod(stage: &Stage, url: &str) -> Command {
    stage.release_to(url).args(["--no-check", "--branch", "prod", "--create-branch", SEEDED])
}

#[test]
fn a_new_branch_with_nothing_to_commit() {
    let stage = Stage::new();
    let base = stage.remote.tip("main").unwrap();
    let server = serve(&stage, Access::Open);
    let document = |command: Command| -> serde_json::Value {
        let stdout = command.args(["--output", "json"]).run().success().stdout();
        serde_json::from_str(&stdout).unwrap()
    };
    for url in [server.url("gitops.git"), stage.remote.file_url()] {
        let release = || nothing_new_to_prod(&stage, &url);
        release().arg("--dry-run").run().success().stdout_has("unchanged: `IMAGE_PLACEHOLDER` already is");
        let planned = document(release().arg("--dry-run"));
        assert_eq!(stage.remote.tip("prod"), None);
        let created = document(release());
        assert_eq!(stage.remote.tip("prod").as_ref(), Some(&base), "no commit of ours");
        for (document, is_created, told) in [(planned, false, "would be created"), (created, true, "was created")] {
            assert_eq!(document["branch_created"], is_created, "{document}");
            assert_eq!(
                (&document["outcome"], &document["changed"]),
                (&"unchanged".into(), &false.into()),
                "{document}"
            );
            assert_eq!((&document["commit"], &document["parent"]), (&serde_json::Value::Null, &base.as_str().into()));
            let note = format!("the branch `prod` {told} at {}", &base[..7]);
            let notes = document["notes"].as_array().unwrap();
            assert!(notes.iter().any(|told| told["text"].as_str().unwrap().starts_with(&note)), "{document}");
        }
        release().run().success().stdout_has("unchanged").says_nowhere("created");
        assert_eq!(document(release())["branch_created"], false);
        stage.remote.git(["branch", "-D", "prod"]).run().success();
    }
    nothing_new_to_prod(&stage, &server.url("gitops.git"))
        .run()
        .success()
        .stdout_has("note    the branch `prod` was created");
    assert_eq!(stage.remote.tip("main"), Some(base));
}

#[test]
fn a_promotion_and_a_rollback_begin_a_branch_as_well() {
    let stage = Stage::new();
    let url = stage.remote.file_url();
    stage.release().args(["--no-check", "IMAGE_PLACEHOLDER=*:v1"]).run().success();
    for command in [
        &["promote", "--from", FOLDER, "--from-branch", "main", "--to", FOLDER][..],
        &["rollback", "--to", "v1", "-k", FOLDER],
    ] {
        let command = stage.tagship().args(command.iter().copied()).args(["--no-check", "--repo", &url]);
        let output = command.args(["--branch", "prod", "--create-branch", "IMAGE_PLACEHOLDER"]).run().success();
        output.stdout_has("unchanged").stdout_has("the branch `prod` was created at");
        assert_eq!(stage.remote.tip("prod"), stage.remote.tip("main"));
        stage.remote.git(["branch", "-D", "prod"]).run().success();
    }
}

/// The push that creates a branch ends as any push.
#[test]
fn a_new_branch_that_the_server_does_not_create() {
    let push = "POST /gitops.git/git-receive-pack";
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let url = server.url("gitops.git");
    stage.remote.hook("pre-receive", "echo no new branches >&2; exit 1");
    let output = nothing_new_to_prod(&stage, &url).run().exit(8);
    output.stderr_has("no new branches").says_nowhere("was created");
    assert_eq!(stage.remote.tip("prod"), None);
    stage.remote.hook("pre-receive", "exit 0");
    server.inject(push, 1, Fault::Answer(Response::text(502, "bad gateway")));
    nothing_new_to_prod(&stage, &url).run().exit(6).says_nowhere("was created");
    assert_eq!(stage.remote.tip("prod"), None);
    // Only the answer is lost.
    server.inject(push, 1, Fault::CutBeforeResponse);
    nothing_new_to_prod(&stage, &url).run().success().stdout_has("the branch `prod` was created");
    assert_eq!(stage.remote.tip("prod"), stage.remote.tip("main"));
}

/// What the base has is deployed from then on, so the guards judge it as a release of it.
#[test]
fn a_new_branch_with_nothing_to_commit_is_guarded() {
    let hold = File::new(".tagship-hold", "Freeze of the year\n");
    let rule = File::new(".tagship.yaml", "rules:\n- tags: semver\n");
    let refused = File::new(".tagship.yaml", "rules: none\n");
    for (file, told) in [(hold, "held"), (rule, "ruled"), (refused, "ruled")] {
        let stage = Stage::new();
        stage.remote.commit("main", "Guard it", &[file]);
        for flags in [&["--dry-run"][..], &[]] {
            let release = nothing_new_to_prod(&stage, &stage.remote.file_url()).args(flags.iter().copied());
            release.run().exit(9).stderr_has(told);
            assert_eq!(stage.remote.tip("prod"), None);
        }
    }
    let stage = Stage::new();
    let absent = format!("IMAGE_PLACEHOLDER={}:absent", stage.image());
    stage.release().args(["--no-check", &absent]).run().success();
    let promote = stage.tagship().args(["promote", "--from", FOLDER, "--from-branch", "main", "--to", FOLDER]);
    let promote = promote.args(["--repo", &stage.remote.file_url(), "--branch", "prod", "--create-branch"]);
    promote.arg("IMAGE_PLACEHOLDER").run().exit(4).stderr_has("is not in the registry");
    assert_eq!(stage.remote.tip("prod"), None);
}

/// The push did nothing, and its answer is lost; another creates the branch, with another release on top of the base.
#[test]
fn a_new_branch_that_another_creates_while_the_answer_is_lost() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let base = stage.remote.tip("main").unwrap();
    release_to_prod(&stage, &stage.remote.file_url()).run().success();
    let other = stage.remote.tip("prod").unwrap();
    stage.remote.git(["update-ref", "refs/kept/other", &other]).run().success();
    stage.remote.git(["branch", "-D", "prod"]).run().success();
    let path = stage.remote.path().display().to_string();
    stage.remote.hook(
        "pre-receive",
        &format!("unset GIT_QUARANTINE_PATH; git --git-dir={path} update-ref refs/heads/prod {other}; exit 1"),
    );
    server.inject("POST /gitops.git/git-receive-pack", 1, Fault::CutBeforeResponse);
    let output = nothing_new_to_prod(&stage, &server.url("gitops.git")).run();
    output.success().stdout_has("superseded").says_nowhere("was created");
    assert_eq!((stage.remote.tip("main"), stage.remote.tip("prod")), (Some(base), Some(other)));
}

/// Another release creates the branch in the meantime, and the next attempt is at what it has by then.
#[test]
fn a_new_branch_that_another_release_creates() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let (url, other) = (server.url("gitops.git"), release_to_prod(&stage, &stage.remote.file_url()));
    let other = move || drop(other.clone().run().success());
    server.inject("POST /gitops.git/git-receive-pack", 1, Fault::After(Arc::new(other)));
    let output = nothing_new_to_prod(&stage, &url).args(["--on-superseded", "allow"]).run().success();
    output.stdout_has("raced").stdout_has("released").says_nowhere("was created");
    assert_eq!(stage.remote.number_of_commits("prod"), 3);
}

/// What a new branch would begin at has something newer: the branch is not there all the same.
#[test]
fn a_new_branch_whose_base_is_newer() {
    let stage = Stage::new();
    let release = |flags: &[&str]| stage.release().arg("--no-check").args(flags.iter().copied()).run();
    release(&["IMAGE_PLACEHOLDER=*:v1.3.0"]).success();
    let to_prod = ["--branch", "prod", "--create-branch", "IMAGE_PLACEHOLDER=*:v1.2.0"];
    let output = release(&to_prod).exit(3).stderr_has("there is no branch `prod`, and nothing to commit on it: `");
    output
        .stderr_has("`: what prod would begin at already releases `v1.3.0`, and `v1.2.0` is older")
        .stderr_has("refs/heads/prod`");
    assert_eq!(stage.remote.tip("prod"), None);
    let allowed = [&to_prod[..], &["--on-superseded", "allow"]].concat();
    release(&allowed).success();
}

/// As a remote-tracking branch is called in a clone. Nothing reads a branch of that name at the remote.
#[test]
fn a_branch_with_the_name_of_its_remote() {
    let stage = Stage::new();
    let release = stage.release().args(["--no-check", "--branch", "origin/main", "IMAGE_PLACEHOLDER=*:v2"]);
    let output = release.run().exit(3).stderr_has("there is no branch `origin/main` at");
    output
        .stderr_has("hint: a repository calls its branch `main`, without the name of the remote\n")
        .says_nowhere("--create-branch");
    let log =
        stage.tagship().args(["log", "--repo", &stage.remote.file_url(), "-k", FOLDER, "--branch", "origin/main"]);
    log.run().exit(3).stderr_has("hint: a repository calls its branch `main`");
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

/// git writes no such branch, and does not read it either.
#[test]
fn a_branch_at_what_is_no_commit() {
    let stage = Stage::new();
    let tree = stage.remote.git(["rev-parse", "main^{tree}"]).run().success().stdout();
    let branch = stage.remote.folder().join("gitops.git/refs/heads/odd");
    std::fs::write(branch, &tree).unwrap();
    let output = stage.release().args(["--branch", "odd"]).arg(stage.argument()).run().exit(3);
    output
        .stderr_has(&format!("the object {} cannot be read: it is a tree, not a commit\n", tree.trim()))
        .stderr_has("hint: repair the repository; `git fsck` there tells what is wrong");
}

/// What was judged and told is of one branch. Another default in the middle of a run is another one.
#[test]
fn a_default_branch_that_changes() {
    let stage = Stage::new();
    stage.remote.git(["branch", "other", "main"]).run().success();
    let commit = "git commit-tree -p refs/heads/main -m Faster 'refs/heads/main^{tree}'";
    stage.remote.hook(
        "pre-receive",
        &format!(
            "unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n\
             export GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@b GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@b\n\
             git update-ref refs/heads/main $({commit}) && git symbolic-ref HEAD refs/heads/other"
        ),
    );
    let output = stage.release().arg(stage.argument()).run().exit(7);
    output
        .stderr_has("was `main` when this run began, and is `other` now")
        .stderr_has("hint: run the same command again");
    assert_eq!(stage.remote.file("other", FILE), SEED.as_bytes());
}

/// A format of references that gix does not read: the release needs `--branch`, and the checkout does not follow.
#[test]
fn a_checkout_with_reftable() {
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
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

/// A checkout of a branch at a commit alone, below a workspace, and a run that builds `main` of the repository at a URL.
struct Detached {
    stage: Stage,
    server: GitServer,
    config: Checkout,
}

impl Detached {
    /// Clones `branch`, of the branches `main` and `production`, with options of `git clone`.
    fn of(branch: &str, options: &[&str]) -> Self {
        let stage = Stage::new();
        stage.remote.git(["branch", "production", "main"]).run().success();
        stage.remote.commit("production", "Add a page", &[File::new("page.md", "production\n")]);
        let server = serve(&stage, Access::Open);
        let config = Checkout::clone_with(&server.url("gitops.git"), &[&["--branch", branch], options].concat());
        config.detach();
        Self { stage, server, config }
    }

    fn new() -> Self {
        Self::of("production", &["--depth", "1"])
    }

    fn release(&self) -> Command {
        super::release_in(&self.config, &self.stage.home, &self.stage).arg("--create-branch")
    }

    fn in_github(&self, owner: &str, repository: &str, branch: &str, commit: &str) -> Command {
        let release = self.release().env("GITHUB_ACTIONS", "true").env("GITHUB_EVENT_NAME", "push");
        let release = release.env("GITHUB_SERVER_URL", owner).env("GITHUB_REPOSITORY", repository);
        release.env("GITHUB_REF", format!("refs/heads/{branch}")).env("GITHUB_SHA", commit)
    }

    fn in_jenkins(&self, variables: &[(&str, &str)]) -> Command {
        let release = self.release().env("JENKINS_URL", "http://jenkins.example/").env("BRANCH_NAME", "main");
        variables.iter().fold(release, |release, (name, value)| release.env(*name, *value))
    }

    #[track_caller]
    fn refuses(&self, release: Command) {
        let output = release.run().exit(3).stderr_has("no branch is checked out").stderr_has("of the CI run");
        output.stderr_has("hint: `--branch` names the release branch");
        self.stage.untouched();
        assert_eq!(self.stage.remote.tip("feature/x"), None);
    }

    #[track_caller]
    fn takes_main(&self, release: Command) {
        let flags = ["--dry-run", "--on-own-commit", "ignore", "--on-unknown-order", "release", "--output", "json"];
        let output = release.args(flags).run().success();
        output.stdout_has(r#""branch":"main""#);
    }
}

/// The run's branch is one of the repository that it builds, and another repository may have a branch of that name.
#[test]
fn a_run_of_another_repository_names_no_branch() {
    let on = Detached::new();
    let (server, app) = (on.server.url(""), "a1".repeat(20));
    for branch in ["main", "feature/x"] {
        on.refuses(on.in_github(server.trim_end_matches('/'), "org/app", branch, &app));
    }
    let url = on.server.url("app.git");
    on.refuses(on.in_jenkins(&[("GIT_URL", &url), ("GIT_COMMIT", &app)]));
    let named = on.in_jenkins(&[("GIT_URL", &url)]).args(["--branch", "production"]);
    named.run().success();
    assert_eq!(on.stage.remote.number_of_commits("production"), 3);
    // A scripted pipeline of Jenkins tells no URL: below its workspace is what a step has cloned.
    let workspace = on.config.path().parent().unwrap();
    on.refuses(on.in_jenkins(&[("WORKSPACE", workspace.to_str().unwrap())]));
}

#[test]
fn a_run_of_this_repository_names_its_branch() {
    let on = Detached::of("main", &["--depth", "1"]);
    let (server, head) = (on.server.url(""), on.config.head());
    on.takes_main(on.in_github(server.trim_end_matches('/'), "gitops", "main", &"a1".repeat(20)));
    let host = server.trim_start_matches("http://").split(':').next().unwrap();
    for url in [format!("git@{host}:gitops.git"), format!("ssh://git@{host}/gitops"), on.server.url("GitOps")] {
        on.takes_main(on.in_jenkins(&[("GIT_URL", &url)]));
    }
    // After a release, or a commit of the job, the checkout is ahead of what the run builds.
    on.config.git(["commit", "--quiet", "--allow-empty", "--message=Bump"]).run().success();
    on.takes_main(on.in_jenkins(&[("GIT_URL", &on.server.url("gitops.git"))]));
    on.config.git(["reset", "--quiet", "--hard", &head]).run().success();
    // A mirror has another name, and the same commits.
    on.takes_main(on.in_jenkins(&[("GIT_URL", "https://mirror.example/org/copy"), ("GIT_COMMIT", &head)]));
    on.takes_main(on.in_jenkins(&[("WORKSPACE", on.config.path().to_str().unwrap())]));
    on.takes_main(on.in_jenkins(&[("WORKSPACE", "/not/in/this/container")]));
}

/// A job that checks another branch out, as a commit, means to release to that one.
#[test]
fn a_checkout_of_another_branch_is_not_one_of_the_runs() {
    let on_production = |options: &[&str]| {
        let on = Detached::of("production", options);
        let built = on.stage.remote.tip("main").unwrap();
        let run = |on: &Detached| on.in_github(on.server.url("").trim_end_matches('/'), "gitops", "main", &built);
        (run(&on), on)
    };
    let refuses = |release: Command, why: &str| {
        let output = release.run().exit(3).stderr_has(why);
        output.stderr_has("the CI run builds `main`").stderr_has("hint: `--branch` names the release branch");
    };
    for options in [&["--depth", "1"][..], &[]] {
        let (release, on) = on_production(options);
        refuses(release, "the commit of `production` is checked out, and");
        let jenkins = on.in_jenkins(&[("GIT_URL", &on.server.url("gitops.git"))]);
        refuses(jenkins, "the commit of `production` is checked out, and");
        on.stage.untouched();
        on.release().args(["--branch", "production"]).run().success();
    }
    // A commit of the other branch that is no tip any more.
    let (release, on) = on_production(&[]);
    on.stage.remote.commit("main", "Add a page", &[File::new("page.md", "main\n")]);
    let next = on.stage.remote.commit("production", "Change it", &[File::new("page.md", "changed\n")]);
    on.config.git(["fetch", "--quiet"]).run().success();
    assert_ne!(on.config.head(), next);
    refuses(release, "that is checked out is not on `main`");
}

/// The variables of a run that a merge begins tell the merge that was made to test the request, and no branch has it.
#[test]
fn the_test_merge_of_a_merged_request_may_be_checked_out() {
    let on = Detached::of("main", &[]);
    on.config.git(["commit", "--quiet", "--allow-empty", "--message=Merge for a test"]).run().success();
    let merge = on.stage.remote.commit("main", "Merge", &[File::new("page.md", "main\n")]);
    on.config.git(["fetch", "--quiet"]).run().success();
    on.config.git(["update-ref", "refs/remotes/pull/12/merge", "HEAD"]).run().success();
    let event = on.config.path().parent().unwrap().join("event.json");
    let request = format!(
        r#"{{"pull_request":{{"merged":true,"merge_commit_sha":"{merge}","commits":1,"base":{{"ref":"main"}}}}}}"#
    );
    std::fs::write(&event, request).unwrap();
    let release = on.in_github(on.server.url("").trim_end_matches('/'), "gitops", "main", &on.config.head());
    let release = release.env("GITHUB_EVENT_NAME", "pull_request").env("GITHUB_REF", "refs/pull/12/merge");
    on.takes_main(release.env("GITHUB_EVENT_PATH", event));
}

/// A run after another workflow names a tag as if it were a branch.
#[test]
fn a_branch_of_the_run_that_is_none() {
    let on = Detached::of("main", &["--depth", "1"]);
    let release = super::release_in(&on.config, &on.stage.home, &on.stage);
    let release = release.env("GITHUB_ACTIONS", "true").env("GITHUB_REF", "refs/heads/v1.2.3");
    let release = release.env("GITHUB_SERVER_URL", on.server.url("").trim_end_matches('/'));
    let output = release.env("GITHUB_REPOSITORY", "gitops").env("GITHUB_SHA", on.config.head()).run().exit(3);
    let output = output.stderr_has("the CI system tells that `v1.2.3` is built, and there is no branch `v1.2.3` at");
    output.stderr_has("hint: name the release branch with `--branch`");
}

#[test]
fn a_pull_request_names_no_branch() {
    let on = Detached::new();
    let release = on.in_github(on.server.url("").trim_end_matches('/'), "gitops", "main", &on.config.head());
    let output = release.env("GITHUB_BASE_REF", "main").run().exit(3);
    output.stderr_has("error: the run of a pull request has no release branch").stderr_has("`--branch` names");
}

/// Without a checkout, the default branch is meant: that of the repository that is built gets nothing that is not merged, and a
/// preview in another repository is told.
#[test]
fn a_pull_request_is_not_released_to_the_default_branch_of_its_repository() {
    let on = Detached::new();
    let (server, url) = (on.server.url(""), on.server.url("gitops.git"));
    let of_event = |event: &str, repository: &str, flags: &[&str]| {
        let release = on.stage.release_to(&url).args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]).args(flags);
        let release = release.env("GITHUB_ACTIONS", "true").env("GITHUB_EVENT_NAME", event);
        let release = release.env("GITHUB_SERVER_URL", server.trim_end_matches('/')).env("GITHUB_SHA", "a1".repeat(20));
        let release = release.env("GITHUB_REPOSITORY", repository).env("GITHUB_REF", "refs/pull/7/merge");
        // Other events of a request have no base.
        release.env("GITHUB_BASE_REF", if event == "pull_request" { "main" } else { "" }).run()
    };
    let of_request = |repository: &str, flags: &[&str]| of_event("pull_request", repository, flags);
    for flags in [&[][..], &["--dry-run"], &["--pull-request"]] {
        let output = of_request("gitops", flags).exit(3);
        output.stderr_has("error: the run of a pull request has no release branch").stderr_has("`--branch` names");
    }
    for event in ["pull_request_review", "pull_request_review_comment"] {
        of_event(event, "gitops", &[]).exit(3).stderr_has("error: the run of a pull request has no release branch");
    }
    on.stage.untouched();
    let told = "a pull request started this run, and its release goes to the default branch of";
    of_request("gitops", &["--dry-run", "--branch", "main"]).success().says_nowhere(told);
    of_request("app", &["--dry-run", "--branch", "main"]).success().says_nowhere(told);
    let output = of_request("app", &[]).success().stderr_has(told);
    output.stderr_has("name the branch with `--branch` if that is meant");
}

/// What a merge queue builds may never be merged. Its branch is checked out as a commit, or as a branch.
#[test]
fn a_merge_queue_is_not_released() {
    const QUEUE: &str = "gh-readonly-queue/main/pr-7-b15411f387bb2a2286676b92a87fd85aa9b682a5";
    let on = Detached::of("main", &[]);
    let (server, url, head) = (on.server.url(""), on.server.url("gitops.git"), on.config.head());
    on.stage.remote.git(["branch", QUEUE, "main"]).run().success();
    let without_a_checkout = |repository: &str, flags: &[&str]| {
        let release = on.stage.release_to(&url).args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]).args(flags);
        let release = release.env("GITHUB_ACTIONS", "true").env("GITHUB_EVENT_NAME", "merge_group");
        let release = release.env("GITHUB_SERVER_URL", server.trim_end_matches('/')).env("GITHUB_SHA", &head);
        release.env("GITHUB_REPOSITORY", repository).env("GITHUB_REF", format!("refs/heads/{QUEUE}")).run()
    };
    let in_the_checkout = || on.in_github(server.trim_end_matches('/'), "gitops", QUEUE, &head);
    let refused = "error: the run of a merge queue has no release branch";
    without_a_checkout("gitops", &[]).exit(3).stderr_has(refused).stderr_has("`--branch` names");
    in_the_checkout().run().exit(3).stderr_has(refused).stderr_has("`--branch` names");
    on.config.git(["checkout", "--quiet", "-B", QUEUE]).run().success();
    for release in [in_the_checkout(), on.release()] {
        let output = release.run().exit(3).stderr_has(&format!("error: `{QUEUE}`, the branch of a merge queue"));
        output.stderr_has("`--branch` names");
    }
    on.stage.untouched();
    assert_eq!(on.stage.remote.tip(QUEUE), on.stage.remote.tip("main"));
    // What only reads it goes on.
    on.stage.tagship().args(["log", "-k", FOLDER]).current_dir(on.config.path()).run().success();
    without_a_checkout("app", &["--dry-run"]).success().stderr_has("a merge queue started this run, and its release");
    without_a_checkout("gitops", &["--branch", "main"]).success();
}
