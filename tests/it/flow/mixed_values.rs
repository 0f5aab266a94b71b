//! Files in which one name means several places of one image that say different things: nothing takes the first one for all.

use serde_json::json;

use crate::pipeline::{Pipeline, document};
use crate::support::command::Command;
use crate::support::repository::File;

const STAGE: &str = "stage.yaml";
const PROD: &str = "prod.yaml";

/// Returns two Deployments whose containers are called alike, with one image each.
fn manifests(environments: &Pipeline, tags: [&str; 2]) -> String {
    let image = format!("{}/org/web", environments.stage.registry.address());
    let object = |(name, tag): (&str, &str)| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        image: {image}:{tag}\n"
        )
    };
    ["a", "b"].into_iter().zip(tags).map(object).collect::<Vec<_>>().join("---\n")
}

fn write(environments: &Pipeline, path: &str, tags: [&str; 2]) {
    let text = manifests(environments, tags);
    environments.stage.remote.commit("main", "A file", &[File::new(path, &text)]);
}

fn file(environments: &Pipeline, path: &str) -> String {
    String::from_utf8(environments.stage.remote.file("main", path)).unwrap()
}

fn environments(stage: [&str; 2], prod: [&str; 2]) -> Pipeline {
    let environments = Pipeline::with_environments();
    write(&environments, STAGE, stage);
    write(&environments, PROD, prod);
    environments
}

fn promote(environments: &Pipeline, name: &str) -> Command {
    environments.run("promote", &["--from", STAGE, "--to", PROD, "--output", "json", name])
}

#[test]
fn different_values_of_one_name_are_not_promoted_as_one() {
    for prod in [["v1.0.0", "v1.0.0"], ["v1.0.0", "v2.0.0"]] {
        let environments = environments(["v1.0.0", "v3.0.0"], prod);
        environments.build("web", "v1.0.0");
        environments.build("web", "v3.0.0");
        let before = file(&environments, PROD);
        let refused = promote(&environments, "web").run().exit(3);
        let refused = refused.stderr_has("stage.yaml:").stderr_has("`Deployment/a/web` at 10:9").stderr_has("v1.0.0");
        refused.stderr_has("`Deployment/b/web` at 21:9").stderr_has("v3.0.0");
        assert_eq!(file(&environments, PROD), before);
        promote(&environments, "Deployment/b/web").run().success();
        assert_eq!(file(&environments, PROD), manifests(&environments, [prod[0], "v3.0.0"]));
    }
}

#[test]
fn what_the_same_file_says_alike_is_promoted_over_a_mixture() {
    let environments = environments(["v2.0.0", "v2.0.0"], ["v1.0.0", "v1.1.0"]);
    environments.build("web", "v2.0.0");
    promote(&environments, "web").run().success();
    assert_eq!(file(&environments, PROD), file(&environments, STAGE));
}

#[test]
fn a_rollback_does_not_make_one_value_of_several() {
    let environments = environments(["v0.1.0", "v0.1.0"], ["v1.0.0", "v1.1.0"]);
    for tag in ["v1.0.0", "v1.1.0", "v1.2.0"] {
        environments.build("web", tag);
    }
    environments.run("release", &["-f", PROD, "web=*:v1.2.0"]).run().success();
    let released = file(&environments, PROD);
    let refused = environments.run("rollback", &["-f", PROD, "web"]).run().exit(3);
    refused.stderr_has("`v1.0.0`, `v1.1.0`").stderr_has("`Deployment/a/web`, `Deployment/b/web`");
    assert_eq!(file(&environments, PROD), released);
    environments.run("rollback", &["-f", PROD, "Deployment/b/web"]).run().success();
    assert_eq!(file(&environments, PROD), manifests(&environments, ["v1.2.0", "v1.1.0"]));
}

/// A change of the second place alone is a change of the name.
#[test]
fn a_change_of_one_place_is_in_the_log() {
    let environments = environments(["v1.0.0", "v1.0.0"], ["v1.0.0", "v1.0.0"]);
    write(&environments, PROD, ["v1.0.0", "v1.1.0"]);
    let listed = environments.log(&["-f", PROD, "web"]);
    assert_eq!((listed.len(), &listed[0]["tag"], &listed[1]["tag"]), (2, &json!(null), &json!("v1.0.0")));
    let table = environments.run("log", &["-f", PROD, "web"]).run().success();
    table.stdout_has("v1.0.0, v1.1.0");
}

#[test]
fn status_shows_each_value() {
    let environments = environments(["v1.0.0", "v3.0.0"], ["v1.0.0", "v3.0.0"]);
    let status = |more: &[&str]| environments.run("status", &[&["-f", STAGE, "-f", PROD][..], more].concat()).run();
    let table = "NAME   stage.yaml       prod.yaml\nweb    v1.0.0, v3.0.0   v1.0.0, v3.0.0   differs\n";
    assert_eq!(status(&["--only-differing"]).success().stdout(), table);
    let told = document(&status(&["--output", "json"]).success());
    let stage = &told["entries"][0]["files"][0];
    assert_eq!((&told["entries"][0]["state"], &stage["tag"]), (&json!("differs"), &json!(null)));
    let several = json!([{"tag": "v1.0.0", "digest": null}, {"tag": "v3.0.0", "digest": null}]);
    assert_eq!(stage["several"], several);
    let one = environments.run("status", &["-f", STAGE, "--only-differing"]).run().success().stdout();
    assert_eq!(one, "NAME   stage.yaml\nweb    v1.0.0, v3.0.0   differs\n");
}

#[test]
fn each_value_is_checked() {
    let environments = environments(["v1.0.0", "v3.0.0"], ["v1.0.0", "v1.0.0"]);
    environments.build("web", "v1.0.0");
    environments.run("check", &["-f", STAGE]).run().exit(4).stderr_has("web:v3.0.0");
    environments.build("web", "v3.0.0");
    environments.run("check", &["-f", STAGE]).run().success();
}
