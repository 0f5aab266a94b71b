//! Histories of real teams: hotfixes, squashes, renamed repositories, rollbacks on a bad night, and forged messages. Exit code
//! 0 without a release only if the branch provably carries the same or a newer one.

use serde_json::Value;

use crate::pipeline::{PRODUCTION, Pipeline, STAGING, document, ends, outcome};
use crate::stage::{FILE, FOLDER};
use crate::support::command::{Command, Output};
use crate::support::git_server::Fault;
use crate::support::http::Response;
use crate::support::login::Login;
use crate::support::registry::Image;
use crate::support::repository::{Checkout, File};

/// Releases a tag of the image `web`, without asking the registry, as CI does for `source` or by hand.
fn release(pipeline: &Pipeline, tag: &str, source: Option<&str>) -> Command {
    let command = pipeline.run("release", &["--no-check", "--output", "json", "-k", FOLDER]);
    let command = command.arg(format!("IMAGE_PLACEHOLDER=*:{tag}"));
    match source {
        Some(commit) => pipeline.in_ci(command, commit),
        None => command,
    }
}

fn in_production(pipeline: &Pipeline, tag: &str) -> Output {
    pipeline.run("release", &["--no-check", "--output", "json", "-k", PRODUCTION, &format!("web=*:{tag}")]).run()
}

/// Makes `commit` the tip of the sources' default branch.
fn default_branch_at(pipeline: &Pipeline, commit: &str) {
    pipeline.sources.git(["update-ref", "refs/heads/main", commit]).run().success();
}

#[test]
fn a_hotfix_of_an_older_line_is_loud() {
    let pipeline = Pipeline::with_sources("app");
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let fix = pipeline.source("fix", &[&one]);
    default_branch_at(&pipeline, &two);
    ends(&release(&pipeline, "build-2", Some(&two)).run(), "released");
    let failed = release(&pipeline, "build-fix", Some(&fix)).run().exit(9);
    assert_eq!(document(&failed)["error"]["kind"], "guarded");
    failed
        .stderr_has(&format!("app@{})", &fix[..7]))
        .stderr_has(&format!("app@{})", &two[..7]))
        .stderr_has("`--on-diverged release`")
        .stderr_has("::error ");
    let skipped = release(&pipeline, "build-fix", Some(&fix)).args(["--on-diverged", "skip"]).run().success();
    ends(&skipped, "diverged");
    skipped.stderr_has("::warning ");
    ends(&release(&pipeline, "build-1", Some(&one)).run().success(), "superseded");
    // So does the dry run of a request whose branch is behind.
    release(&pipeline, "build-fix", Some(&fix)).arg("--dry-run").run().exit(9);
    let allowed = || release(&pipeline, "build-fix", Some(&fix)).args(["--on-diverged", "release"]);
    ends(&allowed().arg("--dry-run").run().success(), "dry-run");
    ends(&allowed().run().success(), "released");
}

/// A hotfix took the place of a build of main: that one and what is before it stay away, and main goes on after it.
#[test]
fn an_old_pipeline_of_main_does_not_replace_a_hotfix() {
    let pipeline = Pipeline::with_sources("app");
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    let four = pipeline.source("four", &[&three]);
    let fixes = ["fix", "fix-again"].map(|name| pipeline.source(name, &[&one]));
    default_branch_at(&pipeline, &four);
    ends(&release(&pipeline, "build-3", Some(&three)).run(), "released");
    for fix in &fixes {
        ends(&release(&pipeline, &fix[..12], Some(fix)).args(["--on-diverged", "release"]).run(), "released");
        for (tag, source) in [("build-3", &three), ("build-2", &two)] {
            let again = release(&pipeline, tag, Some(source)).run().success();
            ends(&again, "superseded");
            again.stderr_has("main released `build-3` (app@").stderr_has(&super::ran_before(tag, "build-3"));
        }
    }
    ends(&release(&pipeline, "build-4", Some(&four)).run(), "released");
}

#[test]
fn main_goes_on_after_a_squash() {
    let pipeline = Pipeline::with_sources("app");
    let base = pipeline.source("base", &[]);
    let request = pipeline.source("request", &[&base]);
    let squash = pipeline.source("squash", &[&base]);
    let later = pipeline.source("later", &[&squash]);
    default_branch_at(&pipeline, &later);
    ends(&release(&pipeline, "build-1", Some(&request)).run(), "released");
    let output = release(&pipeline, "build-2", Some(&squash)).run();
    ends(&output, "released");
    assert_eq!(document(&output)["notes"][0]["level"], "warning");
    output.stderr_has(&format!("diverged: only {} is on main, the default branch of its source", &squash[..7]));
    let output = release(&pipeline, "build-3", Some(&later)).run();
    ends(&output, "released");
    assert!(document(&output)["images"][0]["order"].as_str().unwrap().contains("descends from"));
    ends(&release(&pipeline, "build-1", Some(&request)).run().exit(9), "failed");
}

#[test]
fn the_tip_of_main_goes_on_after_a_hotfix() {
    let pipeline = Pipeline::with_sources("app");
    let base = pipeline.source("base", &[]);
    let fix = pipeline.source("fix", &[&base]);
    let picked = pipeline.source("picked", &[&base]);
    default_branch_at(&pipeline, &picked);
    ends(&release(&pipeline, "build-fix", Some(&fix)).run(), "released");
    let output = release(&pipeline, "build-2", Some(&picked)).run();
    ends(&output, "released");
    output.stderr_has(&format!("diverged: only {} is on main, the default branch of its source", &picked[..7]));
    // What is the tip is on the branch as well when it is what runs.
    ends(&release(&pipeline, "build-fix", Some(&fix)).run().exit(9), "failed");
}

/// The default branch might have told that the new build is the one to run.
#[test]
fn a_default_branch_that_cannot_be_read_is_told() {
    let pipeline = Pipeline::with_sources("app").over_http();
    let base = pipeline.source("base", &[]);
    let request = pipeline.source("request", &[&base]);
    let squash = pipeline.source("squash", &[&base]);
    default_branch_at(&pipeline, &squash);
    ends(&release(&pipeline, "build-1", Some(&request)).run(), "released");
    let checkout = Checkout::clone_with(&pipeline.sources.file_url(), &[]);
    let release = || release(&pipeline, "build-2", Some(&squash)).current_dir(checkout.path());
    let hidden = Response::text(404, "Repository not found");
    pipeline.server.inject("/app.git/", 1, Fault::Answer(hidden));
    release().run().exit(9).stderr_has("is not built on top of").stderr_has("; its default branch is not known: ");
    ends(&release().run(), "released");
}

#[test]
fn names_of_repositories_only_say_where_to_ask() {
    let pipeline = Pipeline::with_sources("app");
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    ends(&release(&pipeline, "build-1", Some(&one)).run(), "released");
    let renamed = pipeline.sources.path().with_file_name("renamed.git");
    std::fs::rename(pipeline.sources.path(), &renamed).unwrap();
    let again =
        |tag: &str, source: &str| release(&pipeline, tag, Some(source)).env("GITHUB_REPOSITORY", "renamed").run();
    ends(&again("build-2", &two), "released");
    ends(&again("build-1", &one), "superseded");
}

