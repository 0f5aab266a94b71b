//! Holds: a file on the release branch stops releases, and everything about it that is in doubt does too.

use serde_json::Value;

use crate::pipeline::document;
use crate::stage::{FILE, FOLDER, SEED, Stage};
use crate::support::command::{Command, Output};
use crate::support::git_server::{Access, GitServer};
use crate::support::registry::Image;
use crate::support::repository::{Checkout, File, Mode};

/// Each hold: where it is, what it says, and what stops the release; nothing: it does not.
const HOLDS: &[(&str, &[u8], Option<&str>)] = &[
    (".tagship-hold", b"", Some("`.tagship-hold` stops this: no reason is given\n")),
    (
        "4-gitops/.tagship-hold",
        b"Payments migrate.\n",
        Some("`4-gitops/.tagship-hold` stops this: Payments migrate.\n"),
    ),
    (
        "4-gitops/manifests/.tagship-hold",
        b"Freeze.\nuntil: 2999-01-01T00:00Z\nowner: @ops\n",
        Some("Freeze. (until 2999-01-01T00:00Z; @ops may lift it)\n"),
    ),
    (".tagship-hold", b"names: web, IMAGE_PLACEHOLDER", Some("(for web, IMAGE_PLACEHOLDER)\n")),
    (".tagship-hold", b"until: tomorrow", Some("cannot be understood, so it holds everything: `tomorrow` is not")),
    (".tagship-hold", b"names: web\nunitl: 2020-01-01T00:00Z", Some("line 2 is none of")),
    (".tagship-hold", b"Freeze.\nuntli: 2020-01-01T00:00Z", Some("it holds everything: line 2 begins with `untli`;")),
    (".tagship-hold", b"names: web,", Some("so it holds everything: `names:` has a comma without a name beside it")),
    (".tagship-hold", b"\xff", Some("so it holds everything: it is not text\n")),
    (".tagship-hold", &[b'x'; 1 << 20], Some("so it holds everything: it is longer than 4096 bytes\n")),
    (".tagship-hold", b"\x1b[2J::error::x", Some("\\u{1b}[2J::error::x\n")),
    (".tagship-hold/README", b"A folder.", Some("so it holds everything: it is not a file\n")),
    ("4-gitops/overlays/.tagship-hold", b"Elsewhere.", None),
    (".tagship-hold", b"names: web, api", Some("no entry below is named `web`, so it holds everything")),
    (".tagship-hold", b"names: web\nuntil: 2020-01-01T00:00Z", None),
    (".tagship-hold", b"names: [IMAGE_PLACEHOLDER]", Some("cannot be the name of an entry")),
    (".tagship-hold", b"names: IMAGE_PLACEHOLDER # till Monday", Some("cannot be the name of an entry")),
    (".tagship-hold", b"names: web IMAGE_PLACEHOLDER", Some("(for web, IMAGE_PLACEHOLDER)\n")),
];

fn held(stage: &Stage, path: &str, text: &[u8]) {
    stage.remote.commit("main", "Hold", &[File::new(path, text)]);
}

/// Asserts that a hold ended the release, and is told once.
#[track_caller]
fn assert_held(stage: &Stage, output: Output, said: &str) {
    let output = output.exit(9).stderr_has("held: ").stderr_has(said).stderr_has("`--override-hold` releases all");
    assert!(!output.stderr().contains('\u{1b}'), "{}", output.stderr());
    assert_eq!(stage.remote.log("main")[0].subject, "Hold", "nothing was released");
}

/// An entry that the order leaves out is not waited for, and what holds it holds no other one.
#[test]
fn an_entry_that_is_left_out_beside_an_awaited_image() {
    let stage = Stage::new();
    let entry = |name: &str, tag: &str| format!("- name: {name}\n  newName: {}\n  newTag: {tag}\n", stage.image());
    let images = format!("images:\n{}{}", entry("web", "v1.0.0"), entry("api", "v1.1.0"));
    let hold = File::new(".tagship-hold", "Wait.\nnames: api\n");
    stage.remote.commit("main", "Images", &[File::new(FILE, &images), hold]);
    stage.registry.put_image("jakousa/dwk-4-gitops-app", "v1.2.0", &Image::new());
    stage.registry.appear_after(3, "jakousa/dwk-4-gitops-app", "v1.2.0");
    let web = format!("web={}:v1.2.0", stage.image());
    let release = stage.release().args(["--wait", "1m", &web, "api=*:v1.0.0"]).run().success();
    release.stdout_has("not there yet").stdout_has("left out").stdout_has("released");
}

