//! The log of releases, the way back, and the way on to the next environment.

use serde_json::Value;

use crate::stage::{Stage, tagship};
use crate::support::command::{Command, Output};
use crate::support::git_server::{Access, GitServer};
use crate::support::registry::Image;
use crate::support::repository::{Checkout, File};

pub const STAGING: &str = "overlays/staging";
pub const PRODUCTION: &str = "overlays/production";

/// Two environments with the entries `web` and `api`, behind a server.
pub struct Environments {
    pub stage: Stage,
    pub server: GitServer,
}

pub fn kustomization(entries: &[(&str, &str)]) -> String {
    let mut text = "# the environment\nimages:\n".to_owned();
    for (name, fields) in entries {
        text += &format!("- name: {name}\n  {fields}\n");
    }
    text
}

impl Environments {
    pub fn new() -> Self {
        let stage = Stage::new();
        let server = GitServer::start(stage.remote.folder(), Access::Open);
        let file = |folder: &str, text: &str| File::new(&format!("{folder}/kustomization.yaml"), text);
        let text = kustomization(&[("web", "newTag: v0.9.0 # by hand"), ("api", "newTag: v0.1.0")]);
        stage.remote.commit("main", "Environments", &[file(STAGING, &text), file(PRODUCTION, &text)]);
        Self { stage, server }
    }

    pub fn run(&self, command: &str, arguments: &[&str]) -> Command {
        let url = self.server.url("gitops.git");
        let common = [command, "--repo", &url, "--branch", "main"];
        tagship().home(&self.stage.home).args(common).args(arguments.iter().copied())
    }

    /// Releases the entry `name` in an environment, from source commit number `source`.
    pub fn release(&self, folder: &str, name: &str, tag: &str, source: u32) -> Output {
        self.stage.registry.put_image(&format!("org/{name}"), tag, &Image::new());
        let image = format!("{name}={}/org/{name}:{tag}", self.stage.registry.address());
        let release = self.run("release", &["-k", folder, &image, "--output", "json"]);
        // As a CI system tells it whose server nobody can ask.
        let release = release.env("GITHUB_ACTIONS", "true").env("GITHUB_REPOSITORY", "org/app");
        release.env("GITHUB_SHA", format!("{source:040x}")).env("GITHUB_ACTOR", "octocat").run()
    }

    pub fn file(&self, folder: &str) -> String {
        String::from_utf8(self.stage.remote.file("main", &format!("{folder}/kustomization.yaml"))).unwrap()
    }

    pub fn tip(&self) -> String {
        self.stage.remote.tip("main").unwrap()
    }

    pub fn log(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self.run("log", arguments).args(["--output", "json"]).run().success();
        document(&output)["releases"].as_array().unwrap().clone()
    }
}

pub fn document(output: &Output) -> Value {
    serde_json::from_str(&output.stdout()).unwrap()
}

pub fn tags(releases: &[Value]) -> Vec<&str> {
    releases.iter().map(|release| release["tag"].as_str().unwrap_or("-")).collect()
}