#[test]
fn a_commit_that_was_rolled_back_under_another_tag() {
    let pipeline = Pipeline::with_sources("app");
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    ends(&release(&pipeline, "build-1", Some(&one)).run(), "released");
    ends(&release(&pipeline, "build-2", Some(&two)).run(), "released");
    pipeline.run("rollback", &["--no-check", "-k", FOLDER, "IMAGE_PLACEHOLDER"]).run().success();
    let again = release(&pipeline, "build-3", Some(&two)).run();
    ends(&again, "superseded");
    again.stdout_has("is built from the same commit as `build-2`");
    ends(&release(&pipeline, "build-4", Some(&three)).run(), "released");
}

/// The commit is not what was bad of it: what runs was built from it too, or a person has given what comes a higher version.
#[test]
fn another_build_of_the_commit_of_one_that_was_rolled_back() {
    for (runs, bad, comes, expected) in [
        ("v1.1.0-20261101", "v1.1.0-20261102", "v1.1.0-20261103", "released"),
        ("main-1764000000", "main-1764000100", "main-1764000200", "released"),
        ("v1.1.0", "v1.2.0", "v1.2.1", "released"),
        ("v1.1.0", "v1.2.0", "v1.2.0-rc.1", "superseded"),
        ("v1.1.0", "v1.2.0-20261102", "v1.2.0-20261103", "superseded"),
        ("20261101", "20261102", "20261103", "superseded"),
        ("2026.11.1", "2026.11.2", "2026.11.3", "superseded"),
    ] {
        let pipeline = Pipeline::with_sources("app");
        let one = pipeline.source("one", &[]);
        let of_one_commit = expected == "released" && runs.contains('-');
        let two = if of_one_commit { one.clone() } else { pipeline.source("two", &[&one]) };
        ends(&release(&pipeline, runs, Some(&one)).run(), "released");
        ends(&release(&pipeline, bad, Some(&two)).run(), "released");
        pipeline.run("rollback", &["--no-check", "-k", FOLDER, "IMAGE_PLACEHOLDER"]).run().success();
        ends(&release(&pipeline, bad, Some(&two)).run(), "superseded");
        let output = release(&pipeline, comes, Some(&two)).run();
        assert_eq!(outcome(output), expected, "{runs}, {bad}, {comes}");
    }
}

/// Rolled back by us, by git's revert, and by hand: each time the bad one stays away, and a fix of what runs goes out.
#[test]
fn what_was_taken_back_stays_away() {
    for way in ["rollback", "by hand"] {
        let pipeline = Pipeline::with_environments();
        for tag in ["v1.0.0", "v1.1.0", "v1.2.0"] {
            ends(&in_production(&pipeline, tag), "released");
        }
        match way {
            "rollback" => {
                pipeline.run("rollback", &["--no-check", "-k", PRODUCTION, "web"]).run().success();
            }
            _ => {
                let text = pipeline.file(PRODUCTION).replace("v1.2.0", "v1.1.0");
                pipeline.stage.remote.commit(
                    "main",
                    "Back",
                    &[File::new(&format!("{PRODUCTION}/kustomization.yaml"), text)],
                );
            }
        }
        let output = in_production(&pipeline, "v1.2.0");
        ends(&output.success(), "superseded");
        ends(&in_production(&pipeline, "v1.1.1"), "released");
        pipeline.stage.remote.commits("main", 60);
        ends(&in_production(&pipeline, "v1.2.0"), "superseded");
        ends(&in_production(&pipeline, "v1.2.1"), "released");
        ends(&in_production(&pipeline, "v1.2.2"), "released");
        assert!(
            !pipeline.stage.remote.log("main")[0].message.clone().contains("Still-Taken-Back"),
            "{way}: something newer was released"
        );
    }
}

/// A tag that moves is another image each time, as far as its digest is written into the file.
#[test]
fn what_a_moving_tag_means_now_is_not_what_was_rolled_back() {
    let pipeline = Pipeline::with_environments();
    let registry = &pipeline.stage.registry;
    let image = format!("web={}/org/web:main", registry.address());
    let push = |build: &str| registry.put_image("org/web", "main", &Image::new().label("build", build));
    let release = || pipeline.run("release", &["--output", "json", "-k", PRODUCTION, "--pin-digest", &image]).run();
    for build in ["1", "2"] {
        push(build);
        ends(&release(), "released");
    }
    pipeline.run("rollback", &["-k", PRODUCTION, "web"]).run().success();
    ends(&release().success(), "superseded");
    let fix = push("3");
    ends(&release().success(), "released");
    assert!(pipeline.file(PRODUCTION).contains(&fix), "{}", pipeline.file(PRODUCTION));
    push("2");
    ends(&release().success(), "superseded");
}

/// The build of a later commit has not pushed yet, so that the tag still means what was rolled back.
#[test]
fn an_image_that_was_rolled_back_stays_away_whatever_commit_is_named_for_it() {
    let pipeline = Pipeline::with_environments();
    let sources = ["one", "two", "three"].map(|name| pipeline.source(name, &[]));
    let registry = &pipeline.stage.registry;
    let image = format!("web={}/org/web:main", registry.address());
    let push = |build: &str| registry.put_image("org/web", "main", &Image::new().label("build", build));
    let release = |image: &str, commit: &str| {
        let release = pipeline.run("release", &["--output", "json", "-k", PRODUCTION, "--pin-digest", image]);
        let flags = ["--on-diverged", "release"];
        pipeline.in_ci(release.args(flags), commit).run().success()
    };
    for (build, commit) in [("good", &sources[0]), ("bad", &sources[1])] {
        push(build);
        ends(&release(&image, commit), "released");
    }
    pipeline.run("rollback", &["-k", PRODUCTION, "web"]).run().success();
    for image in [&*image, "web=*:main"] {
        let again = release(image, &sources[2]);
        ends(&again, "superseded");
        again.stdout_has("`main` was rolled back by");
    }
    push("fixed");
    ends(&release("web=*:main", &sources[2]), "released");
}

/// A revert that brings back our last release leaves the file as that release made it: only the commits between tell of it.
#[test]
fn what_came_by_hand_and_was_reverted_stays_away() {
    for (title, revert) in [
        ("Release web:v1.4.0 (#7)", "Revert \"Release web:v1.4.0 (#7)\" (#8)"),
        ("Merged PR 7: Release web:v1.4.0", "Merged PR 8: Revert \"Release web:v1.4.0\""),
        ("Release web:v1.4.0", "Merged in revert-7 (pull request #8)\n\nRevert \"Release web:v1.4.0\"\n"),
    ] {
        let pipeline = Pipeline::with_environments();
        for tag in ["v1.0.0", "v1.3.0"] {
            ends(&in_production(&pipeline, tag), "released");
        }
        let path = format!("{PRODUCTION}/kustomization.yaml");
        let released = pipeline.file(PRODUCTION);
        let by_hand = released.replace("v1.3.0", "v1.4.0");
        pipeline.stage.remote.commit("main", title, &[File::new(&path, by_hand)]);
        pipeline.stage.remote.commit("main", revert, &[File::new(&path, released)]);
        ends(&in_production(&pipeline, "v1.4.0").success(), "superseded");
        ends(&in_production(&pipeline, "v1.3.1"), "released");
        ends(&in_production(&pipeline, "v1.4.0").success(), "superseded");
    }
}

