//! The image that is pulled is the one that is asked for and judged, whatever an entry alone says. Where a file does not tell it
//! for certain, nothing holds of it.

use crate::stage::Stage;
use crate::support::command::{Command, Output};
use crate::support::registry::Image;
use crate::support::repository::File;

const RULES: &str = ".tagship.yaml";
const KUSTOMIZATION: &str = "k/kustomization.yaml";
const DIGITS: &str = "1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c";

/// Returns a stage with these images in its registry, each of its own bytes.
fn stage(images: &[(&str, &str)]) -> Stage {
    let stage = Stage::new();
    for (name, tag) in images {
        stage.registry.put_image(name, tag, &Image::new().label("of", &format!("{name}:{tag}")));
    }
    stage
}

/// Writes a file to the branch, in which `REG` is the registry.
pub(super) fn write(stage: &Stage, path: &str, text: &str) {
    let text = text.replace("REG", &stage.registry.address());
    stage.remote.commit("main", "Files", &[File::new(path, text.as_str())]);
}

pub(super) fn on_branch(stage: &Stage, command: &str, arguments: &[&str]) -> Command {
    let url = stage.remote.file_url();
    stage.tagship().args([command, "--repo", &url]).args(arguments.iter().copied())
}

fn release(stage: &Stage, arguments: &[&str]) -> Output {
    on_branch(stage, "release", arguments).args(["--on-unknown-order", "release"]).run()
}

fn rule(stage: &Stage, demand: &str) {
    write(stage, RULES, &format!("rules:\n- paths: ['**']\n  {demand}\n"));
}

/// Each way to rename the image of the entry `web` to `REG/evil/web`, and what is told of it.
const RENAMES: [(&str, &str); 6] = [
    (
        "images:\n- name: web\n  newName: REG/org/web\n  newTag: v1\n- name: REG/org/web\n  newName: REG/evil/web\n",
        "line 5",
    ),
    ("images:\n- name: web\n  newName: REG/org/web\n  newTag: v1\n- name: .*web\n  newName: REG/evil/web\n", "line 5"),
    (
        "imageTags:\n- name: REG/org/web\n  newName: REG/evil/web\nimages:\n- name: web\n  newName: REG/org/web\n  newTag: v1\n",
        "line 2",
    ),
    (
        "images:\n- name: web\n  newName: REG/org/web\n  newTag: v1\n- name: REG/org/web\n  newName: REG/mid/web\n\
         - name: REG/mid/web\n  newName: REG/evil/web\n",
        "line 7",
    ),
    (
        "images:\n- name: web\n  newName: REG/org/web\n  newTag: v1\ntransformers:\n- |-\n  apiVersion: builtin\n  kind: ImageTagTransformer\n  \
         metadata: {name: x}\n  imageTag:\n    name: REG/org/web\n    newName: REG/evil/web\n",
        "the transformer on line 7",
    ),
    (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x}\nspec:\n  images:\n  - name: web\n    \
         newName: REG/org/web\n    newTag: v1\n  - name: REG/org/web\n    newName: REG/evil/web\n",
        "line 9",
    ),
];

#[test]
fn the_image_at_the_end_of_a_chain_must_be_there() {
    for (text, by) in RENAMES {
        let stage = stage(&[("org/web", "v1"), ("org/web", "v2")]);
        let registry = stage.registry.address();
        let path = if text.contains("fluxcd") { "k/flux.yaml" } else { KUSTOMIZATION };
        let place = if text.contains("fluxcd") { ["-f", "k/flux.yaml"] } else { ["-k", "k"] };
        write(&stage, path, text);
        let before = stage.remote.file("main", path);
        let arguments = [place[0], place[1], "web=*:v2"];
        let output = release(&stage, &arguments).exit(4);
        output.stderr_has(&format!("`{registry}/evil/web:v2` is not in the registry")).stderr_has(by);
        assert_eq!(stage.remote.file("main", path), before, "{text}");
        let output = on_branch(&stage, "check", &place).run().exit(4);
        output.stderr_has(&format!("`{registry}/evil/web:v1` is not in the registry")).stderr_has(by);
        // What another registry has under that name is what counts, and not what the entry names.
        for tag in ["v1", "v2"] {
            stage.registry.put_image("evil/web", tag, &Image::new().label("of", "evil"));
            stage.registry.remove_manifest("org/web", tag);
        }
        on_branch(&stage, "check", &place).run().success();
        release(&stage, &arguments).success();
        let after = String::from_utf8(stage.remote.file("main", path)).unwrap();
        assert_eq!(after, String::from_utf8(before).unwrap().replace("newTag: v1", "newTag: v2"));
    }
}

