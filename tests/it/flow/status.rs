//! What runs where, by what the files of the branch say.

use serde_json::{Value, json};

use crate::pipeline::{PRODUCTION, Pipeline, STAGING, document, kustomization};
use crate::support::repository::File;

/// Adds a file to the release branch.
fn write(environments: &Pipeline, path: &str, text: &str) {
    environments.stage.remote.commit("main", "A file", &[File::new(path, text)]);
}

fn states(entries: &Value) -> Vec<(&str, &str)> {
    let entries = entries.as_array().unwrap();
    entries.iter().map(|entry| (entry["name"].as_str().unwrap(), entry["state"].as_str().unwrap())).collect()
}

fn environments() -> Pipeline {
    let environments = Pipeline::with_environments();
    let digest = format!("sha256:{}", "a".repeat(64));
    let staging = [
        ("web", "newTag: v1.1.0"),
        ("api", "newTag: v2.0.0"),
        ("cron", &format!("newTag: v1\n  digest: {digest}")),
        ("new", "newTag: v1"),
    ];
    let production = [("web", "newTag: v1.0.0"), ("api", "newTag: v2.0.0"), ("cron", "newTag: v1")];
    write(&environments, &format!("{STAGING}/kustomization.yaml"), &kustomization(&staging));
    write(&environments, &format!("{PRODUCTION}/kustomization.yaml"), &kustomization(&production));
    environments
}

const BOTH: [&str; 4] = ["-k", STAGING, "-k", PRODUCTION];

#[test]
fn entries_are_compared_by_name() {
    let environments = environments();
    let before = environments.tip();
    let table = environments.run("status", &BOTH).run().success().stdout();
    let expected = "\
NAME   overlays/staging   overlays/production
api    v2.0.0             v2.0.0                same
cron   v1 aaaaaaaaaaaa    v1                    differs
new    v1                 –                     in 1 of 2 files
web    v1.1.0             v1.0.0                differs
";
    assert_eq!(table, expected);
    let output = environments.run("status", &[&BOTH[..], &["--output", "json"]].concat()).run().success();
    let told = document(&output);
    assert_eq!(
        (&told["command"], &told["outcome"], &told["branch"]),
        (&json!("status"), &json!("listed"), &json!("main"))
    );
    let expected = [("api", "same"), ("cron", "differs"), ("new", "missing"), ("web", "differs")];
    assert_eq!(states(&told["entries"]), expected);
    let new = &told["entries"][2]["files"];
    let file = |folder: &str| format!("{folder}/kustomization.yaml");
    assert_eq!(new[0], json!({"file": file(STAGING), "image": "new", "tag": "v1", "digest": null, "several": []}));
    assert_eq!(new[1], json!({"file": file(PRODUCTION), "image": null, "tag": null, "digest": null, "several": []}));
    assert_eq!(environments.tip(), before);
}

#[test]
fn what_is_the_same_can_be_left_out() {
    let environments = environments();
    let told = environments.run("status", &[&BOTH[..], &["--only-differing"]].concat()).run().success().stdout();
    assert!(!told.contains("api") && told.contains("web") && told.contains("new"), "{told}");
    let same = environments.run("status", &["-k", STAGING, "--only-differing"]).run().success().stdout();
    assert_eq!(same, "no entries to show\n");
}

/// One file is a list of what runs there, with nothing to compare.
#[test]
fn one_file_is_listed() {
    let table = environments().run("status", &["-k", PRODUCTION]).run().success().stdout();
    assert_eq!(table, "NAME   overlays/production\napi    v2.0.0\ncron   v1\nweb    v1.0.0\n");
}

/// Another registry is another image, although the tag is the same; the image is shown then.
#[test]
fn images_are_compared_too() {
    let environments = environments();
    let text = kustomization(&[("api", "newName: mirror.example.com/api\n  newTag: v2.0.0")]);
    write(&environments, &format!("{PRODUCTION}/kustomization.yaml"), &text);
    let table = environments.run("status", &BOTH).run().success().stdout();
    let row = "api    api v2.0.0         mirror.example.com/api v2.0.0   differs\n";
    assert!(table.contains(row), "{table}");
}

