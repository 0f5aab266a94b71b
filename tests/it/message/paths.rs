//! Paths in trailers are read back as they were.

use crate::pipeline::{PRODUCTION, Pipeline, STAGING, document, kustomization};
use crate::support::repository::File;

/// A trailer is read back without blanks around it, and no line of a message may have a control character.
#[test]
fn a_path_that_a_trailer_cannot_have_as_it_is() {
    let pipeline = Pipeline::new();
    let text = kustomization(&[("web", "newName: org/web\n  newTag: old")]);
    let (one, two) = (pipeline.source("one", &[]), pipeline.source("two", &[]));
    for folder in [" lead", "\u{a0}wide", "[skip ci]", "it's", "Closes #12, (@octocat)", "\u{202e}x", "a:b@c.d"] {
        let file = File::new(&format!("{folder}/kustomization.yaml"), &text);
        let other = File::new(&format!("{folder}/b/kustomization.yaml"), &text);
        pipeline.stage.remote.commit("main", "Add a folder", &[file, other]);
        let flags = ["--no-check", "--output", "json", "-k", folder];
        let release = |tag: &str, source: &str, more: &[&str]| {
            let run = pipeline.run("release", &flags).args(more.iter().copied()).arg(format!("web=*:{tag}"));
            document(&pipeline.in_ci(run, source).run())["outcome"].as_str().unwrap().to_owned()
        };
        let below = format!("{folder}/b");
        assert_eq!(release("build-a", &one, &[]), "released", "{folder:?}");
        assert_eq!(release("build-b", &two, &["-k", &below, "--on-diverged", "release"]), "released", "{folder:?}");
        let listed = pipeline.log(&["-k", folder, "web"]);
        assert_eq!(listed[0]["file"], format!("{folder}/kustomization.yaml"));
        assert_eq!(
            (listed[0]["by_hand"] == true, listed[1]["by_hand"] == true),
            (false, false),
            "{folder:?}: {listed:?}"
        );
        pipeline.run("rollback", &["--no-check", "-k", folder, "web"]).run().success();
        assert_eq!(release("build-b", &two, &[]), "superseded", "{folder:?}");
        let message = pipeline.stage.remote.log("main")[0].message.clone();
        for acts in ["[skip ci]/", "#12", "@octocat", "\u{202e}"] {
            assert!(!message.contains(acts), "{message}");
        }
    }
}

/// A commit without the trailer of an image would be no release to later ones, and an older build would replace it.
#[test]
fn a_release_that_no_trailer_can_tell_is_not_made() {
    let pipeline = Pipeline::new();
    for name in ["user:secret@r.example/web", "r.example/web\\n- x", "web fixes #12"] {
        let file = File::new("k/kustomization.yaml", format!("images:\n- name: web\n  newName: \"{name}\"\n"));
        let tip = pipeline.stage.remote.commit("main", "Add a folder", &[file]);
        let output = pipeline.run("release", &["--no-check", "-k", "k", "web=*:v2"]).run().exit(3);
        output.stderr_has("the commit cannot tell the image of `web`: ").says_nowhere("secret");
        assert_eq!(pipeline.stage.remote.tip("main").unwrap(), tip);
    }
}

/// An entry is called as the manifests call the image, which may be a placeholder.
#[test]
fn an_entry_may_be_called_like_a_mention() {
    let pipeline = Pipeline::new();
    for name in ["@IMAGE@", "#{IMAGE}#", "@scope/app", "x/app#1"] {
        let file =
            File::new("k/kustomization.yaml", format!("images:\n- name: \"{name}\"\n  newName: r.example/web\n"));
        pipeline.stage.remote.commit("main", "Add a folder", &[file]);
        let output = pipeline.run("release", &["--no-check", "-k", "k", &format!("{name}=*:v2")]).run().success();
        output.stdout_has("released");
        let message = pipeline.stage.remote.log("main")[0].message.clone();
        assert!(message.contains(&format!("Tagship-Image: {name}=r.example/web:v2\n")), "{message}");
    }
}

/// Of a tag alone, nothing tells the image, and the title has the name.
#[test]
fn a_title_calls_nobody() {
    let pipeline = Pipeline::new();
    let file = File::new("values.yaml", "'@octocat':\n  image:\n    tag: v1\n");
    pipeline.stage.remote.commit("main", "Add a file", &[file]);
    let output = pipeline.run("release", &["--no-check", "-f", "values.yaml", "@octocat.image=*:v2"]).run().exit(3);
    output.stderr_has("the commit cannot tell the image of `@octocat.image`");
}

/// A commit on the branch that is promoted from can say anything of its source.
#[test]
fn a_source_closes_no_issue() {
    let pipeline = Pipeline::with_environments();
    let path = format!("{STAGING}/kustomization.yaml");
    let file = File::new(&path, kustomization(&[("web", "newName: r.example/web\n  newTag: v2")]));
    let said = format!("Tagship-Image: web=r.example/web:v2\nTagship-File: {path}\nTagship-Version: 0.1.0\n");
    let source = format!("Tagship-Source: fixes #12 org/app@{}\n", "a1".repeat(20));
    pipeline.stage.remote.commit("main", &format!("Release web\n\n{source}{said}"), &[file]);
    pipeline.run("promote", &["--no-check", "--from", STAGING, "--to", PRODUCTION, "web"]).run().success();
    let message = pipeline.stage.remote.log("main")[0].message.clone();
    assert!(message.contains("Tagship-Image: web=") && !message.contains("#12"), "{message}");
}

#[test]
fn a_file_and_an_entry_close_no_issue_together() {
    let pipeline = Pipeline::new();
    let file = File::new("closes", "gh-12:\n  image:\n    repository: r.example/web\n    tag: v1\n");
    pipeline.stage.remote.commit("main", "Add a file", &[file]);
    pipeline.run("release", &["--no-check", "-f", "closes", "gh-12.image=*:v2"]).run().success();
    let message = pipeline.stage.remote.log("main")[0].message.clone();
    assert!(message.contains("closes") && !message.contains("gh-12.image tag"), "{message}");
}
