//! `set` on a checkout that an outsider may have laid out: links, pipes and files without an end.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::stage::tagship;
use crate::support::command::{Command, Home};

const FILE: &str = "images:\n- name: web\n  newTag: v1\n";
const VICTIM: &str = "{\"auths\": {\"ghcr.io\": {\"auth\": \"S3CR3T\"}}}\n";

/// Returns a workspace beside a folder of another owner.
fn workspace() -> Home {
    let home = Home::new();
    home.write("workspace/k/kustomization.yaml", FILE);
    home.write("victim/kustomization.yaml", FILE);
    home.write("victim/config.json", VICTIM);
    home
}

fn set(home: &Home, arguments: &[&str]) -> Command {
    tagship().home(home).current_dir(home.path().join("workspace")).arg("set").args(arguments.iter().copied())
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_file_that_is_a_link_out_of_the_workspace() {
    for effect in [&["--dry-run"][..], &[]] {
        let home = workspace();
        let file = home.path().join("workspace/k/kustomization.yaml");
        fs::remove_file(&file).unwrap();
        symlink("../../victim/config.json", &file).unwrap();
        let output = set(&home, effect).args(["--add", "-k", "k", "web:v2"]).run().exit(3);
        output.stderr_has("leads out of").says_nowhere("S3CR3T");
        assert_eq!(text(&home.path().join("victim/config.json")), VICTIM);
    }
}

#[test]
fn a_folder_that_is_a_link_out_of_the_workspace() {
    let home = workspace();
    symlink("../victim", home.path().join("workspace/away")).unwrap();
    for path in ["away", "away/kustomization.yaml", "k/../away"] {
        set(&home, &["-k", path, "web:v2"]).run().exit(3).stderr_has("leads out of");
        assert_eq!(text(&home.path().join("victim/kustomization.yaml")), FILE, "{path}");
    }
    // Two points leave the folder that was named, whatever a link makes of it.
    home.write("workspace/kustomization.yaml", FILE);
    set(&home, &["-k", "away/..", "web:v2"]).run().success();
    assert!(text(&home.path().join("workspace/kustomization.yaml")).contains("v2"));
}

#[test]
fn the_workspace_is_that_of_the_ci_system_else_the_checkout() {
    let home = workspace();
    symlink("../../victim/kustomization.yaml", home.path().join("workspace/k/link.yaml")).unwrap();
    fs::create_dir(home.path().join("workspace/deep")).unwrap();
    symlink("../k", home.path().join("workspace/deep/k")).unwrap();
    let deep =
        || tagship().home(&home).current_dir(home.path().join("workspace/deep")).args(["set", "-k", "k", "web:v2"]);
    deep().run().exit(3).stderr_has("leads out of");
    let github = deep().env("GITHUB_ACTIONS", "true").env("GITHUB_WORKSPACE", home.path().join("workspace"));
    github.run().success();
    home.write("workspace/k/kustomization.yaml", FILE);
    home.write("workspace/.git/HEAD", "ref: refs/heads/main\n");
    deep().run().success();
    set(&home, &["-k", "k/link.yaml", "web:v2"]).run().exit(3).stderr_has("leads out of");
}

#[test]
fn a_link_inside_the_workspace_stays_a_link() {
    let home = workspace();
    let link = home.path().join("workspace/kustomization.yaml");
    symlink("k/kustomization.yaml", &link).unwrap();
    set(&home, &["web:v2"]).run().success();
    assert!(link.is_symlink());
    assert!(text(&link).contains("newTag: v2"));
}

#[test]
fn what_was_named_outside_of_the_workspace_is_edited() {
    let home = workspace();
    set(&home, &["-k", "../victim", "web:v2"]).run().success();
    assert!(text(&home.path().join("victim/kustomization.yaml")).contains("newTag: v2"));
}

#[test]
fn only_regular_files_of_a_bounded_size_are_read() {
    let home = workspace();
    let folder = home.path().join("workspace");
    Command::new("mkfifo").arg(folder.join("pipe")).run().success();
    fs::File::create(folder.join("sparse")).unwrap().set_len(3 << 30).unwrap();
    let split = "larger than 4 MiB\n  hint: split the file, or name a smaller one";
    for (name, said) in [("pipe", "not a regular file"), ("sparse", split)] {
        set(&home, &["-k", name, "web:v2"]).run().exit(3).stderr_has(said);
    }
    set(&home, &["-k", "/dev/zero", "web:v2"]).run().exit(3).stderr_has("not a regular file");
    let large = format!("{FILE}#{}\n", "x".repeat(5 << 20));
    home.write("workspace/k/kustomization.yaml", &large);
    set(&home, &["-k", "k", "web:v2"]).run().exit(3).stderr_has(split);
}