/// A table that has no room becomes a list, in which no file stands that lacks the entry.
#[test]
fn a_narrow_terminal_gets_a_list() {
    let environments = environments();
    let list = environments.run("status", &BOTH).env("COLUMNS", "40").run().success().stdout();
    let expected = "new   in 1 of 2 files\n  overlays/staging   v1\nweb   differs\n  overlays/staging   v1.1.0\n";
    assert!(list.contains(expected), "{list}");
    assert!(list.lines().all(|line| line.chars().count() <= 40), "{list}");
}

/// Of two entries with one name, that counts which kustomize makes of an image.
#[test]
fn what_kustomize_makes_of_two_entries_counts() {
    let environments = environments();
    for (folder, entries) in [
        (STAGING, [("web", "newTag: v1"), ("web", "newTag: v2")]),
        (PRODUCTION, [("web", "newName: org/web\n  newTag: v2"), ("web", "newName: org/other\n  newTag: v3")]),
    ] {
        write(&environments, &format!("{folder}/kustomization.yaml"), &kustomization(&entries));
    }
    let output = environments.run("status", &[&BOTH[..], &["--output", "json"]].concat()).run().success();
    let web = &document(&output)["entries"][0]["files"];
    assert_eq!((&web[0]["image"], &web[0]["tag"]), (&json!("web"), &json!("v2")));
    assert_eq!((&web[1]["image"], &web[1]["tag"]), (&json!("org/web"), &json!("v2")));
}

#[test]
fn files_of_other_kinds_are_compared_by_their_own_names() {
    let environments = environments();
    for (file, tag) in [("stage.yaml", "v2"), ("prod.yaml", "v1")] {
        write(&environments, file, &format!("backend:\n  image:\n    repository: org/api\n    tag: {tag}\n"));
    }
    let table = environments.run("status", &["-f", "stage.yaml", "-f", "prod.yaml"]).run().success().stdout();
    assert_eq!(table, "NAME            stage.yaml   prod.yaml\nbackend.image   v2           v1          differs\n");
    let mixed = environments.run("status", &["-k", STAGING, "-f", "prod.yaml"]).run().success();
    mixed.stdout_has("no two of the files have an entry of one name, so nothing was compared");
}

/// An environment that is not there is no environment without entries.
#[test]
fn a_file_that_is_missing_fails() {
    let environments = environments();
    let missing = environments.run("status", &["-k", STAGING, "-k", "overlays/produktion"]).run().exit(3);
    missing.stderr_has("there is no `overlays/produktion` on main");
}

#[test]
fn a_file_in_markdown_has_the_table() {
    let environments = environments();
    let path = environments.stage.home.path().join("comment.md");
    let file = format!("markdown={}", path.display());
    environments.run("status", &[&BOTH[..], &["--result-file", &file]].concat()).run().success();
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.starts_with("<!-- tagship status -->\n### What runs where\n\n| name | "), "{text}");
    assert!(text.contains(" |\n|---|---|---|---|\n| `api` | "), "{text}");
    assert!(text.contains(" | differs |\n"), "{text}");
}

/// As `log` and `release` tell it.
#[test]
fn a_download_of_whole_commits_is_told() {
    let environments = environments();
    environments.stage.remote.configure("uploadpack.allowFilter", "false");
    let status = environments.run("status", &BOTH).run().success();
    status.stdout_has("does not support partial fetches; downloaded whole commits");
}

/// The name of the entry is not that of an image.
#[test]
fn a_tag_alone_has_no_image() {
    let environments = environments();
    write(&environments, "tags.yaml", "image_tag: v1.0.0\n");
    let output = environments.run("status", &["-f", "tags.yaml", "--output", "json"]).run().success();
    let told = document(&output);
    assert_eq!(told["entries"][0]["files"][0]["image"], Value::Null);
    assert_eq!(told["entries"][0]["files"][0]["tag"], "v1.0.0");
    let listed = environments.log(&["-f", "tags.yaml", "image_tag"]);
    assert_eq!(listed[0]["image"], Value::Null);
}

