//! Files that are no kustomization, although they may have a list of images, and kustomizations beside the one that was
//! named.

use crate::stage::{Stage, tagship};
use crate::support::command::Home;
use crate::support::repository::{Checkout, File};

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n";
const FLUX: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec:\n  path: ./apps\n  images:\n  - name: web\n    newTag: v1\n";
const VALUES: &str = "replicas: 2\nimage:\n  tag: v1\n";
const COMPONENT: &str =
    "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nimages:\n- name: web\n  newTag: v1\n";
const BARE: &str = "images:\n- name: web\n  newTag: v1\n";

#[test]
fn what_is_no_kustomization_is_not_written() {
    let home = Home::new();
    let set = |file: &str, flags: &[&str]| {
        let set = tagship().home(&home).current_dir(home.path()).args(["set", "-k", file]);
        set.args(flags.iter().copied()).arg("web=*:v2").run()
    };
    for (file, text, expected) in [
        (
            "deployment.yaml",
            DEPLOYMENT,
            "deployment.yaml:2:7: this is a `Deployment` of `apps/v1`, not a kustomization",
        ),
        (
            "kustomization.yaml",
            FLUX,
            "kustomization.yaml:2:7: this is a `Kustomization` of `kustomize.toolkit.fluxcd.io/v1`, not a kustomization",
        ),
        ("values.yaml", VALUES, "`values.yaml` is not a kustomization: it has neither that kind nor one of the names"),
    ] {
        let path = home.write(file, text);
        for flags in [&[][..], &["--add"], &["--dry-run", "--add"]] {
            let output = set(file, flags).exit(3).stderr_has(expected);
            assert!(!output.stderr().contains("--add"), "{}", output.stderr());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }
    // kustomize matches keys in any case.
    let any_case = &BARE.replace("images", "Kind: Kustomization\nIMAGES");
    for (file, text) in [("component.yaml", COMPONENT), ("Kustomization", BARE), ("app.yaml", any_case)] {
        home.write(file, text);
        set(file, &[]).success();
    }
}

/// kustomize's own command edits such a file by its name. It is no manifest: those have no `images` at their root.
#[test]
fn entries_of_a_kustomization_with_a_wrong_kind_are_edited_with_a_note() {
    let home = Home::new();
    let text = format!("{DEPLOYMENT}images:\n- name: web\n  newTag: v1\n");
    let path = home.write("kustomization.yaml", &text);
    let output = tagship().home(&home).current_dir(home.path()).args(["set", "-k", ".", "web=*:v2"]).run().success();
    output.stdout_has("not a kustomization: kustomize does not build the file");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text.replace("newTag: v1", "newTag: v2"));
    let other = home.write("deployment.yaml", &text);
    let set = tagship().home(&home).current_dir(home.path()).args(["set", "-k", "deployment.yaml", "web=*:v2"]);
    set.run().exit(3).stderr_has("`deployment.yaml` is not a kustomization");
    assert_eq!(std::fs::read_to_string(&other).unwrap(), text);
}

#[test]
fn a_release_does_not_write_them_either() {
    let stage = Stage::new();
    let url = stage.remote.file_url();
    let release = stage.tagship().args(["release", "--no-check", "--repo", &url, "--add"]);
    let output = release.args(["-k", "4-gitops/manifests/deployment.yaml", "web:v2"]).run().exit(3);
    output.stderr_has("4-gitops/manifests/deployment.yaml:1:7: this is a `Deployment`, not a kustomization");
    stage.untouched();
}

#[test]
fn the_kustomizations_that_have_the_entry_are_named() {
    let stage = Stage::new();
    let file = |path: &str, text: &str| File::new(path, text);
    let files = [
        file("base/kustomization.yaml", "resources:\n- deployment.yaml\n"),
        file("overlays/prod/kustomization.yaml", BARE),
        file("overlays/staging/kustomization.yml", BARE),
        file("overlays/other/kustomization.yaml", "images:\n- name: api\n"),
        file("overlays/broken/kustomization.yaml", "images:\n- name: web\n bad"),
    ];
    stage.remote.commit("main", "Add overlays", &files);
    let url = stage.remote.file_url();
    let release = |name: &str| {
        let release = stage.tagship().args(["release", "--no-check", "--repo", &url, "-k", "base"]);
        release.arg(format!("{name}=*:v2")).run().exit(3)
    };
    let output = release("web").stderr_has("no `images` entry is named `web` in `base/kustomization.yaml`");
    output.stderr_has("  hint: `overlays/prod` and `overlays/staging` have an entry `web`; name one with `-k`\n");
    release("nothing").stderr_has("`--add` appends a new entry");
    // The folders of a checkout are at hand as well.
    let checkout = Checkout::shallow(&url);
    let release =
        stage.tagship().current_dir(checkout.path()).args(["release", "--no-check", "-k", "base", "web=*:v2"]);
    let output = release.run().exit(3);
    output.stderr_has("  hint: `overlays/prod` and `overlays/staging` have an entry `web`; name one with `-k`\n");
}

