//! `check -k`: what a check of the files on the release branch tells, and what it costs.

use serde_json::Value;

use crate::pipeline::{PRODUCTION, Pipeline, STAGING, document, kustomization};
use crate::support::registry::{ALWAYS, Fault};
use crate::support::repository::File;

/// Has an entry `web` with this tag in both environments, and more commits than a first look reads.
fn environments_with(tag: &str) -> Pipeline {
    let environments = Pipeline::with_environments();
    let image = format!("newName: {}/org/web\n  newTag: {tag}", environments.stage.registry.address());
    let files = [STAGING, PRODUCTION]
        .map(|folder| File::new(&format!("{folder}/kustomization.yaml"), kustomization(&[("web", &image)])));
    environments.stage.remote.commit("main", "Images", &files);
    environments.stage.remote.commits("main", 60);
    environments
}

/// Of many files, the reader must know which ones to mend.
#[test]
fn a_missing_image_is_told_with_the_entries_that_name_it() {
    let environments = environments_with("v1");
    let mut output = environments.run("check", &["-k", "overlays/*"]).run().exit(4);
    for folder in [STAGING, PRODUCTION] {
        output = output.stderr_has(&format!("named by `web` in {folder}/kustomization.yaml"));
    }
    // What is wrong with an image that the command line names is not about a file.
    let reference = format!("{}/org/web:v1", environments.stage.registry.address());
    environments.stage.tagship().args(["check", &reference]).run().exit(4).says_nowhere("named by");
}

#[test]
fn a_value_that_is_no_tag_is_told_with_its_file() {
    let environments = environments_with("'a b'");
    let output = environments.run("check", &["-k", PRODUCTION]).run().exit(3);
    output.stderr_has("the entry `web` has a bad tag: ").stderr_has(&format!("in {PRODUCTION}/kustomization.yaml"));
}

/// What the file says of an entry is not what runs if another one replaces it.
#[test]
fn an_entry_that_another_one_replaces_is_told() {
    let environments = Pipeline::with_environments();
    let image = format!("{}/org/web", environments.stage.registry.address());
    let entries = [("web", &*format!("newName: {image}\n  newTag: v1")), (&*image, "newTag: v2")];
    let file = File::new(&format!("{PRODUCTION}/kustomization.yaml"), kustomization(&entries));
    environments.stage.remote.commit("main", "By hand", &[file]);
    for tag in ["v1", "v2"] {
        environments.build("web", tag);
    }
    let output = environments.run("check", &["-k", PRODUCTION]).run().success();
    let told = format!("`web`: kustomize applies the entry `{image}` on line");
    let output = output.stdout_has(&told).stdout_has("to it too, whose version is deployed in its place");
    assert_eq!(output.stdout().matches("kustomize applies").count(), 1, "{}", output.stdout());
}

/// Only a rule about the source commit needs to know from which one an entry was built.
#[test]
fn history_is_read_only_for_a_rule_about_the_source() {
    let environments = environments_with("v1").over_http();
    environments.build("web", "v1");
    let cost = |command: &str| {
        environments.server.requests();
        environments.run(command, &["-k", "overlays/*"]).run();
        environments.server.requests().len()
    };
    let of_files_alone = cost("status");
    assert_eq!(cost("check"), of_files_alone);
    let rule = |demand: &str| File::new(".tagship.yaml", format!("rules:\n- paths: ['**']\n  {demand}\n"));
    environments.stage.remote.commit("main", "A rule about the file", &[rule("tags: v*")]);
    let with_rules = cost("check");
    environments.stage.remote.commit("main", "A rule about the source", &[rule("revision: true")]);
    assert!(cost("check") > with_rules);
}

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: NAME\nspec:\n  template:\n    spec:\n      \
                          containers:\n      - name: web\n        image: IMAGE\n";
const APPLICATION: &str = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web\nspec:\n  source:\n    \
                           helm:\n";
const FLUX: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: apps\nspec:\n  \
                    images:\n  - name: acme/web\n    newName: IMAGE\n    newTag: v1\n";