/// A number in a tag tells the order if the user says so, also of what a person went back to.
#[test]
fn what_a_change_by_hand_lowers_by_its_number_stays_away() {
    let pipeline = Pipeline::with_environments();
    let release = |number: u32| {
        let image = format!("web=*:build-{number}");
        pipeline
            .run("release", &["--no-check", "--output", "json", "-k", PRODUCTION, "--order", "number", &image])
            .run()
    };
    for number in [3, 5] {
        ends(&release(number), "released");
    }
    let by_hand = pipeline.file(PRODUCTION).replace("build-5", "build-4");
    pipeline.stage.remote.commit("main", "Go back", &[File::new(&format!("{PRODUCTION}/kustomization.yaml"), by_hand)]);
    let again = release(5);
    ends(&again, "superseded");
    again.stderr_has("was rolled back by");
    ends(&release(3), "superseded");
    // What it took back stays away.
    let by_hand = pipeline.file(PRODUCTION).replace("build-4", "build-1");
    pipeline.stage.remote.commit("main", "Go back", &[File::new(&format!("{PRODUCTION}/kustomization.yaml"), by_hand)]);
    for (number, end) in [(2, "released"), (3, "superseded"), (5, "superseded"), (6, "released"), (5, "superseded")] {
        ends(&release(number), end);
    }
}

#[test]
fn a_rollback_after_a_change_by_hand_never_goes_forward() {
    let pipeline = Pipeline::with_environments();
    for tag in ["v1.0.0", "v1.1.0", "v1.2.0"] {
        ends(&in_production(&pipeline, tag), "released");
    }
    let text = pipeline.file(PRODUCTION).replace("v1.2.0", "v1.1.0");
    pipeline.stage.remote.commit("main", "Revert", &[File::new(&format!("{PRODUCTION}/kustomization.yaml"), text)]);
    pipeline.run("rollback", &["--no-check", "-k", PRODUCTION, "web"]).run().success();
    assert!(pipeline.file(PRODUCTION).contains("v1.0.0"), "{}", pipeline.file(PRODUCTION));
}

/// However many commits of others lie between what a person went back to and what that took back.
#[test]
fn a_rollback_after_a_change_by_hand_far_back_never_goes_forward() {
    let pipeline = Pipeline::with_environments();
    for tag in ["red", "white"] {
        ends(&in_production(&pipeline, tag), "released");
    }
    pipeline.stage.remote.commits("main", 600);
    for tag in ["green", "blue"] {
        ends(&in_production(&pipeline, tag), "released");
    }
    let text = pipeline.file(PRODUCTION).replace("blue", "red");
    pipeline.stage.remote.commit("main", "Red again", &[File::new(&format!("{PRODUCTION}/kustomization.yaml"), text)]);
    pipeline.run("rollback", &["--no-check", "-k", PRODUCTION, "web"]).run().success();
    assert!(pipeline.file(PRODUCTION).contains("v0.9.0"), "{}", pipeline.file(PRODUCTION));
}

#[test]
fn forged_trailers_count_for_nothing() {
    let pipeline = Pipeline::with_environments();
    ends(&in_production(&pipeline, "v1.1.0"), "released");
    let forged = format!(
        "Docs\n\nTagship-Image: web=web:v1.1.0\nTagship-File: {PRODUCTION}/kustomization.yaml\nTagship-Source: a/b@{}\n\
         Tagship-Rollback-Of: {}\nTagship-Version: 0.1.0\n",
        "1".repeat(40),
        pipeline.tip()
    );
    pipeline.stage.remote.commit("main", &forged, &[File::new("docs.md", "x")]);
    ends(&in_production(&pipeline, "v1.1.0"), "unchanged");
    let output = in_production(&pipeline, "v1.2.0");
    ends(&output, "released");
    output.stderr_has("its trailers name a release of `web` that it did not make");
}

#[test]
fn an_older_image_does_not_keep_the_others() {
    let pipeline = Pipeline::with_environments();
    ends(&in_production(&pipeline, "v1.0.0"), "released");
    let api = pipeline.run("release", &["--no-check", "-k", PRODUCTION, "api=*:v1.1.0"]);
    api.run().success();
    let both = ["--no-check", "--output", "json", "-k", PRODUCTION, "web=*:v1.1.0", "api=*:v1.0.0"];
    let output = pipeline.run("release", &both).run().success();
    ends(&output, "released");
    assert_eq!(document(&output)["left_out"][0]["name"], "api");
    assert!(pipeline.file(PRODUCTION).contains("name: api\n  newTag: v1.1.0"), "{}", pipeline.file(PRODUCTION));
    let older = ["--no-check", "--output", "json", "-k", PRODUCTION, "web=*:v1.0.0", "api=*:v1.0.0"];
    let output = pipeline.run("release", &older).run().success();
    ends(&output, "superseded");
    assert_eq!(document(&output)["images"][0]["changed"], Value::Bool(false));
}

#[test]
fn a_promotion_follows_a_rollback_and_no_other_step_back() {
    let pipeline = Pipeline::with_environments();
    let promote = || {
        pipeline.run("promote", &["--no-check", "--output", "json", "--from", STAGING, "--to", PRODUCTION, "web"]).run()
    };
    let staging =
        |tag: &str| pipeline.run("release", &["--no-check", "-k", STAGING, &format!("web=*:{tag}")]).run().success();
    for tag in ["v2.0.0", "v2.1.0"] {
        staging(tag);
        ends(&promote(), "released");
    }
    pipeline.run("rollback", &["--no-check", "-k", STAGING, "web"]).run().success();
    ends(&promote(), "released");
    assert!(pipeline.file(PRODUCTION).contains("v2.0.0"));
    // It is taken back in production as well.
    let production = |command: &str, image: &str| {
        pipeline.run(command, &["--no-check", "--dry-run", "--output", "json", "-k", PRODUCTION, image]).run().success()
    };
    ends(&production("release", "web=*:v2.1.0"), "superseded");
    assert_eq!(document(&production("rollback", "web"))["images"][0]["tag"], "v0.9.0");
    ends(&in_production(&pipeline, "v3.0.0"), "released");
    ends(&promote().exit(9), "failed");
    // A hold where the images come from stops them too.
    staging("v3.1.0");
    pipeline.stage.remote.commit("main", "Hold", &[File::new(&format!("{STAGING}/.tagship-hold"), "Broken.")]);
    let held = promote().exit(9);
    ends(&held, "held");
    assert!(document(&held)["reason"].as_str().unwrap().contains("Broken."));
    // One that is for both is told once.
    pipeline.stage.remote.commit("main", "Hold all", &[File::new(".tagship-hold", "Freeze.")]);
    let reason = document(&promote().exit(9))["reason"].as_str().unwrap().to_owned();
    assert_eq!((reason.matches("Freeze.").count(), reason.matches("Broken.").count()), (1, 1), "{reason}");
}

