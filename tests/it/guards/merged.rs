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

/// Merges `theirs` into `ours`, as git does it in a clone. Returns the merge, which is on no branch yet.
fn merged(pipeline: &Pipeline, ours: &str, theirs: &str, title: &str) -> String {
    let git = |arguments: &[&str]| {
        let git = pipeline.stage.remote.git(arguments.iter().copied());
        git.run().success().stdout().trim().to_owned()
    };
    let tree = git(&["merge-tree", "--write-tree", ours, theirs]);
    git(&["commit-tree", &tree, "-p", ours, "-p", theirs, "-m", title])
}

/// `git pull` makes the tip of the branch the second parent of its merge.
#[test]
fn a_pull_of_a_colleague() {
    let pipeline = Pipeline::with_environments();
    let remote = &pipeline.stage.remote;
    pipeline.release(PRODUCTION, "web", "v1.0.0", 1).success();
    remote.git(["branch", "colleague", "main"]).run().success();
    let local = remote.commit("colleague", "Local work", &[File::new("index.html", "<p>")]);
    for (tag, source) in [("v1.1.0", 2), ("v1.2.0", 3), ("v1.3.0", 4)] {
        pipeline.release(PRODUCTION, "web", tag, source).success();
    }
    pipeline.run("rollback", &["-k", PRODUCTION, "web"]).run().success();
    let title = "Merge branch 'main' of https://host/org/config";
    let pull = merged(&pipeline, &local, &pipeline.tip(), title);
    remote.git(["update-ref", "refs/heads/main", &pull]).run().success();

    let log = pipeline.log(&["-k", PRODUCTION, "web"]);
    let tags: Vec<_> = log.iter().map(|release| release["tag"].as_str().unwrap()).collect();
    assert_eq!(tags[..5], ["v1.2.0", "v1.3.0", "v1.2.0", "v1.1.0", "v1.0.0"]);
    let again = pipeline.release(PRODUCTION, "web", "v1.3.0", 4).success();
    assert_eq!(document(&again)["outcome"], "superseded", "what was taken back stays away");
    let to =
        |to: &str| pipeline.run("rollback", &["--dry-run", "--output", "json", "--to", to, "-k", PRODUCTION, "web"]);
    assert_eq!(document(&to("v1.1.0").run().success())["images"][0]["tag"], "v1.1.0");
    pipeline.run("rollback", &["-k", PRODUCTION, "web"]).run().success();
    assert!(pipeline.file(PRODUCTION).contains("v1.1.0"), "{}", pipeline.file(PRODUCTION));
}

/// A title says nothing if no release shows where the branch was.
#[test]
fn a_pull_that_says_another_branch() {
    let pipeline = Pipeline::with_environments();
    let remote = &pipeline.stage.remote;
    pipeline.release(PRODUCTION, "web", "v1.0.0", 1).success();
    remote.git(["branch", "fork", "main"]).run().success();
    let fork = remote.commit("fork", "Work of a fork", &[File::new("index.html", "<p>")]);
    pipeline.release(PRODUCTION, "web", "v1.1.0", 2).success();
    let title = "Merge branch 'main' of https://host/fork/config";
    let merge = merged(&pipeline, &pipeline.tip(), &fork, title);
    remote.git(["update-ref", "refs/heads/main", &merge]).run().success();
    pipeline.run("rollback", &["-k", PRODUCTION, "web"]).run().success();
    assert!(pipeline.file(PRODUCTION).contains("v1.0.0"), "{}", pipeline.file(PRODUCTION));
}