#[test]
fn an_image_that_an_argument_names_is_asked_for_as_it_is_pulled() {
    let stage = stage(&[("org/web", "v2")]);
    write(&stage, KUSTOMIZATION, RENAMES[0].0);
    let image = format!("web={}/org/web:v2", stage.registry.address());
    release(&stage, &["-k", "k", &image]).exit(4).stderr_has("/evil/web:v2` is not in the registry");
    let evil = stage.registry.put_image("evil/web", "v2", &Image::new());
    let output = release(&stage, &["-k", "k", "--pin-digest", &image]).success();
    output.stdout_has("/evil/web:v2  sha256:");
    let text = String::from_utf8(stage.remote.file("main", KUSTOMIZATION)).unwrap();
    assert!(text.contains(&evil), "{text}");
}

#[test]
fn a_rollback_and_a_promotion_ask_for_what_is_pulled() {
    let stage = stage(&[("org/web", "v1"), ("org/web", "v2"), ("evil/web", "v2")]);
    let chain = RENAMES[0].0;
    write(&stage, "next/kustomization.yaml", "images:\n- name: web\n  newName: REG/org/web\n  newTag: v1\n");
    write(&stage, KUSTOMIZATION, chain);
    write(&stage, KUSTOMIZATION, &chain.replace("newTag: v1", "newTag: v2"));
    for (command, arguments) in
        [("rollback", &["-k", "k", "web"][..]), ("promote", &["--from", "next", "--to", "k", "web"])]
    {
        let arguments = [arguments, if command == "promote" { &["--on-superseded", "allow"] } else { &[] }].concat();
        let output = on_branch(&stage, command, &arguments).run().exit(4);
        output.stderr_has("/evil/web:v1` is not in the registry").stderr_has("because of the entry");
        rule(&stage, "entries: web\n  images: 'REG/org/*'");
        let output = on_branch(&stage, command, &arguments).run();
        output.exit(9).stderr_has("/evil/web` is not allowed");
        rule(&stage, "entries: other\n  tags: semver");
    }
}

#[test]
fn a_path_to_an_entry_is_no_way_around() {
    let stage = stage(&[("org/web", "v2")]);
    write(&stage, KUSTOMIZATION, RENAMES[0].0);
    let release = || release(&stage, &["-f", KUSTOMIZATION, ".images[0].newTag=*:v2"]);
    release().exit(4).stderr_has("/evil/web:v2` is not in the registry").stderr_has("line 5");
    stage.registry.put_image("evil/web", "v2", &Image::new());
    rule(&stage, "images: 'REG/org/*'");
    release().exit(9).stderr_has("/evil/web` is not allowed");
}

