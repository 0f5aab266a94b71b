//! Hints fit the situation: what a person reads in an incident or on a laptop, and in a workflow the names of its inputs.

use serde_json::Value;

use crate::pipeline::document;
use crate::stage::{COMMIT, FOLDER, Stage, tagship};
use crate::support::command::{Command, Home};
use crate::support::registry::{ALWAYS, Fault, Image};
use crate::support::repository::{Checkout, File};
use crate::support::servers::installed;

#[test]
fn a_rollback_to_an_image_that_is_gone() {
    let stage = Stage::new();
    stage.release().arg(stage.argument()).run().success();
    let url = stage.remote.file_url();
    let release = stage.release().args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]);
    release.run().success();
    let release = stage.release().args(["--no-check", "IMAGE_PLACEHOLDER=*:v3"]);
    release.run().success();
    let rollback = stage.tagship().args(["rollback", "--repo", &url, "-k", FOLDER, "IMAGE_PLACEHOLDER"]);
    let output = rollback.run().exit(4);
    let log = format!("`tagship log -k {FOLDER} --repo {url} IMAGE_PLACEHOLDER`");
    output.stderr_has(&format!(
        "hint: name another release with `--to`, as {log} lists them, or skip the check with `--no-check`"
    ));
    let rollback = stage.tagship().args(["rollback", "--repo", &url, "-k", FOLDER, "IMAGE_PLACEHOLDER", "--to", "v9"]);
    rollback.run().exit(3).stderr_has(&format!("hint: {log} lists what was released"));
}

/// The commit of the release has the digest.
#[test]
fn a_rollback_to_a_tag_that_is_gone_can_go_by_the_digest() {
    let stage = Stage::new();
    stage.release().arg(stage.argument()).run().success();
    stage.release().args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]).run().success();
    stage.registry.inject(&format!("/v2/jakousa/dwk-4-gitops-app/manifests/{COMMIT}"), ALWAYS, Fault::status(404));
    let url = stage.remote.file_url();
    let rollback = || stage.tagship().args(["rollback", "--repo", &url, "-k", FOLDER, "IMAGE_PLACEHOLDER"]);
    rollback()
        .run()
        .exit(4)
        .stderr_has("lists them, or go back by the digest that was released, with `--pin-digest`\n");
    rollback().arg("--pin-digest").run().success();
}

/// Both are met in an incident, in which the way out must be at hand.
#[test]
fn a_rollback_that_cannot_be_made_has_a_way_out() {
    let stage = Stage::new();
    let release = |version: &str| {
        let argument = format!("IMAGE_PLACEHOLDER={}:{version}", stage.image());
        stage.release().args(["--no-check", &argument]).run().success();
    };
    let url = stage.remote.file_url();
    let rollback = || stage.tagship().args(["rollback", "--repo", &url, "-k", FOLDER, "IMAGE_PLACEHOLDER"]);
    release("v1");
    release("v2");
    stage.registry.inject("/v2/", ALWAYS, Fault::status(503));
    let output = rollback().args(["--timeout", "2s"]).run().exit(6);
    output.stderr_has("hint: try again, or let `--wait 5m` ask again, or skip the check with `--no-check`");
    rollback().arg("--no-check").run().success();
    let path = format!("{FOLDER}/kustomization.yaml");
    let text = String::from_utf8(stage.remote.file("main", &path)).unwrap();
    stage.remote.commit("main", "A template", &[File::new(&path, text.replace("v1", "${TAG}"))]);
    release("v3");
    let output = rollback().arg("--no-check").run().exit(3);
    output.stderr_has("a tag cannot contain `$`").stderr_has("hint: name another release with `--to`, as `tagship log");
}

