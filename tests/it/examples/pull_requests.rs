//! The examples that run for a pull request, and tell what is about to be merged: act runs them for an event that describes one.

use serde_json::{Value, json};

use super::{Pipeline, TOKEN};
use crate::support::act::{Act, Run};
use crate::support::command::write_script;
use crate::support::registry::Image;
use crate::support::repository::File;
use crate::support::servers::installed;

const PRODUCTION: &str = "overlays/production/kustomization.yaml";

impl Pipeline {
    /// Runs an example for pull request 7, from a branch of this repository or of a fork to `main`.
    fn run_for_pull_request(&self, example: &str, repository: &str, branch: &str) -> Option<Run> {
        self.for_pull_request(example, repository, branch).map(Act::run)
    }

    fn for_pull_request(&self, example: &str, repository: &str, branch: &str) -> Option<Act> {
        let head = json!({"ref": branch, "sha": self.built, "repo": {"full_name": repository}});
        let event = json!({"pull_request": {"number": 7, "head": head, "base": {"ref": "main"}}});
        let event = self.folder.write("event.json", &event.to_string());
        Some(self.prepare("pull_request", example, &[])?.event(&event))
    }
}

#[test]
fn dry_run() {
    let pipeline = Pipeline::new(&[("overlays/production", &["web"])], &["org/web"], &Image::new());
    let Some(run) = pipeline.run_for_pull_request("dry-run.yml", "org/app", "feature") else { return };
    let run = run.success();
    assert!(run.summary().contains(&format!("+  newTag: {}", pipeline.built)), "{}", run.text());
    assert_eq!(pipeline.remote.number_of_commits("main"), 2);
}

/// GitHub's program, as far as the example uses it: it lists the comments of a file, and keeps the text of a written one.
const GH: &str = r#"#!/bin/sh
set -eu
[ "$GH_TOKEN $GH_REPO" = 'TOKEN org/app' ]
echo "$*" >>FOLDER/calls
case "$*" in
  'api --paginate repos/org/app/issues/7/comments --jq '*) jq -r "$5" FOLDER/comments.json ;;
  'api --method PATCH repos/org/app/issues/comments/'*' -F body=@'*) cp "${6#body=@}" FOLDER/written ;;
  'pr comment 7 --body-file '*) cp "$5" FOLDER/written ;;
  *) exit 1 ;;
esac
"#;

/// The comments of the pull request, and a `gh` that reads and writes them.
struct Comments<'a> {
    pipeline: &'a Pipeline,
    comments: Vec<Value>,
}

impl Comments<'_> {
    /// Runs the example, with what is on the pull request already. Returns what `gh` was asked to write, if it was.
    fn run(&self, repository: &str) -> Option<(Run, Option<(String, String)>)> {
        let folder = self.pipeline.folder.path();
        for file in ["calls", "written"] {
            drop(std::fs::remove_file(folder.join(file)));
        }
        self.pipeline.folder.write("comments.json", &Value::from(self.comments.clone()).to_string());
        let path = format!("{}:{}", folder.join("programs").display(), std::env::var("PATH").unwrap());
        let act = self.pipeline.for_pull_request("dry-run-comment.yml", repository, "feature")?;
        let run = act.env("PATH", &path).run();
        let read = |file: &str| std::fs::read_to_string(folder.join(file)).ok();
        let written = read("calls").and_then(|calls| Some((calls.lines().nth(1)?.to_owned(), read("written")?)));
        Some((run, written))
    }
}

#[test]
fn dry_run_as_a_comment() {
    let pipeline = Pipeline::new(&[("overlays/production", &["web"])], &["org/web"], &Image::new());
    if installed("jq").is_none() {
        return;
    }
    let folder = pipeline.folder.path();
    std::fs::create_dir(folder.join("programs")).unwrap();
    write_script(
        &folder.join("programs/gh"),
        &GH.replace("FOLDER", &folder.display().to_string()).replace("TOKEN org", &format!("{TOKEN} org")),
    );
    let comment = |id: u32, user: &str, body: &str| json!({"id": id, "user": {"login": user}, "body": body});
    let others = [comment(1, "octocat", "<!-- tagship release -->"), comment(2, "github-actions[bot]", "Built.")];
    let mut comments = Comments { pipeline: &pipeline, comments: others.to_vec() };

    // The first run writes a comment, and the second one updates it.
    let Some((run, written)) = comments.run("org/app") else { return };
    run.success();
    let (call, text) = written.expect("a comment");
    assert!(call.starts_with("pr comment 7 "), "{call}");
    assert!(text.starts_with("<!-- tagship release -->\n"), "{text}");
    assert!(text.contains(&format!("+  newTag: {}", pipeline.built)), "{text}");
    comments.comments.push(comment(3, "github-actions[bot]", &text));
    let (run, written) = comments.run("org/app").unwrap();
    run.success();
    let (call, _) = written.expect("a comment");
    assert!(call.starts_with("api --method PATCH repos/org/app/issues/comments/3 "), "{call}");

    // A dry run that fails is told too, and a fork's token writes nothing.
    pipeline.remote.commit(
        "main",
        "Rename the entry",
        &[File::new(PRODUCTION, "images:\n- name: api\n  newTag: v1\n")],
    );
    let (run, written) = comments.run("org/app").unwrap();
    assert_eq!(run.failure().outcome("comment"), Some("success"));
    let (_, text) = written.expect("a comment");
    assert!(text.contains("no `images` entry is named `web`"), "{text}");
    let (run, written) = comments.run("fork/app").unwrap();
    assert!(written.is_none() && run.failure().outcome("comment").is_none());
    assert_eq!(pipeline.remote.number_of_commits("main"), 3);
}

/// Each night on the default branch, and for a pull request on its own, also of a fork.
#[test]
fn check() {
    let pipeline = Pipeline::new(&[], &["org/web"], &Image::new());
    let kustomization =
        |tag: &str| format!("images:\n- name: web\n  newName: {}\n  newTag: {tag}\n", pipeline.image("org/web"));
    let files = |tag: &str| {
        [File::new("apps/web/base/kustomization.yaml", kustomization(tag)), File::new(PRODUCTION, kustomization(tag))]
    };
    pipeline.remote.commit("main", "Add the environments", &files(&pipeline.built));
    pipeline.remote.commit("feature", "Release what was never built", &files("never-built"));
    let nightly = || pipeline.prepare("schedule", "check.yml", &[]).map(Act::run);
    let Some(run) = nightly() else { return };
    run.success();
    let run = pipeline.run_for_pull_request("check.yml", "org/app", "feature").unwrap().failure();
    assert!(run.annotations()[0].message.contains("never-built` is not in the registry"), "{:?}", run.annotations());
    let fork = pipeline.remote.sibling("fork/app");
    fork.commit("feature", "Release what was built", &files(&pipeline.built));
    pipeline.run_for_pull_request("check.yml", "fork/app", "feature").unwrap().success();
    // An image that a registry cleaned away is found at night.
    pipeline.registry.remove_manifest("org/web", &pipeline.built);
    let run = nightly().unwrap().failure();
    assert!(run.annotations()[0].message.contains("is not in the registry"), "{:?}", run.annotations());
}
