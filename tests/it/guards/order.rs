//! An older build does not replace a newer one, whatever shape their histories have.

use serde_json::Value;

use crate::pipeline::{PRODUCTION, Pipeline, STAGING, document, kustomization, outcome};
use crate::stage::{FOLDER, tagship};
use crate::support::command::Command;
use crate::support::git_server::{ALWAYS, Fault};
use crate::support::http::Response;
use crate::support::registry::Image;
use crate::support::repository::{Checkout, File, Remote};

/// Returns the release of `tag`, built from `source` by a CI system, without a checkout.
fn release(pipeline: &Pipeline, tag: &str, source: &str) -> Command {
    let image = format!("IMAGE_PLACEHOLDER={}", pipeline.build("web", tag));
    pipeline.in_ci(pipeline.run("release", &["--output", "json", "-k", FOLDER, &image]), source)
}

/// Releases whatever was there before, so that what follows has something to follow.
fn already_released(pipeline: &Pipeline, tag: &str, source: &str) {
    release(pipeline, tag, source).args(["--on-superseded", "allow"]).run().success();
}

/// How two source commits may stand to each other, and what becomes of a release of the second after one of the first.
/// Where the sources are must not matter, nor whether the tag says the commit.
///
/// Each row begins with what the one before it has left, if that is the first commit: a release that is superseded or fails
/// leaves the branch as it was.
#[test]
fn what_may_follow_what() {
    for sources in [None, Some("app")] {
        let pipeline = sources.map_or_else(Pipeline::new, Pipeline::with_sources);
        let root = pipeline.source("root", &[]);
        let one = pipeline.source("one", &[&root]);
        let two = pipeline.source("two", &[&one]);
        let three = pipeline.source("three", &[&two]);
        let side = pipeline.source("side", &[&one]);
        let merge = pipeline.source("merge", &[&two, &side]);
        let rebased = pipeline.source("rebased", &[&three]);
        let squashed = pipeline.source("squashed", &[&two]);
        let unrelated = pipeline.source("unrelated", &[]);
        for says_commit in [true, false] {
            let (mut released, mut builds) = (None, 0);
            let mut release = |source: &'_ String| {
                builds += 1;
                let tag = if says_commit { source.clone() } else { format!("build-{builds}") };
                let run = pipeline.run("release", &["--no-check", "--output", "json", "-k", FOLDER]);
                pipeline.in_ci(run.arg(format!("IMAGE_PLACEHOLDER=*:{tag}")), source)
            };
            for (what, there, new, expected) in [
                ("some commits on", &root, &three, "released"),
                ("some commits back", &three, &root, "superseded"),
                ("the next commit", &one, &two, "released"),
                ("the commit before", &two, &one, "superseded"),
                ("a branch that was not merged", &two, &side, "failed"),
                ("no common history", &two, &unrelated, "failed"),
                ("a squashed branch", &two, &squashed, "released"),
                ("a rebased branch", &side, &rebased, "failed"),
                ("the merge of both", &side, &merge, "released"),
                ("one side of a merge", &merge, &side, "superseded"),
            ] {
                if released != Some(there) {
                    // Whatever was there before is replaced without a question.
                    release(there).args(["--on-superseded", "allow"]).run().success();
                }
                let tip = pipeline.tip();
                let output = release(new).run();
                assert_eq!(document(&output)["outcome"], expected, "{what}, {sources:?}, {says_commit}");
                assert_eq!(pipeline.tip() != tip, expected == "released", "{what}");
                released = Some(if expected == "released" { new } else { there });
            }
        }
        pipeline.stage.remote.fsck();
    }
}

/// Without a commit that is known, versions decide, and no history is asked for.
#[test]
fn versions_without_commits_need_no_history() {
    let pipeline = Pipeline::new().over_http();
    let release = |tag: &str| {
        let image = format!("IMAGE_PLACEHOLDER={}", pipeline.build("web", tag));
        pipeline.run("release", &["--output", "json", "-k", FOLDER, &image])
    };
    for (there, new, expected) in [
        ("v1.2.3", "v1.2.4", "released"),
        ("v1.10.0", "v1.9.0", "superseded"),
        ("v2.0.0", "v2.0.0-rc.1", "superseded"),
        ("1.0.0", "v1.0.1", "released"),
    ] {
        release(there).args(["--on-superseded", "allow"]).run().success();
        pipeline.server.requests();
        assert_eq!(outcome(release(new).run()), expected, "{new} after {there}");
        let requests = pipeline.server.requests().len();
        assert!(requests <= 5, "{requests} requests");
    }
}

#[test]
fn what_is_told_and_what_else_can_be_asked_for() {
    let pipeline = Pipeline::new();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    already_released(&pipeline, "build-2", &two);
    let commits = pipeline.stage.remote.number_of_commits("main");
    let skipped = release(&pipeline, "build-1", &one).run().success().stderr_has("main already releases `build-2`");
    let skipped = document(&skipped);
    assert_eq!(
        skipped["reason"],
        format!(
            "`IMAGE_PLACEHOLDER`: main already releases `build-2`, and `build-1` is older: its commit is an ancestor of {}",
            &two[..7]
        )
    );
    assert_eq!((&skipped["changed"], &skipped["pushed"]), (&Value::Bool(false), &Value::Bool(false)));
    assert_eq!(skipped["files"], Value::Array(Vec::new()));
    let failed = release(&pipeline, "build-1", &one).args(["--on-superseded", "fail"]).run().exit(9);
    assert_eq!(document(&failed)["error"]["kind"], "guarded");
    failed.stderr_has("hint: `--on-superseded allow` releases it all the same");
    assert_eq!(
        outcome(release(&pipeline, "build-1", &one).arg("--dry-run").run()),
        "superseded",
        "a dry run tells it too"
    );
    assert_eq!(pipeline.stage.remote.number_of_commits("main"), commits);
    assert_eq!(outcome(release(&pipeline, "build-1", &one).args(["--on-superseded", "allow"]).run()), "released");
}