/// A registry that cleans up may have the index still, and none of its images.
#[test]
fn a_rollback_to_an_index_whose_images_are_gone() {
    const REPOSITORY: &str = "jakousa/dwk-4-gitops-app";
    let stage = Stage::new();
    let platforms = ["linux/amd64", "linux/arm64"];
    stage.registry.put_image(REPOSITORY, "v1", &Image::new().platforms(&platforms));
    let first = format!("IMAGE_PLACEHOLDER={}:v1", stage.image());
    for argument in [&first[..], "IMAGE_PLACEHOLDER=*:v2"] {
        stage.release().args(["--no-check", argument]).run().success();
    }
    let (_, index) = stage.registry.manifest(REPOSITORY, "v1").unwrap();
    let index: Value = serde_json::from_slice(&index).unwrap();
    for image in index["manifests"].as_array().unwrap() {
        stage.registry.remove_manifest(REPOSITORY, image["digest"].as_str().unwrap());
    }
    let rollback = stage.tagship().args(["rollback", "--repo", &stage.remote.file_url(), "-k", FOLDER]);
    let rollback = rollback.args(["--platform", &platforms.join(","), "IMAGE_PLACEHOLDER"]);
    let stderr = rollback.run().exit(4).stderr_has("error: 2 problems").stderr();
    assert_eq!(stderr.matches("hint: name another release with `--to`").count(), 2, "{stderr}");
    assert!(!stderr.contains("still pushing"), "a build of the past is not: {stderr}");
}

#[test]
fn a_branch_that_is_only_here() {
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    checkout.git(["switch", "-q", "-c", "feature"]).run().success();
    let release = stage.tagship().current_dir(checkout.path()).args(["release", "-k", FOLDER]).arg(stage.argument());
    let output =
        release.clone().run().exit(3).stderr_has("`feature` is checked out, and there is no branch `feature` at");
    output.stderr_has("hint: name the release branch with `--branch`, or create this one with `--create-branch`");
    release
        .args(["--branch", "nope"])
        .run()
        .exit(3)
        .stderr_has("hint: check the name; `--create-branch` creates it from");
    let log = stage.tagship().current_dir(checkout.path()).args(["log", "-k", FOLDER]);
    log.run()
        .exit(3)
        .stderr_has("there is no branch `feature`")
        .stderr_has("hint: name the release branch with `--branch`\n");
}

/// In a checkout a path is seen from the current folder, as in a shell.
#[test]
fn a_path_from_the_root_inside_a_folder() {
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    let release = |folder: &str, path: &str| {
        let release = stage.tagship().current_dir(checkout.path().join(folder)).args(["release", "-k", path]);
        release.arg(stage.argument()).run().exit(3)
    };
    let output = release(FOLDER, FOLDER).stderr_has(&format!("there is no `{FOLDER}/{FOLDER}` on"));
    output.stderr_has("; a path is relative to the current folder\n");
    release("", "nowhere").stderr_has("there is no `nowhere` on").says_nowhere("relative to the current folder");
}

/// An example that leaves it out is a file of values, in which a container has no name of its own.
#[test]
fn a_manifest_without_its_api_version() {
    let manifest = "kind: Pod\nmetadata: {name: web}\nspec:\n  containers: [{name: web, image: org/web:v1}]\n";
    let home = Home::new();
    home.write("values.yaml", "kind: Pod\nspec:\n  containers: [{name: web, image: org/web:v1}]\n");
    home.write("bad.yaml", &format!("{{apiVersion: v1, kind: List}}\n---\n{manifest}"));
    home.write("good.yaml", &format!("apiVersion: v1\n{manifest}"));
    let edit =
        |file: &str, image: &str| tagship().home(&home).current_dir(home.path()).args(["set", "-f", file, image]).run();
    let set = |file: &str| edit(file, "web=*:v2");
    let output =
        set("bad.yaml").exit(3).stderr_has("bad.yaml:3:1: this object has a container `web` and no `apiVersion`");
    output.stderr_has("hint: add the `apiVersion` of");
    let output = edit("bad.yaml", "api=*:v2").exit(3).stderr_has("no image is called `api` in `bad.yaml`");
    output.stderr_has(
        "  bad.yaml:3:1: an object without `apiVersion` is not a manifest\n  hint: add the `apiVersion` of",
    );
    set("values.yaml").exit(3).says_nowhere("apiVersion");
    set("good.yaml").success();
}

#[test]
fn a_checkout_without_a_remote() {
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    checkout.git(["remote", "remove", "origin"]).run().success();
    let release = stage.tagship().current_dir(checkout.path()).args(["release", "-k", FOLDER]).arg(stage.argument());
    let output = release.run().exit(3).stderr_has("the repository has no remote `origin`");
    output.stderr_has("hint: name another remote with `--remote`, or the repository with `--repo URL`\n");
}