/// A hold stops a release although its image is missing, and ends a wait for it.
#[test]
fn a_hold_counts_beside_a_missing_image() {
    let stage = Stage::new();
    stage.remote.commit("main", "Release", &[File::new(FILE, stage.released())]);
    held(&stage, ".tagship-hold", b"Payments migrate.\n");
    let known = format!("IMAGE_PLACEHOLDER={}:missing", stage.image());
    for argument in [known.as_str(), "IMAGE_PLACEHOLDER=*:missing"] {
        for wait in [&[][..], &["--wait", "10m"]] {
            let release = stage.release().args(wait.iter().copied()).arg(argument).run();
            assert_held(&stage, release, "`.tagship-hold` stops this: Payments migrate.\n");
        }
    }
    let overridden = stage.release().args(["--override-hold", &known]).run();
    overridden.exit(4).stderr_has("is not in the registry");
}

#[test]
fn what_holds_a_release() {
    for (path, text, stops) in HOLDS {
        let stage = Stage::new();
        held(&stage, path, text);
        let release = stage.release().arg(stage.argument());
        match stops {
            Some(said) => {
                assert_held(&stage, release.run(), said);
                let release = stage.release().arg("--override-hold").arg(stage.argument());
                let note = format!("overrides the hold `{}`: ", path.trim_end_matches("/README"));
                release.run().success().stdout_has(&note).stdout_has("released");
            }
            None => {
                let output = release.run().success();
                assert!(!output.stdout().contains(" hold "), "{}", output.stdout());
            }
        }
        assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
    }
}

/// A file of another kind calls one image by several names, and a hold has one of them.
#[test]
fn an_image_is_held_by_whatever_name_it_is_released() {
    let values = "web:\n  image:\n    repository: org/web\n    tag: &tag v1\napi:\n  image:\n    repository: org/api\n    tag: v1\n\
                  job:\n  image:\n    repository: org/job\n    tag: *tag\n";
    let pods = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - {name: web, image: \"org/web:v1\"}\n";
    let marked = "image: org/web:v1 # {\"$imagepolicy\": \"flux-system:web\"}\n";
    for (file, text, held_name, argument) in [
        ("values.yaml", values, "web.image", "web.image=*:v2"),
        ("values.yaml", values, "web.image", ".web.image=*:v2"),
        ("values.yaml", values, "web.image", "web.image.tag=org/web:v2"),
        ("values.yaml", values, "job.image", "web.image=*:v2"),
        ("pods.yaml", pods, "web", "Pod/a/web=*:v2"),
        ("pods.yaml", pods, "web", ".spec.containers[0].image=*:v2"),
        ("values.yaml", marked, "image", "flux-system:web=*:v2"),
    ] {
        let stage = Stage::new();
        let hold = format!("Freeze.\nnames: {held_name}\n");
        stage.remote.commit("main", "Hold", &[File::new(file, text), File::new(".tagship-hold", hold)]);
        let release = |argument: &str| {
            let release = stage.tagship().args(["release", "--no-check", "--branch", "main", "--repo"]);
            release.arg(stage.remote.file_url()).args(["-f", file, argument]).run()
        };
        assert_held(&stage, release(argument), &format!("Freeze. (for {held_name})\n"));
        if held_name == "web.image" {
            release("api.image=*:v2").success();
        }
    }
}

/// A hold may have any name that a release may have, whatever the file says at the moment.
#[test]
fn a_hold_has_any_name_of_an_image() {
    let pod = |name: &str, tag: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: web, image: 'org/web:{tag}'}}]}}\n"
        )
    };
    let pods = |tag: &str| format!("{}---\n{}", pod("a", "v1"), pod("b", tag));
    let (alike, unlike) = (pods("v1"), pods("v3"));
    let values = "image:\n  repository: org/web\n  tag: v1 # {\"$imagepolicy\": \"flux-system:web:tag\"}\n".to_owned();
    for (text, held_name, argument, is_held) in [
        (&alike, "Pod/b/web", "web=*:v2", true),
        (&alike, "Pod/b/web", "Pod/b/web=*:v2", true),
        (&alike, "Pod/b/web", "Pod/a/web=*:v2", false),
        (&alike, "web", "Pod/a/web=*:v2", true),
        (&unlike, "Pod/b/web", "Pod/b/web=*:v2", true),
        (&unlike, "Pod/b/web", "Pod/a/web=*:v2", false),
        (&values, "image.tag", "image=*:v2", true),
        (&values, "flux-system:web", ".image=*:v2", true),
    ] {
        let stage = Stage::new();
        let hold = format!("Freeze.\nnames: {held_name}\n");
        stage.remote.commit("main", "Hold", &[File::new("file.yaml", text), File::new(".tagship-hold", hold)]);
        let release = stage.tagship().args(["release", "--no-check", "--branch", "main", "--repo"]);
        let output = release.arg(stage.remote.file_url()).args(["-f", "file.yaml", argument]).run();
        match is_held {
            true => assert_held(&stage, output, &format!("stops this: Freeze. (for {held_name})\n")),
            false => drop(output.success()),
        }
        // A release of another file asks the files below what a hold means.
        stage.release().args(["--dry-run"]).arg(stage.argument()).run().success();
    }
}