#[test]
fn each_superseded_entry_is_a_problem_of_its_own() {
    let pipeline = Pipeline::with_environments();
    let release = |tag: &str| {
        let release =
            pipeline.run("release", &["--no-check", "--on-superseded", "fail", "-k", STAGING, "-k", PRODUCTION]);
        release.args(["web", "api"].map(|name| format!("{name}=*:{tag}"))).run()
    };
    release("v2.0.0").success();
    let stderr = release("v1.0.0").exit(9).stderr_has("error: 4 problems\n").stderr();
    assert_eq!(stderr.matches("\n  superseded: ").count(), 4, "{stderr}");
}

/// The same source may be built and released again, under another tag or digest.
#[test]
fn the_same_source_again() {
    let pipeline = Pipeline::new();
    let one = pipeline.source("one", &[]);
    already_released(&pipeline, "build-1", &one);
    assert_eq!(outcome(release(&pipeline, "build-1", &one).run()), "unchanged");
    assert_eq!(outcome(release(&pipeline, "build-2", &one).run()), "released");
}

/// A source repository at a server without partial fetches sends what is new with its files; of that, the commits are read.
#[test]
fn sources_at_a_server_without_partial_fetches() {
    sources_without_partial_fetches(|sources| sources.configure("uploadpack.allowFilter", "false"));
}

/// It has partial fetches, and refuses each filter.
#[test]
fn sources_at_a_server_that_refuses_filters() {
    sources_without_partial_fetches(|sources| sources.refuse_filters(&["blob:none", "tree"]));
}

fn sources_without_partial_fetches(forbid: impl Fn(&Remote)) {
    let pipeline = Pipeline::with_sources("app");
    forbid(&pipeline.sources);
    let commit = |title| pipeline.sources.commit("main", title, &[File::new("big", title.repeat(100_000))]);
    let [root, one, two] = ["Begin", "One", "Two"].map(commit);
    pipeline.sources.git(["branch", "side", &root]).run().success();
    let side = pipeline.sources.commit("side", "Side", &[File::new("side", "side")]);
    already_released(&pipeline, "build-1", &one);
    assert_eq!(outcome(release(&pipeline, "build-0", &root).run()), "superseded");
    assert_eq!(outcome(release(&pipeline, "build-2", &two).run()), "released");
    let apart = release(&pipeline, "build-3", &side).run().success();
    apart
        .stderr_has("cannot tell whether `build-3` is newer than `build-2`")
        .stderr_has("lacks one of the commits, or does not tell which is older");
}

/// A force push may have taken the commit away that was released.
#[test]
fn what_is_gone_has_no_order() {
    let pipeline = Pipeline::with_sources("app");
    let one = pipeline.source("one", &[]);
    let gone = "fdafd7008d04c2a2286676b92a87fd85aa9b682a";
    already_released(&pipeline, "build-1", gone);
    let output = release(&pipeline, "build-2", &one).run().success();
    assert_eq!(document(&output)["outcome"], "released");
    output
        .stderr_has("cannot tell whether `build-2` is newer than `build-1`")
        .stderr_has("lacks one of the commits, or does not tell which is older");
    let other_way = release(&pipeline, "build-3", &gone.replace('f', "0")).run().success();
    assert_eq!(document(&other_way)["outcome"], "released", "a commit that the server does not have");
    assert_eq!(outcome(release(&pipeline, "build-4", gone).run()), "superseded", "a build of that commit ran before");
}

/// A page in the server's place knows no commit, and neither does a server that fails: only words about the commit tell of it.
#[test]
fn an_answer_that_tells_nothing_of_the_sources() {
    let of_kind = |kind: &str, body: &str| Response::new(200).header("Content-Type", kind).body(body.as_bytes());
    let page = || of_kind("text/html", "<h1>Sign in</h1>");
    let failure = of_kind("application/x-git-upload-pack-result", "001dERR upload-pack: internal");
    for (request, answer) in [
        ("GET /app", page()),
        ("GET /app", Response::new(204)),
        ("GET /app", Response::redirect("/login")),
        ("POST /app", page()),
        ("POST /app", Response::redirect("/login")),
        ("POST /app", failure),
    ] {
        let pipeline = Pipeline::with_sources("app").over_http();
        let one = pipeline.source("one", &[]);
        let two = pipeline.source("two", &[&one]);
        already_released(&pipeline, "build-2", &two);
        pipeline.server.inject("GET /login", ALWAYS, Fault::Answer(page()));
        pipeline.server.inject(request, ALWAYS, Fault::Answer(answer));
        let failed = release(&pipeline, "build-1", &one).run().exit(6);
        failed.stderr_has("cannot tell whether `IMAGE_PLACEHOLDER` would go back");
    }
}

