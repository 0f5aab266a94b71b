//! The workflow that releases this program: what its last steps publish, run with programs in the place of gh, git and docker
//! that write down how they were called.

use std::fs;

use yaml_rust2::{Yaml, YamlLoader};

use super::root;
use crate::support::command::{Command, Home, write_script};

/// Returns the calls of the programs that a step of a job makes for a release of `version`.
fn calls(job: &str, is_it: impl Fn(&Yaml) -> bool, version: &str) -> String {
    let home = Home::new();
    let calls = home.write("calls", "");
    home.write("CHANGELOG.md", "");
    for kind in ["default", "minimal"] {
        for digest in ["a", "b"] {
            home.write(&format!("digests/{kind}/{digest}"), "");
        }
    }
    for program in ["gh", "git", "docker"] {
        let script = format!("#!/bin/sh\necho \"{program} $*\" >>{}\n", calls.display());
        fs::create_dir_all(home.path().join("programs")).unwrap();
        write_script(&home.path().join("programs").join(program), &script);
    }
    let text = fs::read_to_string(root().join(".github/workflows/release.yml")).unwrap();
    let workflow = YamlLoader::load_from_str(&text).unwrap().remove(0);
    let steps = workflow["jobs"][job]["steps"].as_vec().unwrap().clone();
    let step = steps.iter().find(|step| is_it(step)).unwrap();
    let path = format!("{}:{}", home.path().join("programs").display(), std::env::var("PATH").unwrap());
    let run =
        Command::new("bash").home(&home).current_dir(home.path()).args(["-e", "-c", step["run"].as_str().unwrap()]);
    let run = run.env("PATH", path).env("VERSION", version).env("IMAGE", "ghcr.io/org/tagship");
    run.env("GITHUB_OUTPUT", home.path().join("outputs")).run().success();
    fs::read_to_string(calls).unwrap()
}

fn named(begin: &str) -> impl Fn(&Yaml) -> bool {
    move |step| step["name"].as_str().is_some_and(|name| name.starts_with(begin))
}

/// What follows `v1` or `:1` asked for releases, and no such tag goes back from 1.1.0 to 1.2.0-rc.1 of its own.
#[test]
fn a_pre_release_is_marked_and_moves_no_tag() {
    for (version, is_pre) in [("1.2.0", false), ("1.2.0-rc.1", true)] {
        let release = calls("publish", named("The release"), version);
        assert!(release.contains(&format!("gh release create v{version} --verify-tag")), "{release}");
        assert_eq!(release.contains(" --prerelease "), is_pre, "{release}");
        let tags = calls("publish", named("Let the tags"), version);
        assert_eq!(tags.is_empty(), is_pre, "{tags}");
        let images = calls("image-tags", |step| step["id"].as_str() == Some("tags"), version);
        for suffix in ["", "-minimal"] {
            let own = format!("imagetools create --tag ghcr.io/org/tagship:{version}{suffix} ");
            assert!(images.contains(&own), "{images}");
            for moving in ["1", "1.2", "1.2.0-rc"] {
                let has = images.contains(&format!(" --tag ghcr.io/org/tagship:{moving}{suffix} "));
                assert_eq!(has, !is_pre && moving != "1.2.0-rc", "{moving}{suffix}: {images}");
            }
        }
    }
    assert!(calls("publish", named("Let the tags"), "1.2.0").contains(":refs/tags/v1 "));
}