#[test]
fn the_past_of_an_entry_in_another_kustomization() {
    let stage = Stage::new();
    stage.remote.commit("main", "Add a base", &[File::new("base/kustomization.yaml", "resources: [a.yaml]\n")]);
    for command in ["log", "rollback"] {
        let command = stage.tagship().args([command, "--repo", &stage.remote.file_url(), "-k", "base"]);
        let output = command.arg("IMAGE_PLACEHOLDER").run().exit(3);
        output.stderr_has(&format!("hint: `{FOLDER}` has an entry `IMAGE_PLACEHOLDER`; name it with `-k`"));
    }
}

/// What runs was pushed once: it is deleted, and no build pushes it at the moment.
#[test]
fn an_image_on_the_branch_that_is_gone() {
    let stage = Stage::new();
    stage.release().args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]).run().success();
    stage.remote.commit("main", "Add production", &[File::new("production/kustomization.yaml", crate::stage::SEED)]);
    let url = stage.remote.file_url();
    let gone = format!("{}:gone", stage.image());
    stage.release().args(["--no-check", &format!("IMAGE_PLACEHOLDER={gone}")]).run().success();
    let check =
        |arguments: &[&str]| stage.tagship().args(["check", "--repo", &url, "-k", FOLDER]).args(arguments).run();
    let take_back = "push it again, or take it back with `tagship rollback`";
    check(&[]).exit(4).stderr_has(&format!("  hint: {take_back}\n")).says_nowhere("still pushing");
    let other = format!("{}:other", stage.image());
    let both = check(&[&other]).exit(4).stderr_has(take_back).stderr();
    assert_eq!(both.matches("if the build is still pushing").count(), 1, "{both}");
    let promote = stage.tagship().args(["promote", "--repo", &url, "--from", FOLDER, "--to", "production"]);
    let output = promote.run().exit(4).says_nowhere("still pushing");
    output.stderr_has("  hint: push it again, or release another build to what `--from` names\n");
}

#[test]
fn what_cannot_be_read_is_named_by_its_own_flag() {
    let stage = Stage::new();
    let url = stage.remote.file_url();
    let promote = |from: &str| {
        let promote = stage.tagship().args(["promote", "--repo", &url, "--from-repo", from, "--from", FOLDER]);
        promote.args(["--to", "production"]).run()
    };
    promote("/nowhere").exit(3).stderr_has("hint: name a repository with `--from-repo`, by URL or path");
    let other = stage.remote.sibling("other");
    let commit = other.commit("main", "Begin", &[File::new("kustomization.yaml", "images: []\n")]);
    let checkout = Checkout::clone_with(&other.file_url(), &[]);
    checkout.git(["checkout", "--quiet", "--detach"]).run().success();
    let here = promote(&checkout.path().display().to_string()).exit(3);
    here.stderr_has("hint: `--from-branch` names the release branch");
    other.git(["update-ref", "--no-deref", "HEAD", &commit]).run().success();
    promote(&other.file_url()).exit(3).stderr_has("has no default branch\n  hint: add `--from-branch NAME`\n");
    let hint = "hint: write it as `https://HOST/PATH` or `ssh://HOST/PATH`, or give the path of a repository";
    promote("git://host/a/b.git").exit(2).stderr_has(hint);
    let release = stage.tagship().args(["release", "--repo", &url, "--no-check", "-k", "/abs/production", "a=*:v1"]);
    let relative = "hint: write it relative to the current folder; with `--repo`, relative to the repository or folder that it \
                    names\n";
    release.run().exit(2).stderr_has(relative);
}

#[test]
fn a_repository_by_its_name() {
    let home = Home::new();
    let release = |repo: &str| tagship().home(&home).args(["release", "--no-check", "--repo", repo, "a:v1"]);
    release("").run().exit(2).stderr_has("`--repo` is empty\n  hint: check the variable that it comes from");
    let output = release("org/config").run().exit(3);
    output.stderr_has("there is no folder `org/config`\n  hint: did you mean `https://github.com/org/config`?");
    let output = release("github.com/org/config").run().exit(3);
    output.stderr_has("hint: did you mean `https://github.com/org/config`?");
    let output = release("org/config").env("CI_SERVER_URL", "https://u:S3CR3T@git.example").run().exit(3);
    output.says_nowhere("S3CR3T").stderr_has("did you mean `https://git.example/org/config`?");
    let output = tagship().home(&home).current_dir(home.path()).args(["release", "--no-check", "a:v1"]).run().exit(3);
    output.stderr_has("error: there is no git repository at `.`\n  hint:");
}