/// A tag may be the id of a folder, as a hash of what was built: it names no commit.
#[test]
fn a_tag_that_is_the_id_of_a_tree() {
    for pipeline in [Pipeline::with_sources("app"), Pipeline::with_sources("app").over_http()] {
        let [one, two] =
            ["One", "Two"].map(|title| pipeline.sources.commit("main", title, &[File::new("file", title)]));
        let tree = |commit: &str| {
            let output = pipeline.sources.git(["rev-parse", &format!("{commit}^{{tree}}")]).run().success();
            output.stdout().trim().to_owned()
        };
        let released = |commit: &str| {
            let image = format!("IMAGE_PLACEHOLDER=*:{}", tree(commit));
            let release = pipeline.run("release", &["--no-check", "--output", "json", "-k", FOLDER, &image]);
            outcome(pipeline.in_ci(release, commit).run().success())
        };
        assert_eq!(released(&one), "released");
        assert_eq!(released(&two), "released");
    }
}

/// A change of an entry by hand is a decision: then only what the entry says counts.
#[test]
fn a_change_by_hand_counts() {
    let pipeline = Pipeline::new();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    already_released(&pipeline, "build-1", &one);
    let by_hand = format!(
        "images:\n- name: IMAGE_PLACEHOLDER\n  newName: {}/org/web\n  newTag: by-hand\n",
        pipeline.stage.registry.address()
    );
    pipeline.stage.remote.commit("main", "By hand", &[File::new(crate::stage::FILE, by_hand)]);
    let output = release(&pipeline, "build-2", &two).run().success();
    assert_eq!(document(&output)["outcome"], "released");
    let output = output.stderr_has("cannot tell whether `build-2` is newer than `by-hand`");
    assert!(!output.stderr().contains("read only"), "all of it was read: {}", output.stderr());
}

/// A revert by hand brings back what was released, with the commit that it was built from.
#[test]
fn a_revert_by_hand_runs_what_was_released() {
    let pipeline = Pipeline::new();
    let root = pipeline.source("root", &[]);
    let one = pipeline.source("one", &[&root]);
    let two = pipeline.source("two", &[&one]);
    already_released(&pipeline, "build-1", &one);
    let first = pipeline.stage.remote.file("main", crate::stage::FILE);
    already_released(&pipeline, "build-2", &two);
    pipeline.stage.remote.commit("main", "Revert", &[File::new(crate::stage::FILE, first)]);
    assert_eq!(outcome(release(&pipeline, "build-2", &two).run()), "superseded", "it was taken back");
    assert_eq!(outcome(release(&pipeline, "build-0", &root).run()), "superseded", "it is older than what runs");
}

/// A rollback that is taken back by hand, or a revert of a revert: what runs again is the build that was released.
#[test]
fn what_runs_again_keeps_its_source() {
    let pipeline = Pipeline::new();
    let mut sources = vec![pipeline.source("one", &[])];
    for name in ["two", "three", "four", "five"] {
        sources.push(pipeline.source(name, &[&sources[sources.len() - 1]]));
    }
    let text = || pipeline.stage.remote.file("main", crate::stage::FILE);
    let by_hand = |title: &str, text: Vec<u8>| {
        pipeline.stage.remote.commit("main", title, &[File::new(crate::stage::FILE, text)]);
    };
    already_released(&pipeline, "build-1", &sources[0]);
    already_released(&pipeline, "build-2", &sources[1]);
    let before = text();
    already_released(&pipeline, "build-4", &sources[3]);
    let after = text();
    let ends = |tag: &str, source: usize, expected: &str, what: &str| {
        assert_eq!(outcome(release(&pipeline, tag, &sources[source]).arg("--dry-run").run()), expected, "{what} {tag}");
    };
    for what in ["revert", "rollback"] {
        if what == "revert" {
            by_hand("Revert \"Release\"", before.clone());
        } else {
            let rollback = pipeline.run("rollback", &["-k", FOLDER, "--no-check", "IMAGE_PLACEHOLDER"]);
            rollback.run().success();
            assert_eq!(text(), before);
        }
        by_hand("Revert \"Revert\"", after.clone());
        ends("build-3", 2, "superseded", what);
        ends("build-5", 4, "dry-run", what);
    }
    already_released(&pipeline, "build-5", &sources[4]);
}

/// A change by hand says nothing of its order. A pipeline that runs again has no say in it, and a build that has never run may.
#[test]
fn an_old_pipeline_does_not_replace_a_change_by_hand() {
    let pipeline = Pipeline::new();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    already_released(&pipeline, "build-1", &one);
    already_released(&pipeline, "build-2", &two);
    let text = String::from_utf8(pipeline.stage.remote.file("main", crate::stage::FILE)).unwrap();
    let by_hand = File::new(crate::stage::FILE, text.replace("build-2", "by-hand"));
    pipeline.stage.remote.commit("main", "By hand", &[by_hand]);
    for (tag, source) in [("build-1", &one), ("build-2", &two)] {
        let again = release(&pipeline, tag, source).run().success();
        assert_eq!(document(&again)["outcome"], "superseded", "{tag}");
        again.stderr_has("main released `build-2` (").stderr_has(&super::ran_before(tag, "build-2"));
    }
    for (tag, source) in [("build-2-again", &two), ("build-3", &three)] {
        let new = release(&pipeline, tag, source).arg("--dry-run").run().success();
        assert_eq!(document(&new)["outcome"], "dry-run", "{tag}");
        new.stderr_has("cannot tell whether");
    }
    let wanted = release(&pipeline, "build-2", &two).args(["--on-superseded", "allow"]).run().success();
    assert_eq!(document(&wanted)["outcome"], "released");
}