fn deployment(name: &str, image: &str) -> String {
    DEPLOYMENT.replace("NAME", name).replace("IMAGE", image)
}

const WORKFLOW: &str =
    "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata:\n  name: web\nspec:\n  templates:\n";

const RELEASE: &str = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: web\nspec:\n  \
                       postRenderers:\n  - kustomize: {}\n  - kustomize:\n      images:\n";

/// A check that says `present` has looked at all that the file has.
#[test]
fn an_image_that_cannot_be_told_is_a_failure() {
    let environments = Pipeline::with_environments();
    let image = |tag: &str| format!("image:\n  repository: acme/web\n  tag: {tag}\n");
    let two = format!("{}---\n{}", image("v1"), image("v2"));
    let among =
        |entry: &str| format!("{}---\nimage: acme/web\n", FLUX.replace("newName: IMAGE\n    newTag: v1", entry));
    for (text, expected) in [
        (two.as_str(), "all.yaml:5:1: `image` is ambiguous: "),
        (&deployment("web", "ghcr.io/x:$TAG"), "all.yaml:10:16: `ghcr.io/x:$TAG` is not a reference of an image: "),
        (&format!("{}  tag: v1\n", image("v1")), "all.yaml:4:3: the key `tag` is here again, after 3:3"),
        (&format!("{APPLICATION}      values: |\n        image: [\n"), "in the values that are text here, "),
        (
            &format!("{APPLICATION}    kustomize:\n      images: ['acme/web:']\n"),
            "this is not an image as Argo CD reads it",
        ),
        (&among("digest: sha256:1"), "this Kustomization of Flux is one of several documents"),
        ("kind: Pod\nmetadata: {}\ncontainers:\n- name: web\n  image: acme/web:v1\n", "no `apiVersion`"),
        ("", "there is no image to check in `all.yaml`"),
        ("heroImage: 'a photo'\n", "there is no image to check in `all.yaml`"),
    ] {
        environments.stage.remote.commit("main", "A file", &[File::new("all.yaml", text)]);
        let output = environments.run("check", &["-f", "all.yaml"]).run().exit(3);
        output.stderr_has(expected);
        environments.run("status", &["-f", "all.yaml"]).run().success();
    }
}

/// `check` takes no arguments for entries, and has no `--no-check`.
#[test]
fn an_image_without_a_name_is_told_with_a_hint_that_helps() {
    let environments = Pipeline::with_environments();
    for text in ["image:\n  tag: v1\n", "apps:\n  image_tag: v1\n"] {
        environments.stage.remote.commit("main", "A file", &[File::new("all.yaml", text)]);
        let output = environments.run("check", &["-f", "all.yaml"]).run().exit(3);
        let output = output.stderr_has("the file does not say which image `").says_nowhere("--no-check");
        output.stderr_has("hint: check the image by itself");
    }
}

