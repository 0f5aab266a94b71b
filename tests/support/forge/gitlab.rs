//! The dialect of GitLab: <https://docs.gitlab.com/api/merge_requests/>.

use serde_json::{Value, json};

use super::store::{Armed, Merging, NotOpened, Request, RequestState, Store};
use super::{ApiCall, OWNER, Rights};
use crate::support::http::Response;

pub(super) const PREFIX: &str = "/api/v4";

pub(super) fn answer(call: &ApiCall<'_>, store: &mut Store) -> Response {
    if !call.has_token("private-token", "") && !call.has_token("authorization", "Bearer ") {
        return message(401, "401 Unauthorized");
    }
    if call.rights == Rights::NoApi || (call.rights == Rights::ReadApi && !call.is_read()) {
        let scopes = "The request requires higher privileges than provided by the access token.";
        let body = json!({ "error": "insufficient_scope", "error_description": scopes, "scope": "api" });
        return Response::json(403, &body);
    }
    let (method, parts) = call.route(PREFIX);
    let project = format!("{OWNER}%2F{}", call.name);
    let ["projects", found, rest @ ..] = parts.as_slice() else {
        return Response::json(404, &json!({ "error": "404 Not Found" }));
    };
    if *found != project {
        return message(404, "404 Project Not Found");
    }
    let ["merge_requests", rest @ ..] = rest else {
        let method = if store.merging == Some(Merging::Rebase) { "ff" } else { "merge" };
        return Response::json(200, &json!({ "id": 1, "merge_method": method }));
    };
    match (method, rest) {
        ("GET", []) => list(call, store),
        ("POST", []) => open(call, store),
        ("GET", [number]) => with(store, number, |store, number| show(call, store, number)),
        ("PUT", [number]) => with(store, number, |store, number| change(call, store, number)),
        ("PUT", [number, "merge"]) => with(store, number, |store, number| merge(call, store, number)),
        ("POST", [number, "cancel_merge_when_pipeline_succeeds"]) => {
            with(store, number, |store, number| cancel(call, store, number))
        }
        _ => Response::json(405, &json!({ "error": "405 Not Allowed" })),
    }
}

fn message(status: u16, text: &str) -> Response {
    Response::json(status, &json!({ "message": text }))
}

fn with(store: &mut Store, number: &str, act: impl Fn(&mut Store, u64) -> Response) -> Response {
    match number.parse().ok().filter(|number| store.get(*number).is_some()) {
        Some(number) => act(store, number),
        None => message(404, "404 Not found"),
    }
}

fn list(call: &ApiCall<'_>, store: &Store) -> Response {
    let fits = |request: &&Request| {
        let asked = |key: &str, value: &str| call.head.query_values(key).pop().is_none_or(|asked| asked == value);
        let of_branches = asked("source_branch", &request.head) && asked("target_branch", &request.base);
        of_branches && (call.query("state") == "all" || asked("state", state(request)))
    };
    // The newest is the first.
    let found: Vec<Value> = store.requests.iter().rev().filter(fits).map(|it| document(call, store, it)).collect();
    let found = call.page(found, "per_page");
    Response::json(200, &Value::Array(found))
}

fn open(call: &ApiCall<'_>, store: &mut Store) -> Response {
    for required in ["source_branch", "target_branch", "title"] {
        if call.text(required).is_empty() {
            return Response::json(400, &json!({ "error": format!("{required} is missing") }));
        }
    }
    let opened = store.open(
        call.text("source_branch"),
        call.text("target_branch"),
        call.text("title"),
        call.text("description"),
    );
    match opened.map(|request| request.number) {
        Ok(number) => Response::json(201, &document(call, store, store.get(number).expect("the new request"))),
        Err(NotOpened::Exists(number)) => {
            let text = format!("Another open merge request already exists for this source branch: !{number}");
            Response::json(409, &json!({ "message": [text] }))
        }
        Err(NotOpened::NoSuchBranch) => Response::json(400, &json!({ "message": ["Source branch does not exist"] })),
        // GitLab opens a request that brings nothing.
        Err(NotOpened::NothingToMerge) => Response::json(422, &json!({ "message": ["nothing to merge"] })),
    }
}