/// The commit of a run is not always the commit of the image.
#[test]
fn the_commit_of_the_image() {
    let pipeline = Pipeline::with_sources("org/app");
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let message = |pipeline: &Pipeline| pipeline.stage.remote.log("main")[0].message.clone();
    let event = pipeline.stage.home.write(
        "event.json",
        &format!(
            r#"{{"workflow_run":{{"head_sha":"{one}","head_branch":"main","event":"push","head_repository":{{"full_name":"org/app"}}}}}}"#
        ),
    );
    let after = |tag: &str| {
        let command = release(&pipeline, tag, Some(&two)).env("GITHUB_EVENT_NAME", "workflow_run");
        command.env("GITHUB_EVENT_PATH", &event).run()
    };
    ends(&after("build-1"), "released");
    assert!(message(&pipeline).contains(&format!("Tagship-Source: org/app@{one}")), "{}", message(&pipeline));
    let named = format!("org/app@{two}");
    ends(&release(&pipeline, "build-2", None).args(["--source", &named]).run(), "released");
    assert!(message(&pipeline).contains(&format!("Tagship-Source: {named}")), "{}", message(&pipeline));
    ends(&after("build-1"), "superseded");
    ends(&release(&pipeline, "main-bbbbbbb-1700000100", Some(&two)).run(), "released");
    assert!(!message(&pipeline).contains("Tagship-Source"), "the tag names another commit");
    let commit = "1".repeat(40);
    for repository in ["", "app", "/app", "org/", "org/app ", "org/a b", "org/../app", "https://host/org/app"] {
        let source = format!("{repository}@{commit}");
        let refused = release(&pipeline, "build-3", None).args(["--source", &source]).run().exit(2);
        refused.stderr_has(&format!("`{source}` does not name")).stderr_has("`--source OWNER/REPO@SHA`");
    }
    release(&pipeline, "build-3", None).args(["--source", "org/app@abc"]).run().exit(2).stderr_has("OWNER/REPO@SHA");
    let group = format!("group/sub/~app_1.x-y@{commit}");
    release(&pipeline, "build-3", None).args(["--on-superseded", "allow", "--source", &group]).run().success();
}

/// What a person, a schedule or another program began may release what was built elsewhere.
#[test]
fn a_run_that_is_not_about_its_commit() {
    let pipeline = Pipeline::with_sources("deployer").over_http();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let by = |event: &str, tag: &str, commit: &str| {
        release(&pipeline, tag, Some(commit)).env("GITHUB_EVENT_NAME", event).run()
    };
    ends(&by("repository_dispatch", "v1.2.0", &one), "released");
    ends(&by("schedule", "v1.1.0", &two), "superseded");
    ends(&by("workflow_dispatch", "v1.3.0", &two), "released");
    ends(&by("workflow_dispatch", "v1.4.0", &one), "released");
    let message = || pipeline.stage.remote.log("main")[0].message.clone();
    assert!(!message().contains("Tagship-Source"), "{}", message());
    ends(&by("workflow_dispatch", &one, &one), "released");
    assert!(message().contains(&format!("Tagship-Source: deployer@{one}")), "{}", message());
}

/// Releases `tag` in a run of a system that builds the commit of the sources.
fn in_system(pipeline: &Pipeline, (variables, flags): (&str, &[&str]), tag: &str, commit: &str) -> Output {
    let server = format!("http://{}", pipeline.server.address());
    let variables = variables.replace("=COMMIT", &format!("={commit}")).replace("=PROJECT", "=HOST/app");
    let variables = variables.replace("=HOST", &format!("={server}"));
    let pairs = variables.split_whitespace().filter_map(|pair| pair.split_once('='));
    pairs.fold(release(pipeline, tag, None).args(flags), |release, (name, value)| release.env(name, value)).run()
}

/// Releases v1.2.0 and v1.3.0 with their sources, an image that is not of the run's commit, and then the next version.
fn an_old_image_by_hand(run: (&str, &[&str])) -> (Pipeline, Output, Output) {
    let pipeline = Pipeline::with_sources("app").over_http();
    let mut line = vec![pipeline.source("c0", &[])];
    for number in 1..5 {
        line.push(pipeline.source(&format!("c{number}"), &[&line[number - 1]]));
    }
    let own = |tag: &str, at: usize| release(&pipeline, tag, Some(&line[at])).env("GITHUB_EVENT_NAME", "push").run();
    ends(&own("v1.2.0", 1), "released");
    ends(&own("v1.3.0", 2), "released");
    let by_hand = in_system(&pipeline, run, "v1.2.0", &line[4]);
    let next = own("v1.4.0", 3);
    (pipeline, by_hand, next)
}

/// Such a run is no run of the tag, though it is at one: an older image stays away, and its source is no guess.
#[test]
fn a_run_at_a_tag_that_was_not_pushed() {
    let github = "GITHUB_ACTIONS=true GITHUB_SERVER_URL=HOST GITHUB_REPOSITORY=app GITHUB_SHA=COMMIT \
                  GITHUB_REF=refs/tags/v9 GITHUB_EVENT_NAME";
    let gitlab = "GITLAB_CI=true CI_PROJECT_PATH=app CI_PROJECT_URL=PROJECT CI_COMMIT_SHA=COMMIT CI_COMMIT_TAG=v9 \
                  CI_PIPELINE_SOURCE";
    let child = "GITLAB_CI=true CI_PROJECT_PATH=app CI_PROJECT_URL=PROJECT CI_COMMIT_SHA=COMMIT CI_COMMIT_BRANCH=main \
                 CI_COMMIT_BEFORE_SHA=0000000000000000000000000000000000000000 CI_PIPELINE_SOURCE";
    let drone = "DRONE=true DRONE_REPO=app DRONE_GIT_HTTP_URL=PROJECT.git DRONE_COMMIT_SHA=COMMIT DRONE_TAG=v9 \
                 DRONE_BUILD_EVENT";
    let buildkite =
        "BUILDKITE=true BUILDKITE_REPO=PROJECT.git BUILDKITE_COMMIT=COMMIT BUILDKITE_TAG=v9 BUILDKITE_SOURCE";
    let woodpecker = "CI=woodpecker CI_REPO=app CI_REPO_CLONE_URL=PROJECT.git CI_COMMIT_SHA=COMMIT CI_COMMIT_TAG=v9 \
                      CI_PIPELINE_EVENT";
    for (system, word) in [
        (github, "workflow_dispatch"),
        (gitlab, "web"),
        (child, "parent_pipeline"),
        (drone, "promote"),
        (buildkite, "ui"),
        (woodpecker, "deployment"),
    ] {
        let (_, by_hand, next) = an_old_image_by_hand((&format!("{system}={word}"), &[]));
        ends(&by_hand, "superseded");
        ends(&next, "released");
    }
}

