//! What the commit is made of.

use crate::stage::{FILE, FOLDER, SEED, Stage};
use crate::support::repository::File;

/// Equal overlays are one object to git, and a server that checks objects refuses a pack that has one twice.
#[test]
fn equal_files_go_into_one_commit() {
    for limit in ["1", "100"] {
        let stage = Stage::new();
        stage.remote.configure("receive.unpackLimit", limit);
        let files = ["dev", "staging"].map(|name| File::new(&format!("{name}/kustomization.yaml"), SEED));
        stage.remote.commit("main", "Add overlays", &files);
        let url = stage.remote.file_url();
        let release = stage.tagship().args(["release", "--repo", &url, "-k", "dev", "-k", "staging"]);
        release.arg(stage.argument()).run().success();
        stage.remote.fsck();
        for name in ["dev", "staging"] {
            let file = stage.remote.file("main", &format!("{name}/kustomization.yaml"));
            assert_eq!(file, stage.released().as_bytes());
        }
    }
}

/// Old tools made trees that are not sorted, and not every server refuses them. git reads such a folder, and would add a second
/// entry of the same name.
#[test]
fn a_folder_that_is_not_sorted() {
    let stage = Stage::new();
    let id = |name: &str| stage.remote.git(["rev-parse", name]).run().success().stdout().trim().to_owned();
    let folder = FOLDER.split('/').next().unwrap();
    let (tree, blob) = (id(&format!("main:{folder}")), id(&format!("main:{FILE}")));
    let byte = |id: &str, at: usize| u8::from_str_radix(&id[at..at + 2], 16).unwrap();
    let mut root = Vec::new();
    for (mode, name, id) in [("100644", "zzz", &blob), ("40000", folder, &tree), ("100644", "README", &blob)] {
        root.extend(format!("{mode} {name}\0").into_bytes());
        root.extend((0..id.len()).step_by(2).map(|at| byte(id, at)));
    }
    let hash = stage.remote.git(["hash-object", "-t", "tree", "-w", "--stdin", "--literally"]).stdin(root);
    let root = hash.run().success().stdout();
    let commit =
        stage.remote.git(["commit-tree", root.trim(), "-m", "As an old tool makes it"]).run().success().stdout();
    stage.remote.git(["update-ref", "refs/heads/main", commit.trim()]).run().success();
    let output = stage.release().arg(stage.argument()).run().exit(3);
    output.stderr_has("is not sorted as git sorts it").stderr_has("hint: commit a change in that folder with git");
    assert_eq!(id("main"), commit.trim());
}

#[test]
fn push_options_reach_the_server() {
    let stage = Stage::new();
    stage.remote.hook("post-receive", "echo \"$GIT_PUSH_OPTION_COUNT $GIT_PUSH_OPTION_0\" > options");
    stage.release().args(["--push-option", "ci.skip"]).arg(stage.argument()).run().success();
    assert_eq!(std::fs::read_to_string(stage.remote.path().join("options")).unwrap(), "1 ci.skip\n");
    stage.remote.configure("receive.advertisePushOptions", "false");
    let release = stage.release().args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]);
    for flags in [["--push-option", "x"], ["--skip-ci", "push-option"]] {
        release.clone().args(flags).run().exit(3).stderr_has("it does not accept push options");
    }
    stage.remote.configure("receive.advertisePushOptions", "true");
    release.clone().args(["--push-option", "x"]).run().success();
    stage.remote.configure("receive.advertisePushOptions", "false");
    let config = stage.home.write("gitconfig", "[push]\npushOption = x\n");
    let release = stage.release().env("GIT_CONFIG_GLOBAL", config).args(["--no-check", "IMAGE_PLACEHOLDER=*:v3"]);
    release.run().success().stdout_has("does not accept the push options of git's configuration; they are left out");
}

/// As for git, an empty value takes back those before it, and a flag those of the configuration.
#[test]
fn push_options_of_the_configuration() {
    for (config, flags, expected) in [
        ("pushOption = ci.skip\npushOption = b", &[][..], "2 ci.skip\n"),
        ("pushOption = a\npushOption =\npushOption = ci.skip", &[], "1 ci.skip\n"),
        ("pushOption = ci.skip", &["--push-option", "x"], "1 x\n"),
    ] {
        let stage = Stage::new();
        stage.remote.hook("post-receive", "echo \"$GIT_PUSH_OPTION_COUNT $GIT_PUSH_OPTION_0\" > options");
        let config = stage.home.write("gitconfig", &format!("[push]\n{config}\n"));
        let release = stage.release().env("GIT_CONFIG_GLOBAL", config).args(flags.iter().copied());
        release.arg(stage.argument()).run().success();
        assert_eq!(std::fs::read_to_string(stage.remote.path().join("options")).unwrap(), expected);
    }
}

/// Old tools have written such commits. Only their trees and their parents are needed.
#[test]
fn tips_that_are_malformed() {
    let people = ["author A <a@x> 1 +0000", "committer A <a@x> 1 +0000"];
    for (lines, end) in [
        (["author A 1 +0000", people[1]], "\n\nChange\n"),
        ([people[0], "committer A a@x> 1 +0000"], "\n\nChange\n"),
        (["author", "committer"], "\n\nChange\n"),
        (["author A <a@x> 99999999999999999999 +0000", people[1]], "\n\nChange\n"),
        (people, "\n"),
        (people, ""),
        (people, "\n\n"),
        (["encoding latin1", "x y"], "\n\nChange\n"),
    ] {
        let stage = Stage::new();
        let git = |arguments: &[&str]| stage.remote.git(arguments.iter().copied()).run().success().stdout();
        let (tree, parent) = (git(&["rev-parse", "main^{tree}"]), git(&["rev-parse", "main"]));
        let commit = format!("tree {tree}parent {parent}{}{end}", lines.join("\n"));
        let made = stage.remote.git(["hash-object", "--literally", "-w", "-t", "commit", "--stdin"]).stdin(commit);
        let tip = made.run().success().stdout().trim().to_owned();
        git(&["update-ref", "refs/heads/main", &tip]);
        stage.release().arg(stage.argument()).run().success();
        assert_eq!(stage.remote.log("main")[0].parents, [tip], "{lines:?} {end:?}");
        assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
    }
}