/// One image of each file is not in its registry.
#[test]
fn every_image_that_a_file_names_is_asked_for() {
    let environments = Pipeline::with_environments();
    let known = format!("{}/org/web:v1", environments.stage.registry.address());
    environments.build("web", "v1");
    let absent = format!("{}/org/absent", environments.stage.registry.address());
    let parameter = |name: &str, value: &str| format!("      - name: {name}\n        value: {value}\n");
    let parameters = format!(
        "{APPLICATION}      parameters:\n{}{}",
        parameter("web.image.repository", &absent),
        parameter("web.image.tag", "v1")
    );
    let marked =
        format!("apiVersion: v1\nkind: ConfigMap\ndata:\n  web: {absent}:v1 # {{\"$imagepolicy\": \"apps:web\"}}\n");
    for (text, name) in [
        (format!("{}---\n{}", deployment("a", &known), deployment("b", &format!("{absent}:v1"))), "Deployment/b/web"),
        (
            deployment("a", &format!("{absent}:v1")).replace("- name: web\n        image", "- image"),
            ".spec.template.spec.containers[0].image",
        ),
        (parameters, "web.image"),
        (format!("image: {known}\n---\n{}", FLUX.replace("IMAGE", &absent)), ".spec.images[0].newTag"),
        (marked, "apps:web"),
        (
            format!("{}      initContainers:\n      - name: web\n        image: {known}9\n", deployment("a", &known)),
            "web",
        ),
        (
            format!(
                "{}      volumes:\n      - name: web\n        image:\n          reference: {absent}:v1\n",
                deployment("a", &known)
            ),
            ".spec.template.spec.volumes[0].image.reference",
        ),
        (
            format!(
                "{WORKFLOW}  - name: web\n    container:\n      name: main\n      image: {known}\n  - name: job\n    \
                 script:\n      name: main\n      image: {absent}:v1\n"
            ),
            ".spec.templates[1].script.image",
        ),
        (
            format!("{RELEASE}      - name: org/app\n        newName: {absent}\n        newTag: v1\n"),
            ".spec.postRenderers[1].kustomize.images[0].newTag",
        ),
        (
            format!("{RELEASE}      - name: {absent}\n        newTag: v1\n        digest: sha256:{}\n", "0".repeat(64)),
            ".spec.postRenderers[1].kustomize.images[0].digest",
        ),
        (format!("x-web: &a {absent}:v1\nservices:\n  web: {{image: *a}}\n"), ".x-web"),
        (
            format!("x: &a\n  image: {absent}:v1\nservices:\n  web:\n    <<: *a\n  job:\n    image: {known}\n"),
            ".x.image",
        ),
    ] {
        environments.stage.remote.commit("main", "A file", &[File::new("all.yaml", text)]);
        let output = environments.run("check", &["-f", "all.yaml"]).run().exit(4);
        output.stderr_has(&format!("named by `{name}` in all.yaml"));
    }
}

/// What looks like an image in a manifest, and is in no place that is known to have one, is told beside the others.
#[test]
fn what_may_be_an_image_is_told() {
    let environments = Pipeline::with_environments();
    let known = format!("{}/org/web:v1", environments.stage.registry.address());
    environments.build("web", "v1");
    let prometheus = |field: &str| {
        let deployment = deployment("web", &known);
        format!("{deployment}---\napiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nspec:\n  {field}\n")
    };
    let check = |text: &str| {
        environments.stage.remote.commit("main", "A file", &[File::new("all.yaml", text)]);
        environments.run("check", &["-f", "all.yaml"]).run().success().stdout_has("present")
    };
    for field in
        ["image: acme/web:v1", "imageName: acme/web:v1", "reference: acme/web:v1", "sidecar: {image: acme/web:v1}"]
    {
        check(&prometheus(field)).stdout_has("not checked: all.yaml:15:").stdout_has("`acme/web:v1` may be an image");
    }
    let mapping = check(&prometheus("image: {repository: acme/web, tag: v1}")).stdout_has("not checked: all.yaml:15:");
    mapping.stdout_has("`acme/web:v1` may be an image, and images are not read at `spec.image`");
    let mapping = check(&prometheus("agent: {image: {registry: ghcr.io, name: acme/web, version: v1}}"));
    mapping.stdout_has("`ghcr.io/acme/web:v1` may be an image, and images are not read at `spec.agent.image`");
    let workflow = format!("{}---\n{WORKFLOW}  - container: {{image: '{{{{image}}}}'}}\n", deployment("web", &known));
    check(&workflow).stdout_has("not checked: all.yaml:18:24: the value is decided elsewhere");
    for field in [
        "image: web",
        "image: \"\"",
        "image: {name: acme/web}",
        "text: acme/web:v1",
        "reference: 'a: photo'",
        "chart: {repository: acme/web, version: v1}",
    ] {
        let output = check(&prometheus(field));
        assert!(!output.stdout().contains(" warn "), "{}", output.stdout());
    }
    // With its registry, a reference shows under any key, in files of any kind.
    for field in ["images: {api: ghcr.io/acme/web:v1}", "env: [{name: WORKER, value: ghcr.io/acme/web:v1}]"] {
        let output = check(&format!("image: {known}\n{field}\n"));
        output.stdout_has("not checked: all.yaml:2:").stdout_has("`ghcr.io/acme/web:v1` may be an image");
    }
    let workflow = format!("on: push\njobs:\n  a:\n    container: ghcr.io/acme/web:v1\nimage: {known}\n");
    check(&workflow).stdout_has("images are not read at `jobs.a.container`");
    // The flags for its registry are those of the command.
    let output = check(&format!("image: {known}\nimages: {{api: 'ghcr.io/acme/web:v1'}}\n"));
    output.stdout_has("not read at `images.api`; to check it, name `ghcr.io/acme/web:v1` in the same command\n");
    let output = check(&format!("image: {known}\nsame: {known}\ntext: acme/web:v1\nurl: ghcr.io/acme/web\n"));
    assert_eq!(output.stdout().matches(" warn ").count(), 1, "what is asked for elsewhere:\n{}", output.stdout());
}

