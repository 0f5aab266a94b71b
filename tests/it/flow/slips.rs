//! Slips that would release what was not meant: they end with exit code 2 and say how to write it.

use std::fs;

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

#[test]
fn set_keeps_the_meaning_of_kustomize_and_says_so() {
    let home = Home::new();
    let file = home.write("kustomization.yaml", "images:\n- name: web\n  newTag: v1\n");
    let set = |image: &str| tagship().home(&home).current_dir(home.path()).args(["set", image]);
    let output = set("web=v1.3.0").run().success();
    output.stdout_has("note    `v1.3.0` has no tag; to set only the tag, write `web=*:v1.3.0`");
    assert_eq!(fs::read_to_string(&file).unwrap(), "images:\n- name: web\n  newName: v1.3.0\n");
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
