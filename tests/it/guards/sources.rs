//! The source commit of each image of a release: which one it has, what the commit says of it, and that order and rules judge
//! each image by its own.

use crate::pipeline::{PRODUCTION, Pipeline, STAGING, ends};
use crate::support::command::{Command, Output};
use crate::support::registry::Image;
use crate::support::repository::File;

/// Has two environments, and the sources in a repository of their own.
fn environments() -> Pipeline {
    let mut pipeline = Pipeline::with_environments();
    pipeline.sources = pipeline.stage.remote.sibling("app");
    pipeline
}

/// Makes commits of the sources, each on top of the one before.
fn line(pipeline: &Pipeline, length: usize) -> Vec<String> {
    let mut line: Vec<String> = Vec::new();
    for number in 0..length {
        let parents: Vec<&str> = line.last().map(String::as_str).into_iter().collect();
        line.push(pipeline.source(&format!("c{number}"), &parents));
    }
    line
}

/// Releases images in an environment, without asking the registry, as CI does for `commit`.
fn release(pipeline: &Pipeline, folder: &str, images: &[&str], commit: &str) -> Command {
    let command = pipeline.run("release", &["--no-check", "--output", "json", "-k", folder]);
    pipeline.in_ci(command.args(images.iter().copied()), commit)
}

/// Promotes from staging to production, in a run that builds the sources.
fn promote(pipeline: &Pipeline, arguments: &[&str], commit: &str) -> Command {
    let command = pipeline.run("promote", &["--output", "json", "--from", STAGING, "--to", PRODUCTION]);
    pipeline.in_ci(command.args(arguments.iter().copied()), commit)
}

fn sources(pipeline: &Pipeline) -> Vec<String> {
    pipeline.stage.remote.log("main")[0].trailer("Tagship-Source").into_iter().map(str::to_owned).collect()
}

#[test]
fn a_promotion_judges_each_entry_by_its_own_source() {
    let pipeline = environments();
    let line = line(&pipeline, 6);
    let staging = |image: &str, at: usize| ends(&release(&pipeline, STAGING, &[image], &line[at]).run(), "released");
    let promote = |arguments: &[&str]| promote(&pipeline, &[&["--no-check"], arguments].concat(), &line[0]).run();
    staging("web=*:build-2", 2);
    staging("api=*:build-1", 1);
    ends(&release(&pipeline, PRODUCTION, &["web=*:build-3"], &line[3]).run(), "released");
    promote(&[]).exit(9).stderr_has("superseded: `web`").stderr_has("its commit is an ancestor of");
    ends(&promote(&["--on-superseded", "skip"]), "released");
    assert_eq!(sources(&pipeline), [format!("app@{}", line[1])], "`web` stays as it is");
    staging("web=*:build-4", 4);
    staging("api=*:build-2", 2);
    ends(&promote(&[]), "released");
    assert_eq!(sources(&pipeline), [format!("web=app@{}", line[4]), format!("api=app@{}", line[2])]);
    // They are read as they were written.
    for (image, at) in [("web=*:build-3", 3), ("api=*:build-1", 1)] {
        ends(&release(&pipeline, PRODUCTION, &[image], &line[at]).run().success(), "superseded");
    }
    let log = pipeline.log(&["-k", PRODUCTION]);
    for (name, at) in [("web", 4), ("api", 2)] {
        let newest = log.iter().find(|release| release["name"] == name).unwrap();
        assert_eq!(newest["source"], format!("app@{}", line[at]), "{name}");
    }
    staging("web=*:build-5", 5);
    ends(&promote(&[]), "released");
    assert_eq!(sources(&pipeline), [format!("app@{}", line[5])], "`api` is what it was");
    let back = ["--no-check", "--output", "json", "-k", PRODUCTION, "--to", &line[4], "web"];
    ends(&pipeline.run("rollback", &back).run(), "released");
    assert_eq!(sources(&pipeline), [format!("app@{}", line[4])]);
}

