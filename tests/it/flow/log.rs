//! The log of releases: what it tells, and what it costs.

use serde_json::Value;

use crate::pipeline::{PRODUCTION, Pipeline, STAGING, document, tags};
use crate::stage::tagship;
use crate::support::repository::{Checkout, File};

#[test]
fn the_log_tells_who_released_what_from_where() {
    let environments = Pipeline::with_environments();
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
    assert!(lines[0].starts_with("WHEN               TAG      DIGEST         SOURCE    BY "), "{table}");
    assert!(lines[1].ends_with("by hand") && lines[1].contains("   v1.0.1   –   "), "{table}");
    assert!(lines[2].contains("   0000000   github-actions[bot]   "), "{table}");
}

/// Several files are one list; `--since` cuts it.
#[test]
fn the_log_of_several_files() {
    let environments = Pipeline::with_environments();
    environments.release(STAGING, "web", "v1.0.0", 1).success();
    environments.release(PRODUCTION, "web", "v1.0.0", 1).success();
    let both = ["-k", STAGING, "-k", PRODUCTION, "web"];
    let releases = environments.log(&[&both[..], &["--since", "1h"]].concat());
    let mut files: Vec<_> = releases.iter().map(|release| release["file"].as_str().unwrap()).collect();
    files.sort_unstable();
    assert_eq!(files, [PRODUCTION, STAGING].map(|folder| format!("{folder}/kustomization.yaml")));
    assert_eq!(environments.log(&both).len(), 4, "the seed is old");
    assert_eq!(environments.log(&[&both[..], &["--limit", "3"]].concat()).len(), 3);
    let table = environments.run("log", &both).run().success().stdout();
    assert!(
        table.lines().next().unwrap().contains("FILE") && table.contains(&format!("{STAGING}/kustomization.yaml")),
        "{table}"
    );
    let table = environments.run("log", &["-k", STAGING, "web"]).run().success().stdout();
    assert!(!table.contains("FILE"), "{table}");
    environments
        .run("log", &["-k", STAGING, "--since", "soon"])
        .run()
        .exit(2)
        .stderr_has("neither a date nor a duration");
}

/// A clock that goes wrong, or `GIT_COMMITTER_DATE`, makes a commit older than those before it.
#[test]
fn a_release_of_an_old_date_does_not_end_the_log() {
    let environments = Pipeline::with_environments();
    environments.release(PRODUCTION, "web", "v1.0.0", 1).success();
    environments.stage.remote.commits("main", 130);
    let image = format!("web={}", environments.build("web", "v2.0.0"));
    let release = environments.run("release", &["-k", PRODUCTION, &image]);
    release.env("GIT_COMMITTER_DATE", "@1600000000").run().success();
    let since = ["-k", PRODUCTION, "web", "--since", "2025-12-01"];
    assert_eq!(tags(&environments.log(&since)), ["v1.0.0", "v0.9.0"]);
    assert_eq!(tags(&environments.log(&[&since[..], &["--limit", "1"]].concat())), ["v1.0.0"]);
}

/// Nor is all of an old history read to find where a recent one ends.
#[test]
fn the_log_since_a_date_reads_no_older_history() {
    let environments = Pipeline::with_environments().over_http();
    environments.stage.remote.commits("main", 130);
    environments.release(PRODUCTION, "web", "v1.0.0", 1).success();
    let cost = |limits: &[&str]| {
        environments.server.requests();
        assert_eq!(tags(&environments.log(&[&["-k", PRODUCTION, "web"], limits].concat())), ["v1.0.0"]);
        environments.server.requests().len()
    };
    assert_eq!(cost(&["--since", "1h"]), cost(&["--limit", "1"]));
}

/// What runs comes first, whatever the clock said where it was committed. One commit of both files is told at one place.
#[test]
fn the_log_of_several_files_is_in_the_order_of_the_branch() {
    let environments = Pipeline::with_environments();
    environments.release(PRODUCTION, "web", "v1.0.0", 1).success();
    let by_hand = environments.file(PRODUCTION).replace("v1.0.0", "v1.0.1");
    // Its date is long ago.
    environments.stage.remote.commit(
        "main",
        "By hand",
        &[File::new(&format!("{PRODUCTION}/kustomization.yaml"), by_hand)],
    );
    let both = ["-k", STAGING, "-k", PRODUCTION, "web"];
    assert_eq!(tags(&environments.log(&both)), ["v1.0.1", "v1.0.0", "v0.9.0", "v0.9.0"]);
    assert_eq!(tags(&environments.log(&[&both[..], &["--limit", "1"]].concat())), ["v1.0.1"]);
}

#[test]
fn the_log_of_a_name_that_never_was() {
    let environments = Pipeline::with_environments();
    let output = environments.run("log", &["-k", PRODUCTION, "wep"]).run().exit(3);
    output.stderr_has("no `images` entry is named `wep`").stderr_has("hint: did you mean `web`?");
}

