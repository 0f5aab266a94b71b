//! What ran before what runs counts too, whatever tells the commit of the new build, and whatever took the place of it.

use crate::pipeline::{Pipeline, document};
use crate::stage::FOLDER;
use crate::support::command::{Command, Output};
use crate::support::registry::Image;

/// Releases a tag of the image, without asking the registry.
fn release(pipeline: &Pipeline, tag: &str) -> Command {
    let command = pipeline.run("release", &["--no-check", "--output", "json", "-k", FOLDER]);
    command.arg(format!("IMAGE_PLACEHOLDER=*:{tag}"))
}

fn by_ci(pipeline: &Pipeline, tag: &str, commit: &str) -> Output {
    pipeline.in_ci(release(pipeline, tag), commit).run()
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
