//! A kustomization in the folder of a manifest, which sets the manifest's image to something else: it is told, and nothing holds
//! of what the manifest says.

use super::pulled::{on_branch, write};
use crate::stage::Stage;
use crate::support::command::Command;
use crate::support::git_server::{Access, GitServer};
use crate::support::registry::Image;

const MANIFEST: &str = "k/deployment.yaml";
const KUSTOMIZATION: &str = "k/kustomization.yaml";
const ENTRY: &str = "images: [{name: REG/org/web, newTag: v9}]\n";

fn manifest(image: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  template:\n    spec:\n      containers:\n      \
         - name: web\n        image: {image}\n"
    )
}

fn stage() -> Stage {
    let stage = Stage::new();
    for tag in ["v1", "v2"] {
        stage.registry.put_image("org/web", tag, &Image::new().label("of", tag));
    }
    write(&stage, MANIFEST, &manifest("REG/org/web:v1"));
    stage
}

fn release(stage: &Stage, arguments: &[&str]) -> Command {
    on_branch(stage, "release", arguments).args(["--dry-run", "--on-unknown-order", "release"])
}

/// What the kustomization says, and the step that sets the image, if one does.
const BESIDE: [(&str, Option<&str>); 17] = [
    ("resources: [deployment.yaml]\nimages: [{name: REG/org/web, newTag: v9}]\n", Some("entry of `images` on line 2")),
    (
        "resources: [./deployment.yaml]\nimages: [{name: REG/org/web, newName: x}]\n",
        Some("entry of `images` on line 2"),
    ),
    ("patches: [{path: deployment.yaml}]\nimages: [{name: .*web, newTag: v9}]\n", Some("entry of `images` on line 2")),
    ("patchesStrategicMerge: [deployment.yaml]\nimageTags: [{name: REG/org/web, newTag: v9}]\n", Some("on line 2")),
    (
        "resources: [deployment.yaml]\npatches:\n- patch: |\n    spec: {template: {spec: {containers: [{name: web, image: 'REG/org/web:v9'}]}}}\n",
        Some("the patch on line 4"),
    ),
    (
        "resources: [.//./deployment.yaml]\nimages: [{name: REG/org/web, newTag: v9}]\n",
        Some("entry of `images` on line 2"),
    ),
    (
        "resources: [../k/deployment.yaml]\nimages: [{name: REG/org/web, newTag: v9}]\n",
        Some("entry of `images` on line 2"),
    ),
    ("resources: [../../k/deployment.yaml]\nimages: [{name: REG/org/web, newTag: v9}]\n", None),
    ("resources: [deployment.yaml]\nimages: [{name: REG/org/web, newTag: v2}]\n", None),
    ("resources: [deployment.yaml]\nimages: [{name: REG/org/api, newTag: v9}]\n", None),
    ("resources: [deployment.yaml]\nimages: [{name: org/web, newTag: v9}]\n", None),
    ("resources: [deployment.yaml]\n", None),
    ("resources: [other.yaml, ../deployment.yaml]\nimages: [{name: REG/org/web, newTag: v9}]\n", None),
    ("configMapGenerator: [{name: a, files: [deployment.yaml]}]\nimages: [{name: REG/org/web, newTag: v9}]\n", None),
    ("resources: [deployment.yaml]\nimages: [{name: REG/org/web, newTag: v9}\n", None),
    ("kind: ConfigMap\napiVersion: v1\nresources: [deployment.yaml]\n", None),
    ("", None),
];

#[test]
fn an_image_that_a_kustomization_sets_again_is_told() {
    let stage = stage();
    for (text, step) in BESIDE {
        write(&stage, KUSTOMIZATION, text);
        let output = release(&stage, &["-f", MANIFEST, "web=*:v2"]).run().success();
        let told = output.stdout();
        assert_eq!(told.contains("what it sets is deployed"), step.is_some(), "{text}{told}");
        if let Some(step) = step {
            let beside = format!(" warn    {MANIFEST}:9:9: `web`: in `{KUSTOMIZATION}`, the ");
            output.stdout_has(&beside).stdout_has(step);
        }
    }
}

#[test]
fn nothing_holds_of_an_image_that_a_kustomization_sets_again() {
    let stage = stage();
    write(&stage, KUSTOMIZATION, &format!("resources: [deployment.yaml]\n{ENTRY}"));
    let told = "in `k/kustomization.yaml`, the entry of `images` on line 2 is for";
    let required = ["--platform", "linux/amd64"];
    on_branch(&stage, "check", &["-f", MANIFEST]).run().success().stdout_has(told);
    on_branch(&stage, "status", &["-f", MANIFEST]).run().success().stdout_has(told);
    let checked = on_branch(&stage, "check", &[&["-f", MANIFEST][..], &required].concat()).run().exit(3);
    checked.stderr_has(told).stderr_has("hint: release to the kustomization with `-k k`, or remove the entry from it");
    let released = release(&stage, &[&["-f", MANIFEST, "web=*:v2"][..], &required].concat()).run().exit(3);
    released
        .stderr_has("cannot tell for certain which image `web` pulls")
        .stderr_has(told)
        .stderr_has("release to it with `-k k`");
    write(&stage, ".tagship.yaml", "rules:\n- paths: ['**']\n  tags: '*'\n");
    let ruled = on_branch(&stage, "check", &["-f", MANIFEST]).run().exit(9).stderr_has(told);
    ruled.stderr_has("release to the kustomization with `-k k`, or remove the entry from it");
    release(&stage, &["-f", MANIFEST, "web=*:v2"]).run().exit(9).stderr_has(told);
}