#[test]
fn a_rule_judges_each_promoted_entry_by_its_own_source() {
    let pipeline = environments();
    let line = line(&pipeline, 3);
    let rules = File::new(".tagship.yaml", format!("rules:\n- paths: [{PRODUCTION}]\n  revision: true\n"));
    pipeline.stage.remote.commit("main", "Rules", &[rules]);
    let address = pipeline.stage.registry.address().clone();
    for (name, at) in [("web", 1), ("api", 2)] {
        pipeline.stage.registry.put_image(&format!("org/{name}"), "build", &Image::new().revision(&line[at]));
        let image = format!("{name}={address}/org/{name}:build");
        ends(&release(&pipeline, STAGING, &[&image], &line[at]).run(), "released");
    }
    ends(&promote(&pipeline, &[], &line[0]).run(), "released");
    // Each image must be of its own commit, and not of that of the other one.
    pipeline.stage.registry.put_image("org/api", "other", &Image::new().revision(&line[1]));
    let image = format!("api={address}/org/api:other");
    ends(&release(&pipeline, STAGING, &[&image], &line[2]).run(), "released");
    ends(&promote(&pipeline, &[], &line[0]).run().exit(9), "ruled");
}

/// Another image of the call says nothing of where an image comes from.
#[test]
fn each_image_of_a_call_is_told_to_be_of_the_run_or_not() {
    let of_run = |event: &str, images: &[&str], own: &str| {
        let pipeline = environments();
        let line = line(&pipeline, 1);
        let web = format!("web=*:{}", own.replace("COMMIT", &line[0][..7]));
        let images: Vec<&str> = [web.as_str()].into_iter().chain(images.iter().copied()).collect();
        let release = release(&pipeline, STAGING, &images, &line[0]).env("GITHUB_EVENT_NAME", event);
        ends(&release.run(), "released");
        sources(&pipeline).iter().map(|source| source.replace(&line[0], "COMMIT")).collect::<Vec<_>>()
    };
    for (event, own, others, expected) in [
        ("workflow_dispatch", "sha-COMMIT", &[][..], &["app@COMMIT"][..]),
        ("workflow_dispatch", "sha-COMMIT", &["api=*:v1.0.0"], &["web=app@COMMIT"]),
        ("schedule", "sha-COMMIT", &["api=*:sha-abcdef1"], &["web=app@COMMIT"]),
        ("workflow_dispatch", "build-7", &["api=*:sha-abcdef1"], &[]),
        ("push", "sha-COMMIT", &["api=*:v1.0.0"], &["app@COMMIT"]),
        ("push", "sha-COMMIT", &["api=*:sha-abcdef1"], &["web=app@COMMIT"]),
        ("push", "build-7", &["api=*:sha-abcdef1"], &["web=app@COMMIT"]),
    ] {
        assert_eq!(of_run(event, others, own), expected, "{event}: {own} {others:?}");
    }
    let pipeline = environments();
    let line = line(&pipeline, 2);
    let [older, newer] = [0, 1].map(|at| format!("web=*:sha-{}", &line[at][..7]));
    let by_hand = |images: &[&str], at: usize| {
        release(&pipeline, STAGING, images, &line[at]).env("GITHUB_EVENT_NAME", "workflow_dispatch").run().success()
    };
    ends(&by_hand(&[&newer], 1), "released");
    ends(&by_hand(&[&older, "api=*:v0.1.0"], 0), "superseded");
}

/// `{source}` is filled with the source of the image, or with all of them.
#[test]
fn what_texts_say_of_several_sources() {
    let pipeline = environments();
    let line = line(&pipeline, 1);
    let texts = ["--comment", "# {source}", "--message", "Release {tag} of {source}"];
    let release = release(&pipeline, STAGING, &["web=*:v1.0.0", "api=*:sha-abcdef1"], &line[0]);
    let output = release.env("GITHUB_EVENT_NAME", "push").args(texts).run();
    output.stderr_has("no comment is written, because nothing fills its `{source}`");
    assert!(
        pipeline.file(STAGING).contains(&format!("newTag: v1.0.0 # app@{}\n", line[0])),
        "{}",
        pipeline.file(STAGING)
    );
    let title = &pipeline.stage.remote.log("main")[0].subject;
    assert!(title.starts_with(&format!("Release v1.0.0, sha-abcdef1 of app@{}", line[0])), "{title}");
}