#[test]
fn rules_judge_the_image_at_the_end_of_a_chain() {
    for (text, _) in RENAMES {
        let stage = stage(&[("org/web", "v1"), ("org/web", "v2"), ("evil/web", "v1"), ("evil/web", "v2")]);
        let path = if text.contains("fluxcd") { "k/flux.yaml" } else { KUSTOMIZATION };
        let place = if text.contains("fluxcd") { ["-f", "k/flux.yaml"] } else { ["-k", "k"] };
        write(&stage, path, text);
        rule(&stage, "entries: web\n  images: 'REG/org/*'");
        let refused = "/evil/web` is not allowed";
        release(&stage, &[place[0], place[1], "web=*:v2"]).exit(9).stderr_has(refused);
        on_branch(&stage, "check", &place).run().exit(9).stderr_has(refused);
        // In other files than kustomizations, a rule is for all entries: the second one has no version of its own.
        let more = if path == KUSTOMIZATION { "\n  platforms: linux/amd64" } else { "" };
        rule(&stage, &format!("entries: web\n  images: 'REG/evil/*'{more}"));
        on_branch(&stage, "check", &place).run().success();
        release(&stage, &[place[0], place[1], "web=*:v2"]).success();
    }
}

#[test]
fn a_suffix_of_a_later_entry_is_part_of_the_tag_that_is_pulled() {
    let text = "images:\n- name: web\n  newName: REG/org/web\n  newTag: v1\n- name: REG/org/web\n  tagSuffix: -debug\n";
    let stage = stage(&[("org/web", "v1"), ("org/web", "v2")]);
    write(&stage, KUSTOMIZATION, text);
    let release = || release(&stage, &["-k", "k", "web=*:v2", "--pin-digest"]);
    release().exit(4).stderr_has("/org/web:v2-debug` is not in the registry").stderr_has("line 5");
    on_branch(&stage, "check", &["-k", "k"]).run().exit(4).stderr_has("/org/web:v1-debug` is not in the registry");
    stage.registry.put_image("org/web", "v2-debug", &Image::new().label("of", "debug"));
    rule(&stage, "entries: web\n  pin-digest: true");
    release().exit(9).stderr_has("would have no digest");
    rule(&stage, "entries: web\n  platforms: linux/amd64");
    let output = release().success();
    output.stdout_has("the entry on line 5 adds `-debug` to the tag: `v2-debug` is pulled, and no digest");
}

/// What charts may take for another image than the tag says, and what is told of it, if a release does not refuse it.
const BESIDE: [(&str, Option<&str>); 11] = [
    ("image:\n  repository: REG/org/web\n  tag: v2\n  imageDigest: sha256:DIGITS\n", None),
    ("image:\n  repository: REG/org/web\n  tag: v2\n  Digest: sha256:DIGITS\n", None),
    ("image:\n  repository: REG/org/web\n  tag: v2\n  useDigest: true\n  sha: DIGITS\n", None),
    ("image:\n  repository: REG/org/web\n  tag: v2\n  override: REG/evil/web:v1\n", None),
    ("image: REG/org/web:v2\ndigest: sha256:DIGITS\n", None),
    ("image:\n  repository: REG/org/web\n  tag: v2\n  sha: DIGITS\n", Some("whatever the tag")),
    ("image:\n  repository: REG/org/web\n  tag: v2\n  digestChroot: sha256:DIGITS\n", Some("whatever the tag")),
    ("image:\n  repository: REG/org/web\n  tag: v2\n  hash: sha256:DIGITS\n", Some("whatever the tag")),
    ("image:\n  repository: REG/org/web\n  tag: v2\n  tagSuffix: -debug\n", Some("is beside the tag")),
    ("image:\n  repository: REG/org/web\n  tag: v2\n  distroless: true\n", Some("is beside the tag")),
    (
        "global: {image: {registry: mirror.example.com}}\nimage:\n  registry: REG\n  repository: org/web\n  tag: v2\n",
        Some("a chart that puts it into the name deploys `mirror.example.com/org/web`"),
    ),
];