/// Whether the folders come from the server or from a checkout: a name that no entry has may be meant for any of them.
#[test]
fn a_name_of_nothing_holds_a_release_from_a_checkout() {
    let stage = Stage::new();
    stage.remote.commit("main", "Other", &[File::new("other/deep/kustomization.yaml", "images: [{name: other}]\n")]);
    held(&stage, ".tagship-hold", b"names: nothing");
    for options in [&["--depth=1"][..], &[]] {
        let checkout = Checkout::clone_with(&stage.remote.file_url(), options);
        let release = stage.tagship().current_dir(checkout.path()).args(["release", "-k", FOLDER]);
        let output = release.arg(stage.argument()).run().exit(9);
        output.stderr_has("no entry below is named `nothing`, so it holds everything");
    }
}

/// A hold may name images of files of other kinds that are below it, and then it is for these alone.
#[test]
fn a_hold_for_an_image_of_another_kind_of_file() {
    let stage = Stage::new();
    let values = "image:\n  repository: org/web\n  tag: v1\n";
    stage.remote.commit("main", "Values", &[File::new("chart/values.yaml", values)]);
    for (names, stops) in [("image", None), ("image, nothing", Some("no entry below is named `nothing`"))] {
        held(&stage, ".tagship-hold", format!("names: {names}").as_bytes());
        let output = stage.release().args(["--dry-run"]).arg(stage.argument()).run();
        match stops {
            Some(said) => assert_held(&stage, output, said),
            None => drop(output.success()),
        }
    }
}

#[test]
fn a_dry_run_is_held_too() {
    let stage = Stage::new();
    held(&stage, ".tagship-hold", b"Freeze.");
    let output = stage.release().args(["--dry-run", "-q"]).arg(stage.argument()).run();
    assert_held(&stage, output, "`.tagship-hold` stops this: Freeze.\n");
}

#[test]
fn a_link_holds() {
    let stage = Stage::new();
    stage.remote.commit("main", "Hold", &[File::new(".tagship-hold", "elsewhere").mode(Mode::Symlink)]);
    assert_held(&stage, stage.release().arg(stage.argument()).run(), "it is not a file");
}

#[test]
fn a_hold_that_is_over_is_a_note() {
    let stage = Stage::new();
    held(&stage, ".tagship-hold", b"Freeze.\nuntil: 2020-01-01T00:00Z");
    let release = || stage.release().arg("--dry-run").arg(stage.argument()).run().success();
    release().stdout_has(
        "note    the hold `.tagship-hold` has expired; delete the file: Freeze. (until 2020-01-01T00:00Z)\n",
    );
    // It stops nothing either if one of its names has no entry any more.
    held(&stage, ".tagship-hold", b"names: IMAGE_PLACEHOLDER, gone\nuntil: 2020-01-01T00:00Z");
    release().stdout_has("note    the hold `.tagship-hold` has expired; delete the file: no reason is given");
}

