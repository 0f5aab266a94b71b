//! The dialect of Gitea and Forgejo, by Gitea's `routers/api/v1/repo/pull.go`.

use serde_json::{Value, json};

use super::store::{Armed, Merging, NotOpened, Request, RequestState, Store};
use super::{ApiCall, OWNER, Rights};
use crate::support::http::{Response, percent_decode};

pub(super) const PREFIX: &str = "/api/v1";

pub(super) fn answer(call: &ApiCall<'_>, store: &mut Store) -> Response {
    if !call.has_token("authorization", "token ") && !call.has_token("authorization", "Bearer ") {
        return error(call, 401, "user does not exist [uid: 0, name: ]");
    }
    if call.rights == Rights::NoApi || (call.rights == Rights::ReadApi && !call.is_read()) {
        let scope = if call.is_read() { "read:repository" } else { "write:repository" };
        let text = format!("token does not have at least one of required scope(s), required=[{scope}], token scope=");
        return error(call, 403, &text);
    }
    let (method, parts) = call.route(PREFIX);
    match (method, parts.as_slice()) {
        (_, ["repos", owner, name, ..]) if (*owner, *name) != (OWNER, call.name.as_str()) => not_found(call),
        ("GET", ["repos", _, _, "pulls"]) => list(call, store),
        ("POST", ["repos", _, _, "pulls"]) => open(call, store),
        ("GET", ["repos", _, _, "pulls", number]) => with(call, store, number, show),
        ("PATCH", ["repos", _, _, "pulls", number]) => with(call, store, number, change),
        ("POST", ["repos", _, _, "pulls", number, "merge"]) => with(call, store, number, merge),
        ("DELETE", ["repos", _, _, "pulls", number, "merge"]) => with(call, store, number, cancel),
        ("GET", ["repos", _, _, "pulls", number, "commits"]) => with(call, store, number, commits),
        ("GET", ["repos", _, _, "pulls", base, head @ ..]) if !head.is_empty() => find(call, store, base, head),
        _ => not_found(call),
    }
}

fn error(call: &ApiCall<'_>, status: u16, text: &str) -> Response {
    Response::json(status, &json!({ "message": text, "url": format!("{}/api/swagger", call.origin) }))
}

fn not_found(call: &ApiCall<'_>) -> Response {
    error(call, 404, "The target couldn't be found.")
}

