//! Slips that would release what was not meant: they end with exit code 2 and say how to write it.

use std::fs;

use crate::pipeline::{Pipeline, STAGING};
use crate::stage::{COMMIT, Stage, tagship};
use crate::support::command::Home;

#[test]
fn a_release_of_an_image_without_a_tag() {
    let stage = Stage::new();
    for (image, expected) in [
        (
            "IMAGE_PLACEHOLDER=v1.3.0",
            "error: `v1.3.0` has no tag\n  hint: to set only the tag, write `IMAGE_PLACEHOLDER=*:v1.3.0`\n",
        ),
        ("IMAGE_PLACEHOLDER=ghcr.io/org/web", "error: `ghcr.io/org/web` has no tag\n  hint: "),
        ("IMAGE_PLACEHOLDER=*", "error: `*` has no tag\n  hint: "),
        ("IMAGE_PLACEHOLDER=", "nothing follows the `=`"),
        (
            "IMAGE_PLACEHOLDER=:v1",
            "error: `IMAGE_PLACEHOLDER=:v1` names no image before the tag\n  hint: write `IMAGE_PLACEHOLDER=*:v1` to keep the \
             image that the entry has, or `IMAGE_PLACEHOLDER:v1` to drop its `newName`, and check that no variable is empty\n",
        ),
        (
            "a:b=@sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3",
            "error: `a:b=@sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3` names no image before the digest\n  \
             hint: write `a:b=*@sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3` to keep the image that \
             the entry has, and check that no variable is empty\n",
        ),
    ] {
        for flags in [&[][..], &["--no-check"], &["--add"], &["--dry-run"]] {
            stage.release().args(flags.iter().copied()).arg(image).run().exit(2).stderr_has(expected);
        }
    }
    stage.untouched();
    // Whether an entry has a tag to keep is known once it is read.
    stage.release().arg(format!("IMAGE_PLACEHOLDER={}:{COMMIT}", stage.image())).run().success();
    let kept = stage.release().args(["--no-check", "IMAGE_PLACEHOLDER=*@*"]).run().exit(3);
    kept.stderr_has("`IMAGE_PLACEHOLDER` would have neither tag nor digest");
    stage.release().arg("IMAGE_PLACEHOLDER=*:*").run().success().stdout_has("unchanged");
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

/// An empty place reads as if something was lost.
#[test]
fn a_place_of_the_message_that_nothing_fills() {
    let stage = Stage::new();
    let release = |flags: &[&str]| {
        let release = stage.release().args(["--dry-run", "--message", "Release {tag} of {source}"]).args(flags);
        release.arg(stage.argument()).run().success()
    };
    release(&[]).stdout_has("nothing fills `{source}` of the message");
    release(&["--source", &format!("org/app@{COMMIT}")]).says_nowhere("nothing fills");
    let pinned = format!("IMAGE_PLACEHOLDER={}@{}", stage.image(), stage.digest);
    let release = stage.release().args(["--dry-run", "--message", "Release {tag}", &pinned]).run().success();
    release.stdout_has("nothing fills `{tag}` of the message");
}

/// To kustomize, `web:v2` is the image `web` of Docker Hub; to a newcomer, it is the entry and its new tag.
#[test]
fn a_name_with_a_tag_alone() {
    let environments = Pipeline::with_environments();
    let release = |images: &[&str]| {
        let release = environments.run("release", &[&["-k", STAGING, "--timeout", "1s"], images].concat());
        // Nothing of this leaves the machine.
        release.env("https_proxy", "http://127.0.0.1:1").run()
    };
    release(&["web:v2"]).exit(6).stderr_has("to keep the image that the entry has, write `web=*:v2`");
    let real = format!("web={}/org/web:v2", environments.stage.registry.address());
    release(&[&real]).exit(4).says_nowhere("to keep the image");
    release(&["web"]).exit(2).stderr_has("hint: write `web=*:TAG` to set only the tag");
    release(&["--tag", "v2", "web"]).exit(2).stderr_has("hint: write `web=*` to give it the value of `--tag`");
    let stage = Stage::new();
    let upper_case = stage.release().arg("IMAGE_PLACEHOLDER:v1").run().exit(2);
    upper_case.stderr_has("hint: write `IMAGE_PLACEHOLDER=*:v1` to keep the image that the entry has");
}

#[test]
fn set_keeps_the_meaning_of_kustomize_and_says_so() {
    let home = Home::new();
    let file = home.write("kustomization.yaml", "images:\n- name: web\n  newTag: v1\n");
    let set = |image: &str| tagship().home(&home).current_dir(home.path()).args(["set", image]);
    let output = set("web=v1.3.0").run().success();
    output.stdout_has("note    `v1.3.0` has no tag; to set only the tag, write `web=*:v1.3.0`");
    assert_eq!(fs::read_to_string(&file).unwrap(), "images:\n- name: web\n  newName: v1.3.0\n");
    set("web=:v2")
        .run()
        .success()
        .stdout_has("note    `web=:v2` names no image before the tag; write `web=*:v2` to keep");
    assert_eq!(fs::read_to_string(&file).unwrap(), "images:\n- name: web\n  newTag: v2\n");
}

/// The name of a branch, such as `feature/x`, is taken for a tag most often.
#[test]
fn a_tag_with_a_slash_is_called_that() {
    let home = Home::new();
    home.write("kustomization.yaml", "images:\n- name: web\n  newTag: v1\n");
    let told = "a tag cannot contain `/`\n  hint: write the tag with `-` in place of `/`, as";
    for words in [
        ["set", "web=*:feature/x"],
        ["set", "web:feature/x"],
        ["set", "web=ghcr.io/org/web:feature/x"],
        ["set", "web=org/web:a/b/c"],
        ["check", "ghcr.io/org/web:feature/x"],
        ["check", "web:feature/x"],
        ["check", "localhost:5000/web:feature/x"],
    ] {
        let output = tagship().home(&home).current_dir(home.path()).args(words).run().exit(2);
        assert!(output.stderr().contains(told), "{words:?}: {}", output.stderr());
    }
    let output = tagship().home(&home).args(["check", "ghcr.io:port/web:v1"]).run().exit(2);
    output.stderr_has("`ghcr.io:port` is not the host of a registry");
}

#[test]
fn names_of_images() {
    let home = Home::new();
    home.write("kustomization.yaml", "images:\n- name: web\n  newTag: v1\n");
    let run = |words: &[&str]| tagship().home(&home).current_dir(home.path()).args(words.iter().copied()).run();
    for (words, expected) in [
        (&["set", "web=Nginx:1"][..], "image names are lower case\n  hint: write `web=nginx:1`"),
        (&["set", "web=ghcr.io/Org/Web:v1"], "hint: write `web=ghcr.io/org/web:v1`"),
        (&["set", "a=b=c:1"], "`b=c` is not a repository"),
        (&["set", "web=https://ghcr.io/org/web:v1"], "hint: leave out `https://`"),
        (&["check", "ghcr.io/Org/Web:v1"], "image names are lower case\n  hint: write `ghcr.io/org/web:v1`"),
        (&["check", "https://ghcr.io/org/web:v1"], "hint: leave out `https://`"),
        (&["check", "docker://ghcr.io/org/web:v1"], "hint: leave out `docker://`"),
    ] {
        run(words).exit(2).stderr_has(expected);
    }
}

/// Lines say what happened: a release that is held or refused has edited and committed nothing.
#[test]
fn what_did_not_happen_is_not_told() {
    let stage = Stage::new();
    stage.remote.hook("pre-receive", "exit 1");
    let output = stage.release().arg(stage.argument()).run().exit(8);
    let said = output.stdout() + &output.stderr();
    assert!(!said.contains(" edit ") && !said.contains(" commit "), "{said}");
    stage.remote.hook("pre-receive", "exit 0");
    let hold = crate::support::repository::File::new(".tagship-hold", "Freeze\n");
    stage.remote.commit("main", "Hold", &[hold]);
    let output = stage.release().arg(stage.argument()).run().exit(9);
    let said = output.stdout() + &output.stderr();
    assert!(!said.contains(" edit "), "{said}");
    let output = stage.release().args(["--override-hold", &stage.argument()]).run().success();
    let words: Vec<_> =
        output.stdout().lines().filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect();
    let expected = ["edit", "edit", "commit", "push", "released"];
    assert!(words.ends_with(&expected.map(str::to_owned)), "{words:?}");
}

#[test]
fn the_log_has_the_digest_that_was_released() {
    let stage = Stage::new();
    stage.release().arg(stage.argument()).run().success();
    let url = stage.remote.file_url();
    let log = || stage.tagship().args(["log", "--repo", &url, "-k", crate::stage::FOLDER]);
    let short = &stage.digest["sha256:".len()..][..12];
    log().run().success().stdout_has(short);
    let document = log().args(["--output", "json"]).run().success().stdout();
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["releases"][0]["digest"], *stage.digest);
    assert_eq!(document["releases"][0]["pinned"], false);
    stage.release().args(["--pin-digest", &stage.argument()]).run().success();
    let document = log().args(["--output", "json"]).run().success().stdout();
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!((&document["releases"][0]["pinned"], &document["releases"][1]["pinned"]), (&true.into(), &false.into()));
}