#[test]
fn a_check_of_values_refuses_what_a_release_refuses() {
    for (text, told) in BESIDE {
        let stage = stage(&[("org/web", "v1"), ("org/web", "v2"), ("evil/web", "v1")]);
        write(&stage, "v.yaml", &text.replace("DIGITS", DIGITS));
        let check = |flags: &[&str]| on_branch(&stage, "check", &["-f", "v.yaml"]).args(flags.iter().copied()).run();
        let release = |flags: &[&str]| {
            let flags = [&["-f", "v.yaml", "image=*:v1", "--dry-run", "--on-superseded", "allow"], flags].concat();
            release(&stage, &flags)
        };
        let Some(warned) = told else {
            for output in [check(&[]), release(&[])] {
                output.exit(3);
            }
            continue;
        };
        let uncertain = "cannot tell for certain which image `image` pulls";
        check(&[]).success().stdout_has(warned);
        release(&[]).success().stdout_has(warned);
        for output in [check(&["--platform", "linux/amd64"]), release(&["--platform", "linux/amd64"])] {
            output.exit(3).stderr_has(uncertain).stderr_has(warned);
        }
        rule(&stage, "platforms: linux/amd64");
        for output in [check(&[]), release(&[])] {
            output.exit(9).stderr_has(uncertain).stderr_has(warned);
        }
    }
}

#[test]
fn what_comes_behind_the_images_leaves_a_rule_in_doubt() {
    let release_of_helm = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: x}\nspec:\n  values:\n    image:\n      \
                           repository: REG/org/web\n      tag: v1\n  postRenderers:\n  - kustomize:\n      images:\n      - name: REG/org/web\n        \
                           newName: REG/evil/web\n";
    let patched =
        "images:\n- name: web\n  newName: REG/org/web\n  newTag: v1\npatches:\n- patch: |\n    image: REG/org/web:v0\n";
    let replaced = "images:\n- name: web\n  newName: REG/org/web\n  newTag: v1\nreplacements:\n- source: {kind: ConfigMap, name: x, fieldPath: data.x}\n  \
                    targets:\n  - select: {kind: Deployment, name: web}\n    fieldPaths: [spec.template.spec.containers.0.image]\n";
    for (path, text, name, said) in [
        ("k/h.yaml", release_of_helm, "image", "the post-renderer on line 12"),
        (KUSTOMIZATION, patched, "web", "the patch on line 7"),
        (KUSTOMIZATION, replaced, "web", "the replacement on line 6"),
    ] {
        let stage = stage(&[("org/web", "v1"), ("org/web", "v2")]);
        write(&stage, path, text);
        let file = ["-f", path];
        let argument = format!("{name}=*:v2");
        on_branch(&stage, "check", &file).run().success().stdout_has(said);
        release(&stage, &["-f", path, &argument, "--dry-run"]).success().stdout_has(said);
        rule(&stage, "platforms: linux/amd64");
        let uncertain = format!("cannot tell for certain which image `{name}` pulls");
        on_branch(&stage, "check", &file).run().exit(9).stderr_has(&uncertain).stderr_has(said);
        release(&stage, &["-f", path, &argument]).exit(9).stderr_has(&uncertain).stderr_has(said);
    }
}

/// The entry `web` of a kustomization, and what begins a HelmRelease with the image `image`.
const ENTRY: &str = "images:\n- name: web\n  newName: REG/org/web\n  newTag: v1\n";
const RELEASE: &str = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: x}\nspec:\n  values:\n    image:\n      \
                       repository: REG/org/web\n      tag: v1\n  postRenderers:\n  - kustomize:\n";
const APPLICATION: &str = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x}\nspec:\n  source:\n    kustomize:\n      \
                           images: ['web=REG/org/web:v1']\n";

