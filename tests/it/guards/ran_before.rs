//! What ran before what runs counts too, whatever tells the commit of the new build, and whatever took the place of it.

use crate::pipeline::{Pipeline, document};
use crate::stage::{FILE, FOLDER};
use crate::support::command::{Command, Output};
use crate::support::git_server::Fault;
use crate::support::http::Response;
use crate::support::registry::Image;
use crate::support::repository::File;

/// Releases a tag of the image, without asking the registry.
fn release(pipeline: &Pipeline, tag: &str) -> Command {
    let command = pipeline.run("release", &["--no-check", "--output", "json", "-k", FOLDER]);
    command.arg(format!("IMAGE_PLACEHOLDER=*:{tag}"))
}

fn by_ci(pipeline: &Pipeline, tag: &str, commit: &str) -> Output {
    pipeline.in_ci(release(pipeline, tag), commit).run()
}

/// Changes the file by hand.
fn by_hand(pipeline: &Pipeline, before: &str, after: &str) {
    let text = pipeline.file(FOLDER).replace(before, after);
    pipeline.stage.remote.commit("main", "By hand", &[File::new(FILE, text)]);
}

#[track_caller]
fn ends(output: &Output, expected: &str) {
    assert_eq!(document(output)["outcome"], expected, "{}\n{}", output.stdout(), output.stderr());
}

/// A hotfix took the place of a build of main. A person releases an older one of main, and its label alone tells the commit.
#[test]
fn a_label_tells_that_a_build_ran_before_a_hotfix() {
    let pipeline = Pipeline::with_sources("app").over_http();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    let four = pipeline.source("four", &[&three]);
    let fix = pipeline.source("fix", &[&one]);
    pipeline.sources.git(["update-ref", "refs/heads/main", &four]).run().success();
    ends(&by_ci(&pipeline, "red", &three), "released");
    let hotfix = pipeline.in_ci(release(&pipeline, "blue"), &fix).args(["--on-diverged", "release"]).run();
    ends(&hotfix, "released");
    let labelled = |tag: &str, commit: &str| {
        let source = pipeline.server.url("app.git");
        let image = Image::new().revision(commit).label("org.opencontainers.image.source", &source);
        pipeline.stage.registry.put_image("org/web", tag, &image);
        let image = format!("IMAGE_PLACEHOLDER={}/org/web:{tag}", pipeline.stage.registry.address());
        pipeline.run("release", &["--output", "json", "-k", FOLDER, &image]).run()
    };
    let again = labelled("green", &two).success();
    ends(&again, "superseded");
    again.stderr_has("main released `red` (app@");
    ends(&labelled("white", &four), "released");
}

/// A person went back to a version that never ran here. What ran before it stays away, until something newer is released.
#[test]
fn an_old_pipeline_does_not_undo_a_lower_version_by_hand() {
    let pipeline = Pipeline::with_sources("app");
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    ends(&by_ci(&pipeline, "v1.1.0", &one), "released");
    ends(&by_ci(&pipeline, "v1.2.0", &two), "released");
    by_hand(&pipeline, "v1.2.0", "v1.0.5");
    for (tag, commit) in [("v1.2.0", &two), ("v1.1.0", &one)] {
        let again = by_ci(&pipeline, tag, commit).success();
        ends(&again, "superseded");
        again.stderr_has(&super::ran_before(tag, "v1.2.0"));
    }
    // Another version of that commit is a rebuild, and a version without a commit is compared with what runs alone.
    ends(&release(&pipeline, "v1.0.6").run(), "released");
    ends(&by_ci(&pipeline, "v1.2.0", &two).success(), "superseded");
    ends(&by_ci(&pipeline, "v1.2.1", &two), "released");
    by_hand(&pipeline, "v1.2.1", "v1.0.5");
    ends(&by_ci(&pipeline, "v1.3.0", &three), "released");
}

/// The same if the tags name commits.
#[test]
fn an_old_pipeline_does_not_undo_an_older_commit_by_hand() {
    let pipeline = Pipeline::with_sources("app");
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    ends(&by_ci(&pipeline, &two, &two), "released");
    by_hand(&pipeline, &two, &one);
    ends(&by_ci(&pipeline, &two, &two).success(), "superseded");
    ends(&by_ci(&pipeline, &three, &three), "released");
}