/// The system does not tell what began the run. Nothing goes back without a word, and what is not known is not written.
#[test]
fn an_old_image_in_a_run_of_which_nothing_tells_what_began_it() {
    let jenkins = "JENKINS_URL=x GIT_URL=PROJECT.git GIT_COMMIT=COMMIT";
    let circle = "CIRCLECI=true CIRCLE_REPOSITORY_URL=PROJECT.git CIRCLE_SHA1=COMMIT CIRCLE_BRANCH=main";
    let tag = "BITBUCKET_BUILD_NUMBER=1 BITBUCKET_GIT_HTTP_ORIGIN=PROJECT BITBUCKET_COMMIT=COMMIT BITBUCKET_TAG=v9";
    for run in [jenkins, circle, tag] {
        let (_, by_hand, next) = an_old_image_by_hand((run, &["--on-own-commit", "ignore"]));
        ends(&by_hand, "superseded");
        ends(&next, "released");
        let (pipeline, by_hand, next) = an_old_image_by_hand((run, &[]));
        ends(&by_hand, "released");
        by_hand.stderr_has("cannot tell whether `v1.2.0` is newer than `v1.3.0`: ").stderr_has("`--source`");
        ends(&next, "released");
        let old = &pipeline.stage.remote.log("main")[1].message;
        assert!(old.contains("v1.2.0") && !old.contains("Tagship-Source"), "{old}");
        let (_, by_hand, _) = an_old_image_by_hand((run, &["--on-unknown-order", "fail"]));
        by_hand.exit(9).stderr_has("`--source`");
    }
}

/// Main lacks the hotfix that runs, and what the run says of the older image is a guess.
#[test]
fn an_old_image_of_main_after_a_hotfix_in_such_a_run() {
    let pipeline = Pipeline::with_sources("app").over_http();
    let base = pipeline.source("base", &[]);
    let [fix, main] = ["fix", "main"].map(|name| pipeline.source(name, &[&base]));
    default_branch_at(&pipeline, &main);
    ends(&release(&pipeline, "v1.9.0", Some(&fix)).env("GITHUB_EVENT_NAME", "push").run(), "released");
    let jenkins = "JENKINS_URL=x GIT_URL=PROJECT.git GIT_COMMIT=COMMIT";
    let by_hand = in_system(&pipeline, (jenkins, &[]), "v1.2.0", &main);
    ends(&by_hand, "released");
    by_hand.stderr_has("cannot tell whether `v1.2.0` is newer than `v1.9.0`: ").stderr_has("`--source`");
    let old = &pipeline.stage.remote.log("main")[0].message;
    assert!(old.contains("v1.2.0") && !old.contains("Tagship-Source"), "{old}");
}

/// The image may have been built elsewhere, or the old commit may have been built again. Nothing tells which.
#[test]
fn a_new_image_in_a_run_of_an_old_commit() {
    let jenkins = "JENKINS_URL=x GIT_URL=PROJECT.git GIT_COMMIT=COMMIT";
    for (tag, flags, exit, expected) in [
        ("v1.3.0", &[][..], 9, "failed"),
        ("v1.3.0", &["--on-unknown-order", "fail"], 9, "failed"),
        ("v1.3.0", &["--on-unknown-order", "release"], 0, "released"),
        ("v1.3.0", &["--on-own-commit", "ignore"], 0, "released"),
        ("v1.3.0", &["--order", "source"], 0, "superseded"),
        ("v1.3.0", &["--on-superseded", "allow"], 0, "released"),
        ("v1.1.0", &[], 0, "superseded"),
        ("v1.2.0-20261201", &[], 0, "superseded"),
    ] {
        let pipeline = Pipeline::with_sources("app").over_http();
        let old = pipeline.source("old", &[]);
        let new = pipeline.source("new", &[&old]);
        ends(&release(&pipeline, "v1.2.0", Some(&new)).env("GITHUB_EVENT_NAME", "push").run(), "released");
        let mut output = in_system(&pipeline, (jenkins, flags), tag, &old).exit(exit);
        ends(&output, expected);
        let log = pipeline.stage.remote.log("main");
        assert_eq!(log[0].message.contains("v1.3.0"), expected == "released", "{flags:?}");
        if exit == 9 {
            output = output.stderr_has(
                "hint: name the commit that the image was built from with `--source`; or `--on-unknown-order release`",
            );
        }
        if exit == 9 || flags.contains(&"release") {
            output.stderr_has("cannot tell whether `v1.3.0` is newer than `v1.2.0`: ").stderr_has("`--source`");
            assert!(!log[0].message.contains(&old), "{}", log[0].message);
        }
    }
}

/// Systems that do not tell what began the run: the user says that the commit of the configuration repository is nothing.
#[test]
fn a_run_by_hand_in_the_configuration_repository() {
    let pipeline = Pipeline::with_sources("app").over_http();
    let url = pipeline.server.url("gitops.git");
    for (system, repository, commit, newer, older) in [
        ("JENKINS_URL", "GIT_URL", "GIT_COMMIT", "v1.2.0", "v1.1.0"),
        ("CIRCLECI", "CIRCLE_REPOSITORY_URL", "CIRCLE_SHA1", "v1.4.0", "v1.3.0"),
        ("BITBUCKET_BUILD_NUMBER", "BITBUCKET_GIT_HTTP_ORIGIN", "BITBUCKET_COMMIT", "v1.6.0", "v1.5.0"),
    ] {
        let by_hand = |tag: &str| {
            let release = release(&pipeline, tag, None).args(["--on-own-commit", "ignore"]).env(system, "1");
            release.env(repository, &url).env(commit, pipeline.tip()).run()
        };
        ends(&by_hand(newer), "released");
        ends(&by_hand(older), "superseded");
    }
}