/// Steps that may give a container an image that no entry makes.
const SET_IMAGES: [(&str, &str); 17] = [
    (
        ENTRY,
        "patches:\n- patch: |\n    - {op: replace, path: /spec/template/spec/containers/0/image, value: 'REG/evil/web:v9'}\n  target: {kind: Deployment}\n",
    ),
    (
        ENTRY,
        "patchesJson6902:\n- patch: '[{\"op\": \"add\", \"path\": \"/spec/containers/0/image\", \"value\": \"other:v9\"}]'\n  target: {kind: Pod, name: d}\n",
    ),
    (
        ENTRY,
        "patches:\n- patch: |\n    - {op: replace, path: /spec/template/spec/initContainers/0, value: {name: a, image: other}}\n",
    ),
    (
        ENTRY,
        "patches:\n- patch: |\n    - {op: replace, path: /spec/template/spec, value: {containers: [{name: a, image: other}]}}\n",
    ),
    (ENTRY, "patches:\n- patch: |\n    - {op: copy, path: /spec/containers/0/image, from: /metadata/name}\n"),
    (
        ENTRY,
        "patches:\n- patch: |\n    kind: Deployment\n    spec: {template: {spec: {containers: [{name: a, image: 'REG/evil/app:v9'}]}}}\n",
    ),
    (ENTRY, "patchesStrategicMerge:\n- |\n  kind: Pod\n  spec: {containers: [{name: a, image: '${IMAGE}'}]}\n"),
    (ENTRY, "patches:\n- patch: |\n    image: {{\n"),
    (
        ENTRY,
        "transformers:\n- |\n  apiVersion: builtin\n  kind: PatchTransformer\n  metadata: {name: x}\n  patch: |\n    - op: replace\n      path: /spec/containers/0/image\n      value: other:v9\n",
    ),
    (
        ENTRY,
        "replacements:\n- source: {kind: ConfigMap, name: c, fieldPath: data.image}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.template.spec.containers.0.image]\n",
    ),
    (
        ENTRY,
        "replacements:\n- source: {kind: Pod, name: c, fieldPath: 'spec.containers.[name=a].image'}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.template.spec.containers.0.image]\n",
    ),
    (
        ENTRY,
        "transformers:\n- |-\n  kind: ReplacementTransformer\n  replacements:\n  - source: {kind: Pod, name: c, fieldPath: spec.containers.0.image}\n    targets:\n    - select: {kind: Deployment}\n      fieldPaths: ['spec.template.spec.containers.[name=web].image']\n",
    ),
    (
        RELEASE,
        "      patches:\n      - patch: |\n          - {op: replace, path: /spec/template/spec/containers/0/image, value: 'REG/evil/web:v9'}\n        target: {kind: Deployment}\n",
    ),
    (RELEASE, "      patches:\n      - patch: |\n          spec: {containers: [{name: a, image: REG/org/web}]}\n"),
    (
        RELEASE,
        "      patchesStrategicMerge:\n      - {kind: Pod, metadata: {name: d}, spec: {containers: [{name: a, image: other}]}}\n",
    ),
    (
        RELEASE,
        "      patchesJson6902:\n      - {target: {kind: Pod}, patch: [{op: replace, path: /spec/containers/0/image, value: other}]}\n",
    ),
    (
        APPLICATION,
        "      patches:\n      - patch: |\n          - {op: replace, path: /spec/containers/0/image, value: other}\n",
    ),
];