fn show(call: &ApiCall<'_>, store: &mut Store, number: u64) -> Response {
    let request = store.get(number).expect("a request").clone();
    let response = Response::json(200, &document(call, store, &request));
    store.unsettled = store.unsettled.saturating_sub(1);
    response
}

fn change(call: &ApiCall<'_>, store: &mut Store, number: u64) -> Response {
    store.change(number, call.body["title"].as_str(), call.body["description"].as_str());
    if call.text("state_event") == "reopen" {
        let request = store.get_mut(number).expect("a request");
        (request.state, request.last_head) = (RequestState::Open, None);
    }
    Response::json(200, &document(call, store, store.get(number).expect("a request")))
}

/// Merges at once if nothing is waited for, as GitLab does also if it is asked to merge later.
fn merge(call: &ApiCall<'_>, store: &mut Store, number: u64) -> Response {
    let request = store.get(number).expect("a request").clone();
    let arms = call.body["auto_merge"] == true || call.body["merge_when_pipeline_succeeds"] == true;
    if request.state != RequestState::Open || store.unsettled > 0 {
        store.unsettled = store.unsettled.saturating_sub(1);
        return message(405, "405 Method Not Allowed");
    }
    if store.conflicts(&request) || is_draft(&request) || store.waits && !(arms && store.may_arm) {
        return message(405, "405 Method Not Allowed");
    }
    let asked = call.text("sha");
    if !asked.is_empty() && asked != store.head_id(&request) {
        return message(409, &format!("SHA does not match HEAD of source branch: {}", store.head_id(&request)));
    }
    let squashes = call.body["squash"] == true;
    let given = call.text(if squashes { "squash_commit_message" } else { "merge_commit_message" });
    let usual = if squashes { request.title.clone() } else { format!("Merge branch '{}'", request.head) };
    let how = Armed {
        merging: match store.merging {
            _ if squashes => Merging::Squash,
            Some(Merging::Rebase) => Merging::Rebase,
            _ => Merging::Merge,
        },
        message: if given.is_empty() { usual } else { given.to_owned() },
    };
    if store.waits {
        store.get_mut(number).expect("a request").armed = Some(how);
    } else if store.merge(number, &how).is_err() {
        return message(422, "Branch cannot be merged");
    }
    Response::json(200, &document(call, store, store.get(number).expect("a request")))
}

fn cancel(call: &ApiCall<'_>, store: &mut Store, number: u64) -> Response {
    let request = store.get_mut(number).expect("a request");
    match (request.state, request.armed.take()) {
        (RequestState::Open, Some(_)) => {
            Response::json(201, &document(call, store, store.get(number).expect("a request")))
        }
        (RequestState::Open, None) => message(406, "406 Not Acceptable"),
        _ => message(405, "405 Method Not Allowed"),
    }
}

/// The title alone makes a request a draft.
fn is_draft(request: &Request) -> bool {
    let title = request.title.to_lowercase();
    ["draft:", "[draft]", "(draft)"].iter().any(|mark| title.starts_with(mark))
}

fn state(request: &Request) -> &'static str {
    match request.state {
        RequestState::Open => "opened",
        RequestState::Closed => "closed",
        RequestState::Merged => "merged",
    }
}

fn document(call: &ApiCall<'_>, store: &Store, request: &Request) -> Value {
    let status = match request.state {
        RequestState::Open if store.unsettled > 0 => "checking",
        RequestState::Open if store.conflicts(request) => "conflict",
        RequestState::Open if is_draft(request) => "draft_status",
        RequestState::Open if store.waits => "ci_still_running",
        RequestState::Open => "mergeable",
        RequestState::Closed | RequestState::Merged => "not_open",
    };
    json!({
        "id": request.number + 1000,
        "iid": request.number,
        "title": request.title,
        "description": request.body,
        "state": state(request),
        "source_branch": request.head,
        "target_branch": request.base,
        "source_project_id": if request.is_from_fork { 2 } else { 1 },
        "target_project_id": 1,
        "sha": store.head_id(request),
        "detailed_merge_status": status,
        "merge_when_pipeline_succeeds": request.armed.is_some(),
        "web_url": format!("{}/{OWNER}/{}/-/merge_requests/{}", call.origin, call.name, request.number),
    })
}
