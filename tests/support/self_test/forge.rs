//! The forge's own rules, seen through its API by a plain HTTP client and through git.

use serde_json::{Value, json};

use super::connection::Connection;
use crate::support::command::Command;
use crate::support::forge::{Fault, Forge, Kind, RequestState, Rights, TOKEN};
use crate::support::http::Response;
use crate::support::repository::{File, Remote};

const GITLAB: &str = "/projects/org%2Fgitops/merge_requests";

fn forge(kind: Kind) -> (Forge, Remote) {
    let remote = Remote::create("gitops");
    remote.commit("main", "Begin", &[File::new("a", "1\n")]);
    let main = remote.tip("main").unwrap();
    remote.git(["branch", "next", &main]).run().success();
    remote.commit("next", "Change", &[File::new("a", "2\n")]);
    (Forge::start(kind, &remote), remote)
}

/// Makes a call, such as `GET /projects`, and returns status and document; `None` if no answer came.
fn try_call(forge: &Forge, line: &str, body: &Value) -> Option<(u16, Value)> {
    let (origin, api) = (forge.origin(), forge.api_url());
    let (method, path) = line.split_once(' ').unwrap();
    let line = format!("{method} {}{path}", api.strip_prefix(&origin).unwrap());
    let mut connection = Connection::open(origin.strip_prefix("http://").unwrap());
    let bearer = format!("Bearer {TOKEN}");
    let answer = connection.try_ask(&line, &[("Authorization", &bearer)], body.to_string().as_bytes()).ok()?;
    Some((answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null)))
}

#[track_caller]
fn call(forge: &Forge, line: &str, body: &Value) -> (u16, Value) {
    try_call(forge, line, body).expect("an answer")
}

#[test]
fn a_request_is_open_once_and_merged_by_its_head() {
    let (forge, remote) = forge(Kind::GitLab);
    let wanted = json!({ "source_branch": "next", "target_branch": "main", "title": "Change" });
    assert_eq!(call(&forge, &format!("POST {GITLAB}"), &wanted).1["iid"], 1);
    assert_eq!(call(&forge, &format!("POST {GITLAB}"), &wanted).0, 409);
    let stale = json!({ "sha": "0".repeat(40) });
    assert_eq!(call(&forge, &format!("PUT {GITLAB}/1/merge"), &stale).0, 409);
    let by_head = json!({ "sha": remote.tip("next"), "merge_commit_message": "Ours" });
    assert_eq!(call(&forge, &format!("PUT {GITLAB}/1/merge"), &by_head).1["state"], "merged");
    assert_eq!(remote.log("main")[0].message.trim(), "Ours");
    assert_eq!(remote.log("main")[0].parents.len(), 2);
    assert_eq!(forge.call_lines().len(), 4);
}

#[test]
fn an_armed_request_waits_for_the_checks() {
    let (forge, remote) = forge(Kind::GitLab);
    let number = forge.store().add("next", "main", "Change");
    forge.store().waits = true;
    let merge = format!("PUT {GITLAB}/{number}/merge");
    assert_eq!(call(&forge, &merge, &json!({})).0, 405);
    let armed = json!({ "auto_merge": true, "squash": true, "squash_commit_message": "Ours" });
    assert_eq!(call(&forge, &merge, &armed).1["state"], "opened");
    forge.store().pass_checks();
    assert_eq!(forge.store().only().state, RequestState::Merged);
    assert_eq!(remote.log("main")[0].subject, "Ours");
}

#[test]
fn a_head_that_equals_its_base_closes_the_request() {
    let (forge, remote) = forge(Kind::Gitea);
    forge.store().add("next", "main", "Change");
    let main = remote.tip("main").unwrap();
    let push = |commit: &str| {
        let target = format!("+{commit}:refs/heads/next");
        remote.git(["push", "--quiet", &forge.url_with_token(TOKEN), &target]).run()
    };
    let before = remote.tip("next").unwrap();
    push(&main).success();
    push(&before).success();
    assert_eq!(forge.store().only().state, RequestState::Closed, "also if it was so for a moment only");
    remote.git(["push", "--quiet", &forge.url_with_token("other"), "main:refs/heads/x"]).run().exit(128);
}

#[test]
fn faults_and_rights() {
    let (forge, _) = forge(Kind::GitLab);
    forge.inject("POST /api/v4/", 1, Fault::LoseAnswer);
    forge.inject("GET /api/v4/", 1, Fault::too_many_requests());
    forge.inject("GET /api/v4/", 1, Fault::meanwhile(|store| store.close(1)));
    let wanted = json!({ "source_branch": "next", "target_branch": "main", "title": "Change" });
    assert!(try_call(&forge, &format!("POST {GITLAB}"), &wanted).is_none());
    assert_eq!(forge.store().only().state, RequestState::Open);
    assert_eq!(call(&forge, &format!("GET {GITLAB}"), &Value::Null).0, 429);
    assert_eq!(call(&forge, &format!("GET {GITLAB}"), &Value::Null).1[0]["state"], "closed");
    forge.set_rights(Rights::ReadApi);
    assert_eq!(call(&forge, &format!("POST {GITLAB}"), &wanted).0, 403);
    forge.inject("/api/v4/", 1, Fault::Answer(Response::new(502)));
    assert_eq!(call(&forge, &format!("GET {GITLAB}"), &Value::Null).0, 502);
}

/// The same life of a request in each dialect: found, opened, opened again, changed.
#[test]
fn each_dialect_opens_finds_and_changes() {
    let azure = "/org/project/_apis/git/repositories/gitops/pullrequests";
    let pulls = "/repos/org/gitops/pulls";
    let bitbucket = "/repositories/org/gitops/pullrequests";
    let branches = json!({ "head": "next", "base": "main", "title": "A" });
    let refs = json!({ "sourceRefName": "refs/heads/next", "targetRefName": "refs/heads/main", "title": "A" });
    let side = |branch: &str| json!({ "branch": { "name": branch } });
    let sides = json!({ "type": "pullrequest", "source": side("next"), "destination": side("main"), "title": "A" });
    let query = "state=OPEN&q=source.branch.name%3D%22next%22";
    for (kind, find, open, body, again, change) in [
        (
            Kind::Gitea,
            format!("GET {pulls}/main/next"),
            format!("POST {pulls}"),
            branches,
            409,
            format!("PATCH {pulls}/1"),
        ),
        (
            Kind::Azure,
            format!("GET {azure}?searchCriteria.status=active&api-version=7.1"),
            format!("POST {azure}?api-version=7.1"),
            refs,
            409,
            format!("PATCH {azure}/1?api-version=7.1"),
        ),
        (
            Kind::Bitbucket,
            format!("GET {bitbucket}?{query}"),
            format!("POST {bitbucket}"),
            sides,
            201,
            format!("PUT {bitbucket}/1"),
        ),
    ] {
        let (forge, _) = forge(kind);
        let before = call(&forge, &find, &Value::Null);
        assert!(before.0 == 404 || before.1["value"] == json!([]) || before.1["values"] == json!([]), "{before:?}");
        assert_eq!(call(&forge, &open, &body).0, 201, "{kind:?}");
        assert_eq!(call(&forge, &open, &body).0, again, "{kind:?}");
        assert_eq!(call(&forge, &find, &Value::Null).0, 200, "{kind:?}");
        assert!(call(&forge, &change, &json!({ "type": "pullrequest", "title": "B" })).0 < 300, "{kind:?}");
        assert_eq!(forge.store().only().title, "B", "{kind:?}");
        Command::git().args(["ls-remote", &forge.url()]).run().success();
    }
}