/// A tag that a template brought, or a person wrote, may never have run; only a person knows.
#[test]
fn a_first_release_is_told_that_no_release_wrote_what_is_newer() {
    for is_remote in [false, true] {
        let pipeline = Pipeline::new();
        let pipeline = if is_remote { pipeline.over_http() } else { pipeline };
        let write = |title: &str, tag: &str| {
            let text = format!(
                "images:\n- name: IMAGE_PLACEHOLDER\n  newName: {}/org/web\n  newTag: {tag}\n",
                pipeline.stage.registry.address()
            );
            pipeline.stage.remote.commit("main", title, &[File::new(crate::stage::FILE, text)])
        };
        write("From the template", "0.9.0");
        write("By hand", "1.0.0");
        let release = |tag: &str, more: &[&str]| {
            let image = format!("IMAGE_PLACEHOLDER={}", pipeline.build("web", tag));
            pipeline.run("release", &["--output", "json", "-k", FOLDER, &image]).args(more).run()
        };
        let tip = pipeline.tip();
        for more in [&[][..], &["--dry-run"], &["--order", "version"]] {
            let told = release("0.1.0", more).success().stderr_has(
                "`IMAGE_PLACEHOLDER`: main has `1.0.0`, which was written by hand, and `0.1.0` is older by its tag; no \
                 release tells whether `1.0.0` ever ran",
            );
            assert_eq!(document(&told)["outcome"], "superseded");
            told.stderr_has("`--on-superseded allow` releases it all the same");
        }
        assert_eq!(pipeline.tip(), tip, "nothing was written");
        assert_eq!(outcome(release("0.1.0", &["--on-superseded", "allow"])), "released", "it was asked for");
        assert_eq!(outcome(release("0.0.9", &[])), "superseded", "from now on there is a release to compare with");
        assert_eq!(outcome(release("0.1.1", &[])), "released");
    }
}

/// What other entries do is nothing to this one; and if the newest commits say nothing of it, older ones are read.
#[test]
fn many_other_commits_since() {
    let pipeline = Pipeline::new();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    already_released(&pipeline, "build-2", &two);
    pipeline.stage.remote.commits("main", 120);
    assert_eq!(outcome(release(&pipeline, "build-1", &one).run()), "superseded");
}

/// A message can be copied; what the commit changed tells, before a release stays away because of it.
#[test]
fn a_claim_that_is_not_true_keeps_nothing_away() {
    let pipeline = Pipeline::new();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    already_released(&pipeline, "v1.0.0", &one);
    let copied = pipeline.stage.remote.log("main")[0].message.replace(&one, &three);
    pipeline.stage.remote.commit("main", &copied, &[File::new("index.html", "<p>")]);
    pipeline.stage.remote.commits("main", 120);
    assert_eq!(outcome(release(&pipeline, "v2.0.0", &two).run()), "released");
}

/// What an entry says counts, also if no release wrote it and many commits of others came since.
#[test]
fn an_entry_that_no_release_wrote() {
    [1, 120].into_iter().for_each(an_entry_that_no_release_wrote_before);
}

fn an_entry_that_no_release_wrote_before(commits: usize) {
    let pipeline = Pipeline::with_environments();
    let text = kustomization(&[("web", "newTag: v0.9.0"), ("job", "newName: org/job"), ("old", "newTag: first")]);
    let path = format!("{PRODUCTION}/kustomization.yaml");
    pipeline.stage.remote.commit("main", "By hand", &[File::new(&path, text)]);
    pipeline.stage.remote.commits("main", commits);
    let release = |image: &str| {
        let arguments = ["--no-check", "--output", "json", "-k", PRODUCTION, image];
        document(&pipeline.run("release", &arguments).run().success())
    };
    assert_eq!(release("job=*:v0.1.0")["images"][0]["order"], "nothing was released before");
    let first = release("old=*:second");
    let unknown = "cannot tell whether `second` is newer than `first`";
    assert!(first["images"][0]["order"].as_str().unwrap().starts_with(unknown), "{first}");
    assert!(first["notes"].to_string().contains(unknown), "a person wrote the tag, which may be newer: {first}");
    let told = release("web=*:v1.0.0");
    assert!(!told["notes"].to_string().contains("searched"), "all of it was: {told}");
}

/// The oldest commit that was read is not taken for the one that wrote the entry.
#[test]
fn the_oldest_commit_that_was_read_released_nothing() {
    let pipeline = Pipeline::with_environments();
    pipeline.release(PRODUCTION, "web", "v1.0.0", 1).success();
    let first = pipeline.tip();
    pipeline.stage.remote.commits("main", 150);
    pipeline.release(PRODUCTION, "web", "v1.1.0", 2).success();
    let releases = pipeline.log(&["-k", PRODUCTION, "--limit", "2", "web"]);
    assert_eq!((&releases[1]["tag"], &releases[1]["commit"]), (&"v1.0.0".into(), &first.into()));
}

/// A claim is believed if the release goes out with it, so that order costs no request.
#[test]
fn what_the_last_release_costs() {
    let pipeline = Pipeline::with_environments();
    pipeline.stage.remote.commits("main", 700);
    pipeline.release(PRODUCTION, "web", "v1.0.0", 1).success();
    pipeline.stage.remote.commits("main", 10);
    let pipeline = pipeline.over_http();
    pipeline.server.requests();
    pipeline.release(PRODUCTION, "web", "v1.1.0", 2).success();
    let requests = pipeline.server.requests();
    let of_the_branch = requests.iter().filter(|request| request.logged.line().contains("/gitops.git/"));
    assert_eq!(of_the_branch.count(), 5);
}

/// The past of an entry is read in steps, and no further than it has to be.
#[test]
fn a_long_history_is_not_read_to_its_end() {
    let pipeline = Pipeline::with_environments();
    pipeline.stage.remote.commits("main", 700);
    for (number, tag) in [(1, "v1.0.0"), (2, "v1.1.0")] {
        pipeline.release(PRODUCTION, "web", tag, number).success();
    }
    let pipeline = pipeline.over_http();
    pipeline.server.requests();
    pipeline.run("rollback", &["--no-check", "-k", PRODUCTION, "web"]).run().success();
    let requests = pipeline.server.requests().len();
    assert!(requests <= 7, "{requests} requests");
}

