//! An older build does not go out because a registry fails for a moment: the same command again asks it.

use serde_json::Value;

use crate::pipeline::{PRODUCTION, Pipeline, ends};
use crate::stage::{FILE, FOLDER};
use crate::support::http::Response;
use crate::support::registry::{ALWAYS, Auth, Fault, Image, Registry};
use crate::support::repository::File;

/// Only its digest tells whether a tag that moves is what was rolled back.
#[test]
fn a_digest_that_cannot_be_asked_for_supersedes_nothing() {
    let pipeline = Pipeline::with_environments();
    let registry = &pipeline.stage.registry;
    let image = format!("web={}/org/web:main", registry.address());
    let push = |build: &str| registry.put_image("org/web", "main", &Image::new().label("build", build));
    let release =
        |image: &str| pipeline.run("release", &["--output", "json", "-k", PRODUCTION, "--pin-digest", image]).run();
    for build in ["1", "2"] {
        push(build);
        ends(&release(&image), "released");
    }
    pipeline.run("rollback", &["-k", PRODUCTION, "web"]).run().success();
    let tip = pipeline.tip();
    let fix = push("3");
    // Each of two questions is two requests.
    registry.inject("/v2/org/web/manifests/main", 4, Fault::status(501));
    let failed = release("web=*:main").exit(6);
    failed.stderr_has("cannot tell whether `main` is what was rolled back").stderr_has("501");
    assert_eq!(pipeline.tip(), tip);
    ends(&release("web=*:main").success(), "released");
    assert!(pipeline.file(PRODUCTION).contains(&fix), "{}", pipeline.file(PRODUCTION));
}

/// What runs was released without its commit, so that its label alone tells it.
#[test]
fn a_label_that_cannot_be_asked_for_ends_the_release() {
    let pipeline = Pipeline::with_sources("app").over_http();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let registry = &pipeline.stage.registry;
    let release = |tag: &str, flags: &[&str]| {
        let image = format!("IMAGE_PLACEHOLDER={}/org/web:{tag}", registry.address());
        pipeline.run("release", &["--output", "json", "-k", FOLDER, &image]).args(flags.iter().copied()).run()
    };
    for (tag, commit) in [("red", &two), ("blue", &one)] {
        let source = pipeline.server.url("app.git");
        let image = Image::new().revision(commit).label("org.opencontainers.image.source", &source);
        registry.put_image("org/web", tag, &image);
    }
    ends(&release("red", &["--no-check"]), "released");
    assert_eq!(registry.request_lines(), [] as [String; 0], "no registry may be asked");
    let tip = pipeline.tip();
    for flags in [&[][..], &["--on-unknown-order", "fail"]] {
        registry.inject("/v2/org/web/manifests/red", 1, Fault::status(501));
        let failed = release("blue", flags).exit(6);
        failed.stderr_has("cannot tell whether `IMAGE_PLACEHOLDER` would go back").stderr_has("501");
        assert_eq!(pipeline.tip(), tip);
    }
    ends(&release("blue", &[]).success(), "superseded");
    // The user may say that a guess is enough.
    registry.inject("/v2/org/web/manifests/red", 1, Fault::status(501));
    ends(&release("blue", &["--on-unknown-order", "release"]).success(), "released");
}

/// Other bytes than those of a digest, and answers that are none, say nothing of an image, not even that it has no label.
#[test]
fn a_label_in_an_answer_that_cannot_be_used() {
    let compressed = Response::new(200).header("Content-Encoding", "gzip").body(b"{}");
    let answers = [Response::text(200, "{}"), Response::new(200), compressed, Response::redirect("/v2/circle")];
    for (of, answer) in answers.iter().flat_map(|answer| ["red", "blue"].map(|of| (of, answer))) {
        for is_manifest in [true, false] {
            let pipeline = Pipeline::with_sources("app").over_http();
            let registry = &pipeline.stage.registry;
            let one = pipeline.source("one", &[]);
            let two = pipeline.source("two", &[&one]);
            for (tag, commit) in [("red", &two), ("blue", &one)] {
                let source = pipeline.server.url("app.git");
                let image = Image::new().revision(commit).label("org.opencontainers.image.source", &source);
                registry.put_image("org/web", tag, &image);
            }
            let release = |tag: &str, flags: &[&str]| {
                let image = format!("IMAGE_PLACEHOLDER={}/org/web:{tag}", registry.address());
                let release = pipeline.run("release", &["--output", "json", "-k", FOLDER, &image]);
                release.args(flags.iter().copied()).run()
            };
            ends(&release("red", &["--no-check"]), "released");
            let (_, manifest) = registry.manifest("org/web", of).unwrap();
            let manifest: Value = serde_json::from_slice(&manifest).unwrap();
            let blob = format!("GET /v2/org/web/blobs/{}", manifest["config"]["digest"].as_str().unwrap());
            let path = if is_manifest { format!("GET /v2/org/web/manifests/{of}") } else { blob };
            registry.inject("/v2/circle", ALWAYS, Fault::redirect("/v2/circle"));
            registry.inject(&path, ALWAYS, Fault::Answer(answer.clone()));
            let failed = release("blue", &[]).exit(6);
            failed.stderr_has("cannot tell whether `IMAGE_PLACEHOLDER` would go back");
        }
    }
}

/// A template may name an image of a registry that is never reached from here.
#[test]
fn an_image_that_was_never_released_may_be_out_of_reach() {
    for is_elsewhere in [true, false] {
        let pipeline = Pipeline::with_sources("app");
        let one = pipeline.source("one", &[]);
        let registry = &pipeline.stage.registry;
        registry.put_image("org/web", "blue", &Image::new());
        let elsewhere = Registry::start(Auth::None);
        let host = if is_elsewhere { &elsewhere } else { registry };
        host.inject("/v2/org/web/manifests/latest", 1, Fault::status(501));
        let text =
            format!("images:\n- name: IMAGE_PLACEHOLDER\n  newName: {}/org/web\n  newTag: latest\n", host.address());
        pipeline.stage.remote.commit("main", "A template", &[File::new(FILE, text)]);
        let image = format!("IMAGE_PLACEHOLDER={}/org/web:blue", registry.address());
        let release = pipeline.run("release", &["--output", "json", "-k", FOLDER, &image]);
        let output = pipeline.in_ci(release, &one).run();
        match is_elsewhere {
            true => ends(&output.success(), "released"),
            false => drop(output.exit(6)),
        }
    }
}