/// Steps that give no container an image, or one that an entry makes.
const SET_NO_IMAGES: [(&str, &str); 14] = [
    (
        ENTRY,
        "patches:\n- patch: |\n    - {op: replace, path: /spec/replicas, value: 2}\n  target: {kind: Deployment}\n",
    ),
    (
        ENTRY,
        "patches:\n- patch: |\n    - {op: replace, path: /spec/template/spec/containers/0/imagePullPolicy, value: Always}\n",
    ),
    (
        ENTRY,
        "patches:\n- patch: |\n    - {op: add, path: /spec/containers/0/env/-, value: {name: image, value: 'other:v1'}}\n",
    ),
    (
        ENTRY,
        "patches:\n- patch: |\n    - {op: add, path: /spec/template/spec/containers/-, value: {name: side, image: 'busybox:1'}}\n",
    ),
    (ENTRY, "patches:\n- patch: |\n    - {op: test, path: /spec/containers/0/image, value: other}\n"),
    (ENTRY, "patches:\n- patch: |\n    kind: Pod\n    spec: {containers: [{name: a, image: 'web:v8'}]}\n"),
    (
        ENTRY,
        "patches:\n- patch: |\n    kind: Pod\n    spec: {containers: [{name: a, resources: {}}], imagePullSecrets: [{name: image}]}\n",
    ),
    (ENTRY, "patches:\n- patch: |\n    kind: ConfigMap\n    data: {image: 'other:v1'}\n"),
    (ENTRY, "patches:\n- path: image.yaml\ntransformers: [labels.yaml]\nreplacements:\n- path: images.yaml\n"),
    (
        ENTRY,
        "transformers:\n- |\n  apiVersion: builtin\n  kind: LabelTransformer\n  metadata: {name: image}\n  labels: {image: b}\n",
    ),
    (
        ENTRY,
        "replacements:\n- source: {kind: Pod, name: c, fieldPath: 'spec.containers.[name=web].image'}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.template.spec.containers.0.image]\n",
    ),
    (RELEASE, "      patches:\n      - patch: |\n          - {op: replace, path: /spec/image, value: 2}\n"),
    (
        RELEASE,
        "      patchesStrategicMerge:\n      - {kind: Pod, metadata: {name: image}, spec: {containers: [{name: a, env: []}]}}\n",
    ),
    (
        APPLICATION,
        "      patches:\n      - patch: |\n          - {op: replace, path: /spec/containers/0/image, value: 'web:v8'}\n",
    ),
];

/// Writes the file, and returns what a check of it and a release give, without and with a rule about the image.
fn outputs(beginning: &str, step: &str) -> [Output; 4] {
    let stage = stage(&[("org/web", "v1"), ("org/web", "v2")]);
    let path = if beginning == ENTRY { KUSTOMIZATION } else { "k/x.yaml" };
    write(&stage, path, &format!("{beginning}{step}"));
    let argument = if beginning == RELEASE { "image=*:v2" } else { "web=*:v2" };
    let check = || on_branch(&stage, "check", &["-f", path]).run();
    let release = || release(&stage, &["-f", path, "--dry-run", argument]);
    let free = [check(), release()];
    rule(&stage, "platforms: linux/amd64");
    let [checked, released] = free;
    [checked, released, check(), release()]
}

#[test]
fn a_step_that_may_set_another_image_leaves_a_rule_in_doubt() {
    for (beginning, step) in SET_IMAGES {
        let [checked, released, check_ruled, release_ruled] = outputs(beginning, step);
        let told = "may set this image too, and what it sets is deployed then";
        checked.success().stdout_has(told);
        released.success().stdout_has(told);
        for ruled in [check_ruled, release_ruled] {
            ruled.exit(9).stderr_has("cannot tell for certain which image").stderr_has(told);
        }
    }
}

#[test]
fn a_step_that_sets_no_image_leaves_no_doubt() {
    for (beginning, step) in SET_NO_IMAGES {
        for output in outputs(beginning, step) {
            let told = output.success().stdout();
            assert!(!told.contains("what it sets is deployed"), "{step}{told}");
        }
    }
}

/// What Flux takes from a ConfigMap for a path counts before the values.
#[test]
fn values_from_elsewhere_are_told_by_all_commands() {
    let stage = stage(&[("org/web", "v1"), ("org/web", "v2")]);
    let (path, told) = ("k/h.yaml", "`image.tag` in `valuesFrom` decides, at 6:44, whatever the values say");
    let text = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: x}\nspec:\n  valuesFrom:\n  \
                - {kind: ConfigMap, name: x, targetPath: image.tag}\n  values:\n    image: {repository: REG/org/web, tag: v1}\n";
    write(&stage, path, text);
    for _ in 0..2 {
        on_branch(&stage, "check", &["-f", path]).run().exit(3).stderr_has(told);
        release(&stage, &["-f", path, "image=*:v2"]).exit(3).stderr_has(told);
        release(&stage, &["-f", path, "--no-check", "image=*:v2"]).exit(3).stderr_has(told);
        on_branch(&stage, "status", &["-f", path]).run().success().stdout_has(told);
        rule(&stage, "images: ['**/web']");
    }
}