#[test]
fn what_changes_nothing_is_not_held() {
    let stage = Stage::new();
    stage.release().arg(stage.argument()).run().success();
    held(&stage, ".tagship-hold", b"Freeze.");
    stage.release().arg(stage.argument()).run().success().stdout_has("unchanged");
}

/// A hold stops all of a release that changes something below it, and none that does not.
#[test]
fn a_hold_is_for_its_folder() {
    let stage = Stage::new();
    let api = File::new("apps/api/kustomization.yaml", SEED);
    let hold = File::new("apps/api/.tagship-hold", "Freeze.");
    stage.remote.commit("main", "Add the API", &[api, hold]);
    let release = || stage.release().args(["-k", "apps/api", "--no-check"]);
    release().arg("IMAGE_PLACEHOLDER=*:v2").run().exit(9).stderr_has("`apps/api/.tagship-hold`");
    assert_eq!(stage.remote.file("main", FILE), SEED.as_bytes());
    stage.release().args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]).run().success();
    // Now only the API would change.
    release().arg("IMAGE_PLACEHOLDER=*:v2").run().exit(9);
    let add = release().args(["--add", "web:v1"]);
    add.run().exit(9).stderr_has("held");
}

#[test]
fn the_environment_overrides_too() {
    let stage = Stage::new();
    held(&stage, ".tagship-hold", b"Freeze.");
    let release = || stage.release().arg(stage.argument());
    release().env("TAGSHIP_OVERRIDE_HOLD", "false").run().exit(9);
    release().env("TAGSHIP_OVERRIDE_HOLD", "true").run().success();
}

#[test]
fn in_json() {
    let stage = Stage::new();
    held(&stage, ".tagship-hold", b"Freeze.");
    let output = stage.release().args(["--output", "json"]).arg(stage.argument()).run().exit(9);
    let document = document(&output);
    assert_eq!(document["outcome"], "held");
    assert_eq!(document["reason"], "the hold `.tagship-hold` stops this: Freeze.");
    assert_eq!((&document["changed"], &document["pushed"]), (&Value::Bool(false), &Value::Bool(false)));
    assert_eq!(document["files"], serde_json::json!([]));
    assert!(output.stderr().contains("held: "), "people read stderr: {}", output.stderr());
}

/// The hook pushes a hold in the very moment of our release, after the server has told us its tip.
#[test]
fn a_hold_that_comes_in_between() {
    let stage = Stage::new();
    held(&stage, ".tagship-hold", b"Freeze.");
    let hold = stage.remote.tip("main").unwrap();
    let seed = &stage.remote.log("main")[1].id;
    stage.remote.git(["update-ref", "refs/heads/main", seed]).run().success();
    let script = format!("unset GIT_QUARANTINE_PATH; git update-ref refs/heads/main {hold} {seed} || true");
    stage.remote.hook("pre-receive", &script);
    let output = stage.release().arg(stage.argument()).run().exit(9);
    output.stdout_has(" raced ").stderr_has("held: the hold `.tagship-hold` stops this: Freeze.");
    assert_eq!(stage.remote.tip("main"), Some(hold));
}

#[test]
fn a_rollback_is_held_too() {
    let stage = Stage::new();
    stage.release().args(["--no-check", "IMAGE_PLACEHOLDER=*:v1"]).run().success();
    stage.release().args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]).run().success();
    held(&stage, ".tagship-hold", b"Freeze.");
    let url = stage.remote.file_url();
    let rollback = || stage.tagship().args(["rollback", "--repo", &url, "-k", FOLDER, "--no-check"]);
    rollback().arg("IMAGE_PLACEHOLDER").run().exit(9).stderr_has("held: ");
    rollback()
        .args(["--override-hold", "IMAGE_PLACEHOLDER"])
        .run()
        .success()
        .stdout_has("overrides the hold `.tagship-hold`: Freeze.");
}