/// The checkout of an ordinary job: of depth 1, or whole.
#[test]
fn from_a_checkout() {
    let pipeline = Pipeline::new().over_http();
    let one = pipeline.stage.remote.commit("main", "One", &[File::new("app", "1")]);
    let two = pipeline.stage.remote.commit("main", "Two", &[File::new("app", "2")]);
    already_released(&pipeline, "build-2", &two);
    for options in [&["--depth=1"][..], &[]] {
        let checkout = Checkout::clone_with(&pipeline.server.url("gitops.git"), options);
        let release = |tag: &str, source: &str| {
            let image = format!("IMAGE_PLACEHOLDER={}", pipeline.build("web", tag));
            let command = pipeline.stage.tagship().current_dir(checkout.path());
            pipeline.in_ci(command.args(["release", "--output", "json", "-k", FOLDER, &image]), source).run()
        };
        pipeline.server.requests();
        assert_eq!(outcome(release("build-1", &one)), "superseded", "{options:?}");
        let asked = pipeline.server.requests().len();
        assert_eq!(asked, if options.is_empty() { 1 } else { 7 }, "{options:?}");
        let tag = format!("build-2.{}", 2 - options.len());
        assert_eq!(outcome(release(&tag, &two)), "released", "{options:?}");
    }
}

/// A server without partial fetches, as a bare repository is by itself: the newest commits come whole.
#[test]
fn at_a_server_without_partial_fetches() {
    let pipeline = Pipeline::new().over_http();
    pipeline.stage.remote.configure("uploadpack.allowFilter", "false");
    let one = pipeline.stage.remote.commit("main", "One", &[File::new("app", "1")]);
    let two = pipeline.stage.remote.commit("main", "Two", &[File::new("app", "2")]);
    already_released(&pipeline, "build-2", &two);
    let shallow = Checkout::clone_with(&pipeline.server.url("gitops.git"), &["--depth=1"]);
    for later in [0, 3] {
        if later > 0 {
            pipeline.stage.remote.commits("main", later);
        }
        assert_eq!(outcome(release(&pipeline, "build-1", &one).run()), "superseded", "{later} commits later");
        let image = format!("IMAGE_PLACEHOLDER={}", pipeline.build("web", "build-1"));
        let here = pipeline.stage.tagship().current_dir(shallow.path());
        let here = here.args(["release", "--output", "json", "-k", FOLDER, &image]);
        assert_eq!(outcome(pipeline.in_ci(here, &one).run()), "superseded", "{later} commits later, from a checkout");
    }
    // What lies before the newest 100 commits is not claimed to be nothing.
    pipeline.stage.remote.commits("main", 120);
    let unknown = release(&pipeline, "build-1", &one);
    unknown.args(["--dry-run", "--on-unknown-order", "fail"]).run().exit(9).stderr_has("cannot tell whether");
    let unknown = release(&pipeline, "build-1", &one).arg("--dry-run").run().success();
    assert!(document(&unknown)["notes"].to_string().contains("read only the newest 100 commits"));
    assert_eq!(document(&unknown)["outcome"], "dry-run");
}

/// The commit of the release comes whole.
#[test]
fn what_was_rolled_back_long_ago_at_a_server_without_partial_fetches() {
    let pipeline = Pipeline::new().over_http();
    let release = |tag: &str| {
        let image = format!("IMAGE_PLACEHOLDER={}", pipeline.build("web", tag));
        pipeline.run("release", &["--output", "json", "-k", FOLDER, &image])
    };
    release("v1.1.0").run().success();
    release("v1.2.0").run().success();
    pipeline.run("rollback", &["--no-check", "-k", FOLDER, "IMAGE_PLACEHOLDER"]).run().success();
    pipeline.stage.remote.commits("main", 110);
    assert_eq!(outcome(release("v1.1.1").run()), "released");
    assert_eq!(outcome(release("v1.2.0").run()), "superseded");
    pipeline.stage.remote.configure("uploadpack.allowFilter", "false");
    assert_eq!(outcome(release("v1.2.0").run()), "superseded");
    pipeline.server.disable_protocol_v2();
    assert_eq!(outcome(release("v1.2.0").run()), "superseded", "over protocol v0");
}

/// Two releases race; the older one loses the race and then finds out that it is the older one.
#[test]
fn order_is_asked_again_after_a_lost_race() {
    let pipeline = Pipeline::new();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    already_released(&pipeline, "build-0", &one);
    let script = format!(
        "[ -e raced ] && exit 0\ntouch raced\n\
         tree=$(git rev-parse main^{{tree}})\n\
         blob=$(git show main:{file} | sed 's/build-0/build-2/' | git hash-object -w --stdin)\n\
         export GIT_INDEX_FILE=race-index\ngit read-tree $tree\n\
         git update-index --cacheinfo 100644,$blob,{file}\n\
         message=$(git log -1 --format=%B main | sed 's/build-0/build-2/; s/{one}/{two}/')\n\
         unset GIT_QUARANTINE_PATH\n\
         commit=$(git -c user.name=r -c user.email=r@x commit-tree $(git write-tree) -p main -m \"$message\")\n\
         git update-ref refs/heads/main $commit\n",
        file = crate::stage::FILE,
    );
    // The hook runs before the ref is moved: the server then finds that another release was faster.
    pipeline.stage.remote.hook(
        "pre-receive",
        &format!(
            "env -u GIT_OBJECT_DIRECTORY -u GIT_ALTERNATE_OBJECT_DIRECTORIES sh -c '{}'",
            script.replace('\'', "'\\''")
        ),
    );
    let output = release(&pipeline, "build-1", &one).run().success();
    let document = document(&output);
    assert_eq!(document["outcome"], "superseded", "{document}");
    assert_eq!(document["attempts"], 2);
}