#[test]
fn a_signing_program_that_fails() {
    if installed("gpg").is_none() {
        return;
    }
    let stage = Stage::new();
    let output = stage.release().arg("--sign").arg(stage.argument()).run().exit(1);
    let output = output.stderr_has("error: the commit cannot be signed: `gpg` failed (exit status: 2)\n");
    output.stderr_has("\n  gpg: signing failed: No secret key\n");
}

/// A workflow has inputs and a plugin settings: neither has flags.
#[test]
fn hints_speak_of_inputs_and_settings() {
    let stage = Stage::new();
    let absent = format!("IMAGE_PLACEHOLDER={}:v9", stage.image());
    let url = stage.remote.file_url();
    let action = |tagship: Command| {
        let tagship =
            tagship.env("GITHUB_ACTIONS", "true").env("TAGSHIP_ACTION_REPOSITORY", "").env("TAGSHIP_REPO", &url);
        tagship.env("TAGSHIP_KUSTOMIZATION", FOLDER)
    };
    let release = |image: &str| action(stage.tagship().arg("release")).env("TAGSHIP_IMAGE", image);
    let plugin = |image: &str| {
        let plugin = stage.tagship().env("CI", "woodpecker").env("PLUGIN_REPOSITORY", &url).env("PLUGIN_IMAGES", image);
        plugin.env("PLUGIN_KUSTOMIZATION", FOLDER)
    };
    let output = release(&absent).run().exit(4);
    output.stderr_has("  hint: if the build is still pushing, `wait: 5m` waits for it\n");
    plugin(&absent).run().exit(4).stderr_has("  hint: if the build is still pushing, `wait: 5m` waits for it\n");
    release("sidecar:v1").env("TAGSHIP_NO_CHECK", "true").run().exit(3).stderr_has("`add: true` appends a new entry");
    let several = format!("{absent}\na={}:v8", stage.image());
    release(&several).run().exit(3).stderr_has("    hint: if the build is still pushing, `wait: 5m`");
    release(&stage.argument())
        .env("TAGSHIP_BRANCH", "nope")
        .run()
        .exit(3)
        .stderr_has("check the name; `create-branch: true` creates it from");
    let output = plugin(&stage.argument()).env("PLUGIN_BRANCH", "nope").run().exit(3);
    output.stderr_has("check the name; `create_branch: true` creates it from");
    let output = release(&stage.argument()).env("TAGSHIP_KUSTOMIZATION", "4-gitops").run().exit(3);
    output.stderr_has("name the file or its folder with `kustomization`");
    let output = action(stage.tagship().arg("release")).run().exit(2);
    output.stderr_has("error: the input `images` is missing\n");
    plugin("").run().exit(2).stderr_has("error: the setting `images` is missing\n");
    // A hook's own words stay as they are.
    stage.remote.hook("pre-receive", "echo 'use `--wait 5m`' >&2; exit 1");
    release(&stage.argument()).run().exit(8).stderr_has("remote: use `--wait 5m`");
    stage.remote.hook("pre-receive", "exit 0");
    let hold = File::new(".tagship-hold", "Freeze\n");
    stage.remote.commit("main", "Hold", &[hold]);
    let output = release(&stage.argument()).run().exit(9);
    output.stderr_has("`override-hold: true` releases all the same");
}

/// A name with a slip is most often near to the one that is meant.
#[test]
fn near_names_of_what_is_there() {
    let stage = Stage::new();
    let release = |words: &[&str]| {
        let release = stage.tagship().args(["release", "--no-check", "--repo", &stage.remote.file_url()]);
        release.args(words.iter().copied()).run().exit(3)
    };
    let (path, image) = (FOLDER.replace("manifests", "manifets"), "IMAGE_PLACEHOLDER=*:v1");
    let output = release(&["-k", &path, image]).stderr_has(&format!("there is no `{path}` on main\n"));
    output.stderr_has(&format!("  hint: did you mean `{FOLDER}`?\n"));
    release(&["-k", "nowhere", image]).says_nowhere("did you mean");
    let file = File::new("typo/kustomization.yaml", "image:\n- name: web\n  newTag: v1\n");
    stage.remote.commit("main", "Add", &[file]);
    let output = release(&["-k", "typo", "web=*:v2"]).stderr_has("there are no entries");
    output.stderr_has("hint: write `images:` in place of `image:`, which kustomize does not know\n");
    let checkout = Checkout::shallow(&stage.remote.file_url());
    let release = |remote: &str| {
        let release = stage.tagship().current_dir(checkout.path()).args(["release", "--no-check", "--remote", remote]);
        release.args(["-k", FOLDER, image]).run().exit(3)
    };
    release("upstrem").stderr_has("the repository has no remote `upstrem`; it has `origin`\n");
    checkout.git(["config", "remote.origin.url", ""]).run().success();
    release("origin").stderr_has("error: the remote `origin` has no URL\n");
}