#[test]
fn a_name_that_a_manifest_never_had_is_no_entry_of_images() {
    let environments = Pipeline::with_environments();
    let pod = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: web\n    image: acme/web:v1\n";
    environments.stage.remote.commit("main", "A manifest", &[File::new("pod.yaml", pod)]);
    let output = environments.run("log", &["-f", "pod.yaml", "wep"]).run().exit(3);
    output.stderr_has("no image is called `wep` in `pod.yaml`").stderr_has("hint: did you mean `web`?");
}

/// The cost does not grow with what is in the repository: one trip brings history, one a level of the path, one the files.
#[test]
fn the_log_costs_a_trip_a_level() {
    let environments = Pipeline::with_environments().over_http();
    environments.stage.remote.commits("main", 30);
    environments.release(PRODUCTION, "web", "v1.0.0", 1).success();
    environments.server.requests();
    assert_eq!(environments.log(&["-k", PRODUCTION, "web"]).len(), 2);
    let requests = environments.server.requests().len();
    assert!(requests <= 5, "{requests} requests");
}

#[test]
fn the_log_from_a_shallow_checkout_and_a_whole_one() {
    let environments = Pipeline::with_environments();
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
    let environments = Pipeline::with_environments();
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

/// A time before all other commits of the tests, and one after them.
const OLD: &str = "@1600000000 +0000";
const NEW: &str = "@1900000000 +0000";

/// Merges the releases that came to main since `before` into main, as it was then and with other commits upon it. Each
/// release gets one of the dates. Returns the merge.
fn merged_later(environments: &Pipeline, before: &str, dates: &[&str], commits: usize) -> String {
    let remote = &environments.stage.remote;
    let releases = remote.git(["rev-list", "--reverse", &format!("{before}..main")]).run().success().stdout();
    assert_eq!(releases.lines().count(), dates.len());
    let mut side = before.to_owned();
    for (release, date) in releases.lines().zip(dates) {
        let message = remote.git(["log", "-1", "--format=%B", release]).run().success().stdout();
        let again = remote.git(["commit-tree", &format!("{release}^{{tree}}"), "-p", &side]).stdin(message);
        side = again.env("GIT_COMMITTER_DATE", *date).run().success().stdout().trim().to_owned();
    }
    remote.git(["update-ref", "refs/heads/main", before]).run().success();
    remote.commits("main", commits);
    let main = environments.tip();
    let tree = remote.git(["merge-tree", "--write-tree", &main, &side]).run().success().stdout();
    let merge = remote.git(["commit-tree", tree.trim(), "-p", &main, "-p", &side, "-m", "Merge it"]).run().success();
    let merge = merge.stdout().trim().to_owned();
    remote.git(["update-ref", "refs/heads/main", &merge]).run().success();
    merge
}

/// What a merge brought may be far older than the newest commits, which are read first.
#[test]
fn a_release_that_was_merged_late() {
    let environments = Pipeline::with_environments();
    let before = environments.tip();
    environments.release(PRODUCTION, "web", "v1.0.0", 1).success();
    let merge = merged_later(&environments, &before, &[OLD], 130);
    for limit in ["1", "20"] {
        let releases = environments.log(&["-k", PRODUCTION, "web", "--limit", limit]);
        assert_eq!(
            (&releases[0]["commit"], &releases[0]["by_hand"]),
            (&merge.clone().into(), &false.into()),
            "{limit}"
        );
        assert_eq!(releases[0]["source"], format!("org/app@{:040x}", 1));
    }
}

/// So may a part of it be.
#[test]
fn releases_of_which_one_was_merged_late() {
    let environments = Pipeline::with_environments();
    let before = environments.tip();
    environments.release(PRODUCTION, "api", "v3.0.0", 1).success();
    environments.release(PRODUCTION, "web", "v1.0.0", 2).success();
    merged_later(&environments, &before, &[OLD, NEW], 130);
    for (name, source) in [("web", 2), ("api", 1)] {
        let releases = environments.log(&["-k", PRODUCTION, name, "--limit", "1"]);
        assert_eq!(releases[0]["by_hand"], false, "{name}");
        assert_eq!(releases[0]["source"], format!("org/app@{source:040x}"));
    }
}

/// A merge brought the commits of its side alone, and not those that the branch had before they diverged.
#[test]
fn a_merge_claims_its_side_alone() {
    let environments = Pipeline::with_environments();
    environments.release(PRODUCTION, "api", "v3.0.0", 1).success();
    let before = environments.tip();
    environments.release(PRODUCTION, "web", "v1.0.0", 2).success();
    merged_later(&environments, &before, &[OLD], 1);
    let release = environments.release(PRODUCTION, "api", "v3.1.0", 3).success();
    assert!(!release.stderr().contains("that it did not make"), "{}", release.stderr());
}
