//! Many releases by pull request at once: none is lost or doubled, and no request is closed by accident.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::Value;

use crate::pipeline::document;
use crate::stage::tagship;
use crate::support::command::Home;
use crate::support::forge::{Armed, Fault, Forge, Kind, Merging, RequestState, TOKEN};
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
        document(&output)
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

const HEAD: &str = "tagship/main/root-web";

fn propose(forge: &Forge, tag: &str) -> Value {
    let kind = match forge.kind() {
        Kind::GitHub => "github",
        Kind::GitLab => "gitlab",
        Kind::Gitea => "gitea",
        Kind::Azure => "azure",
        Kind::Bitbucket => panic!("it is found by its address alone"),
    };
    let home = Home::new();
    let release = tagship().home(&home).args(["release", "--repo", &forge.url_with_token(TOKEN), "--branch", "main"]);
    let release = release.args(["--forge", kind, "--pull-request", "--no-check", "--output", "json"]);
    let output = release.arg(format!("web=*:{tag}")).run().success();
    document(&output)
}

/// What is on a head branch, and what its request says.
#[derive(Clone)]
struct OnHead {
    commit: String,
    title: String,
    body: String,
}

impl OnHead {
    fn now(remote: &Remote, forge: &Forge) -> Self {
        let request = forge.store().only().clone();
        Self { commit: remote.tip(HEAD).unwrap(), title: request.title, body: request.body }
    }
}

/// Returns a forge where a release of `v1.2.0` was proposed and taken back as if it had never been, and what it had proposed.
/// `before` was proposed before it.
fn with_a_newer_release(kind: Kind, before: Option<&str>) -> (Remote, Forge, OnHead) {
    let remote = Remote::create("gitops");
    remote.commit("main", "Add the application", &[kustomization(["web".to_owned()].into_iter())]);
    let forge = Forge::start(kind, &remote);
    let first = before.map(|tag| {
        propose(&forge, tag);
        OnHead::now(&remote, &forge)
    });
    propose(&forge, "v1.2.0");
    let newer = OnHead::now(&remote, &forge);
    match first {
        Some(first) => {
            remote.git(["update-ref", &format!("refs/heads/{HEAD}"), &first.commit]).run().success();
            let mut store = forge.store();
            (store.requests[0].title, store.requests[0].body) = (first.title, first.body);
        }
        None => {
            forge.store().requests.clear();
            remote.git(["update-ref", "-d", &format!("refs/heads/{HEAD}")]).run().success();
        }
    }
    (remote, forge, newer)
}

/// Another release takes the place on the head branch after our push, and before our words for the request come. Whether its own
/// words came before ours or come later, the request has them in the end.
#[test]
fn a_request_has_the_words_of_the_commit_that_is_there() {
    for kind in [Kind::GitHub, Kind::GitLab, Kind::Gitea, Kind::Azure] {
        for before in [None, Some("v1.0.5")] {
            for is_told in [true, false] {
                let (remote, forge, newer) = with_a_newer_release(kind, before);
                let case = format!("{kind:?}, before: {before:?}, the other one has told its words: {is_told}");
                let other = newer.clone();
                let change = match (before, kind) {
                    (None, _) => "POST /",
                    (Some(_), Kind::GitLab) => "PUT /",
                    (Some(_), _) => "PATCH /",
                };
                let passed = AtomicBool::new(false);
                let meanwhile = Fault::meanwhile(move |store| {
                    let pushed = store.remote.tip(HEAD).is_some_and(|tip| Some(tip) != store.remote.tip("main"));
                    if !pushed || passed.swap(true, Ordering::Relaxed) {
                        return;
                    }
                    let reference = format!("refs/heads/{HEAD}");
                    store.remote.git(["update-ref", &reference, &other.commit]).run().success();
                    match store.requests.first_mut() {
                        _ if !is_told => {}
                        Some(request) => (request.title, request.body) = (other.title.clone(), other.body.clone()),
                        None => {
                            store.add(HEAD, "main", &other.title);
                            store.requests[0].body = other.body.clone();
                        }
                    }
                });
                forge.inject(&format!("{change}{}", api(kind)), 1, meanwhile);
                let ours = propose(&forge, "v1.1.0");
                assert_eq!(ours["outcome"], "superseded", "{case}: {ours}");
                let now = OnHead::now(&remote, &forge);
                assert_eq!(now.commit, newer.commit, "{case}");
                assert_eq!(now.title, newer.title, "{case}");
                let trailer = "Tagship-Image: web=web:v1.2.0";
                assert!(now.body.contains(trailer), "{case}: {}", now.body);
                assert!(!now.body.contains("v1.1.0"), "{case}: {}", now.body);
                if before.is_none() && is_told {
                    assert_eq!(now.body, newer.body, "{case}: ours came too late to be written");
                }
            }
        }
    }
}

/// The newer release is merged at once, so what we open is for a commit that is merged already.
#[test]
fn a_request_that_is_opened_for_a_merged_release_is_named() {
    let (remote, forge, newer) = with_a_newer_release(Kind::GitHub, None);
    let other = newer.clone();
    let merged = Fault::meanwhile(move |store| {
        store.remote.git(["update-ref", &format!("refs/heads/{HEAD}"), &other.commit]).run().success();
        let number = store.add(HEAD, "main", &other.title);
        let message = store.remote.log(HEAD)[0].message.clone();
        store.merge(number, &Armed { merging: Merging::Squash, message }).unwrap();
    });
    forge.inject("POST /api/", 1, merged);
    let ours = propose(&forge, "v1.1.0");
    assert_eq!((&ours["outcome"], remote.tip(HEAD)), (&"superseded".into(), Some(newer.commit)));
    assert!(ours["notes"].to_string().contains("pull request #2 was opened"), "{ours}");
}

/// Returns how the paths of an API begin, without the first slash.
fn api(kind: Kind) -> &'static str {
    match kind {
        Kind::Azure => "org/project/_apis/",
        _ => "api/",
    }
}

/// What a person commits on top of ours does not change what the request is about.
#[test]
fn a_commit_by_a_person_leaves_our_words() {
    let remote = Remote::create("gitops");
    remote.commit("main", "Add the application", &[kustomization(["web".to_owned()].into_iter())]);
    let forge = Forge::start(Kind::GitHub, &remote);
    let meanwhile = Fault::meanwhile(|store| {
        store.remote.commit(HEAD, "Say why", &[File::new("why.md", "Because\n")]);
    });
    forge.inject("POST /api/", 1, meanwhile);
    let ours = propose(&forge, "v1.1.0");
    assert_eq!(ours["outcome"], "proposed", "{ours}");
    assert!(forge.store().only().title.ends_with("web:v1.1.0"));
}