#[test]
fn a_switch_takes_yes_and_no() {
    let home = Home::new();
    let release = tagship().home(&home).env("TAGSHIP_DRY_RUN", "maybe").args(["release", "a:v1"]).run().exit(2);
    release.stderr_has("\n  hint: the values are `true`, `false`\n");
}

/// The way out of a rule is an input too, in each place that tells it.
#[test]
fn remedies_speak_of_inputs() {
    let stage = Stage::new();
    let rules = "rules:\n- paths: ['**']\n  pin-digest: true\n  publish: pull-request\n";
    stage.remote.commit("main", "Rules", &[File::new(".tagship.yaml", rules)]);
    let summary = stage.home.write("summary", "");
    let action = |command: &str| {
        let action = stage.tagship().env("GITHUB_ACTIONS", "true").env("TAGSHIP_ACTION_REPOSITORY", "OWNER/tagship");
        let action = action.env("GITHUB_STEP_SUMMARY", &summary).env("TAGSHIP_OUTPUT", "json");
        let action = action.env("TAGSHIP_REPO", stage.remote.file_url()).env("TAGSHIP_KUSTOMIZATION", FOLDER);
        action.arg(command)
    };
    let told = |output: &crate::support::command::Output| {
        output.stdout() + &output.stderr() + &std::fs::read_to_string(&summary).unwrap()
    };
    let release = action("release").env("TAGSHIP_IMAGE", stage.argument()).run().exit(9);
    let document = document(&release);
    let reason = document["reason"].as_str().unwrap();
    assert!(reason.contains("add `pin-digest: true` to its release"), "{reason}");
    assert_eq!(document["rules"][1]["remedy"], "add `pull-request: true`");
    assert!(!told(&release).contains("`--") && !told(&release).contains("`tagship "), "{}", told(&release));
    assert!(told(&release).contains("`command: check` tells which there are"), "{}", told(&release));
    // The image of the branch is not there, so that the rules stand beside another problem.
    let check = action("check").run().exit(9);
    assert!(told(&check).contains("add `pin-digest: true` to its release"), "{}", told(&check));
    assert!(!told(&check).contains("`--"), "{}", told(&check));
    let rollback = action("rollback").env("TAGSHIP_NAME", "IMAGE_PLACEHOLDER").env("TAGSHIP_TO", "v9").run().exit(3);
    rollback.stderr_has("hint: `command: log` lists what was released");
}