/// The head branch of a release has other commits too: the branch was merged into it, and someone added a file.
#[test]
fn a_request_with_other_commits() {
    let pipeline = Pipeline::new();
    let remote = &pipeline.stage.remote;
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    propose(&pipeline, FOLDER, &format!("IMAGE_PLACEHOLDER={}", pipeline.build("web", "build-2")), &two);
    remote.commit("main", "Add a page", &[File::new("index.html", "<p>")]);
    let updated = merged(&pipeline, HEAD, "main", &format!("Merge branch 'main' into {HEAD}"));
    remote.git(["update-ref", &format!("refs/heads/{HEAD}"), &updated]).run().success();
    remote.commit(HEAD, "Add a file", &[File::new("notes.md", "x")]);
    merge(&pipeline);
    let older = format!("IMAGE_PLACEHOLDER={}", pipeline.build("web", "build-1"));
    let release = |flags: &[&str]| {
        let release = pipeline.run("release", &["--output", "json", "-k", FOLDER, &older]).args(flags.iter().copied());
        document(&pipeline.in_ci(release, &one).run())["outcome"].clone()
    };
    assert_eq!(release(&[]), "superseded");
    assert_eq!(release(&["--on-unknown-order", "fail"]), "superseded");
    assert_eq!(pipeline.log(&["-k", FOLDER, "IMAGE_PLACEHOLDER"])[0]["by_hand"], false);
}

/// Forges write a paragraph of their own behind the message of a squash.
#[test]
fn a_squash_whose_message_goes_on() {
    let first = Pipeline::new();
    let one = first.source("one", &[]);
    let two = first.source("two", &[&one]);
    propose(&first, FOLDER, &format!("IMAGE_PLACEHOLDER={}", first.build("web", "build-2")), &two);
    let contents = first.stage.remote.contents();
    for (prefix, paragraph) in [
        ("", "Signed-off-by: A <a@host>"),
        ("", "Reviewed-on: https://host/org/config/pulls/1\nReviewed-by: bob <b@host>"),
        ("Merged PR 1: ", "Related work items: #12"),
        ("Merged in tagship/main/web (pull request #1)\n\n", "Approved-by: Bob"),
        (
            "Release it (#1)\n\n* ",
            "* Merge branch 'main' into tagship/main/web\n\n---------\n\nCo-authored-by: A <a@host>",
        ),
    ] {
        let pipeline = Pipeline::copy(&contents);
        let remote = &pipeline.stage.remote;
        let git = |arguments: &[&str]| remote.git(arguments.iter().copied()).run().success().stdout();
        let message = format!("{prefix}{}\n\n{paragraph}\n", git(&["log", "-1", "--format=%B", HEAD]).trim_end());
        let squash = git(&["commit-tree", &format!("{HEAD}^{{tree}}"), "-p", "main", "-m", &message]);
        git(&["update-ref", "refs/heads/main", squash.trim()]);
        let released = &pipeline.log(&["-k", FOLDER, "IMAGE_PLACEHOLDER"])[0];
        let of_source = format!("gitops@{two}");
        assert_eq!((&released["by_hand"], &released["source"]), (&false.into(), &of_source.into()), "{paragraph}");
        let older = format!("IMAGE_PLACEHOLDER={}", pipeline.build("web", "build-1"));
        let release = pipeline.run("release", &["--output", "json", "-k", FOLDER, &older]);
        assert_eq!(document(&pipeline.in_ci(release, &one).run())["outcome"], "superseded", "{paragraph}");
    }
}

/// GitHub's message of a squash lists those of all commits.
#[test]
fn a_squash_of_two_releases() {
    let pipeline = Pipeline::with_environments();
    for (number, name) in [(1, "api"), (2, "web")] {
        let image = format!("{name}={}", pipeline.build(name, "v1.0.0"));
        propose(&pipeline, PRODUCTION, &image, &format!("{number:040x}"));
    }
    let remote = &pipeline.stage.remote;
    let git = |arguments: &[&str]| remote.git(arguments.iter().copied()).run().success().stdout();
    let messages = git(&["log", "--reverse", "--format=* %B", &format!("main..{HEAD}")]);
    let squash = format!("Release all (#1)\n\n{messages}");
    let squash = git(&["commit-tree", &format!("{HEAD}^{{tree}}"), "-p", "main", "-m", &squash]);
    git(&["update-ref", "refs/heads/main", squash.trim()]);
    for (number, name) in [(1, "api"), (2, "web")] {
        let released = &pipeline.log(&["-k", PRODUCTION, name])[0];
        let of_source = format!("gitops@{number:040x}");
        assert_eq!((&released["by_hand"], &released["source"]), (&false.into(), &of_source.into()), "{name}");
    }
}