#[test]
fn the_log_tells_who_released_what_from_where() {
    let environments = Environments::new();
    environments.release(PRODUCTION, "web", "v1.0.0", 1).success();
    let first = environments.tip();
    environments.release(STAGING, "web", "v7.0.0", 2).success();
    environments.release(PRODUCTION, "api", "v3.0.0", 3).success();
    let by_hand = environments.file(PRODUCTION).replace("v1.0.0", "v1.0.1");
    let files = [File::new(&format!("{PRODUCTION}/kustomization.yaml"), by_hand)];
    let hand = environments.stage.remote.commit("main", "Mend it quickly", &files);

    let releases = environments.log(&["-k", PRODUCTION, "web"]);
    assert_eq!(tags(&releases), ["v1.0.1", "v1.0.0", "v0.9.0"]);
    let [newest, released, oldest] = &releases[..] else {
        panic!("{releases:?}");
    };
    assert_eq!((&newest["commit"], &newest["by_hand"]), (&Value::from(hand), &Value::Bool(true)));
    assert_eq!(newest["title"], "Mend it quickly");
    assert_eq!((&released["commit"], &released["by_hand"]), (&Value::from(first), &Value::Bool(false)));
    assert_eq!(released["source"], format!("org/app@{:040x}", 1));
    assert_eq!(released["by"], "github-actions[bot]");
    assert_eq!(released["image"], format!("{}/org/web", environments.stage.registry.address()));
    assert_eq!((&oldest["by_hand"], &oldest["image"]), (&Value::Bool(true), &Value::from("web")));

    assert_eq!(tags(&environments.log(&["-k", PRODUCTION])), ["v1.0.1", "v3.0.0", "v1.0.0", "v0.1.0", "v0.9.0"]);
    assert_eq!(tags(&environments.log(&["-k", PRODUCTION, "--limit", "1", "web"])), ["v1.0.1"]);
    assert_eq!(tags(&environments.log(&["-k", STAGING, "web"])), ["v7.0.0", "v0.9.0"]);

    let table = environments.run("log", &["-k", PRODUCTION, "web"]).run().success().stdout();
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("WHEN               TAG      DIGEST   SOURCE    BY "), "{table}");
    assert!(lines[1].ends_with("by hand") && lines[1].contains("   v1.0.1   –   "), "{table}");
    assert!(lines[2].contains("   0000000   github-actions[bot]   "), "{table}");
}

#[test]
fn the_log_of_a_name_that_never_was() {
    let environments = Environments::new();
    let output = environments.run("log", &["-k", PRODUCTION, "wep"]).run().exit(3);
    output.stderr_has("no `images` entry is named `wep`").stderr_has("hint: did you mean `web`?");
}

/// The cost does not grow with what is in the repository: one trip brings history, one a level of the path, one the files.
#[test]
fn the_log_costs_a_trip_a_level() {
    let environments = Environments::new();
    for number in 0..30 {
        environments.stage.remote.commit("main", "Noise", &[File::new("noise", number.to_string())]);
    }
    environments.release(PRODUCTION, "web", "v1.0.0", 1).success();
    environments.server.requests();
    assert_eq!(environments.log(&["-k", PRODUCTION, "web"]).len(), 2);
    let requests = environments.server.requests().len();
    assert!(requests <= 5, "{requests} requests");
}

#[test]
fn the_log_from_a_shallow_checkout_and_a_whole_one() {
    let environments = Environments::new();
    for (tag, source) in [("v1.0.0", 1), ("v1.1.0", 2)] {
        environments.release(PRODUCTION, "web", tag, source).success();
    }
    for options in [&["--depth=1"][..], &[]] {
        let checkout = Checkout::clone_with(&environments.server.url("gitops.git"), options);
        let folder = checkout.path().join(PRODUCTION);
        let log = tagship().home(&environments.stage.home).current_dir(folder).args(["log", "web", "--output", "json"]);
        let releases = document(&log.run().success())["releases"].as_array().unwrap().clone();
        assert_eq!(tags(&releases), ["v1.1.0", "v1.0.0", "v0.9.0"], "{options:?}");
    }
}

/// What is merged into the release branch counts as what it made of the branch.
#[test]
fn the_log_follows_the_branch_over_merges() {
    let environments = Environments::new();
    environments.release(PRODUCTION, "web", "v1.0.0", 1).success();
    let remote = &environments.stage.remote;
    let base = environments.tip();
    let path = format!("{PRODUCTION}/kustomization.yaml");
    let changed = environments.file(PRODUCTION).replace("v1.0.0", "v2.0.0");
    remote.git(["update-ref", "refs/heads/side", &base]).run().success();
    let side =
        remote.commit("side", "On the side\r\n\r\nCRLF, as some tools write it\r\n", &[File::new(&path, changed)]);
    let tree = format!("{side}^{{tree}}");
    let merge = remote.git(["commit-tree", &tree, "-p", &base, "-p", &side, "-m", "Merge it"]).run().success();
    let merge = merge.stdout().trim().to_owned();
    remote.git(["update-ref", "refs/heads/main", &merge]).run().success();
    let releases = environments.log(&["-k", PRODUCTION, "web"]);
    assert_eq!(tags(&releases), ["v2.0.0", "v1.0.0", "v0.9.0"]);
    assert_eq!(releases[0]["commit"], merge);
}