/// A patch has no entry to release to.
#[test]
fn a_patch_beside_is_removed_or_changed() {
    let stage = stage();
    let patch = "spec: {template: {spec: {containers: [{name: web, image: 'REG/org/web:v9'}]}}}";
    write(&stage, KUSTOMIZATION, &format!("resources: [deployment.yaml]\npatches:\n- patch: |\n    {patch}\n"));
    let released = release(&stage, &["-f", MANIFEST, "web=*:v2", "--platform", "linux/amd64"]).run().exit(3);
    released.stderr_has("hint: remove the image from the patch in `k/kustomization.yaml`");
}

/// What is promoted is what the manifest says, and that is not deployed.
#[test]
fn promote_tells_that_the_manifest_is_not_what_runs() {
    let stage = stage();
    write(&stage, KUSTOMIZATION, &format!("resources: [deployment.yaml]\n{ENTRY}"));
    write(&stage, "prod.yaml", &manifest("REG/org/web:v2"));
    for from in [&["--from", MANIFEST][..], &["--from", MANIFEST, "--from-branch", "main"]] {
        let flags = ["--to", "prod.yaml", "web", "--dry-run", "--on-superseded", "allow"];
        let output = on_branch(&stage, "promote", &[from, &flags].concat()).run().success();
        output.stdout_has(
            " warn    k/deployment.yaml:9:9: `web`: in `k/kustomization.yaml`, the entry of `images` on line 2",
        );
    }
}

/// What is released in the same commit counts as it will be.
#[test]
fn a_kustomization_that_is_released_too_says_what_it_will() {
    let stage = stage();
    write(&stage, KUSTOMIZATION, &format!("resources: [deployment.yaml]\n{ENTRY}"));
    let entry = format!("{}/org/web=*:v2", stage.registry.address());
    let output = release(&stage, &["-k", "k", "-f", MANIFEST, "web=*:v2", &entry, "--on-superseded", "allow"]).run();
    output.success().says_nowhere("what it sets is deployed");
}

/// kustomize looks for images in containers alone.
#[test]
fn an_image_in_values_is_not_set_again() {
    let stage = stage();
    let release_of_flux = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web}\nspec:\n  values:\n    \
                           image: {repository: REG/org/web, tag: v1}\n";
    write(&stage, "k/release.yaml", release_of_flux);
    write(&stage, KUSTOMIZATION, &format!("resources: [release.yaml]\n{ENTRY}"));
    let output = release(&stage, &["-f", "k/release.yaml", "image=*:v2"]).run().success();
    output.says_nowhere("what it sets is deployed");
}

/// It comes in the request that the manifest comes in.
#[test]
fn it_costs_no_request() {
    let stage = stage();
    let server = GitServer::start(stage.remote.folder(), Access::Open);
    let url = server.url("gitops.git");
    for (command, more) in [("release", &["web=*:v2", "--dry-run", "--no-check"][..]), ("status", &[])] {
        let requests = || {
            server.requests();
            let arguments = [&[command, "--repo", &url, "--branch", "main", "-f", MANIFEST], more].concat();
            let output = stage.tagship().args(arguments).run().success();
            (server.requests().len(), output.stdout().contains("what it sets is deployed"))
        };
        write(&stage, KUSTOMIZATION, "resources: [other.yaml]\n");
        let (alone, is_told) = requests();
        assert!(!is_told);
        write(&stage, KUSTOMIZATION, &format!("resources: [deployment.yaml]\n{ENTRY}"));
        assert_eq!(requests(), (alone, true), "{command}");
    }
}

#[test]
fn set_tells_it_of_files_on_disk() {
    let stage = stage();
    stage.home.write(MANIFEST, &manifest("ghcr.io/org/web:v1"));
    let text = format!("resources: [deployment.yaml]\n{}", ENTRY.replace("REG", "ghcr.io"));
    stage.home.write(KUSTOMIZATION, &text);
    for (folder, path, beside) in [("", MANIFEST, KUSTOMIZATION), ("k", "deployment.yaml", "kustomization.yaml")] {
        let set = stage.tagship().current_dir(stage.home.path().join(folder));
        let output = set.args(["set", "--dry-run", "-f", path, "web=*:v2"]).run().success();
        output.stdout_has(&format!("{path}:9:9: `web`: in `{beside}`, the entry of `images` on line 2 is for"));
    }
}

/// kustomize looks for images below `containers` and `initContainers` alone.
#[test]
fn the_image_of_an_ephemeral_container_stays() {
    let stage = stage();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  ephemeralContainers:\n  - name: web\n    image: REG/org/web:v1\n";
    write(&stage, MANIFEST, pod);
    write(&stage, KUSTOMIZATION, &format!("resources: [deployment.yaml]\n{ENTRY}"));
    release(&stage, &["-f", MANIFEST, "web=*:v2"]).run().success().says_nowhere("what it sets is deployed");
}