/// What is wrong with one file hides nothing of the others.
#[test]
fn a_file_that_cannot_be_told_is_told_beside_the_others() {
    let environments = Pipeline::with_environments();
    let known = environments.build("web", "v1");
    let files = [
        File::new("untold.yaml", "image:\n  tag: v1\n"),
        File::new("broken.yaml", "a: [\n"),
        File::new("doubts.yaml", format!("image: {known}\nimages: {{api: 'ghcr.io/acme/web:v1'}}\n")),
    ];
    environments.stage.remote.commit("main", "Files", &files);
    let paths = ["-f", "untold.yaml", "-f", "broken.yaml", "-f", "doubts.yaml"];
    let output = environments.run("check", &paths).run().exit(3).stderr_has("error: 2 problems\n");
    let output = output.stderr_has("the file does not say which image `image` is").stderr_has("broken.yaml");
    output.stdout_has("not checked: doubts.yaml:2:15: `ghcr.io/acme/web:v1` may be an image");
}

/// An alias of an image that is listed says nothing new.
#[test]
fn an_image_and_its_aliases_are_one() {
    let environments = Pipeline::with_environments();
    let known = format!("{}/org/web:v1", environments.stage.registry.address());
    environments.build("web", "v1");
    let text = format!("services:\n  web: {{image: &a '{known}'}}\n  job: {{image: *a}}\nheroImage: a photo\n");
    environments.stage.remote.commit("main", "A file", &[File::new("compose.yaml", &text)]);
    environments.run("check", &["-f", "compose.yaml"]).run().success().stdout_has("present");
    let values = format!("image: &a {known}\njob:\n  image: *a\nheroImage: a photo\n");
    let files = [File::new("values.yaml", &values), File::new("other.yaml", "replicas: 1\n")];
    environments.stage.remote.commit("main", "Files", &files);
    let output = environments.run("check", &["-f", "values.yaml", "-f", "other.yaml"]).run().success();
    output.stdout_has("not checked: values.yaml:4:12: `a photo`").stdout_has("no image shows in `other.yaml`");
}

/// A tag behind `newName` is not the tag: kustomize puts that of the manifest behind it.
#[test]
fn a_new_name_with_a_tag_is_no_name() {
    let environments = Pipeline::with_environments();
    let image = format!("newName: {}/org/web:v1", environments.stage.registry.address());
    let file = File::new(&format!("{PRODUCTION}/kustomization.yaml"), kustomization(&[("web", &image)]));
    environments.stage.remote.commit("main", "A tag in the name", &[file]);
    let output = environments.run("check", &["-k", PRODUCTION]).run().exit(3);
    output.stderr_has("the entry `web` has a bad name: ").says_nowhere("nothing to check");
}

