//! What runs in one environment goes to the next one.

use crate::pipeline::{PRODUCTION, Pipeline, STAGING, document, kustomization};
use crate::stage::Stage;
use crate::support::command::Command;
use crate::support::git_server::{Access, GitServer};
use crate::support::registry::Image;
use crate::support::repository::File;

fn promote(environments: &Pipeline, arguments: &[&str]) -> Command {
    environments.run("promote", &["--output", "json"]).args(arguments.iter().copied())
}

const ON: [&str; 4] = ["--from", STAGING, "--to", PRODUCTION];

#[test]
fn what_runs_in_staging_goes_to_production() {
    let environments = Pipeline::with_environments();
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

/// A line that was copied ends without a promotion each time.
#[test]
fn a_file_is_not_promoted_to_itself() {
    let environments = Pipeline::with_environments();
    environments.release(STAGING, "web", "v1.0.0", 1).success();
    for from in [STAGING.to_owned(), format!("./{STAGING}/"), format!("{STAGING}/kustomization.yaml")] {
        let output = environments.run("promote", &["--from", &from, "--to", STAGING]).run().exit(2);
        output.stderr_has(&format!("`--from` and `--to` are the same file, `{STAGING}/kustomization.yaml`"));
    }
    let branches = ["--branch", "main", "--from-branch", "refs/heads/main"];
    environments.run("promote", &["--from", STAGING, "--to", STAGING]).args(branches).run().exit(2);
}

/// What staging was released with is another image than what its tag is by now. The flag that the warning names promotes it.
#[test]
fn a_tag_that_was_pushed_again_is_told_with_the_way_to_what_was_released() {
    let environments = Pipeline::with_environments();
    environments.release(STAGING, "web", "v1.0.0", 1).success();
    let released = environments.log(&["-k", STAGING])[0]["digest"].as_str().unwrap().to_owned();
    let now = environments.stage.registry.put_image("org/web", "v1.0.0", &Image::new().label("pushed", "again"));
    let short = |digest: &str| digest[.."sha256:".len() + 12].to_owned();
    let told = format!(
        "the tag `v1.0.0` of `web` is {} now, and was {} when it was released to `{STAGING}/kustomization.yaml`: to promote \
         what was released, run this again with `--pin-digest`\n",
        short(&now),
        short(&released)
    );
    let promote =
        |flags: &[&str]| environments.run("promote", &ON).args(flags.iter().copied()).arg("web").run().success();
    promote(&["--dry-run"]).stdout_has(&told);
    promote(&[]).stdout_has(&told);
    promote(&["--pin-digest"]).says_nowhere("when it was released");
    assert!(environments.file(PRODUCTION).contains(&released));
}

/// What is not named is neither held nor overridden, and its past is not read.
#[test]
fn a_hold_for_another_entry_than_the_named_one() {
    let environments = Pipeline::with_environments();
    environments.release(STAGING, "web", "v1.0.0", 7).success();
    environments.release(STAGING, "api", "v2.0.0", 8).success();
    let hold = File::new(&format!("{STAGING}/.tagship-hold"), "Broken\nnames: api\n");
    environments.stage.remote.commit("main", "Hold", &[hold]);
    let all = promote(&environments, &ON).args(["--override-hold", "--dry-run"]).run().success();
    all.stderr_has("overrides the hold");
    let named = promote(&environments, &ON).args(["--override-hold", "web"]).run().success();
    named.says_nowhere("hold");
}

#[test]
fn only_the_named_entries_and_their_source() {
    let environments = Pipeline::with_environments();
    environments.release(STAGING, "web", "v1.0.0", 7).success();
    environments.release(STAGING, "api", "v2.0.0", 8).success();
    promote(&environments, &ON).arg("api").run().success();
    assert!(environments.file(PRODUCTION).contains("v2.0.0") && environments.file(PRODUCTION).contains("v0.9.0"));
    let commit = &environments.stage.remote.log("main")[0];
    assert_eq!(commit.trailer("Tagship-Source"), [format!("org/app@{:040x}", 8)]);
    promote(&environments, &ON).arg("wep").run().exit(3).stderr_has("did you mean `web`?");
    let output = promote(&environments, &ON).args(["wep", "web", "apy"]).run().exit(3).stderr_has("error: 2 problems");
    output.stderr_has("did you mean `web`?").stderr_has("did you mean `api`?");
}

#[test]
fn what_production_lacks_is_named_in_the_words_of_a_promotion() {
    let environments = Pipeline::with_environments();
    let staging = kustomization(&[("web", "newTag: v1.0.0"), ("cron", "newTag: v1.0.0")]);
    environments.stage.remote.commit("main", "Add", &[File::new(&format!("{STAGING}/kustomization.yaml"), staging)]);
    let output = promote(&environments, &ON).arg("cron").run().exit(3);
    output.stderr_has("no `images` entry is named `cron` in").stderr_has("hint: `--add` appends a new entry\n");
    let output = promote(&environments, &["--from", "nowhere", "--to", PRODUCTION]).run().exit(3);
    output.stderr_has("hint: a path names a file, or the folder of a kustomization, and the branch is read");
}

#[test]
fn across_branches_and_repositories() {
    let environments = Pipeline::with_environments();
    let remote = &environments.stage.remote;
    environments.release(STAGING, "web", "v1.0.0", 1).success();
    remote.git(["branch", "next", "main"]).run().success();
    let next = environments.file(STAGING).replace("v1.0.0", "v1.5.0");
    environments.stage.registry.put_image("org/web", "v1.5.0", &Image::new());
    remote.commit("next", "Next", &[File::new(&format!("{STAGING}/kustomization.yaml"), next)]);
    promote(&environments, &ON).args(["--from-branch", "next", "web"]).run().success();
    assert!(environments.file(PRODUCTION).contains("v1.5.0"));
    let absent = promote(&environments, &ON).args(["--from-branch", "nope", "web"]).run().exit(3);
    absent.stderr_has("hint: name the release branch with `--from-branch`\n");

    let other = remote.sibling("other");
    environments.stage.registry.put_image("org/web", "v1.6.0", &Image::new());
    let entry = format!("newName: {}/org/web\n  newTag: v1.6.0", environments.stage.registry.address());
    other.commit("main", "Other", &[File::new("apps/kustomization.yaml", kustomization(&[("web", &entry)]))]);
    let url = environments.server.url("other.git");
    let empty = promote(&environments, &["--from", "apps", "--to", PRODUCTION, "--from-repo", " "]).run().exit(2);
    empty.stderr_has("`--from-repo` is empty");
    promote(&environments, &["--from", "apps", "--to", PRODUCTION, "--from-repo", &url]).run().success();
    assert!(environments.file(PRODUCTION).contains("v1.6.0"));
}

#[test]
fn nothing_is_promoted_over_a_newer_release_or_without_its_image() {
    let environments = Pipeline::with_environments();
    environments.release(STAGING, "web", "v1.0.0", 1).success();
    environments.release(PRODUCTION, "web", "v1.1.0", 2).success();
    let before = environments.tip();
    let refused = promote(&environments, &ON).arg("web").run().exit(9);
    refused.stderr_has("superseded: `web`: main already releases `v1.1.0`");
    let skipped = promote(&environments, &ON).args(["--on-superseded", "skip", "web"]).run().success();
    assert_eq!(document(&skipped)["outcome"], "superseded");
    environments.release(STAGING, "web", "v1.2.0", 3).success();
    environments.stage.registry.remove_manifest("org/web", "v1.2.0");
    promote(&environments, &ON).arg("web").run().exit(4);
    assert_ne!(environments.tip(), before);
    assert!(environments.file(PRODUCTION).contains("v1.1.0"));
}

/// The token is for the server that is released to. Another one, which only is read, must not see it.
#[test]
fn a_token_stays_at_its_own_server() {
    let environments = Pipeline::with_environments().over_http();
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

/// What kustomize makes of two entries with one name is carried on, and what it does not is not.
#[test]
fn what_counts_of_two_entries_is_carried_on() {
    let environments = Pipeline::with_environments();
    let staging = kustomization(&[("web", "newTag: v1.0.0"), ("web", "newTag: v1.1.0")]);
    let path = format!("{STAGING}/kustomization.yaml");
    environments.stage.remote.commit("main", "Twice", &[File::new(&path, staging)]);
    promote(&environments, &ON).args(["--no-check", "web"]).run().success();
    let production = environments.file(PRODUCTION);
    assert!(production.contains("v1.1.0") && !production.contains("v1.0.0"), "{production}");
}

/// What says nothing of its image in one environment takes nothing away in the other.
#[test]
fn what_is_not_pinned_is_not_carried_on() {
    let environments = Pipeline::with_environments();
    let staging = kustomization(&[("web", "newTag: v1.0.0"), ("api", "newName: org/api")]);
    let path = format!("{STAGING}/kustomization.yaml");
    environments.stage.remote.commit("main", "Unpin it", &[File::new(&path, staging)]);
    let output = promote(&environments, &ON).arg("--no-check").run().success();
    output
        .stderr_has("`api` has neither tag nor digest in `overlays/staging/kustomization.yaml`, so it is not promoted");
    let production = environments.file(PRODUCTION);
    assert!(production.contains("v1.0.0") && production.contains("v0.1.0"), "{production}");
    let unpinned = promote(&environments, &ON).arg("api").run().exit(3);
    unpinned.stderr_has("`api` has neither tag nor digest").stderr_has("hint: release a version there first");
    let staging = kustomization(&[("web", "newName: org/web")]);
    environments.stage.remote.commit("main", "Unpin all", &[File::new(&path, staging)]);
    let unpinned = promote(&environments, &ON).run().exit(3);
    unpinned
        .stderr_has("no entry of `overlays/staging/kustomization.yaml` has a tag or a digest")
        .says_nowhere("--add");
}

/// A build that was rolled back in production does not come back with a promotion, also if its fix was rolled back after it.
#[test]
fn several_builds_that_were_rolled_back_are_not_promoted_again() {
    let environments = Pipeline::with_environments();
    let release = |tag: &str, number: u32| environments.release(STAGING, "web", tag, number).success();
    let back = |folder: &str| environments.run("rollback", &["-k", folder, "web"]).run().success();
    for (number, tag) in [(1, "v1.0.0"), (2, "v1.1.0"), (3, "v1.2.0")] {
        release(tag, number);
        promote(&environments, &ON).run().success();
        if number > 1 {
            back(PRODUCTION);
        }
    }
    assert!(environments.file(PRODUCTION).contains("v1.0.0"));
    back(STAGING);
    assert!(environments.file(STAGING).contains("v1.1.0"));
    promote(&environments, &ON).run().exit(9).stderr_has("`v1.1.0` was rolled back by");
    release("v1.3.0", 4);
    promote(&environments, &ON).run().success();
    assert!(environments.file(PRODUCTION).contains("v1.3.0"));
}

/// A rollback that is promoted takes back in production all that it took back in staging, so that the way back goes on from there.
#[test]
fn a_promoted_rollback_takes_back_all_that_it_took_back_in_staging() {
    let past = Pipeline::with_environments();
    let run = |pipeline: &Pipeline, command: &str, arguments: &[&str]| {
        let output = pipeline.run(command, &["--no-check", "--output", "json"]).args(arguments.iter().copied()).run();
        document(&output)["outcome"].as_str().unwrap().to_owned()
    };
    for tag in ["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0"] {
        assert_eq!(run(&past, "release", &["-k", STAGING, &format!("web=*:{tag}")]), "released");
        assert_eq!(run(&past, "promote", &ON), "released");
    }
    let past = past.stage.remote.contents();
    for (to, by_hand) in [("v1.0.0", false), ("v1.0.5", true), ("v1.0.0", true)] {
        // Production may run what a person wrote.
        for is_written in [false, true] {
            let pipeline = Pipeline::copy(&past);
            let write = |folder: &str, from: &str, to: &str| {
                let file = File::new(&format!("{folder}/kustomization.yaml"), pipeline.file(folder).replace(from, to));
                pipeline.stage.remote.commit("main", "By hand", &[file]);
            };
            if is_written {
                assert_eq!(run(&pipeline, "release", &["-k", STAGING, "web=*:v1.4.0"]), "released");
                write(PRODUCTION, "v1.3.0", "v1.4.0");
            }
            match by_hand {
                true => write(STAGING, if is_written { "v1.4.0" } else { "v1.3.0" }, to),
                false => assert_eq!(run(&pipeline, "rollback", &["-k", STAGING, "--to", to, "web"]), "released"),
            }
            assert_eq!(run(&pipeline, "promote", &ON), "released");
            assert!(pipeline.file(PRODUCTION).contains(to));
            for tag in ["v1.1.0", "v1.2.0", "v1.3.0"] {
                let image = format!("web=*:{tag}");
                assert_eq!(run(&pipeline, "release", &["-k", PRODUCTION, &image]), "superseded", "{to} {tag}");
            }
            let log = pipeline.log(&["-k", PRODUCTION, "web"]);
            let of_tag = |tag: &str| log.iter().find(|release| release["tag"] == tag).unwrap();
            assert!(
                ["v1.1.0", "v1.2.0", "v1.3.0"].iter().all(|tag| !of_tag(tag)["rolled_back_by"].is_null()),
                "{log:?}"
            );
            assert_eq!(run(&pipeline, "rollback", &["-k", PRODUCTION, "web"]), "released");
            let back_to = if to == "v1.0.5" { "v1.0.0" } else { "v0.9.0" };
            assert!(pipeline.file(PRODUCTION).contains(back_to), "{to} {by_hand}: {}", pipeline.file(PRODUCTION));
        }
    }
}

/// The other environment has entries of which one replaces the other, and deploys what comes out.
#[test]
fn entries_that_meet_in_one_image_are_promoted_as_they_are() {
    let environments = Pipeline::with_environments();
    let entries = |tag: &str| {
        let first = format!("newName: r.example/web\n  newTag: {tag}");
        kustomization(&[("web", &first), ("r.example/web", "newTag: v1.0.0")])
    };
    let files = [(STAGING, "v1.1.0"), (PRODUCTION, "v1.0.0")]
        .map(|(folder, tag)| File::new(&format!("{folder}/kustomization.yaml"), entries(tag)));
    environments.stage.remote.commit("main", "By hand", &files);
    let output = promote(&environments, &ON).arg("--no-check").run().success();
    assert_eq!(environments.file(PRODUCTION), entries("v1.1.0"));
    output.stderr_has("to it too, whose version is deployed in its place");
}