/// What is wrong with a step is told in the names that the step has.
#[test]
fn steps_with_wrong_inputs() {
    let home = Home::new();
    let summary = home.write("summary", "");
    let step = |words: &[&str], variables: &[(&str, &str)]| {
        let step = tagship().home(&home).args(words.iter().copied());
        let step = variables.iter().fold(step, |step, (name, value)| step.env(*name, *value));
        let output = step.run().exit(2);
        assert!(!output.stderr().contains("--"), "a step has no flags: {}", output.stderr());
        output
    };
    let action = |words: &[&str], variables: &[(&str, &str)]| {
        let known = [
            ("GITHUB_ACTIONS", "true"),
            ("TAGSHIP_ACTION_REPOSITORY", "OWNER/tagship"),
            ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap()),
        ];
        step(words, &[&known, variables].concat())
    };
    let plugin = |variables: &[(&str, &str)]| step(&[], &[&[("CI", "woodpecker")], variables].concat());
    let image = ("TAGSHIP_IMAGE", "a:1");
    let output = action(&["relase"], &[]).stderr_has("::error title=tagship::");
    output.stderr_has("error: `relase` is not a command\n  hint: did you mean `release`? set the input `command`\n");
    assert!(std::fs::read_to_string(&summary).unwrap().contains("### ❌ tagship failed\n"));
    action(&["frobnicate"], &[]).stderr_has("hint: set the input `command` to `release`, `");
    let output = action(&["release"], &[image, ("TAGSHIP_ON_SUPERSEDED", "x")]);
    output.stderr_has(
        "error: `x` is not a value of the input `on-superseded`\n  hint: the values are `skip`, `fail`, `allow`\n",
    );
    let output = action(&["release"], &[image, ("TAGSHIP_DRY_RUN", "perhaps")]);
    output
        .stderr_has("error: `perhaps` is not a value of the input `dry-run`\n  hint: the values are `true`, `false`\n");
    let output = action(&["release"], &[image, ("TAGSHIP_ATTEMPTS", "0")]);
    output.stderr_has("error: `0` is not a value of the input `attempts`: 0 is not in 1..=1000\n");
    let output = action(&["release"], &[image, ("TAGSHIP_NO_PUSH", "true"), ("TAGSHIP_BASE", "main")]);
    output.stderr_has("the input `base` cannot be used with `no-push`");
    action(&["promote"], &[]).stderr_has("the inputs `from`, `to` are missing\n  hint: set them, ");
    action(&["check"], &[]).stderr_has("is missing\n  hint: set it, or `kustomization` for the images on the branch, ");
    let output = action(&["rollback"], &[("TAGSHIP_NAME", "web\napi")]);
    output.stderr_has("cannot contain `").stderr_has("hint: `rollback` takes one entry: run it once for each\n");
    // A variable of the job is not an input of the step.
    let given = ("TAGSHIP_ACTION_INPUTS", "images attempts ");
    let output = action(&["release"], &[image, given, ("TAGSHIP_OUTPUT", "xml")]);
    output.stderr_has("\n  `output` is given by the variable `TAGSHIP_OUTPUT`\n");
    let output = action(&["release"], &[image, given, ("TAGSHIP_ATTEMPTS", "0")]);
    output.says_nowhere("is given by");
    let images = ("PLUGIN_IMAGES", "a:1");
    let output = plugin(&[images, ("PLUGIN_COMMAND", "relase")]);
    output.stderr_has("error: `relase` is not a command\n  hint: did you mean `release`? set the setting `command`\n");
    let output = plugin(&[images, ("PLUGIN_ON_SUPERSEDED", "x")]);
    output.stderr_has(
        "error: `x` is not a value of the setting `on_superseded`\n  hint: the values are `skip`, `fail`, `allow`\n",
    );
    let output = plugin(&[images, ("PLUGIN_DRY_RUN", "perhaps")]);
    output.stderr_has(
        "error: `perhaps` is not a value of the setting `dry_run`\n  hint: the values are `true`, `false`\n",
    );
}

/// A person who typed `release` reads why nothing was released, and what would do it.
#[test]
fn what_a_guard_stopped() {
    let stage = Stage::new();
    let release = |tag: &str| stage.release().args(["--no-check", &format!("IMAGE_PLACEHOLDER=*:{tag}")]);
    release("v2.0.0").run().success();
    let hint = "  hint: `--on-superseded allow` releases it all the same\n";
    release("v1.9.0").run().success().stdout_has("superseded: ").stdout_has(hint);
    let json = release("v1.9.0").args(["--output", "json"]).run().success().stdout();
    assert!(!json.contains("hint:"), "{json}");
    let action = release("v1.9.0").env("GITHUB_ACTIONS", "true").env("TAGSHIP_ACTION_REPOSITORY", "OWNER/tagship");
    action.run().success().stdout_has("  hint: `on-superseded: allow` releases it all the same\n");
}

#[test]
fn help_and_what_else_a_newcomer_types() {
    tagship().arg("help").run().success().stdout_has("Exit codes:");
    tagship().args(["help", "release"]).run().success().stdout_has("--pin-digest");
    tagship().arg("version").run().exit(2).stderr_has("  hint: `tagship --version` prints the version\n");
    for command in ["release", "check", "set", "log", "rollback", "promote", "guard"] {
        let output = tagship().args([command, "--help"]).run().success();
        output
            .stdout_has("TAGSHIP_DRY_RUN=true")
            .stdout_has("TAGSHIP_REGISTRY_PASSWORD")
            .stdout_has("TAGSHIP_GIT_TOKEN");
    }
}

#[test]
fn colours_are_off_where_they_are_not_wanted() {
    let help =
        |arguments: &[&str]| tagship().env("CLICOLOR_FORCE", "1").args(arguments.iter().copied()).run().success();
    assert!(help(&["--help"]).stdout().contains('\u{1b}'));
    assert!(!help(&["--color", "never", "--help"]).stdout().contains('\u{1b}'));
    assert!(!help(&["--color=never", "release", "--help"]).stdout().contains('\u{1b}'));
}