#[test]
fn a_patch_is_for_the_entry_that_is_called_like_its_container() {
    let stage = stage(&[("org/web", "v1"), ("org/api", "v1")]);
    let entries = "images:\n- name: web\n  newName: REG/org/web\n  newTag: v1\n- name: api\n  newName: REG/org/api\n  newTag: v1\n";
    let told = |step: &str| {
        write(&stage, KUSTOMIZATION, &format!("{entries}{step}"));
        let output = on_branch(&stage, "check", &["-k", "k"]).run().success();
        ["web", "api"].map(|name| output.stdout().contains(&format!("`{name}`: the patch on line")))
    };
    let merge = |object: &str, container: &str, image: &str| {
        told(&format!(
            "patches:\n- patch: |\n    kind: Pod\n    metadata: {{name: {object}}}\n    spec: {{containers: [{{name: {container}, image: '{image}'}}]}}\n"
        ))
    };
    assert_eq!(merge("x", "api", "other:v1"), [false, true]);
    assert_eq!(merge("api", "y", "other:v1"), [false, true]);
    assert_eq!(merge("api", "web", "other:v1"), [true, false]);
    assert_eq!(merge("x", "y", "mirror/web:v1"), [true, false]);
    assert_eq!(merge("x", "y", "other:v1"), [true, true]);
    // Letters that are a part of a word are none.
    assert_eq!(merge("x", "a", "other:v1"), [true, true]);
    assert_eq!(merge("x", "api-server", "other:v1"), [false, true]);
    let json = |target: &str| {
        told(&format!(
            "patches:\n- target: {{kind: Pod{target}}}\n  patch: |\n    - {{op: replace, path: /spec/containers/0/image, value: other}}\n"
        ))
    };
    assert_eq!(json(", name: api"), [false, true]);
    assert_eq!(json(""), [true, true]);
}

/// In a HelmRelease and in a source of Argo CD too.
#[test]
fn a_patch_behind_a_chart_is_for_the_image_that_is_called_like_its_container() {
    let stage = stage(&[("org/web", "v1"), ("org/side", "v1")]);
    let release = RELEASE.replace(
        "  postRenderers:",
        "    sidecar:\n      image:\n        repository: REG/org/side\n        tag: v1\n  postRenderers:",
    );
    let application = APPLICATION.replace("['web=REG/org/web:v1']", "['REG/org/web:v1', 'REG/org/side:v1']");
    for beginning in [release, application] {
        let told = |container: &str| {
            let patch = format!("spec: {{containers: [{{name: {container}, image: other}}]}}");
            write(&stage, "a.yaml", &format!("{beginning}      patches:\n      - patch: |\n          {patch}\n"));
            let output = on_branch(&stage, "check", &["-f", "a.yaml"]).run().success();
            output.stdout().matches("may set this image too").count()
        };
        assert_eq!((told("web"), told("side"), told("other")), (1, 1, 2), "{beginning}");
    }
}

/// It is told as not checked, and nothing is required of it.
#[test]
fn an_image_without_a_version_is_in_no_doubt() {
    let stage = stage(&[("org/side", "v1")]);
    let values = "image: {registry: REG/org, tag: ''}\ncontroller: {image: {repository: web, tag: ''}}\n\
                  side: {image: {registry: REG, repository: org/side, tag: v1}}\n";
    write(&stage, "v.yaml", values);
    let check = on_branch(&stage, "check", &["-f", "v.yaml", "--platform", "linux/amd64"]);
    check.run().success().stdout_has("`controller.image` in v.yaml has neither tag nor digest");
}
