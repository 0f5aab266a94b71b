//! Releases by a request at GitLab, Gitea and Azure DevOps: the program, with git and the API of one server.

use crate::pipeline::document;
use crate::stage::Stage;
use crate::support::command::Command;
use crate::support::forge::{Forge, Kind, RequestState, Rights, TOKEN};

const KINDS: [(Kind, &str); 3] = [(Kind::GitLab, "gitlab"), (Kind::Gitea, "forgejo"), (Kind::Azure, "azure")];

fn release(stage: &Stage, forge: &Forge, word: &str, tag: &str) -> Command {
    let release = stage.release_to(&forge.url_with_token(TOKEN)).env("TAGSHIP_OUTPUT", "json");
    let flags = ["--branch", "main", "--forge", word, "--no-check", "--pull-request"];
    release.args(flags).arg(format!("IMAGE_PLACEHOLDER=*:{tag}"))
}

#[test]
fn a_release_is_proposed_kept_up_to_date_and_merged() {
    for (kind, word) in KINDS {
        let stage = Stage::new();
        let forge = Forge::start(kind, &stage.remote);
        forge.store().waits = true;
        let first = document(&release(&stage, &forge, word, "v1.0.0").run().success());
        assert_eq!(first["outcome"], "proposed", "{kind:?}");
        assert_eq!(first["pull_request"]["operation"], "opened", "{kind:?}");
        assert_eq!(forge.calls().len(), 1, "{kind:?}: a new branch has no request");
        let again = document(&release(&stage, &forge, word, "v1.0.0").run().success());
        assert_eq!(again["pull_request"]["operation"], "unchanged", "{kind:?}");
        forge.calls();
        let newer = release(&stage, &forge, word, "v1.1.0").arg("--auto-merge=squash");
        let newer = document(&newer.run().success());
        assert_eq!(newer["pull_request"]["operation"], "updated", "{kind:?}");
        assert_eq!(newer["pull_request"]["auto_merge"], "armed", "{kind:?}");
        let calls = forge.calls();
        assert!(calls.len() <= 4, "{kind:?}: {:?}", calls.iter().map(|call| call.line()).collect::<Vec<_>>());
        let page = forge.store().only().clone();
        assert_eq!((page.number, page.state), (1, RequestState::Open), "{kind:?}: it was never closed");
        assert!(newer["pull_request"]["url"].as_str().unwrap().starts_with(&forge.origin()), "{kind:?}");
        forge.store().pass_checks();
        let merged = stage.remote.log("main").swap_remove(0);
        assert!(!merged.trailer("Tagship-Image").is_empty(), "{kind:?}: {merged:?}");
        let done = document(&release(&stage, &forge, word, "v1.1.0").run().success());
        assert_eq!(done["outcome"], "unchanged", "{kind:?}");
    }
}

#[test]
fn a_token_that_may_only_push_is_told_what_was_pushed() {
    for (kind, word, needs, page) in [
        (Kind::GitLab, "gitlab", "scope `api`", "/-/merge_requests/new?"),
        (Kind::Gitea, "gitea", "`write:repository`", "/compare/main...tagship/main/"),
        (Kind::Azure, "azure", "Contribute to pull requests", "/pullrequestcreate?sourceRef="),
    ] {
        let stage = Stage::new();
        let forge = Forge::start(kind, &stage.remote);
        forge.set_rights(Rights::ReadApi);
        let output = release(&stage, &forge, word, "v1.0.0").run().exit(5).says_nowhere(TOKEN);
        let error = document(&output)["error"].clone();
        let told = error.to_string();
        for part in [needs, page, "tagship/main/"] {
            assert!(told.contains(part), "{kind:?}: {part} is not in {told}");
        }
        forge.set_rights(Rights::All);
        let next = document(&release(&stage, &forge, word, "v1.0.0").run().success());
        assert_eq!(
            (&next["pull_request"]["operation"], &next["pushed"]),
            (&"opened".into(), &false.into()),
            "{kind:?}"
        );
    }
}

/// Its pipelines tell the address of a collection, of which the project's path is a part.
#[test]
fn azure_pipelines_tell_where_the_api_is() {
    let stage = Stage::new();
    let forge = Forge::start(Kind::Azure, &stage.remote);
    let collection = format!("{}/org/", forge.origin());
    let release = stage.tagship().args(["release", "--no-check", "--pull-request", "--branch", "main", "--repo"]);
    let release = release.arg(forge.url()).args(["-k", crate::stage::FOLDER, "IMAGE_PLACEHOLDER=*:v1.0.0"]);
    let release = release
        .env("TF_BUILD", "True")
        .env("SYSTEM_COLLECTIONURI", &collection)
        .env("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", &collection)
        .env("SYSTEM_ACCESSTOKEN", TOKEN);
    release.run().success().says_nowhere(TOKEN);
    assert_eq!(forge.store().only().state, RequestState::Open);
}

#[test]
fn bitbucket_has_one_address() {
    let stage = Stage::new();
    let forge = Forge::start(Kind::Bitbucket, &stage.remote);
    let output = release(&stage, &forge, "bitbucket", "v1.0.0").run().exit(2);
    let told = document(&output)["error"]["message"].to_string();
    assert!(told.contains("Bitbucket at `127.0.0.1:"), "{told}");
    assert!(forge.store().requests.is_empty());
    stage.untouched();
}