/// What was deployed by another tool before says nothing of its source, and its tag may be what `git describe` says.
#[test]
fn a_described_commit_is_not_a_version_before_its_tag() {
    let pipeline = Pipeline::new();
    let (one, two) = (pipeline.source("one", &[]), pipeline.source("two", &[]));
    for (there, new) in [("v1.2.3-9-gabc1234", "v1.2.3-10-gdef5678"), ("v1.2.3", "v1.2.3-1-gdef5678")] {
        let by_hand = crate::stage::SEED.replace("b15411f387bb2a2286676b92a87fd85aa9b682a5", there);
        pipeline.stage.remote.commit("main", "By hand", &[File::new(crate::stage::FILE, by_hand)]);
        assert_eq!(outcome(release(&pipeline, new, &one).run()), "released", "{new} after {there}");
    }
    let three = pipeline.source("three", &[&two]);
    already_released(&pipeline, &format!("v1.0.0-{}", &two[..7]), &two);
    assert_eq!(
        outcome(release(&pipeline, &format!("v1.0.0-{}", &three[..7]), &three).run()),
        "released",
        "the newer commit"
    );
    assert_eq!(
        outcome(release(&pipeline, &format!("v1.0.0-{}-2", &two[..7]), &two).run()),
        "superseded",
        "the older commit"
    );
}

/// Two environments may pull one image from registries of their own.
#[test]
fn one_name_and_another_image_in_each_file() {
    let pipeline = Pipeline::new();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let file = |environment: &str| {
        let name = format!("{}/{environment}/web", pipeline.stage.registry.address());
        pipeline.stage.registry.put_image(&format!("{environment}/web"), "build-1", &Image::new());
        pipeline.stage.registry.put_image(&format!("{environment}/web"), "build-2", &Image::new());
        let text = format!("images:\n- name: web\n  newName: {name}\n  newTag: build-0\n");
        File::new(&format!("{environment}/kustomization.yaml"), text)
    };
    pipeline.stage.remote.commit("main", "Environments", &[file("staging"), file("production")]);
    let release = |tag: &str, source: &str, folders: &[&str]| {
        let folders = folders.iter().flat_map(|folder| ["-k", folder]);
        let command = pipeline.in_ci(pipeline.run("release", &["--output", "json"]), source);
        outcome(command.args(folders).arg(format!("web=*:{tag}")).run())
    };
    assert_eq!(release("build-2", &two, &["staging", "production"]), "released");
    for folder in ["staging", "production"] {
        assert_eq!(release("build-1", &one, &[folder]), "superseded", "{folder}");
    }
}

/// A commit may be dated after those that were made on top of it.
#[test]
fn clocks_that_go_wrong() {
    let pipeline = Pipeline::new();
    let remote = &pipeline.stage.remote;
    let commit = |date: &str| {
        let arguments = ["commit-tree", "main^{tree}", "-p", "main", "-m", "Sources"];
        let id = remote.git(arguments).env("GIT_COMMITTER_DATE", date).run().success().stdout().trim().to_owned();
        remote.git(["update-ref", "refs/heads/main", &id]).run().success();
        id
    };
    let one = commit("2040-01-01T00:00:00Z");
    let two = commit("2026-01-01T00:00:00Z");
    let three = commit("1980-01-01T00:00:00Z");
    for (there, new, expected) in
        [(&one, &two, "released"), (&two, &one, "superseded"), (&two, &three, "released"), (&three, &one, "superseded")]
    {
        already_released(&pipeline, "build-1", there);
        let document = document(&release(&pipeline, "build-2", new).run().success());
        assert_eq!(document["outcome"], expected, "{document}");
        let is_apart = document["reason"].as_str().is_some_and(|reason| reason.contains("not built on top"));
        assert!(!is_apart, "{document}");
    }
}

/// What old tools have left in a history stops no release.
#[test]
fn a_commit_that_cannot_be_read_stops_nothing() {
    let pipeline = Pipeline::new();
    let (one, remote) = (pipeline.source("one", &[]), &pipeline.stage.remote);
    let tree = remote.git(["rev-parse", "main^{tree}"]).run().success().stdout();
    let parent = remote.tip("main").unwrap();
    let begin = format!("tree {}\nparent {parent}\n", tree.trim());
    for (number, rest) in [
        "author A a@example.com 1 +0000\ncommitter A a@example.com 1 +0000\n\nNo brackets\n",
        "author A <a@example.com> then\ncommitter A <a@example.com> now\n\nNo dates\n",
        "author A <a@example.com> 1 +0000\ncommitter A <a@example.com> 1 +0000\n",
        "committer A <a@example.com> 1 +0000\nauthor A <a@example.com> 1 +0000\n\nThe other way around\n",
    ]
    .iter()
    .enumerate()
    {
        let arguments = ["hash-object", "-t", "commit", "--literally", "-w", "--stdin"];
        let id = remote.git(arguments).stdin(format!("{begin}{rest}")).run().success().stdout();
        remote.git(["update-ref", "refs/heads/main", id.trim()]).run().success();
        remote.commit("main", "Something else", &[File::new("notes", number.to_string())]);
        assert_eq!(outcome(release(&pipeline, &format!("build-{number}"), &one).run()), "released", "{rest}");
        let log = ["log", "--branch", "main", "-k", FOLDER, "--repo", &remote.file_url()].map(str::to_owned);
        tagship().home(&pipeline.stage.home).args(log).run().success().stdout_has(&format!("build-{number}"));
    }
}