pub fn rollback(environments: &Environments, arguments: &[&str]) -> Command {
    environments.run("rollback", &["-k", PRODUCTION, "--output", "json"]).args(arguments.iter().copied())
}

#[test]
fn one_release_back() {
    let environments = Environments::new();
    environments.release(PRODUCTION, "web", "v1.0.0", 1).success();
    let good = environments.file(PRODUCTION);
    environments.release(PRODUCTION, "web", "v1.1.0", 2).success();
    let bad = environments.tip();

    let dry = environments.run("rollback", &["-k", PRODUCTION, "--dry-run", "web"]).run().success().stdout();
    assert!(dry.contains(&format!(" back    {}  Release ", &bad[..7])), "{dry}");
    assert_eq!(environments.tip(), bad, "a dry run changes nothing");

    let output = rollback(&environments, &["web"]).run().success();
    assert_eq!(document(&output)["outcome"], "released");
    assert_eq!(environments.file(PRODUCTION), good, "to the byte");
    let commit = &environments.stage.remote.log("main")[0];
    assert_eq!(commit.trailer("Tagship-Rollback-Of"), [&bad]);
    assert_eq!(commit.trailer("Tagship-Source"), [format!("org/app@{:040x}", 1)]);
    assert!(commit.subject.starts_with("Roll back to ") && commit.subject.ends_with(":v1.0.0 [skip ci]"));
    environments.stage.remote.fsck();

    let releases = environments.log(&["-k", PRODUCTION, "web"]);
    assert_eq!(tags(&releases), ["v1.0.0", "v1.1.0", "v1.0.0", "v0.9.0"]);
    assert_eq!(releases[1]["rolled_back_by"], releases[0]["commit"]);
}

/// A pipeline that runs again does not bring back what was rolled back; the next build does go out.
#[test]
fn what_is_rolled_back_stays_away() {
    let environments = Environments::new();
    for (tag, source) in [("v1.0.0", 1), ("v1.1.0", 2), ("v1.2.0", 3)] {
        environments.release(PRODUCTION, "web", tag, source).success();
    }
    rollback(&environments, &["web"]).run().success();
    assert_eq!(document(&environments.release(PRODUCTION, "web", "v1.2.0", 3).success())["outcome"], "superseded");
    // Twice back: both stay away.
    rollback(&environments, &["web"]).run().success();
    assert!(environments.file(PRODUCTION).contains("v1.0.0"));
    for (tag, source) in [("v1.2.0", 3), ("v1.1.0", 2)] {
        let output = environments.release(PRODUCTION, "web", tag, source).success();
        assert_eq!(document(&output)["outcome"], "superseded", "{tag}");
        assert!(document(&output)["reason"].as_str().unwrap().contains("rolled back"), "{tag}");
    }
    // Another environment knows nothing of it.
    assert_eq!(document(&environments.release(STAGING, "web", "v1.2.0", 3).success())["outcome"], "released");
    assert_eq!(document(&environments.release(PRODUCTION, "web", "v1.3.0", 4).success())["outcome"], "released");
    rollback(&environments, &["web"]).run().success();
    assert!(environments.file(PRODUCTION).contains("v1.0.0"), "what was taken back is not gone back to");
}