/// A merge that tests a pull request is not built on top of the one before.
#[test]
fn the_head_of_a_pull_request_counts() {
    let pipeline = Pipeline::with_sources("app").over_http();
    let base = pipeline.source("base", &[]);
    let mut head = base.clone();
    let mut merges = Vec::new();
    for (name, merge_name) in [("a", "merge-a"), ("b", "merge-b"), ("c", "merge-c")] {
        head = pipeline.source(name, &[&head]);
        merges.push((head.clone(), pipeline.source(merge_name, &[&base, &head])));
    }
    let preview = |tag: &str, (head, merge): &(String, String)| {
        let event =
            format!(r#"{{"action":"synchronize","pull_request":{{"merged":false,"head":{{"sha":"{head}"}}}}}}"#);
        let event = pipeline.stage.home.write("event.json", &event);
        let release = release(&pipeline, tag, Some(merge)).env("GITHUB_EVENT_NAME", "pull_request");
        let release = release.env("GITHUB_REF", "refs/pull/12/merge").env("GITHUB_BASE_REF", "main");
        release.env("GITHUB_EVENT_PATH", event).run()
    };
    ends(&preview("pr-12-a", &merges[0]), "released");
    ends(&preview("pr-12-b", &merges[1]), "released");
    ends(&preview("pr-12-a", &merges[0]), "superseded");
    ends(&preview(&merges[2].1, &merges[2]), "released");
    let message = pipeline.stage.remote.log("main")[0].message.clone();
    assert!(message.contains(&format!("Tagship-Source: app@{}", merges[2].0)), "{message}");
}

/// A tag that is the commit does not say of which repository; `--source` does.
#[test]
fn a_tag_that_is_the_commit_of_a_named_repository() {
    let pipeline = Pipeline::with_sources("org/app").over_http();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    ends(&release(&pipeline, &one, None).run(), "released");
    let nameless = release(&pipeline, &two, None).args(["--on-unknown-order", "fail"]).run().exit(9);
    nameless.stderr_has("their source repository is not known");
    for (commit, expected) in [(&three, "released"), (&two, "superseded")] {
        let named = format!("org/app@{commit}");
        ends(&release(&pipeline, commit, None).args(["--source", &named]).run(), expected);
    }
}

/// A tag may have the form of a commit and be something else: what the user says counts, when it is released and after that.
#[test]
fn the_named_commit_counts_whatever_the_tag_names() {
    for tags in [["aaaaaaa", "bbbbbbb", "ccccccc"].map(str::to_owned), ["a", "b", "c"].map(|letter| letter.repeat(40))]
    {
        let pipeline = Pipeline::with_sources("org/app").over_http();
        let one = pipeline.source("one", &[]);
        let two = pipeline.source("two", &[&one]);
        let three = pipeline.source("three", &[&two]);
        for (tag, commit, expected) in
            [(&tags[0], &two, "released"), (&tags[1], &one, "superseded"), (&tags[2], &three, "released")]
        {
            let named = format!("org/app@{commit}");
            let output = release(&pipeline, tag, None).args(["--source", &named]).run().success();
            ends(&output, expected);
            let warning =
                format!("the tag `{}` of `IMAGE_PLACEHOLDER` names another commit", &tag[..tag.len().min(12)]);
            output.stderr_has(&warning).stderr_has("`--source` counts");
        }
        // What was rolled back is known by its tag, whether the commit is named again or not.
        pipeline.run("rollback", &["--no-check", "-k", FOLDER, "IMAGE_PLACEHOLDER"]).run().success();
        ends(&release(&pipeline, &tags[2], None).run().success(), "superseded");
    }
}

/// A tag that stays counts as one that is given.
#[test]
fn a_tag_that_stays_may_name_another_commit_than_the_run() {
    let pipeline = Pipeline::with_sources("app");
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    ends(&release(&pipeline, &one, Some(&one)).run(), "released");
    let digest = format!("sha256:{}", "a".repeat(64));
    let pinned = pipeline.run("release", &["--no-check", "--output", "json", "-k", FOLDER]);
    let pinned = pinned.arg(format!("IMAGE_PLACEHOLDER=*:*@{digest}"));
    ends(&pipeline.in_ci(pinned, &two).run(), "released");
    let message = &pipeline.stage.remote.log("main")[0].message;
    assert!(message.contains(&format!("Tagship-Source: app@{one}")), "{message}");
}

/// An older build does not go out because the repository that tells so fails for a moment: the same command again asks it.
#[test]
fn a_source_that_cannot_be_reached_now_ends_the_release() {
    let pipeline = Pipeline::with_sources("app").over_http();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    ends(&release(&pipeline, "build-2", Some(&two)).run(), "released");
    let before = pipeline.tip();
    // As often as a request is made.
    let fail = || pipeline.server.inject("/app.git/", 3, Fault::Answer(Response::text(500, "internal error")));
    for flags in [&[][..], &["--on-unknown-order", "fail"]] {
        fail();
        let failed = release(&pipeline, "build-1", Some(&one)).args(flags.iter().copied()).run().exit(6);
        failed.stderr_has("cannot tell whether `IMAGE_PLACEHOLDER` would go back").stderr_has("cannot be reached");
        assert_eq!(pipeline.tip(), before);
    }
    ends(&release(&pipeline, "build-1", Some(&one)).run().success(), "superseded");
    // A checkout of it tells what the repository would.
    fail();
    let checkout = Checkout::clone_with(&pipeline.sources.file_url(), &[]);
    ends(&release(&pipeline, "build-1", Some(&one)).current_dir(checkout.path()).run().success(), "superseded");
    // The user may say that a guess is enough.
    let guessed = release(&pipeline, "build-1", Some(&one)).args(["--on-unknown-order", "release"]).run().success();
    ends(&guessed, "released");
    ends(&release(&pipeline, "build-2", Some(&two)).run(), "released");
    // If tags tell it, nothing is asked for in vain.
    ends(&release(&pipeline, "v2.0.0", Some(&two)).run(), "released");
    fail();
    ends(&release(&pipeline, "v1.0.0", Some(&one)).run().success(), "superseded");
}

/// What could not be asked for one entry says nothing of another.
#[test]
fn a_source_that_cannot_be_reached_is_that_of_one_entry() {
    let pipeline = Pipeline::with_sources("app").over_http();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    ends(&release(&pipeline, "v2.0.0", Some(&two)).run(), "released");
    let file = pipeline.file(FOLDER) + "- name: api\n  newTag: nightly\n";
    pipeline.stage.remote.commit("main", "Add api", &[File::new(FILE, file)]);
    pipeline.server.inject("/app.git/", 3, Fault::Answer(Response::text(500, "internal error")));
    // The tags tell the order of the first one, and nothing tells that of the other.
    let both = release(&pipeline, "v1.0.0", Some(&one)).arg("api=*:another").run().success();
    ends(&both, "released");
    assert_eq!(document(&both)["left_out"][0]["name"], "IMAGE_PLACEHOLDER");
    both.stderr_has("cannot tell whether");
}

/// A token that was given for the release may be for the configuration alone: the job's own token opens the sources.
#[test]
fn the_sources_may_be_hidden_to_the_token_of_the_release() {
    let pipeline = Pipeline::with_sources("app").over_http();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let release = |tag: &str, source: &str| {
        release(&pipeline, tag, Some(source)).env("TAGSHIP_GIT_TOKEN", "0wn-t0ken").env("GITHUB_TOKEN", "j0b-t0ken")
    };
    ends(&release("build-2", &two).run(), "released");
    let [own, job] = ["0wn-t0ken", "j0b-t0ken"].map(|token| Login::new("x-access-token", token).encoded());
    for status in [401, 403, 404] {
        let refusal = Response::text(status, "Repository not found").header("WWW-Authenticate", "Basic realm=\"git\"");
        pipeline.server.inject("GET /app.git/info/refs", 1, Fault::Answer(refusal));
        pipeline.server.requests();
        ends(&release("build-1", &one).run().success(), "superseded");
        let requests = pipeline.server.requests();
        let of_sources = requests.iter().filter(|request| request.logged.head.path.starts_with("/app.git/"));
        let shown: Vec<_> = of_sources.filter_map(|request| request.logged.authorization_value()).collect();
        assert_eq!(shown[0], format!("Basic {own}"), "{status}");
        assert!(
            shown.len() > 1 && shown[1..].iter().all(|shown| *shown == format!("Basic {job}")),
            "{status}: {shown:?}"
        );
        // The token that was given for a repository is meant, and no other one takes its place there.
        let refusal = Response::text(status, "Repository not found").header("WWW-Authenticate", "Basic realm=\"git\"");
        pipeline.server.inject("GET /gitops.git/info/refs", 2, Fault::Answer(refusal));
        release("build-3", &two).run().exit(5);
        let requests = pipeline.server.requests();
        let mut of_target = requests.iter().filter(|request| request.logged.head.path.starts_with("/gitops.git/"));
        assert!(of_target.all(|request| request.logged.authorization_value() == Some(&format!("Basic {own}"))));
    }
}

/// From a laptop, or where the configuration's own pipeline releases, the images say themselves what they were built from.
#[test]
fn the_labels_of_the_images_tell_what_nothing_else_does() {
    let pipeline = Pipeline::with_sources("app").over_http();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let address = pipeline.stage.registry.address().clone();
    let run = |tag: &str, commit: &str| {
        let source = pipeline.server.url("app.git");
        let image = Image::new().revision(commit).label("org.opencontainers.image.source", &source);
        pipeline.stage.registry.put_image("org/web", tag, &image);
        let image = format!("IMAGE_PLACEHOLDER={address}/org/web:{tag}");
        pipeline.run("release", &["--output", "json", "-k", FOLDER, &image])
    };
    let build = |tag: &str, commit: &str| run(tag, commit).run();
    ends(&build("red", &two), "released");
    let output = build("blue", &one).success();
    ends(&output, "superseded");
    output.stdout_has("is an ancestor of").stdout_has("as the labels of the images say");
    let three = pipeline.source("three", &[&two]);
    ends(&build("green", &three), "released");
    let message = || pipeline.stage.remote.log("main")[0].message.clone();
    assert!(message().contains(&format!("Tagship-Source: app@{three}")), "{}", message());
    let apart = pipeline.source("apart", &[&one]);
    build("grey", &apart).exit(9);
    // What was taken back stays so until something newer comes, as the labels tell too.
    pipeline.run("rollback", &["--no-check", "-k", FOLDER, "IMAGE_PLACEHOLDER"]).run().success();
    let four = pipeline.source("four", &[&three]);
    ends(&build("white", &four), "released");
    assert!(!message().contains("Still-Taken-Back"), "{}", message());
    // Only tags count, so that no label does.
    ends(&run("black", &pipeline.source("five", &[&four])).args(["--order", "version"]).run(), "released");
    assert!(!message().contains("Tagship-Source"), "{}", message());
}

/// The run does not tell what began it, and its tag and its commit tell opposite orders.
#[test]
fn the_labels_tell_more_than_the_commit_of_such_a_run() {
    let pipeline = Pipeline::with_sources("app").over_http();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    let address = pipeline.stage.registry.address().clone();
    let build = |tag: &str, of_image: &str, of_run: &str| {
        let source = pipeline.server.url("app.git");
        let image = Image::new().revision(of_image).label("org.opencontainers.image.source", &source);
        pipeline.stage.registry.put_image("org/web", tag, &image);
        let image = format!("IMAGE_PLACEHOLDER={address}/org/web:{tag}");
        let run = pipeline.run("release", &["--output", "json", "-k", FOLDER, &image]).env("JENKINS_URL", "x");
        run.env("GIT_URL", pipeline.server.url("app.git")).env("GIT_COMMIT", of_run).run()
    };
    ends(&build("v1.0.0", &two, &two), "released");
    ends(&build("v1.1.0", &three, &one), "released");
    let message = pipeline.stage.remote.log("main")[0].message.clone();
    assert!(message.contains(&format!("Tagship-Source: app@{three}")), "{message}");
    ends(&build("v1.2.0", &two, &one), "superseded");
}

/// A job of an older commit runs again. What its tag means now is what runs, so that there is nothing to release; and if the
/// tag was moved, its build cannot be told from what runs by the tag.
#[test]
fn an_older_job_of_a_tag_that_moves() {
    let pipeline = Pipeline::with_sources("app").over_http();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let apart = pipeline.source("apart", &[]);
    let registry = &pipeline.stage.registry;
    let push = |number: &str| registry.put_image("org/web", "main", &Image::new().label("number", number));
    let name = format!("{}/org/web", registry.address());
    let release = |image: &str, commit: &str, flags: &[&str]| {
        let release = pipeline.run("release", &["--output", "json", "-k", FOLDER]).args(flags.iter().copied());
        pipeline.in_ci(release.arg(format!("IMAGE_PLACEHOLDER={image}:main")), commit).run()
    };
    push("1");
    ends(&release(&name, &one, &["--pin-digest"]), "released");
    let runs = push("2");
    ends(&release(&name, &two, &["--pin-digest"]).success(), "released");
    let tip = pipeline.tip();
    for image in [&*name, "*"] {
        for flags in [&[][..], &["--pin-digest"], &["--on-superseded", "fail"]] {
            for commit in [&one, &apart] {
                ends(&release(image, commit, flags).success(), "unchanged");
            }
        }
    }
    // The digest would go, and the commit would say that what runs was built from the older source.
    ends(&release(&name, &one, &["--pin-digest=never"]).success(), "superseded");
    let moved = push("3");
    let older = release(&name, &one, &[]).success();
    ends(&older, "superseded");
    let short = |digest: &str| digest[..19].to_owned();
    older.stdout_has(&format!(
        "main already releases `main` (`{}`), and `main` (`{}`) is older",
        short(&runs),
        short(&moved)
    ));
    assert_eq!(pipeline.tip(), tip);
}

/// The digest of an entry that is there is a change, whatever another entry of the release would be.
#[test]
fn a_pin_beside_an_older_image() {
    let pipeline = Pipeline::with_environments();
    let image = |name: &str, tag: &str| format!("{name}={}", pipeline.build(name, tag));
    let release = |images: &[String], flags: &[&str]| {
        pipeline.run("release", &["--output", "json", "-k", PRODUCTION]).args(flags.iter().copied()).args(images).run()
    };
    let (old, new) = (image("api", "v1.0.0"), image("api", "v1.1.0"));
    let web = image("web", "v1.0.0");
    ends(&release(&[web.clone(), new], &[]), "released");
    let both = [web, old];
    ends(&release(&both, &[]).success(), "superseded");
    let pinned = release(&both, &["--pin-digest"]).success();
    ends(&pinned, "released");
    assert_eq!(document(&pinned)["left_out"][0]["name"], "api");
    assert_eq!(pipeline.file(PRODUCTION).matches("digest: ").count(), 1);
    let again = release(&both, &["--pin-digest"]).success();
    ends(&again, "superseded");
    again.stdout_has("`api`: main already releases `v1.1.0`, and `v1.0.0` is older");
}

/// Main lacks the hotfix. `not-older` lets it go on with the warning; `newer` wants what is known to be newer.
#[test]
fn a_rule_about_order_and_main_after_a_hotfix() {
    for (order, outcome) in [("not-older", "released"), ("newer", "ruled")] {
        let pipeline = Pipeline::with_sources("app");
        let base = pipeline.source("base", &[]);
        let fix = pipeline.source("fix", &[&base]);
        let picked = pipeline.source("picked", &[&base]);
        default_branch_at(&pipeline, &picked);
        ends(&release(&pipeline, "build-fix", Some(&fix)).run(), "released");
        let rules = File::new(".tagship.yaml", format!("rules:\n- paths: ['**']\n  order: {order}\n"));
        pipeline.stage.remote.commit("main", "Rules", &[rules]);
        let output = release(&pipeline, "build-2", Some(&picked)).run();
        ends(&output, outcome);
        let output = output.stderr_has("are on lines of commits that have diverged");
        if outcome == "ruled" {
            output.exit(9).stderr_has("nothing tells that `IMAGE_PLACEHOLDER` is newer").stderr_has("merge the lines");
        }
    }
}

/// The rule is about the tag that is released, not about what the tag meant before.
#[test]
fn a_rule_about_order_and_a_tag_that_moves() {
    let pipeline = Pipeline::with_environments();
    let rules = "rules:\n- paths: ['**']\n  order: newer\n";
    let release = |flags: &[&str]| {
        let image = format!("web={}/org/web:main", pipeline.stage.registry.address());
        pipeline.run("release", &["--pin-digest", "-k", PRODUCTION, &image]).args(flags.iter().copied()).run()
    };
    let push =
        |number: &str| pipeline.stage.registry.put_image("org/web", "main", &Image::new().label("number", number));
    push("1");
    release(&[]).success();
    pipeline.stage.remote.commit("main", "Rules", &[File::new(".tagship.yaml", rules)]);
    for (number, flags) in [("2", &[][..]), ("3", &["--on-superseded", "allow"]), ("4", &["--order", "number"])] {
        let digest = push(number);
        release(flags).success();
        assert!(pipeline.file(PRODUCTION).contains(&digest), "{flags:?}");
    }
}

#[test]
fn what_is_not_known_is_told() {
    let pipeline = Pipeline::with_environments();
    for tag in ["build-7", "build-8"] {
        in_production(&pipeline, tag).success();
    }
    let arguments = ["--no-check", "--output", "json", "-k", PRODUCTION, "web=*:build-7"];
    let unknown = || pipeline.run("release", &arguments).env("GITHUB_ACTIONS", "true");
    unknown()
        .args(["--on-unknown-order", "fail"])
        .run()
        .exit(9)
        .stderr_has("cannot tell whether `build-7` is newer")
        .stderr_has(
            "hint: name the commit that the image was built from with `--source` of `tagship release`, or leave out",
        );
    ends(&unknown().args(["--order", "number"]).run().success(), "superseded");
    let output = unknown().run().success();
    ends(&output, "released");
    let note = &document(&output)["notes"][0];
    assert_eq!(note["level"], "warning");
    assert!(note["text"].as_str().unwrap().contains("their tags are in no order"), "{note}");
    output.stderr_has("::warning title=tagship::cannot tell");
}

/// The tip is read again after a wait, and what it tells is known by then.
#[test]
fn what_is_not_known_is_told_once() {
    let pipeline = Pipeline::with_environments();
    let release = |tag: &str| {
        let image = format!("web={}", pipeline.build("web", tag));
        pipeline.run("release", &["-k", PRODUCTION, "--output", "json", &image]).run().success()
    };
    release("build-7");
    release("build-8");
    pipeline.build("web", "build-9");
    pipeline.stage.registry.appear_after(5, "org/web", "build-9");
    let arguments = ["--wait", "5m", "--output", "json", "-k", PRODUCTION, "web=*:build-9", "web=*:build-9"];
    let output = pipeline.run("release", &arguments).run().success();
    ends(&output, "released");
    let notes = document(&output)["notes"].clone();
    let texts: Vec<&str> = notes.as_array().unwrap().iter().map(|note| note["text"].as_str().unwrap()).collect();
    assert_eq!(texts.iter().filter(|text| text.starts_with("cannot tell")).count(), 1, "{texts:#?}");
    let mut once = texts.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), texts.len(), "{texts:#?}");
}