/// The command line is not wrong: the file is.
#[test]
fn a_name_in_a_file_that_no_registry_can_have() {
    let environments = Pipeline::with_environments();
    let image = format!("newName: {}/Org/web\n  newTag: v1", environments.stage.registry.address());
    let file = File::new(&format!("{PRODUCTION}/kustomization.yaml"), kustomization(&[("web", &image)]));
    environments.stage.remote.commit("main", "Capitals", &[file]);
    environments
        .run("check", &["-k", PRODUCTION])
        .run()
        .exit(3)
        .stderr_has("/Org/web` cannot be looked up in a registry");
    // A source of Flux has a place for the tag, and its URL has none.
    let source = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: web}\n\
                  spec: {url: 'oci://ghcr.io/org/web:v1', ref: {tag: v1}}\n";
    environments.stage.remote.commit("main", "Source", &[File::new("source.yaml", source)]);
    let output = environments.run("check", &["-f", "source.yaml"]).run().exit(3);
    output.stderr_has("hint: take the tag out of the name, which has a place of its own");
}

/// A job that tries again after a registry's outage must not miss what a person must mend.
#[test]
fn a_broken_rule_is_told_beside_an_image_that_is_missing() {
    let environments = environments_with("v1");
    let rules = "rules:\n- paths: [overlays/*]\n  tags: ['x*']\n- paths: [overlays/*]\n  platforms: linux/amd64\n";
    environments.stage.remote.commit("main", "Rules", &[File::new(".tagship.yaml", rules)]);
    let broken = "the rule `.tagship.yaml:3` stops this by `tags`: the tag `v1` is not allowed";
    let check = |code: i32| environments.run("check", &["-k", "overlays/*"]).run().exit(code).stderr_has(broken);
    let output = check(9).stderr_has("is not in the registry").says_nowhere("platforms");
    assert_eq!(output.stderr().matches(broken).count(), 1, "each sentence once:\n{}", output.stderr());
    // Programs find it where they find it beside images that are there.
    let json = document(&environments.run("check", &["-k", "overlays/*", "--output", "json"]).run().exit(9));
    let rules = json["rules"].as_array().unwrap();
    let told = |rule: &Value| (rule["demand"] == "tags", rule["holds"] == false, rule["entry"] == "web");
    assert_eq!(rules.iter().map(told).collect::<Vec<_>>(), [(true, true, true); 2], "{json}");
    assert_eq!(json["error"]["kind"], "guarded");
    environments.build("web", "v1");
    let output = check(9).stdout_has("platforms  `web` in overlays/staging/kustomization.yaml  holds");
    assert_eq!(output.stderr().matches(broken).count(), 1, "each sentence once:\n{}", output.stderr());
}

/// Has the entries `web` and `api` in production, and a rule; only the image of `web` is there.
fn with_a_rule_and_one_image_of_two(rule: &str) -> Pipeline {
    let environments = Pipeline::with_environments();
    environments.build("web", "v1");
    let images = format!("{}/org", environments.stage.registry.address());
    let entry = |name: &str| format!("- name: {name}\n  newName: {images}/{name}\n  newTag: v1\n");
    let text = format!("images:\n{}{}", entry("web"), entry("api"));
    let rules = format!("rules:\n- paths: [overlays/*]\n  {rule}\n");
    let files = [File::new(&format!("{PRODUCTION}/kustomization.yaml"), text), File::new(".tagship.yaml", rules)];
    environments.stage.remote.commit("main", "Files", &files);
    environments
}

/// A rule that asks the registry is told of the images that are there.
#[test]
fn a_rule_of_an_image_is_told_beside_another_that_is_missing() {
    let environments = with_a_rule_and_one_image_of_two("platforms: linux/arm64");
    let output = environments.run("check", &["-k", PRODUCTION, "--wait", "1s"]).run().exit(9);
    output.stderr_has("is not in the registry").stderr_has("the rule `.tagship.yaml:3` stops this by `platforms`: ");
}

/// Nothing is known of the rule, and that is not silent.
#[test]
fn a_registry_that_fails_is_told_beside_an_image_that_is_missing() {
    let environments = with_a_rule_and_one_image_of_two("platforms: linux/amd64");
    environments.stage.registry.inject("GET /v2/org/web/manifests/", ALWAYS, Fault::status(503));
    let output = environments.run("check", &["-k", PRODUCTION]).run().exit(4);
    output.stderr_has("/org/api:v1` is not in the registry").stderr_has("503");
}