#[test]
fn to_a_release_by_any_of_its_names() {
    let environments = Environments::new();
    let mut commits = Vec::new();
    for (tag, source) in [("v1.0.0", 0xabc_def0), ("v1.1.0", 2), ("v1.2.0", 3)] {
        environments.release(PRODUCTION, "web", tag, source).success();
        commits.push(environments.tip());
    }
    let source = format!("{:040x}", 0xabc_def0);
    for (arguments, expected, taken_back) in [
        (vec!["--to", "v1.1.0", "web"], "v1.1.0", 1),
        (vec!["--to", &commits[1][..9], "web"], "v1.1.0", 1),
        (vec!["--to", &source, "web"], "v1.0.0", 2),
        (vec!["--steps", "2", "web"], "v1.0.0", 2),
        (vec!["--steps", "3", "web"], "v0.9.0", 3),
    ] {
        let output = rollback(&environments, &arguments).arg("--dry-run").arg("--no-check").run().success();
        let document = document(&output);
        assert_eq!(document["images"][0]["tag"], expected, "{arguments:?}");
        let back = output.stderr().matches(" back    ").count();
        assert_eq!(back, taken_back, "{arguments:?}");
    }
}

#[test]
fn no_way_back() {
    let environments = Environments::new();
    environments.release(PRODUCTION, "web", "v1.0.0", 1).success();
    let before = environments.tip();
    for (arguments, code, says) in [
        (&["--steps", "7", "web"][..], 3, "history does not know 7 releases of `web` before this one"),
        (&["--to", "v9.9.9", "web"], 3, "`web` was never released as `v9.9.9`"),
        (&["wep"], 3, "did you mean `web`?"),
        (&["--steps", "1", "--to", "v1.0.0", "web"], 2, "cannot be used with"),
        (&["api"], 3, "no release of `api` before this one"),
        // The first image was never in this registry.
        (&["web"], 4, "is not in the registry"),
    ] {
        let mut rollback = rollback(&environments, arguments);
        if code == 4 {
            let host = environments.stage.registry.address();
            let text = environments.file(PRODUCTION).replace("v1.0.0", "v1.1.0");
            let gone = text.replace("v1.1.0", "v1.0.5");
            let path = format!("{PRODUCTION}/kustomization.yaml");
            environments.stage.remote.commit("main", "Gone", &[File::new(&path, gone)]);
            environments.stage.remote.commit("main", "Back", &[File::new(&path, text)]);
            rollback = rollback.env("NO_PROXY", host);
        }
        rollback.run().exit(code).stderr_has(says);
    }
    assert_eq!(environments.stage.remote.log("main").iter().position(|commit| commit.id == before), Some(2));
}

fn promote(environments: &Environments, arguments: &[&str]) -> Command {
    environments.run("promote", &["--output", "json"]).args(arguments.iter().copied())
}

const ON: [&str; 4] = ["--from", STAGING, "--to", PRODUCTION];

#[test]
fn what_runs_in_staging_goes_to_production() {
    let environments = Environments::new();
    environments.release(STAGING, "web", "v1.0.0", 1).success();
    let expected = environments.file(STAGING);
    let output = promote(&environments, &ON).run().success();
    assert_eq!(document(&output)["outcome"], "released");
    assert_eq!(environments.file(PRODUCTION), expected);
    let commit = &environments.stage.remote.log("main")[0];
    assert!(commit.subject.starts_with("Promote ") && commit.subject.ends_with("/org/web:v1.0.0 [skip ci]"));
    assert_eq!(commit.trailer("Tagship-File"), [format!("{PRODUCTION}/kustomization.yaml")]);
    assert_eq!(document(&promote(&environments, &ON).run().success())["outcome"], "unchanged");
}

#[test]
fn only_the_named_entries_and_their_source() {
    let environments = Environments::new();
    environments.release(STAGING, "web", "v1.0.0", 7).success();
    environments.release(STAGING, "api", "v2.0.0", 8).success();
    promote(&environments, &ON).arg("api").run().success();
    assert!(environments.file(PRODUCTION).contains("v2.0.0") && environments.file(PRODUCTION).contains("v0.9.0"));
    let commit = &environments.stage.remote.log("main")[0];
    assert_eq!(commit.trailer("Tagship-Source"), [format!("org/app@{:040x}", 8)]);
    promote(&environments, &ON).arg("wep").run().exit(3).stderr_has("did you mean `web`?");
}