fn released_in(pipeline: &Pipeline, folders: &[&str], images: &[&str]) -> Output {
    let folders = folders.iter().flat_map(|folder| ["-k", folder]);
    pipeline.run("release", &["--no-check", "--output", "json"]).args(folders).args(images.iter().copied()).run()
}

/// A release of two files names what stays away in one of them; in the other one, that commit released something else.
#[test]
fn what_stays_away_in_one_file_may_run_in_another() {
    let pipeline = Pipeline::with_environments();
    ends(&released_in(&pipeline, &[PRODUCTION], &["web=*:build-x"]), "released");
    for tag in ["web=*:build-a", "web=*:build-b"] {
        ends(&released_in(&pipeline, &[STAGING], &[tag]), "released");
    }
    pipeline.run("rollback", &["--no-check", "-k", STAGING, "web"]).run().success();
    ends(&released_in(&pipeline, &[STAGING, PRODUCTION], &["web=*:build-c"]), "released");
    assert!(pipeline.stage.remote.log("main")[0].message.contains("Still-Taken-Back"));
    ends(&released_in(&pipeline, &[STAGING], &["web=*:build-b"]).success(), "superseded");
    ends(&released_in(&pipeline, &[PRODUCTION], &["web=*:build-x"]), "released");
    // Also if one commit released it in both.
    ends(&released_in(&pipeline, &[STAGING, PRODUCTION], &["web=*:build-d"]), "released");
    pipeline.run("rollback", &["--no-check", "-k", STAGING, "web"]).run().success();
    ends(&released_in(&pipeline, &[STAGING, PRODUCTION], &["web=*:build-e"]), "released");
    ends(&released_in(&pipeline, &[STAGING], &["web=*:build-d"]).success(), "superseded");
    ends(&released_in(&pipeline, &[PRODUCTION], &["web=*:build-d"]), "released");
}

/// What is left out of one of two files is told with the file, and the commit is not said to lie about it.
#[test]
fn what_is_left_out_of_one_file_is_told_with_the_file() {
    let pipeline = Pipeline::with_environments();
    ends(&released_in(&pipeline, &[PRODUCTION], &["web=*:v1.3.0"]), "released");
    let output = released_in(&pipeline, &[STAGING, PRODUCTION], &["web=*:v1.2.0", "api=*:v1.2.0"]);
    ends(&output, "released");
    output.stderr_has("left out `web` in `overlays/production/kustomization.yaml`: main already releases `v1.3.0`");
    let output = released_in(&pipeline, &[PRODUCTION], &["web=*:v1.4.0"]);
    ends(&output, "released");
    assert!(!document(&output)["notes"].to_string().contains("ignored"), "{}", output.stdout());
}
