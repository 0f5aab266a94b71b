//! Many releases by pull request at once: none is lost or doubled, and no request is closed by accident.

use std::thread;

use serde_json::Value;

use crate::stage::tagship;
use crate::support::command::Home;
use crate::support::forge::{Forge, Kind, RequestState, TOKEN};
use crate::support::repository::{File, Remote};

const RELEASES: usize = 10;

/// Lets releases of one file begin at once, each of one image. Returns how each ended. The server takes the first push when
/// it has all of them, so that each release was made before another one landed.
fn propose_at_once(remote: &Remote, forge: &Forge, image: impl Fn(usize) -> String + Sync) -> Vec<Value> {
    let begun = format!("{}/begun", remote.path().display());
    let count = format!(": >{begun}.$$; set -- {begun}.*");
    remote.hook("pre-receive", &format!("{count}; while [ $# -lt {RELEASES} ]; do sleep 0.1; {count}; done"));
    let url = forge.url_with_token(TOKEN);
    let propose = |number: usize| {
        let home = Home::new();
        let release = tagship().home(&home).args(["release", "--repo", &url, "--branch", "main", "--forge", "github"]);
        let release =
            release.args(["--pull-request", "--no-check", "--attempts", "200", "--timeout", "60s", "--output", "json"]);
        let output = release.arg(image(number)).run().success();
        serde_json::from_slice(&output.stdout).unwrap()
    };
    thread::scope(|scope| {
        let runs: Vec<_> = (1..=RELEASES).map(|number| scope.spawn(move || propose(number))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    })
}

fn kustomization(names: impl Iterator<Item = String>) -> File {
    let entries: String = names.map(|name| format!("- name: {name}\n  newTag: v1.0.0\n")).collect();
    File::new("kustomization.yaml", format!("images:\n{entries}"))
}

#[test]
fn into_one_request() {
    let remote = Remote::create("gitops");
    remote.commit("main", "Add the application", &[kustomization(["web".to_owned()].into_iter())]);
    let forge = Forge::start(Kind::GitHub, &remote);
    let documents = propose_at_once(&remote, &forge, |number| format!("web=*:v1.1.{number}"));
    for document in &documents {
        assert!(["proposed", "superseded"].contains(&document["outcome"].as_str().unwrap()), "{document}");
    }
    assert_eq!(documents[RELEASES - 1]["outcome"], "proposed", "the newest one");
    let lost = documents.iter().filter(|document| document["attempts"].as_u64().unwrap() > 1).count();
    assert_eq!(lost, RELEASES - 1, "all began on the same commit, and one landed: {documents:#?}");
    let store = forge.store();
    let request = store.only();
    assert_eq!((request.state, request.head.as_str()), (RequestState::Open, "tagship/main/root-web"));
    let file = String::from_utf8(remote.file(&request.head, "kustomization.yaml")).unwrap();
    assert!(file.contains(&format!("newTag: v1.1.{RELEASES}\n")), "{file}");
    assert_eq!(remote.number_of_commits(&request.head), 2);
    assert!(request.title.ends_with(&format!("web:v1.1.{RELEASES}")), "{}", request.title);
    remote.fsck();
}

#[test]
fn into_one_request_each() {
    let remote = Remote::create("gitops");
    let name = |number: usize| format!("app{number}");
    remote.commit("main", "Add the applications", &[kustomization((1..=RELEASES).map(name))]);
    let forge = Forge::start(Kind::GitHub, &remote);
    let documents = propose_at_once(&remote, &forge, |number| format!("{}=*:v1.1.0", name(number)));
    for (document, number) in documents.iter().zip(1..) {
        assert_eq!((&document["outcome"], &document["attempts"]), (&"proposed".into(), &1.into()), "{document}");
        assert_eq!(document["pull_request"]["head"], format!("tagship/main/root-app{number}"));
    }
    let store = forge.store();
    assert_eq!(store.requests.len(), RELEASES);
    assert_eq!(store.open_requests().len(), RELEASES);
    for request in &store.requests {
        let file = String::from_utf8(remote.file(&request.head, "kustomization.yaml")).unwrap();
        assert_eq!(file.matches("newTag: v1.1.0\n").count(), 1, "{}: {file}", request.head);
    }
    remote.fsck();
}