#[test]
fn across_branches_and_repositories() {
    let environments = Environments::new();
    let remote = &environments.stage.remote;
    environments.release(STAGING, "web", "v1.0.0", 1).success();
    remote.git(["branch", "next", "main"]).run().success();
    let next = environments.file(STAGING).replace("v1.0.0", "v1.5.0");
    environments.stage.registry.put_image("org/web", "v1.5.0", &Image::new());
    remote.commit("next", "Next", &[File::new(&format!("{STAGING}/kustomization.yaml"), next)]);
    promote(&environments, &ON).args(["--from-branch", "next", "web"]).run().success();
    assert!(environments.file(PRODUCTION).contains("v1.5.0"));

    let other = remote.sibling("other");
    environments.stage.registry.put_image("org/web", "v1.6.0", &Image::new());
    let entry = format!("newName: {}/org/web\n  newTag: v1.6.0", environments.stage.registry.address());
    other.commit("main", "Other", &[File::new("apps/kustomization.yaml", kustomization(&[("web", &entry)]))]);
    let url = environments.server.url("other.git");
    promote(&environments, &["--from", "apps", "--to", PRODUCTION, "--from-repo", &url]).run().success();
    assert!(environments.file(PRODUCTION).contains("v1.6.0"));
}

#[test]
fn nothing_is_promoted_over_a_newer_release_or_without_its_image() {
    let environments = Environments::new();
    environments.release(STAGING, "web", "v1.0.0", 1).success();
    environments.release(PRODUCTION, "web", "v1.1.0", 2).success();
    let before = environments.tip();
    assert_eq!(document(&promote(&environments, &ON).arg("web").run().success())["outcome"], "superseded");
    environments.release(STAGING, "web", "v1.2.0", 3).success();
    environments.stage.registry.remove_manifest("org/web", "v1.2.0");
    promote(&environments, &ON).arg("web").run().exit(4);
    assert_ne!(environments.tip(), before);
    assert!(environments.file(PRODUCTION).contains("v1.1.0"));
}

/// The token is for the server that is released to. Another one, which only is read, must not see it.
#[test]
fn a_token_stays_at_its_own_server() {
    let environments = Environments::new();
    let other = Stage::new();
    let elsewhere = GitServer::start(other.remote.folder(), Access::Open);
    environments.stage.registry.put_image("org/web", "v1.6.0", &Image::new());
    let entry = format!("newName: {}/org/web\n  newTag: v1.6.0", environments.stage.registry.address());
    other.remote.commit("main", "Other", &[File::new("apps/kustomization.yaml", kustomization(&[("web", &entry)]))]);
    let url = elsewhere.url("gitops.git");
    let arguments = ["--from", "apps", "--to", PRODUCTION, "--from-repo", &url];
    promote(&environments, &arguments).env("TAGSHIP_GIT_TOKEN", "t0ken-s3cret").run().success();
    let shown =
        |server: &GitServer| server.requests().iter().any(|request| request.logged.authorization_value().is_some());
    assert!(shown(&environments.server), "to its own server");
    assert!(!shown(&elsewhere), "to the other server");
}

/// What says nothing of its image in one environment takes nothing away in the other.
#[test]
fn what_is_not_pinned_is_not_carried_on() {
    let environments = Environments::new();
    let staging = kustomization(&[("web", "newTag: v1.0.0"), ("api", "newName: org/api")]);
    let path = format!("{STAGING}/kustomization.yaml");
    environments.stage.remote.commit("main", "Unpin it", &[File::new(&path, staging)]);
    let output = promote(&environments, &ON).arg("--no-check").run().success();
    output.stderr_has(
        "`api` has neither tag nor digest in `overlays/staging/kustomization.yaml`, so it is not carried on",
    );
    let production = environments.file(PRODUCTION);
    assert!(production.contains("v1.0.0") && production.contains("v0.1.0"), "{production}");
    promote(&environments, &ON).arg("api").run().exit(3).stderr_has("`api` has neither tag nor digest");
}
