//! `check -k`: what a check of the files on the release branch tells, and what it costs.

use crate::pipeline::{PRODUCTION, Pipeline, STAGING, kustomization};
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
