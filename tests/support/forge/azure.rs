//! The dialect of Azure DevOps, by MicrosoftDocs/vsts-rest-api-specs, `specification/git/7.1`.

use serde_json::{Value, json};

use super::store::{Armed, Merging, NotOpened, Request, RequestState, Store};
use super::{ApiCall, OWNER, Rights};
use crate::support::http::Response;

/// The identity that the token belongs to.
const IDENTITY: &str = "d6245f20-2af8-44f4-9451-8107cb2767db";
/// No identity: `autoCompleteSetBy` of this takes auto-complete back.
const NO_IDENTITY: &str = "00000000-0000-0000-0000-000000000000";

pub(super) fn answer(call: &ApiCall<'_>, store: &mut Store) -> Response {
    if call.rights == Rights::NoApi || !(call.has_basic_token() || call.has_token("authorization", "Bearer ")) {
        let page = "<!DOCTYPE html><html><title>Azure DevOps Services | Sign In</title></html>";
        return Response::text(203, page).header("Content-Type", "text/html; charset=utf-8");
    }
    if call.rights == Rights::ReadApi && !call.is_read() {
        let text = "TF401027: You need the Git 'PullRequestContribute' permission to perform this action. Details: \
                    identity 'Build\\70b3686c', scope 'repository'.";
        return error(403, text, "GitNeedsPermissionException");
    }
    if call.query("api-version") != "7.1" {
        return error(400, "No api-version was supplied.", "VssVersionNotSpecifiedException");
    }
    let (method, parts) = call.route(&format!("/{OWNER}/project/_apis/git/repositories"));
    match (method, parts.as_slice()) {
        (_, [name, ..]) if *name != call.name => {
            let text = format!("TF401019: The Git repository with name or identifier {name} does not exist");
            error(404, &text, "GitRepositoryNotFoundException")
        }
        ("GET", [_, "pullrequests"]) => list(call, store),
        ("POST", [_, "pullrequests"]) => open(call, store),
        ("GET", [_, "pullrequests", number]) => with(store, number, |store, number| shown(call, store, number)),
        ("PATCH", [_, "pullrequests", number]) => with(store, number, |store, number| change(call, store, number)),
        _ => error(404, "The controller for path was not found.", "HttpException"),
    }
}

fn error(status: u16, text: &str, key: &str) -> Response {
    let type_name = format!("Microsoft.TeamFoundation.Git.Server.{key}, Microsoft.TeamFoundation.Git.Server");
    let body = json!({
        "$id": "1", "innerException": null, "message": text, "typeName": type_name, "typeKey": key,
        "errorCode": 0, "eventId": 3000,
    });
    Response::json(status, &body)
}

fn with(store: &mut Store, number: &str, act: impl Fn(&mut Store, u64) -> Response) -> Response {
    match number.parse().ok().filter(|number| store.get(*number).is_some()) {
        Some(number) => act(store, number),
        None => error(404, "TF401180: The requested pull request was not found.", "GitPullRequestNotFoundException"),
    }
}

fn shown(call: &ApiCall<'_>, store: &Store, number: u64) -> Response {
    Response::json(200, &document(call, store, store.get(number).expect("a request")))
}

fn list(call: &ApiCall<'_>, store: &Store) -> Response {
    let asked = |key: &str, value: &str| {
        let asked = call.query(&format!("searchCriteria.{key}"));
        asked.is_empty() || asked == value
    };
    let fits = |request: &&Request| {
        asked("sourceRefName", &full(&request.head))
            && asked("targetRefName", &full(&request.base))
            && (call.query("searchCriteria.status") == "all" || asked("status", status(request)))
    };
    let number = |key: &str| call.query(key).parse().ok();
    let (skipped, limit) = (number("$skip").unwrap_or(0), number("$top").unwrap_or(101));
    let found = store.requests.iter().rev().filter(fits).skip(skipped).take(limit);
    let found: Vec<Value> = found.map(|it| document(call, store, it)).collect();
    Response::json(200, &json!({ "count": found.len(), "value": found }))
}