/// `set` looks on disk, as far as the workspace goes.
#[test]
fn set_names_them_too() {
    let home = Home::new();
    for (path, text) in [
        ("work/base/kustomization.yaml", "resources:\n- deployment.yaml\n"),
        ("work/overlays/prod/kustomization.yaml", BARE),
        ("work/overlays/staging/kustomization.yml", BARE),
        ("work/overlays/other/kustomization.yaml", "images:\n- name: api\n"),
        ("work/overlays/broken/kustomization.yaml", "images:\n- name: web\n bad"),
        ("work/.git/kustomization.yaml", BARE),
        ("elsewhere/kustomization.yaml", BARE),
    ] {
        home.write(path, text);
    }
    let work = home.path().join("work");
    std::os::unix::fs::symlink("../elsewhere", work.join("link")).unwrap();
    std::os::unix::fs::symlink(".", work.join("round")).unwrap();
    let set = |folder: &str, path: &str, name: &str| {
        let set = tagship().home(&home).current_dir(work.join(folder)).args(["set", "-k", path]);
        set.arg(format!("{name}=*:v2")).run().exit(3)
    };
    let output = set(".", "base", "web").stderr_has("no `images` entry is named `web` in `base/kustomization.yaml`");
    output.stderr_has("  hint: `overlays/prod` and `overlays/staging` have an entry `web`; name one with `-k`\n");
    let expected = "  hint: `../overlays/prod` and `../overlays/staging` have an entry `web`; name one with `-k`\n";
    set("base", ".", "web").stderr_has(expected);
    set(".", "base", "nothing").stderr_has("`--add` appends a new entry");
    // Without a checkout, the current folder is all that is looked through.
    std::fs::remove_dir_all(work.join(".git")).unwrap();
    set("base", ".", "web").stderr_has("`--add` appends a new entry");
}

/// In one of several files, the name of an entry may be the key of something else.
#[test]
fn a_name_that_is_no_image_in_one_of_two_files() {
    let home = Home::new();
    let values = "web:\n  image:\n    repository: ghcr.io/org/web\n    tag: v1\n";
    let set = |text: &str, arguments: &[&str]| {
        home.write("kustomization.yaml", BARE);
        home.write("values.yaml", text);
        let set = tagship().home(&home).current_dir(home.path()).args(["set", "-k", "."]);
        set.args(["-f", "values.yaml"]).args(arguments.iter().copied()).run()
    };
    set(values, &["web=*:v2", "web.image=*:v2"]).success();
    let read = |file: &str| std::fs::read_to_string(home.path().join(file)).unwrap();
    assert_eq!(
        (read("kustomization.yaml"), read("values.yaml")),
        (BARE.replace("v1", "v2"), values.replace("v1", "v2"))
    );
    set("web: [v1]\n", &["web=*:v2"]).exit(3).stderr_has("values.yaml:1:6: an image is written into a scalar");
    set("web: [v1]\nimage: web:v1\n", &["web=*:v2", "image=*:v2"]).success().stdout_has("kustomization.yaml:3");
    // Half an image is not taken for something else.
    let half = "web:\n  repository: ghcr.io/org/web\n";
    set(half, &["web=*:v2"]).exit(3).stderr_has("values.yaml:2:3: the mapping `web` has none of `tag`");
    // What is there is told if no file has the image.
    let output = set("api:\n  image:\n    tag: v1\n", &["api=*:v2"]).exit(3);
    output.stderr_has("values.yaml:2:3: the mapping `api` has none").stderr_has("name the image in it: `api.image`");
    set("web:\n  image:\n    tag: v1\n", &["web=*:v2"])
        .exit(3)
        .stderr_has("values.yaml:2:3: the mapping `web` has none");
    assert_eq!(read("kustomization.yaml"), BARE);
}