fn with(
    call: &ApiCall<'_>,
    store: &mut Store,
    number: &str,
    act: impl Fn(&ApiCall<'_>, &mut Store, u64) -> Response,
) -> Response {
    match number.parse().ok().filter(|number| store.get(*number).is_some()) {
        Some(number) => act(call, store, number),
        None => not_found(call),
    }
}

/// The base is one part of the path, the head is all that follows. Of several requests, the database names the first one,
/// whatever its state is (`GetPullRequestByBaseHeadInfo`).
fn find(call: &ApiCall<'_>, store: &Store, base: &str, head: &[&str]) -> Response {
    let (base, head) = (percent_decode(base), percent_decode(&head.join("/")));
    let is_it = |request: &&Request| request.head == head && request.base == base && !request.is_from_fork;
    match store.requests.iter().find(is_it) {
        Some(request) => Response::json(200, &document(call, store, request)),
        None => not_found(call),
    }
}

/// A page has 50 requests at most.
fn list(call: &ApiCall<'_>, store: &Store) -> Response {
    let number = |key: &str, usual: usize| call.query(key).parse().unwrap_or(usual);
    let (page, limit) = (number("page", 1), number("limit", 30).min(50));
    let fits = |request: &&Request| (call.query("state") == "closed") == (request.state != RequestState::Open);
    let fitting = store.requests.iter().rev().filter(fits).skip((page - 1) * limit).take(limit);
    Response::json(200, &Value::Array(fitting.map(|request| document(call, store, request)).collect()))
}

/// The commits that a request has, or had when it ended.
fn commits(_: &ApiCall<'_>, store: &mut Store, number: u64) -> Response {
    Response::json(200, &json!([{ "sha": store.head_id(store.get(number).expect("a request")) }]))
}

fn show(call: &ApiCall<'_>, store: &mut Store, number: u64) -> Response {
    Response::json(200, &document(call, store, store.get(number).expect("a request")))
}

fn open(call: &ApiCall<'_>, store: &mut Store) -> Response {
    let (head, base) = (call.text("head"), call.text("base"));
    match store.open(head, base, call.text("title"), call.text("body")).map(|request| request.number) {
        Ok(number) => Response::json(201, &document(call, store, store.get(number).expect("the new request"))),
        Err(NotOpened::Exists(number)) => error(
            call,
            409,
            &format!(
                "pull request already exists for these targets [id: {number}, issue_id: {number}, head_repo_id: 1, \
                 base_repo_id: 1, head_branch: {head}, base_branch: {base}]"
            ),
        ),
        Err(NotOpened::NoSuchBranch) => not_found(call),
        Err(NotOpened::NothingToMerge) => {
            error(call, 422, "Invalid PullRequest: There are no changes between the head and the base")
        }
    }
}

fn change(call: &ApiCall<'_>, store: &mut Store, number: u64) -> Response {
    store.change(number, call.body["title"].as_str(), call.body["body"].as_str());
    Response::json(201, &document(call, store, store.get(number).expect("a request")))
}

/// A merge that is to wait is scheduled also if nothing is waited for, and then made right after the answer.
fn merge(call: &ApiCall<'_>, store: &mut Store, number: u64) -> Response {
    let request = store.get(number).expect("a request").clone();
    match request.state {
        RequestState::Open => {}
        RequestState::Closed => return not_found(call),
        RequestState::Merged => return error(call, 405, ""),
    }
    if store.unsettled > 0 {
        store.unsettled -= 1;
        return error(call, 405, "Please try again later");
    }
    let merging = match call.text("Do") {
        "merge" => Merging::Merge,
        "squash" => Merging::Squash,
        "rebase" => Merging::Rebase,
        other => {
            return error(call, 405, &format!("{other} is not allowed an allowed merge style for this repository"));
        }
    };
    if !store.allows(merging) {
        let style = call.text("Do");
        return error(call, 405, &format!("{style} is not allowed an allowed merge style for this repository"));
    }
    if is_draft(&request) {
        return error(call, 405, "Work in progress PRs cannot be merged");
    }
    if store.conflicts(&request) {
        return error(call, 405, "Please try again later");
    }
    let (title, rest) = (call.text("MergeTitleField").trim(), call.text("MergeMessageField").trim());
    let title = if title.is_empty() { &request.title } else { title };
    let message = if rest.is_empty() { title.to_owned() } else { format!("{title}\n\n{rest}") };
    let how = Armed { merging, message };
    if call.body["merge_when_checks_succeed"] == true {
        if request.armed.is_some() {
            return error(call, 409, "pull request is already scheduled to auto merge when checks succeed");
        }
        store.get_mut(number).expect("a request").armed = Some(how.clone());
        if !store.waits {
            drop(store.merge(number, &how));
        }
        return Response::new(201);
    }
    if store.waits {
        return error(call, 405, "Not all required status checks successful");
    }
    let asked = call.text("head_commit_id");
    if !asked.is_empty() && asked != store.head_id(&request) {
        return error(call, 409, "head out of date");
    }
    match store.merge(number, &how) {
        Ok(_) => Response::new(200),
        Err(_) => error(call, 409, "merge push out of date"),
    }
}

fn cancel(call: &ApiCall<'_>, store: &mut Store, number: u64) -> Response {
    match store.get_mut(number).and_then(|request| request.armed.take()) {
        Some(_) => Response::new(204),
        None => not_found(call),
    }
}

/// The title alone makes a request a draft (`WORK_IN_PROGRESS_PREFIXES`).
fn is_draft(request: &Request) -> bool {
    let title = request.title.to_uppercase();
    ["WIP:", "[WIP]"].iter().any(|mark| title.starts_with(mark))
}

/// The head of a request that has ended is the branch as it is now, too.
fn document(call: &ApiCall<'_>, store: &Store, request: &Request) -> Value {
    let repository = json!({
        "allow_merge_commits": store.allows(Merging::Merge),
        "allow_squash_merge": store.allows(Merging::Squash),
        "allow_rebase": store.allows(Merging::Rebase),
    });
    let side = |branch: &str, id: u64| json!({ "label": branch, "ref": branch, "sha": store.remote.tip(branch), "repo_id": id, "repo": repository });
    json!({
        "id": request.number + 1000,
        "number": request.number,
        "title": request.title,
        "body": request.body,
        "state": if request.state == RequestState::Open { "open" } else { "closed" },
        "merged": request.state == RequestState::Merged,
        "mergeable": true,
        "head": side(&request.head, if request.is_from_fork { 2 } else { 1 }),
        "base": side(&request.base, 1),
        "html_url": format!("{}/{OWNER}/{}/pulls/{}", call.origin, call.name, request.number),
    })
}