/// All entries of a release are built from one commit, so one question is enough; and a program at the other end of a pipe
/// that has refused an answer is gone.
#[test]
fn several_entries_and_a_commit_that_is_gone() {
    let pipeline = Pipeline::new();
    let entries = "images:\n- name: web\n  newTag: a\n- name: api\n  newTag: a\n- name: job\n  newTag: a\n";
    pipeline.stage.remote.commit("main", "Entries", &[File::new("apps/kustomization.yaml", entries)]);
    let folder = format!("file://{}", pipeline.stage.remote.folder().display());
    let server = format!("http://{}", pipeline.server.address());
    for (url, digits) in [(&folder, ["1", "2"]), (&server, ["3", "4"])] {
        let release = |tag: &str, source: &str| {
            let images = ["web", "api", "job"].map(|name| format!("{name}=*:{tag}"));
            pipeline
                .stage
                .tagship()
                .env("GITHUB_ACTIONS", "true")
                .env("GITHUB_SERVER_URL", url)
                .env("GITHUB_REPOSITORY", "gitops")
                .env("GITHUB_SHA", source)
                .args(["release", "--no-check", "--branch", "main", "-k", "apps", "--repo"])
                .arg(format!("{url}/gitops.git"))
                .args(images)
        };
        release("build-1", &digits[0].repeat(40)).args(["--on-superseded", "allow"]).run().success();
        pipeline.server.requests();
        let output = release("build-2", &digits[1].repeat(40)).run().success();
        let notes = format!("{}{}", output.stdout(), output.stderr());
        assert_eq!(
            notes.matches(" warn    cannot tell whether `build-2` is newer than `build-1`").count(),
            1,
            "{url}: {notes}"
        );
        let requests = pipeline.server.requests().len();
        assert!(requests <= 6, "{url}: {requests} requests");
    }
}

/// Who builds from ssh may have no key here, and who wrote the URL another case: that is no reason not to release.
#[test]
fn the_source_repository_by_another_url() {
    let pipeline = Pipeline::new().over_http();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let release = |tag: &str, source: &str, url: &str| {
        let image = format!("IMAGE_PLACEHOLDER={}", pipeline.build("web", tag));
        let command = pipeline.run("release", &["--output", "json", "-k", FOLDER, &image]);
        let command = command.env("JENKINS_URL", "http://127.0.0.1:1/").env("GIT_URL", url);
        command.env("GIT_COMMIT", source).env("GIT_SSH_COMMAND", "false")
    };
    let ssh = "git@127.0.0.1:org/app.git";
    release("build-2", &two, ssh).args(["--on-superseded", "allow"]).run().success();
    let output = release("build-1", &one, ssh).run().success();
    output.stderr_has("cannot tell whether `build-1` is newer than `build-2`");
    let shouted = pipeline.server.url("GitOps.git");
    release("build-2", &two, &shouted).args(["--on-superseded", "allow"]).run().success();
    assert_eq!(outcome(release("build-1", &one, &shouted).run()), "superseded");
}

/// `pushInsteadOf` is for what is pushed to, and nothing is pushed to a source repository.
#[test]
fn a_source_repository_is_not_asked_where_git_would_push() {
    let pipeline = Pipeline::with_sources("app").over_http();
    let rule = "[url \"http://127.0.0.1:1/\"]\npushInsteadOf = ORIGIN/app\n";
    let rule = rule.replace("ORIGIN", &format!("http://{}", pipeline.server.address()));
    let config = pipeline.stage.home.write("gitconfig", &rule);
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    already_released(&pipeline, "build-2", &two);
    let output = release(&pipeline, "build-1", &one).env("GIT_CONFIG_GLOBAL", config).run();
    assert_eq!(outcome(output), "superseded");
}

/// Builds whose order their commits tell, each of which was bad: none of them comes back.
#[test]
fn several_bad_builds_of_known_commits() {
    let pipeline = Pipeline::new();
    let mut sources = vec![pipeline.source("0", &[])];
    for number in 1..6 {
        sources.push(pipeline.source(&number.to_string(), &[&sources[number - 1]]));
    }
    let run = |number: usize| outcome(release(&pipeline, &format!("build-{number}"), &sources[number]).run());
    let back = || pipeline.run("rollback", &["-k", FOLDER, "IMAGE_PLACEHOLDER"]).run().success();
    already_released(&pipeline, "build-0", &sources[0]);
    for number in [1, 2, 3] {
        assert_eq!(run(number), "released");
        if number > 1 {
            back();
        }
    }
    assert_eq!([1, 2, 3].map(run), ["unchanged", "superseded", "superseded"]);
    back();
    assert_eq!([0, 1, 2, 3].map(run), ["unchanged", "superseded", "superseded", "superseded"]);
    assert_eq!(run(4), "released");
    back();
    assert_eq!([1, 2, 3, 4].map(run), ["superseded"; 4]);
    assert_eq!(run(5), "released");
}