/// A hold for an entry of another file leaves this one alone. A file that is almost called so is told of.
#[test]
fn a_hold_for_another_entry() {
    let stage = Stage::new();
    let other = "images:\n- name: web\n  newTag: v1\n";
    stage.remote.commit("main", "Another", &[File::new("apps/web/kustomization.yaml", other)]);
    held(&stage, ".tagship-hold", b"Freeze.\nnames: web");
    held(&stage, ".tagship-hold.txt", b"Freeze.");
    let output = stage.release().arg(stage.argument()).run().success();
    output
        .stdout_has(" warn    `.tagship-hold.txt` holds nothing: a hold is named `.tagship-hold`")
        .stdout_has("released");
}

/// Where there are too many files to look for the name of a hold, the hold stops only the entry of that name. It may be another
/// team's.
#[test]
fn a_name_that_cannot_be_looked_for() {
    let values = || File::new("chart/values.yaml", "image:\n  repository: org/web\n  tag: v1\n");
    for (name, counted) in [("kustomization", "1002 kustomizations"), ("manifest", "1003 other YAML files")] {
        let stage = Stage::new();
        let paths = (0..1_001).map(|number| format!("apps/{number}/{name}.yaml"));
        let paths: Vec<String> = paths.collect();
        let mut many: Vec<File> = paths.iter().map(|path| File::new(path, "images: []\n")).collect();
        many.push(values());
        stage.remote.commit("main", "Many", &many);
        held(&stage, ".tagship-hold", b"Freeze.\nnames: image");
        let release = || stage.release().arg("--dry-run").arg(stage.argument()).run();
        release().success().stdout_has(&format!(
            " warn    cannot check whether an entry has the name `image` from the hold `.tagship-hold`: there are {counted} below \
             it, and at most 1000 are read; if the name is misspelt, it stops nothing; put the file into the folder that it is \
             for\n"
        ));
        // The entry that has the name is held all the same.
        let of_the_chart = stage.tagship().args(["release", "--no-check", "--branch", "main", "--repo"]);
        let of_the_chart =
            of_the_chart.arg(stage.remote.file_url()).args(["-f", "chart/values.yaml", "image=*:v2"]).run();
        assert_held(&stage, of_the_chart, "Freeze. (for image)\n");
        // In the folder that it is for, the same is found out.
        stage.remote.git(["update-ref", "refs/heads/main", "main~1"]).run().success();
        held(&stage, "chart/.tagship-hold", b"Freeze.\nnames: image");
        let output = release().success();
        assert!(!output.stdout().contains(" hold "), "{}", output.stdout());
    }
}

/// The same file may be in many folders: it is one object on the branch, and as many to read. Others have no room in memory.
#[test]
fn a_name_that_is_not_looked_for_in_large_files() {
    for (count, is_same) in [(5, true), (16, false)] {
        let stage = Stage::new();
        let large = |number| {
            let text = format!("images: []\n#{}{}\n", if is_same { 0 } else { number }, "x".repeat(4_000_000));
            File::new(&format!("apps/{number}/kustomization.yaml"), text)
        };
        let files: Vec<File> = (0..count).map(large).collect();
        stage.remote.commit("main", "Large", &files);
        held(&stage, ".tagship-hold", b"Freeze.\nnames: web");
        let release = |command: Command| {
            command.arg("--dry-run").arg(stage.argument()).run().success().stdout_has(
                "from the hold `.tagship-hold`: the kustomizations below it have more than 16 MiB; if the name is misspelt",
            );
        };
        release(stage.release());
        let checkout = Checkout::shallow(&stage.remote.file_url());
        release(
            stage.tagship().args(["release", "--no-check", "-k", FOLDER, "--no-push"]).current_dir(checkout.path()),
        );
    }
}

/// A branch without a hold costs nothing more, and one with a hold the reading of it.
#[test]
fn what_it_costs() {
    let stage = Stage::new();
    let server = GitServer::start(stage.remote.folder(), Access::Open);
    let release = || stage.release_to(&server.url("gitops.git")).args(["--branch", "main"]).arg(stage.argument());
    release().arg("--dry-run").run().success();
    let ordinary = server.fetches();
    held(&stage, "4-gitops/.tagship-hold", b"Freeze.");
    release().arg("--dry-run").run().exit(9);
    assert_eq!(server.fetches(), ordinary + 1);
}