#[test]
fn a_narrow_log_has_fewer_columns() {
    let stage = Stage::new();
    stage.release().arg(stage.argument()).run().success();
    let url = stage.remote.file_url();
    let heading = |columns: &str| {
        let log = stage.tagship().env("COLUMNS", columns).args(["log", "--repo", &url, "-k", FOLDER]);
        let table = log.run().success().stdout();
        table.lines().next().unwrap().split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(heading(""), "WHEN TAG DIGEST SOURCE BY COMMIT");
    assert_eq!(heading("200"), "WHEN TAG DIGEST SOURCE BY COMMIT");
    assert_eq!(heading("75"), "WHEN TAG SOURCE BY COMMIT");
    assert_eq!(heading("60"), "WHEN TAG SOURCE COMMIT");
    assert_eq!(heading("50"), "WHEN TAG SOURCE COMMIT");
    assert_eq!(heading("45"), "WHEN TAG COMMIT");
    for columns in [40, 50, 60, 75, 200] {
        let log = stage.tagship().env("COLUMNS", columns.to_string()).args(["log", "--repo", &url, "-k", FOLDER]);
        let table = log.run().success().stdout();
        let longest = table.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= columns, "{columns}:\n{table}");
        assert!(table.contains("by hand"), "{table}");
    }
}

#[test]
fn a_quiet_log_is_a_log() {
    let stage = Stage::new();
    stage.registry.put_image("jakousa/dwk-4-gitops-app", "v2", &Image::new());
    stage.release().arg(stage.argument()).run().success();
    let url = stage.remote.file_url();
    let log = stage.tagship().args(["log", "-q", "--repo", &url, "-k", FOLDER]).run().success();
    log.stdout_has("WHEN").stdout_has(&COMMIT[..12]);
}

/// A hint is pasted into a shell, in the folder of the run: blanks do not cut a word, and a login is not shown.
#[test]
fn the_command_of_a_hint_can_be_pasted() {
    let stage = Stage::new();
    let kustomization = File::new("it's here/kustomization.yaml", "images:\n- name: web\n  newTag: v1\n");
    let values = File::new("$(values).yaml", "image:\n  repository: org/web\n  tag: v1\n");
    for branch in ["main", "stage"] {
        stage.remote.commit(branch, "Add", &[kustomization.clone(), values.clone()]);
    }
    let checkout = Checkout::shallow(&stage.remote.file_url());
    let renamed = Checkout::shallow(&stage.remote.file_url());
    renamed.git(["remote", "rename", "origin", "up"]).run().success();
    let (url, path) = (stage.remote.file_url(), checkout.path().to_str().unwrap());
    let (bare, renamed) = (stage.remote.path().to_str().unwrap(), renamed.path().to_str().unwrap());
    for (folder, arguments, variables) in [
        ("/", &["--repo", &url, "-k", "it's here", "web"][..], &[][..]),
        ("/", &["--repo", bare, "-k", "it's here", "web"], &[]),
        ("/", &["--repo", path, "-k", "it's here", "web"], &[]),
        ("/", &["--repo", path, "-f", "$(values).yaml", ".image"], &[]),
        ("/", &["--repo", renamed, "--remote", "up", "-k", "it's here", "web"], &[]),
        (renamed, &["--remote", "up", "-k", "it's here", "web"], &[]),
        (path, &["--branch", "stage", "-k", "it's here", "web"], &[]),
        (path, &["web"], &[("TAGSHIP_KUSTOMIZATION", "it's here"), ("TAGSHIP_REPO", &url)]),
    ] {
        let rollback = stage.tagship().current_dir(folder).args(["rollback", "--to", "v9"]);
        let rollback = rollback.args(arguments.iter().copied());
        let rollback = variables.iter().fold(rollback, |rollback, (name, value)| rollback.env(*name, *value));
        let output = rollback.run().exit(3).stderr();
        let command =
            output.split_once("hint: `tagship ").unwrap().1.split_once("` lists what was released").unwrap().0;
        let pasted = Command::new("sh").home(&stage.home).current_dir(folder);
        let pasted = pasted.args(["-c", &format!("{} {command}", env!("CARGO_BIN_EXE_tagship"))]).run().success();
        pasted.stdout_has(" v1 ");
    }
}