/// What runs may tell nothing of its commit: a person wrote it, or began the run that released it. What ran before it does, and a
/// build of an older commit is late.
#[test]
fn a_build_that_is_older_than_what_ran_before() {
    for by_hand in [true, false] {
        let pipeline = Pipeline::with_sources("app").over_http();
        let mut sources = vec![pipeline.source("0", &[])];
        for number in 1..6 {
            sources.push(pipeline.source(&number.to_string(), &[&sources[number - 1]]));
        }
        let side = pipeline.source("side", &[&sources[1]]);
        already_released(&pipeline, "build-1", &sources[1]);
        already_released(&pipeline, "build-3", &sources[3]);
        if by_hand {
            let text = String::from_utf8(pipeline.stage.remote.file("main", crate::stage::FILE)).unwrap();
            let text = File::new(crate::stage::FILE, text.replace("build-3", "build-9"));
            pipeline.stage.remote.commit("main", "By hand", &[text]);
        } else {
            let image = format!("IMAGE_PLACEHOLDER={}", pipeline.build("web", "build-9"));
            pipeline.run("release", &["-k", FOLDER, &image]).run().success();
        }
        for (tag, source) in [("build-2", &sources[2]), ("build-1-again", &sources[1]), ("build-3", &sources[3])] {
            let late = release(&pipeline, tag, source).run().success();
            assert_eq!(document(&late)["outcome"], "superseded", "{by_hand} {tag}: {}", late.stderr());
            late.stderr_has("main released `build-3` (app@").stderr_has(&super::ran_before(tag, "build-3"));
        }
        for (tag, source) in [("build-3-again", &sources[3]), ("build-side", &side), ("build-4", &sources[4])] {
            let new = release(&pipeline, tag, source).arg("--dry-run").run().success();
            assert_eq!(document(&new)["outcome"], "dry-run", "{by_hand} {tag}: {}", new.stderr());
            new.stderr_has("cannot tell whether");
        }
        assert_eq!(outcome(release(&pipeline, "build-4", &sources[4]).run()), "released");
        assert_eq!(outcome(release(&pipeline, "build-5", &sources[5]).run()), "released");
    }
}

/// A hotfix names the newest builds alone that stay rolled back, and the history of the file tells of the others. They are on the
/// default branch, and the hotfix is not.
#[test]
fn what_was_rolled_back_does_not_replace_a_hotfix() {
    let pipeline = Pipeline::with_sources("app");
    let mut sources = vec![pipeline.source("0", &[])];
    for number in 1..27 {
        sources.push(pipeline.source(&number.to_string(), &[&sources[number - 1]]));
    }
    pipeline.sources.git(["update-ref", "refs/heads/main", &sources[26]]).run().success();
    let release = |tag: &str, source: &str| {
        let run = pipeline.run("release", &["--no-check", "--output", "json", "-k", FOLDER]);
        pipeline.in_ci(run.arg(format!("IMAGE_PLACEHOLDER=*:{tag}")), source).run().success()
    };
    let run = |number: usize| outcome(release(&format!("build-{number}"), &sources[number]));
    for number in 0..26 {
        assert_eq!(run(number), "released");
    }
    let back = ["--no-check", "--to", "build-1", "-k", FOLDER, "IMAGE_PLACEHOLDER"];
    pipeline.run("rollback", &back).run().success();
    let hotfix = pipeline.source("hotfix", &[&sources[1]]);
    assert_eq!(outcome(release("hotfix", &hotfix)), "released");
    assert_eq!([25, 10, 3, 2, 1, 0].map(run), ["superseded"; 6]);
    release("build-3-again", &sources[3]).stderr_has("`build-3` was rolled back by");
    assert_eq!(run(26), "released");
}

/// Also a release that had been rolled back itself keeps its commit if a rollback goes back to it.
#[test]
fn a_rollback_to_what_was_rolled_back_keeps_its_source() {
    let pipeline = Pipeline::new();
    let mut sources = vec![pipeline.source("0", &[])];
    for number in 1..5 {
        sources.push(pipeline.source(&number.to_string(), &[&sources[number - 1]]));
    }
    for number in [0, 2, 3] {
        already_released(&pipeline, &format!("build-{number}"), &sources[number]);
    }
    for to in ["build-0", "build-2"] {
        let back = ["--no-check", "--to", to, "-k", FOLDER, "IMAGE_PLACEHOLDER"];
        pipeline.run("rollback", &back).run().success();
    }
    for (number, expected) in [(1, "superseded"), (3, "superseded"), (4, "dry-run")] {
        let run = release(&pipeline, &format!("build-{number}"), &sources[number]).arg("--dry-run").run().success();
        assert_eq!(document(&run)["outcome"], expected, "{number}");
        assert!(!run.stderr().contains("cannot tell"), "{number}: {}", run.stderr());
    }
}

/// After a release, a tag that a person wrote counts as a decision; it is not called a release.
#[test]
fn what_a_person_wrote_is_not_called_a_release() {
    let pipeline = Pipeline::with_environments();
    let release = |tag: &str| {
        let arguments = ["--no-check", "--output", "json", "-k", PRODUCTION, &format!("web=*:{tag}")];
        pipeline.run("release", &arguments).run().success()
    };
    assert_eq!(outcome(release("v1.0.0")), "released");
    let reason = "`web`: main already releases `v1.0.0`, and `v0.8.0` is older: by its tag";
    assert_eq!(document(&release("v0.8.0"))["reason"], reason);
    let by_hand = pipeline.file(PRODUCTION).replace("v1.0.0", "v1.2.0");
    let path = format!("{PRODUCTION}/kustomization.yaml");
    pipeline.stage.remote.commit("main", "By hand", &[File::new(&path, by_hand)]);
    let reason = "`web`: main already has `v1.2.0`, and `v1.1.0` is older: by its tag";
    assert_eq!(document(&release("v1.1.0"))["reason"], reason);
}