#[test]
fn a_flat_digest_is_listed_in_place_of_its_name() {
    let environments = environments();
    let digest = format!("sha256:{}", "a".repeat(64));
    for image in ["webImage", "WEB_IMAGE", "webRepository"] {
        write(&environments, "values.yaml", &format!("{image}: ghcr.io/org/web\nwebDigest: {digest}\n"));
        let output = environments.run("status", &["-f", "values.yaml", "--output", "json"]).run().success();
        let entries = document(&output)["entries"].clone();
        let file = &entries[0]["files"][0];
        let listed = json!([entries[0]["name"], file["image"], file["digest"], entries[1]]);
        assert_eq!(listed, json!(["webDigest", "ghcr.io/org/web", digest, null]), "{image}{entries}");
    }
}

/// A flat tag shows in place of the name that it is of, however both are called.
#[test]
fn a_flat_tag_is_listed_in_place_of_its_name() {
    let environments = environments();
    for (text, name) in [
        ("webImage: ghcr.io/org/web\nwebTag: v1\n", "webTag"),
        ("webImage: ghcr.io/org/web\nwebVersion: v1\n", "webVersion"),
        ("webImage: ghcr.io/org/web\nwebImageVersion: v1\n", "webImageVersion"),
        ("webImage: ghcr.io/org/web\nwebImageTag: v1\nwebTag: v2\n", "webImageTag"),
        ("webImage: ghcr.io/org/web\nwebVersion: v2\nwebTag: v1\n", "webTag"),
        ("web_image: ghcr.io/org/web\nweb_version: v1\n", "web_version"),
        ("WEB_IMAGE: ghcr.io/org/web\nWEB_TAG: v1\n", "WEB_TAG"),
        ("web-image: ghcr.io/org/web\nweb-tag: v1\n", "web-tag"),
        ("image: ghcr.io/org/web\ntag: v1\n", "tag"),
        ("webimage: ghcr.io/org/web\nwebtag: v1\n", "webtag"),
        ("image: ghcr.io/org/web\nimagetag: v1\n", "imagetag"),
        ("webRepository: ghcr.io/org/web\nwebTag: v1\n", "webTag"),
        ("webImageName: ghcr.io/org/web\nwebTag: v1\nwebDigest: ''\n", "webTag"),
        ("apiImage: ghcr.io/org/web\napiVersion: v2\napiTag: v1\n", "apiTag"),
    ] {
        write(&environments, "values.yaml", text);
        let output = environments.run("status", &["-f", "values.yaml", "--output", "json"]).run().success();
        let entries = document(&output)["entries"].clone();
        let listed =
            json!([entries[0]["name"], entries[0]["files"][0]["image"], entries[0]["files"][0]["tag"], entries[1]]);
        assert_eq!(listed, json!([name, "ghcr.io/org/web", "v1", null]), "{text}{entries}");
        let release = ["-f", "values.yaml", "--no-check", "--dry-run", &format!("{name}=*:v3")];
        environments.run("release", &release).run().success();
    }
    for text in [
        "webImage: ghcr.io/org/web:v1\nwebTag: v2\n",
        "webImage: ghcr.io/org/web:v1\napiTag: v2\n",
        "image: ghcr.io/org/web:v1\nversion: v2\n",
        "image: org/web\ntag: v2\n",
        "heroImage: ''\nheroTag: h1\nwebImage: ghcr.io/org/web:v1\n",
        "apiImage: ghcr.io/org/api\napiVersion: v2\n",
        "chartRepository: ghcr.io/org/charts\nchartVersion: v2\nwebImage: ghcr.io/org/web:v1\n",
        "gitRepository: org/web\ngitTag: v2\nwebImage: ghcr.io/org/web:v1\n",
        "appName: web\nappTag: v2\nwebImage: ghcr.io/org/web:v1\n",
    ] {
        write(&environments, "values.yaml", text);
        let output = environments.run("status", &["-f", "values.yaml"]).run().success().stdout();
        assert!(!output.contains("Tag") && !output.contains("v2"), "{text}{output}");
    }
}