/// Whether a build ran before is not guessed because the repository of the sources fails for a moment.
#[test]
fn what_ran_before_cannot_be_compared_now() {
    let pipeline = Pipeline::with_sources("app").over_http();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    ends(&by_ci(&pipeline, "v1.2.0", &two), "released");
    by_hand(&pipeline, "v1.2.0", "v1.0.5");
    // As often as a request is made.
    let fail = || pipeline.server.inject("/app.git/", 3, Fault::Answer(Response::text(500, "internal error")));
    let tip = pipeline.tip();
    fail();
    by_ci(&pipeline, "v1.1.0", &one).exit(6).stderr_has("cannot tell whether `IMAGE_PLACEHOLDER` would go back");
    assert_eq!(pipeline.tip(), tip);
    ends(&by_ci(&pipeline, "v1.1.0", &one).success(), "superseded");
    // Its version tells that it is newer than all of them.
    fail();
    ends(&by_ci(&pipeline, "v1.3.0", &three), "released");
    by_hand(&pipeline, "v1.3.0", "v1.0.6");
    fail();
    let guessed = pipeline.in_ci(release(&pipeline, "v1.1.0"), &one).args(["--on-unknown-order", "release"]).run();
    ends(&guessed, "released");
}

/// The commit that is named either took the build back, or says that it was taken back.
#[test]
fn what_took_a_build_back_is_told() {
    let pipeline = Pipeline::with_sources("app");
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    ends(&by_ci(&pipeline, "first", &one), "released");
    ends(&by_ci(&pipeline, "third", &three), "released");
    pipeline.run("rollback", &["--no-check", "-k", FOLDER, "IMAGE_PLACEHOLDER"]).run().success();
    let rollback = pipeline.tip();
    let told = |commit: &str| by_ci(&pipeline, "third", &three).success().stderr_has(commit);
    told(&format!("`third` was rolled back by {}; only a newer build may follow", &rollback[..7]));
    ends(&by_ci(&pipeline, "second", &two), "released");
    let release = pipeline.tip();
    told(&format!("`third` was rolled back, as {} says; only a newer build may follow", &release[..7]));
}

/// What was rolled back stays away, also if the entry was removed and comes again.
#[test]
fn an_entry_that_is_added_again_keeps_its_past() {
    let pipeline = Pipeline::new();
    let text = pipeline.file(FOLDER);
    let release = |tag: &str| {
        let image = format!("web=org/web:{tag}");
        let arguments = ["--no-check", "--output", "json", "--add", "-k", FOLDER, &image];
        pipeline.run("release", &arguments).run().success()
    };
    for tag in ["one", "two"] {
        ends(&release(tag), "released");
    }
    pipeline.run("rollback", &["--no-check", "-k", FOLDER, "web"]).run().success();
    pipeline.stage.remote.commit("main", "By hand", &[File::new(FILE, text)]);
    ends(&release("two"), "superseded");
    ends(&release("three"), "released");
}

/// A rebase gives each commit another name, and the server forgets the old ones, which trailers still name.
#[test]
fn what_was_rolled_back_stays_away_after_a_rebase() {
    let pipeline = Pipeline::with_sources("app");
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    let four = pipeline.source("four", &[&three]);
    ends(&by_ci(&pipeline, "first", &one), "released");
    ends(&by_ci(&pipeline, "third", &three), "released");
    pipeline.run("rollback", &["--no-check", "-k", FOLDER, "IMAGE_PLACEHOLDER"]).run().success();
    ends(&by_ci(&pipeline, "second", &two), "released");
    let remote = &pipeline.stage.remote;
    let mut tip: Option<String> = None;
    for commit in remote.git(["rev-list", "--reverse", "main"]).run().success().stdout().lines() {
        let message = remote.git(["log", "-1", "--format=%B", commit]).run().success().stdout();
        let tree = format!("{commit}^{{tree}}");
        let mut arguments = vec!["commit-tree", &tree];
        arguments.extend(tip.iter().flat_map(|parent| ["-p", parent]));
        tip = Some(remote.git(arguments).stdin(message).run().success().stdout().trim().to_owned());
    }
    remote.git(["update-ref", "refs/heads/main", &tip.unwrap()]).run().success();
    remote.git(["gc", "--quiet", "--prune=now"]).run().success();
    ends(&by_ci(&pipeline, "third", &three).success(), "superseded");
    ends(&by_ci(&pipeline, "fourth", &four), "released");
}