fn open(call: &ApiCall<'_>, store: &mut Store) -> Response {
    let branch = |key| call.text(key).strip_prefix("refs/heads/").unwrap_or_default();
    if call.text("description").chars().count() > 4000 {
        return too_long();
    }
    let opened =
        store.open(branch("sourceRefName"), branch("targetRefName"), call.text("title"), call.text("description"));
    match opened.map(|request| request.number) {
        Ok(number) => Response::json(201, &document(call, store, store.get(number).expect("the new request"))),
        Err(NotOpened::Exists(_)) => {
            let text = "TF401179: An active pull request for the source and target branch already exists.";
            error(409, text, "GitPullRequestExistsException")
        }
        Err(NotOpened::NoSuchBranch) => {
            error(400, "TF401398: The source branch does not exist.", "GitPullRequestCannotBeActivated")
        }
        Err(NotOpened::NothingToMerge) => error(409, "There is nothing to merge.", "GitPullRequestCannotBeActivated"),
    }
}

fn too_long() -> Response {
    let text = "Invalid argument value.\r\nParameter name: A maximum of 4000 characters is allowed.";
    error(400, text, "InvalidArgumentValueException")
}

/// What completes by itself does so right after the answer, if no policy is waited for.
fn change(call: &ApiCall<'_>, store: &mut Store, number: u64) -> Response {
    let request = store.get(number).expect("a request").clone();
    if request.state != RequestState::Open {
        let text = "Invalid argument value.\r\nParameter name: The pull request to update was not valid.";
        return error(400, text, "InvalidArgumentValueException");
    }
    if call.text("description").chars().count() > 4000 {
        return too_long();
    }
    if call.body.get("title").or_else(|| call.body.get("description")).is_some() {
        store.change(number, call.body["title"].as_str(), call.body["description"].as_str());
    }
    if call.body["autoCompleteSetBy"]["id"] == IDENTITY && store.may_arm {
        let options = &call.body["completionOptions"];
        let merging = match options["mergeStrategy"].as_str() {
            Some("squash") => Merging::Squash,
            Some("rebase") => Merging::Rebase,
            _ => Merging::Merge,
        };
        let usual = format!("Merged PR {number}: {}", request.title);
        let message = options["mergeCommitMessage"].as_str().unwrap_or(&usual).to_owned();
        let how = Armed { merging, message };
        store.get_mut(number).expect("a request").armed = Some(how.clone());
        let response = shown(call, store, number);
        if !store.waits {
            drop(store.merge(number, &how));
        }
        return response;
    }
    if call.body["autoCompleteSetBy"]["id"] == NO_IDENTITY {
        store.get_mut(number).expect("a request").armed = None;
    }
    shown(call, store, number)
}

fn full(branch: &str) -> String {
    format!("refs/heads/{branch}")
}

fn status(request: &Request) -> &'static str {
    match request.state {
        RequestState::Open => "active",
        RequestState::Closed => "abandoned",
        RequestState::Merged => "completed",
    }
}

fn document(call: &ApiCall<'_>, store: &Store, request: &Request) -> Value {
    let repository = format!("{}/{OWNER}/_apis/git/repositories/{}", call.origin, call.name);
    let mut document = json!({
        "pullRequestId": request.number,
        "status": status(request),
        "createdBy": { "id": IDENTITY, "displayName": "Build Service" },
        "title": request.title,
        "description": request.body,
        "sourceRefName": full(&request.head),
        "targetRefName": full(&request.base),
        "mergeStatus": "succeeded",
        "lastMergeSourceCommit": { "commitId": store.head_id(request) },
        "url": format!("{repository}/pullRequests/{}", request.number),
    });
    if request.is_from_fork {
        document["forkSource"] = json!({ "name": full(&request.head) });
    }
    if request.armed.is_some() {
        document["autoCompleteSetBy"] = json!({ "id": IDENTITY });
    }
    document
}