/// A whole commit id in a tag is the commit, whatever stands around it: in what runs, and in what is released.
#[test]
fn a_whole_commit_id_in_a_tag() {
    for (before, behind) in [("", ""), ("sha-", ""), ("main-", ""), ("main-", "-1700000000"), ("v1.2.0-3-g", "")] {
        let pipeline = environments();
        let line = line(&pipeline, 5);
        let tag = |at: usize| format!("{before}{}{behind}", line[at]);
        // The run is of another commit, so that only tags tell.
        let by_hand = |at: usize| {
            let release = release(&pipeline, STAGING, &[&format!("web=*:{}", tag(at))], &line[4]);
            release.env("GITHUB_EVENT_NAME", "workflow_dispatch").args(["--on-unknown-order", "fail"]).run()
        };
        let path = format!("{STAGING}/kustomization.yaml");
        let text = pipeline.file(STAGING).replace("v0.9.0", &tag(1));
        pipeline.stage.remote.commit("main", "By hand", &[File::new(&path, text)]);
        ends(&by_hand(0), "superseded");
        ends(&by_hand(2), "released");
        ends(&by_hand(1), "superseded");
    }
}

/// Releases the image with the tag `commit`, in a run by hand that builds the configuration.
fn from_configuration(pipeline: &Pipeline, commit: &str) -> Output {
    let command = release(pipeline, STAGING, &[&format!("web=*:{commit}")], &pipeline.tip());
    let command = command.env("GITHUB_REPOSITORY", "gitops").env("GITHUB_EVENT_NAME", "workflow_dispatch");
    command.args(["--on-unknown-order", "fail"]).run()
}

/// The run builds the configuration: only the release before tells where the commits in the tags are.
#[test]
fn the_repository_of_a_commit_in_a_tag_is_remembered() {
    let pipeline = environments();
    let line = line(&pipeline, 4);
    ends(&release(&pipeline, STAGING, &[&format!("web=*:{}", line[0])], &line[0]).run(), "released");
    ends(&from_configuration(&pipeline, &line[2]), "released");
    assert_eq!(sources(&pipeline), [format!("app@{}", line[2])]);
    ends(&from_configuration(&pipeline, &line[1]).success(), "superseded");
    ends(&from_configuration(&pipeline, &line[3]), "released");
    assert_eq!(sources(&pipeline), [format!("app@{}", line[3])]);
}

/// A change by hand has no trailers, so the ones of an earlier release say where to ask.
#[test]
fn the_repository_of_an_earlier_release_is_asked() {
    let pipeline = environments();
    let line = line(&pipeline, 4);
    ends(&release(&pipeline, STAGING, &[&format!("web=*:{}", line[0])], &line[0]).run(), "released");
    let path = format!("{STAGING}/kustomization.yaml");
    let text = pipeline.file(STAGING).replace(&line[0], &line[2]);
    pipeline.stage.remote.commit("main", "By hand", &[File::new(&path, text)]);
    ends(&from_configuration(&pipeline, &line[1]).success(), "superseded");
    ends(&from_configuration(&pipeline, &line[3]), "released");
    assert_eq!(sources(&pipeline), [format!("app@{}", line[3])]);
}

/// The repository of the configuration refuses to tell of a commit of the sources. It has more to tell after that: what the
/// entry was before the newest commits.
#[test]
fn the_configuration_is_read_on_after_it_knew_no_commit() {
    let pipeline = environments().over_http();
    let line = line(&pipeline, 3);
    ends(&release(&pipeline, STAGING, &[&format!("web=*:{}", line[1])], &line[1]).run(), "released");
    pipeline.stage.remote.commits("main", 60);
    ends(&from_configuration(&pipeline, &line[0]).success(), "superseded");
    ends(&from_configuration(&pipeline, &line[2]), "released");
}
