//! Releases that a pull request brought: the log, the way back and the order of releases know them as releases.

use crate::pipeline::{PRODUCTION, Pipeline, STAGING, document};
use crate::stage::FOLDER;
use crate::support::repository::File;

const HEAD: &str = "tagship/main/web";

/// Releases to a head branch, as a CI system does for the commit `source`.
fn propose(pipeline: &Pipeline, folder: &str, image: &str, source: &str) {
    let url = pipeline.server.url("gitops.git");
    let release = pipeline.stage.tagship().args(["release", "--repo", &url, "-k", folder, image]);
    let release = release.args(["--branch", HEAD, "--create-branch", "--base", "main"]);
    pipeline.in_ci(release, source).run().success();
}

/// Merges the head branch after another commit, and deletes it. Returns the merge.
fn merge(pipeline: &Pipeline) -> String {
    let remote = &pipeline.stage.remote;
    let base = remote.commit("main", "Add a page", &[File::new("index.html", "<p>")]);
    let git = |arguments: &[&str]| remote.git(arguments.iter().copied()).run().success().stdout().trim().to_owned();
    let tree = git(&["merge-tree", "--write-tree", "main", HEAD]);
    let merge = git(&["commit-tree", &tree, "-p", &base, "-p", HEAD, "-m", "Merge pull request #1"]);
    git(&["update-ref", "refs/heads/main", &merge]);
    git(&["branch", "-D", HEAD]);
    merge
}

#[test]
fn the_log_and_the_way_back() {
    let pipeline = Pipeline::with_environments();
    pipeline.release(PRODUCTION, "web", "v1.0.0", 1).success();
    let second = format!("{:040x}", 2);
    propose(&pipeline, PRODUCTION, &format!("web={}", pipeline.build("web", "v2.0.0")), &second);
    let merge = merge(&pipeline);
    let merged = &pipeline.log(&["-k", PRODUCTION, "web"])[0];
    assert_eq!((&merged["tag"], &merged["commit"]), (&"v2.0.0".into(), &merge.clone().into()));
    assert_eq!((&merged["by_hand"], &merged["source"]), (&false.into(), &format!("gitops@{second}").into()));
    pipeline.release(PRODUCTION, "web", "v3.0.0", 3).success();
    pipeline.run("rollback", &["-k", PRODUCTION, "web"]).run().success();
    let back = &pipeline.stage.remote.log("main")[0];
    assert_eq!(back.trailer("Tagship-Source"), [format!("gitops@{second}")]);
    pipeline.run("rollback", &["-k", PRODUCTION, "web"]).run().success();
    let back = &pipeline.stage.remote.log("main")[0];
    assert!(back.trailer("Tagship-Rollback-Of").contains(&merge.as_str()), "{}", back.message);
    let again = pipeline.release(PRODUCTION, "web", "v2.0.0", 2).success();
    assert_eq!(document(&again)["outcome"], "superseded", "what was taken back stays away");
}

/// The commits that images were built from count, and not the numbers of their tags.
#[test]
fn what_may_follow_a_merge() {
    let pipeline = Pipeline::new();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    propose(&pipeline, FOLDER, &format!("IMAGE_PLACEHOLDER={}", pipeline.build("web", "build-5")), &two);
    merge(&pipeline);
    for (tag, source, expected) in [("build-7", &one, "superseded"), ("build-1", &three, "released")] {
        let image = format!("IMAGE_PLACEHOLDER={}", pipeline.build("web", tag));
        let release = pipeline.run("release", &["--output", "json", "-k", FOLDER, &image]);
        assert_eq!(document(&pipeline.in_ci(release, source).run())["outcome"], expected, "{tag}");
    }
}

/// A promotion that a request brought is a release like any other, and so is what follows it.
#[test]
fn a_promotion_that_was_merged() {
    let pipeline = Pipeline::with_environments();
    pipeline.release(PRODUCTION, "web", "v1.0.0", 1).success();
    pipeline.release(STAGING, "web", "v2.0.0", 2).success();
    let second = format!("org/app@{:040x}", 2);
    let url = pipeline.stage.remote.file_url();
    let promote =
        pipeline.stage.tagship().args(["promote", "--repo", &url, "--from", STAGING, "--to", PRODUCTION, "web"]);
    promote.args(["--branch", HEAD, "--create-branch", "--base", "main"]).run().success();
    let merge = merge(&pipeline);
    let merged = &pipeline.log(&["-k", PRODUCTION, "web"])[0];
    assert_eq!((&merged["tag"], &merged["commit"]), (&"v2.0.0".into(), &merge.clone().into()));
    assert_eq!((&merged["by_hand"], &merged["source"]), (&false.into(), &second.into()));
    let older = pipeline.release(PRODUCTION, "web", "v1.5.0", 1).success();
    assert_eq!(document(&older)["outcome"], "superseded", "older than what was promoted");
    pipeline.run("rollback", &["-k", PRODUCTION, "web"]).run().success();
    assert_eq!(pipeline.log(&["-k", PRODUCTION, "web"])[0]["tag"], "v1.0.0");
    let back = &pipeline.stage.remote.log("main")[0];
    assert!(back.trailer("Tagship-Rollback-Of").contains(&merge.as_str()), "{}", back.message);
    let again = pipeline.run("promote", &["--from", STAGING, "--to", PRODUCTION, "--output", "json", "web"]).run();
    assert_eq!(document(&again)["error"]["kind"], "guarded", "what was taken back stays away");
}

/// A merge claims what each commit of its side says, and nothing of what the branch had before.
#[test]
fn a_merge_claims_what_it_brought() {
    let pipeline = Pipeline::with_environments();
    let by_hand = |name: &str| pipeline.log(&["-k", PRODUCTION, name])[0]["by_hand"].clone();
    propose(&pipeline, PRODUCTION, &format!("api={}", pipeline.build("api", "v1.0.0")), &format!("{:040x}", 1));
    propose(&pipeline, PRODUCTION, &format!("web={}", pipeline.build("web", "v1.0.0")), &format!("{:040x}", 2));
    merge(&pipeline);
    assert_eq!((by_hand("web"), by_hand("api")), (false.into(), false.into()));

    for (number, tag) in [(3, "v2.0.0"), (4, "v3.0.0")] {
        pipeline.release(PRODUCTION, "web", tag, number).success();
    }
    propose(&pipeline, PRODUCTION, &format!("api={}", pipeline.build("api", "v2.0.0")), &format!("{:040x}", 5));
    let remote = &pipeline.stage.remote;
    let git = |arguments: &[&str]| remote.git(arguments.iter().copied()).run().success().stdout().trim().to_owned();
    let (base, head) = (pipeline.tip(), remote.tip(HEAD).unwrap());
    let path = format!("{PRODUCTION}/kustomization.yaml");
    git(&["branch", "scratch", &base]);
    let text = String::from_utf8(remote.file(HEAD, &path)).unwrap().replace("v3.0.0", "v2.0.0");
    let tree = remote.commit("scratch", "Tree", &[File::new(&path, text)]);
    let merge = git(&["commit-tree", &format!("{tree}^{{tree}}"), "-p", &base, "-p", &head, "-m", "Merge"]);
    git(&["update-ref", "refs/heads/main", &merge]);
    assert_eq!((by_hand("web"), by_hand("api")), (true.into(), false.into()));
}
