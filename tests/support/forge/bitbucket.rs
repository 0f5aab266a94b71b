//! The dialect of Bitbucket Cloud, whose API is described at <https://api.bitbucket.org/swagger.json>.

use serde_json::{Value, json};

use super::store::{NotOpened, Request, RequestState, Store};
use super::{ApiCall, OWNER, Rights};
use crate::support::http::Response;

pub(super) const PREFIX: &str = "/2.0";

pub(super) fn answer(call: &ApiCall<'_>, store: &mut Store) -> Response {
    if !call.has_basic_token() && !call.has_token("authorization", "Bearer ") {
        return error(401, "Token is invalid, expired, or not supported for this endpoint.", &Value::Null);
    }
    if call.rights == Rights::NoApi || (call.rights == Rights::ReadApi && !call.is_read()) {
        let required = if call.is_read() { "pullrequest" } else { "pullrequest:write" };
        let detail = json!({ "granted": ["repository:write"], "required": [required] });
        return error(403, "Your credentials lack one or more required privilege scopes.", &detail);
    }
    let (method, parts) = call.route(&format!("{PREFIX}/repositories/{OWNER}"));
    match (method, parts.as_slice()) {
        (_, [name, ..]) if *name != call.name => {
            let text = format!("You may not have access to this repository or it no longer exists: {OWNER}/{name}");
            error(404, &text, &Value::Null)
        }
        ("GET", [_, "pullrequests"]) => list(call, store),
        ("POST", [_, "pullrequests"]) => open(call, store),
        ("PUT", [_, "pullrequests", number]) => change(call, store, number),
        _ => error(404, "Resource not found", &Value::Null),
    }
}

fn error(status: u16, text: &str, detail: &Value) -> Response {
    let mut error = json!({ "message": text });
    if !detail.is_null() {
        error["detail"] = detail.clone();
    }
    Response::json(status, &json!({ "type": "error", "error": error }))
}

/// Of its language for queries, only what is equal and all of it.
fn list(call: &ApiCall<'_>, store: &Store) -> Response {
    let query = call.query("q");
    let states = call.head.query_values("state");
    let is_asked = |request: &Request| match states.as_slice() {
        [] => state(request) == "OPEN",
        states => states.iter().any(|asked| asked == state(request)),
    };
    let fits = |request: &&Request| {
        is_asked(request)
            && query.split(" AND ").all(|clause| {
                match clause.split_once('=').map(|(key, value)| (key, value.trim_matches('"'))) {
                    Some(("source.branch.name", branch)) => branch == request.head,
                    Some(("destination.branch.name", branch)) => branch == request.base,
                    _ => false,
                }
            })
    };
    let found: Vec<Value> = store.requests.iter().rev().filter(fits).map(|it| document(call, store, it)).collect();
    let (size, page) = (found.len(), call.query("page").parse::<usize>().unwrap_or(1));
    let length = call.query("pagelen").parse::<usize>().unwrap_or(10);
    let values = call.page(found, "pagelen");
    let mut listed = json!({ "size": size, "page": page, "pagelen": length, "values": values });
    if page * length < size {
        let query: Vec<&str> = call.head.query.split('&').filter(|pair| !pair.starts_with("page=")).collect();
        listed["next"] = json!(format!("{}{}?{}&page={}", call.origin, call.head.path, query.join("&"), page + 1));
    }
    Response::json(200, &listed)
}

/// A second request for the same two branches changes the first.
fn open(call: &ApiCall<'_>, store: &mut Store) -> Response {
    let branch = |side: &str| call.body[side]["branch"]["name"].as_str().unwrap_or_default();
    let opened = store.open(branch("source"), branch("destination"), call.text("title"), call.text("description"));
    match opened.map(|request| request.number) {
        Ok(number) => Response::json(201, &document(call, store, store.get(number).expect("the new request"))),
        Err(NotOpened::Exists(number)) => {
            store.change(number, call.body["title"].as_str(), call.body["description"].as_str());
            Response::json(201, &document(call, store, store.get(number).expect("the request")))
        }
        Err(NotOpened::NoSuchBranch) => {
            let fields = json!({ "source": ["branch not found"] });
            Response::json(400, &json!({ "type": "error", "error": { "message": "Bad request", "fields": fields } }))
        }
        Err(NotOpened::NothingToMerge) => error(400, "There are no changes to be pulled", &Value::Null),
    }
}

fn change(call: &ApiCall<'_>, store: &mut Store, number: &str) -> Response {
    let Some(number) = number.parse().ok().filter(|number| store.get(*number).is_some()) else {
        return error(404, "Resource not found", &Value::Null);
    };
    store.change(number, call.body["title"].as_str(), call.body["description"].as_str());
    Response::json(200, &document(call, store, store.get(number).expect("a request")))
}

fn state(request: &Request) -> &'static str {
    match request.state {
        RequestState::Open => "OPEN",
        RequestState::Closed => "DECLINED",
        RequestState::Merged => "MERGED",
    }
}

fn document(call: &ApiCall<'_>, store: &Store, request: &Request) -> Value {
    let side = |branch: &str, owner: &str| {
        let hash = store.remote.tip(branch).unwrap_or_default();
        let repository = json!({ "type": "repository", "full_name": format!("{owner}/{}", call.name) });
        json!({ "branch": { "name": branch }, "commit": { "hash": hash.get(..12) }, "repository": repository })
    };
    let page = format!("{}/{OWNER}/{}/pull-requests/{}", call.origin, call.name, request.number);
    json!({
        "type": "pullrequest",
        "id": request.number,
        "title": request.title,
        "description": request.body,
        "state": state(request),
        "source": side(&request.head, if request.is_from_fork { "fork" } else { OWNER }),
        "destination": side(&request.base, OWNER),
        "links": { "html": { "href": page } },
    })
}
