//! GitHub's REST and GraphQL APIs, as GitHub Enterprise Server serves them: pull requests, merges, and commits that it signs.
//! Trees and commits are real objects of the repository, made by git; no ref names them until one is moved.

use serde_json::{Value, json};

use super::store::{Armed, Merging, NotOpened, Request, RequestState, Store};
use super::{ApiCall, OWNER, Rights};
use crate::support::http::Response;
use crate::support::temporary_folder::temporary_folder;

/// The owner from whom the repository was transferred.
pub const FORMER_OWNER: &str = "former";

pub(super) const PREFIX: &str = "/api/v3";

/// What GitHub signs with, as far as tests can tell.
const SIGNATURE: &str =
    "-----BEGIN PGP SIGNATURE-----\n\nwsFcBAABCAAQBQJnaaaaCRC1aQ7uu5UhlAAA\n=abcd\n-----END PGP SIGNATURE-----\n";

/// The author of commits that name none: the owner of the job's token.
const BOT: &str = "github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>";
const WEB_FLOW: &str = "GitHub <noreply@github.com>";

pub(super) fn answer(call: &ApiCall<'_>, store: &mut Store) -> Response {
    if !call.has_token("authorization", "Bearer ") {
        return refused(401, "Bad credentials");
    }
    if call.rights == Rights::NoApi || (call.rights == Rights::ReadApi && !call.is_read()) {
        return refused(403, "Resource not accessible by integration");
    }
    if call.head.path == "/api/graphql" {
        return graphql(&call.body, store);
    }
    let named = format!("{PREFIX}/repos/{OWNER}/{}", call.name);
    // GitHub leads to the number of the repository, which its description of the API does not have.
    if let Some(part) = call.head.path.strip_prefix(&format!("{PREFIX}/repos/{FORMER_OWNER}/{}", call.name)) {
        return Response::redirect(&format!("{}{named}{part}?{}", call.origin, call.head.query));
    }
    let (method, parts) = call.route(&named);
    match (method, parts.as_slice()) {
        ("GET", ["pulls"]) => list(call, store),
        ("POST", ["pulls"]) => open(call, store),
        ("PATCH", ["pulls", number]) => change(call, store, number),
        ("PUT", ["pulls", number, "merge"]) => merge(call, store, number),
        ("GET", ["attestations", digest]) => attestations(store, digest),
        ("POST", ["git", "trees"]) => make_tree(call, store),
        ("POST", ["git", "commits"]) => make_commit(call, store),
        _ => refused(404, "Not Found"),
    }
}

fn attestations(store: &Store, digest: &str) -> Response {
    let of_digest = store.attestations.iter().filter(|(of, _)| of == digest);
    let listed = |bundle: &Value| match bundle {
        Value::String(url) => json!({ "bundle": null, "bundle_url": url }),
        bundle => json!({ "bundle": bundle }),
    };
    let found: Vec<Value> = of_digest.map(|(_, bundle)| listed(bundle)).collect();
    if found.is_empty() { refused(404, "Not Found") } else { Response::json(200, &json!({ "attestations": found })) }
}

/// Returns an answer in the form of GitHub's errors.
fn refused(status: u16, message: &str) -> Response {
    let document = json!({ "message": message, "documentation_url": "https://docs", "status": status.to_string() });
    Response::json(status, &document)
}

/// Returns GitHub's answer to a document that is not right.
fn invalid(error: &Value) -> Response {
    Response::json(422, &json!({ "message": "Validation Failed", "errors": [error] }))
}

fn custom(message: &str) -> Response {
    invalid(&json!({ "resource": "PullRequest", "code": "custom", "message": message }))
}

/// Returns an error of GraphQL, which comes beside a success.
fn errors(kind: &str, field: &str, message: &str) -> Response {
    let error = json!({ "type": kind, "path": [field], "message": message });
    Response::json(200, &json!({ "data": { field: null }, "errors": [error] }))
}

fn data(field: &str, value: Value) -> Response {
    Response::json(200, &json!({ "data": { field: value } }))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// Returns a request as REST has it.
fn shown(request: &Request, store: &Store) -> Value {
    let is_open = request.state == RequestState::Open;
    json!({
        "number": request.number,
        "node_id": format!("PR_{}", request.number),
        "html_url": format!("https://github.example/{OWNER}/gitops/pull/{}", request.number),
        "state": if is_open { "open" } else { "closed" },
        "merged_at": (request.state == RequestState::Merged).then_some("2026-11-27T00:00:00Z"),
        "title": request.title,
        "body": request.body,
        "head": {
            "ref": request.head,
            "sha": store.head_id(request),
            "label": format!("{OWNER}:{}", request.head),
            "repo": { "full_name": if request.is_from_fork { "org/fork" } else { "org/gitops" } },
        },
        "base": { "ref": request.base, "repo": { "full_name": "org/gitops" } },
        "auto_merge": request.armed.is_some().then(|| json!({})),
    })
}

fn list(call: &ApiCall<'_>, store: &Store) -> Response {
    let (state, head, base) = (call.query("state"), call.query("head"), call.query("base"));
    let fits = |request: &&Request| {
        let is_open = request.state == RequestState::Open;
        (state == "all" || (state == "closed") != is_open)
            && (head.is_empty() || head == format!("{OWNER}:{}", request.head))
            && (base.is_empty() || base == request.base)
    };
    let found = store.requests.iter().rev().filter(fits).map(|request| shown(request, store)).collect();
    Response::json(200, &Value::Array(call.page(found, "per_page")))
}

fn open(call: &ApiCall<'_>, store: &mut Store) -> Response {
    let (head, base) = (call.text("head"), call.text("base"));
    match store.open(head, base, call.text("title"), call.text("body")) {
        Ok(request) => {
            let request = request.clone();
            Response::json(201, &shown(&request, store))
        }
        Err(NotOpened::Exists(_)) => custom(&format!("A pull request already exists for {OWNER}:{head}.")),
        Err(NotOpened::NothingToMerge) => custom(&format!("No commits between {base} and {head}")),
        Err(NotOpened::NoSuchBranch) => {
            invalid(&json!({ "resource": "PullRequest", "field": "base", "code": "invalid" }))
        }
    }
}

fn change(call: &ApiCall<'_>, store: &mut Store, number: &str) -> Response {
    let number = number.parse().unwrap_or_default();
    store.change(number, call.body["title"].as_str(), call.body["body"].as_str());
    match store.get(number) {
        Some(request) => Response::json(200, &shown(request, store)),
        None => refused(404, "Not Found"),
    }
}

/// Returns what a request waits for, as GraphQL calls it.
fn merge_state(request: &Request, store: &mut Store) -> &'static str {
    if store.unsettled > 0 {
        store.unsettled -= 1;
        return "UNKNOWN";
    }
    let (head, base) = (store.head_id(request), store.remote.tip(&request.base).unwrap_or_default());
    match store.remote.git(["merge-tree", "--write-tree", &base, &head]).run().code {
        Some(0) if store.waits => "BLOCKED",
        Some(0) => "CLEAN",
        _ => "DIRTY",
    }
}

fn merging(method: &str) -> Merging {
    match method.to_ascii_lowercase().as_str() {
        "squash" => Merging::Squash,
        "rebase" => Merging::Rebase,
        _ => Merging::Merge,
    }
}

/// Returns the message of a merge, without one GitHub's own.
fn message(request: &Request, title: &str, body: &str) -> String {
    let own = format!("Merge pull request #{} from {OWNER}/{}", request.number, request.head);
    let title = if title.is_empty() { &own } else { title };
    format!("{title}\n\n{body}").trim_end().to_owned() + "\n"
}

fn merge(call: &ApiCall<'_>, store: &mut Store, number: &str) -> Response {
    let Some(request) = store.get(number.parse().unwrap_or_default()).cloned() else {
        return refused(404, "Not Found");
    };
    if request.state != RequestState::Open || merge_state(&request, store) != "CLEAN" {
        return refused(405, "Pull Request is not mergeable");
    }
    if call.text("sha") != store.head_id(&request) {
        return refused(409, "Head branch was modified. Review and try the merge again.");
    }
    let message = message(&request, call.text("commit_title"), call.text("commit_message"));
    match store.merge(request.number, &Armed { merging: merging(call.text("merge_method")), message }) {
        Ok(id) => {
            Response::json(200, &json!({ "sha": id, "merged": true, "message": "Pull Request successfully merged" }))
        }
        Err(_) => refused(405, "Base branch was modified. Review and try the merge again."),
    }
}

/// Writes an object, and returns its id.
fn write(store: &Store, kind: &str, bytes: &[u8]) -> String {
    let written = store.remote.git(["hash-object", "-t", kind, "-w", "--stdin"]).stdin(bytes.to_vec()).run();
    written.success().stdout().trim().to_owned()
}

fn make_tree(call: &ApiCall<'_>, store: &Store) -> Response {
    let folder = temporary_folder("github-");
    let git = |arguments: &[&str]| {
        let command = store.remote.git(arguments.iter().copied());
        let output = command.env("GIT_INDEX_FILE", folder.path().join("index")).run();
        (output.code == Some(0)).then(|| output.stdout().trim().to_owned())
    };
    if git(&["read-tree", call.text("base_tree")]).is_none() {
        return refused(422, "Invalid tree info");
    }
    for entry in call.body["tree"].as_array().into_iter().flatten() {
        let id = match entry["content"].as_str() {
            Some(content) => write(store, "blob", content.as_bytes()),
            None => text(entry, "sha").to_owned(),
        };
        let mode = if store.drops_executable { "100644" } else { text(entry, "mode") };
        let place = format!("{mode},{id},{}", text(entry, "path"));
        if git(&["update-index", "--add", "--cacheinfo", &place]).is_none() {
            return refused(422, "tree.path contains a malformed path component");
        }
    }
    let id = git(&["write-tree"]).expect("a tree");
    Response::json(201, &json!({ "sha": id, "url": "https://api", "tree": [], "truncated": false }))
}

fn make_commit(call: &ApiCall<'_>, store: &Store) -> Response {
    let listed = call.body["parents"].as_array().into_iter().flatten();
    let parents: Vec<_> = listed.filter_map(Value::as_str).collect();
    let (tree, message) = (call.text("tree"), call.text("message"));
    if store.remote.git(["cat-file", "-e", &format!("{tree}^{{tree}}")]).run().code != Some(0) {
        return refused(422, "Tree SHA does not exist");
    }
    let author = match call.body.get("author") {
        Some(author) => format!("{} <{}>", text(author, "name"), text(author, "email")),
        None => BOT.to_owned(),
    };
    let lines: String = parents.iter().map(|parent| format!("parent {parent}\n")).collect();
    let head = format!("tree {tree}\n{lines}author {author} 1795770000 +0000\ncommitter {WEB_FLOW} 1795770000 +0000\n");
    let payload = format!("{head}\n{message}");
    let is_signed = store.signs && call.body.get("author").is_none() && call.body.get("committer").is_none();
    let (raw, verification) = match is_signed {
        true => (
            format!("{head}gpgsig {}\n\n{message}", SIGNATURE.trim_end().replace('\n', "\n ")),
            json!({
                "verified": true,
                "reason": "valid",
                "signature": SIGNATURE,
                "payload": store.tells_payload.then_some(payload),
            }),
        ),
        false => (payload, json!({ "verified": false, "reason": "unsigned", "signature": null, "payload": null })),
    };
    let id = write(store, "commit", raw.as_bytes());
    let parents: Vec<_> = parents.iter().map(|id| json!({ "sha": id, "url": "https://api" })).collect();
    let document = json!({
        "sha": id, "message": message, "tree": { "sha": tree }, "parents": parents, "verification": verification,
    });
    Response::json(201, &document)
}

fn graphql(body: &Value, store: &mut Store) -> Response {
    let (query, variables) = (text(body, "query"), &body["variables"]);
    let input = &variables["input"];
    let number = |id: &str| id.strip_prefix("PR_").and_then(|number| number.parse().ok()).unwrap_or_default();
    if query.contains("{enablePullRequestAutoMerge(") {
        return arm(number(text(input, "pullRequestId")), input, store);
    }
    if query.contains("{disablePullRequestAutoMerge(") {
        const FIELD: &str = "disablePullRequestAutoMerge";
        let number = number(text(input, "pullRequestId"));
        return match store.get_mut(number).map(|request| request.armed.take()) {
            Some(Some(_)) => data(FIELD, json!({ "pullRequest": { "number": number } })),
            Some(None) => errors("UNPROCESSABLE", FIELD, "Can't disable auto-merge for this pull request"),
            None => errors("NOT_FOUND", FIELD, "Could not resolve to a node"),
        };
    }
    if query.contains("{updateRefs(") {
        return update_refs(input, store);
    }
    if query.contains("mergeStateStatus") {
        return match store.get(number(text(variables, "id"))).cloned() {
            Some(request) => data("node", node(&request, store)),
            None => errors("NOT_FOUND", "node", "Could not resolve to a node"),
        };
    }
    if query.contains("repository(") {
        return data("repository", json!({ "id": "R_1" }));
    }
    refused(400, "Problems parsing JSON")
}

/// Returns a request as GraphQL has it.
fn node(request: &Request, store: &mut Store) -> Value {
    let state = match request.state {
        RequestState::Open => "OPEN",
        RequestState::Merged => "MERGED",
        RequestState::Closed => "CLOSED",
    };
    let armed = request.armed.as_ref().map(|Armed { merging, message }| {
        let (title, body) = message.split_once('\n').unwrap_or((message, ""));
        let method = format!("{merging:?}").to_uppercase();
        json!({ "mergeMethod": method, "commitHeadline": title, "commitBody": body.trim() })
    });
    json!({
        "state": state,
        "headRefOid": store.head_id(request),
        "mergeStateStatus": merge_state(request, store),
        "autoMergeRequest": armed,
        "repository": {
            "autoMergeAllowed": store.may_arm,
            "mergeCommitAllowed": true,
            "squashMergeAllowed": true,
            "rebaseMergeAllowed": true,
        },
    })
}

fn arm(number: u64, input: &Value, store: &mut Store) -> Response {
    const FIELD: &str = "enablePullRequestAutoMerge";
    let Some(request) = store.get(number).cloned() else {
        return errors("NOT_FOUND", FIELD, "Could not resolve to a node");
    };
    let refused = |message: &str| errors("UNPROCESSABLE", FIELD, message);
    if !store.may_arm {
        return refused("Pull request Auto merge is not allowed for this repository");
    }
    if request.armed.is_some() {
        return refused("Pull request Auto merge is already enabled");
    }
    if text(input, "expectedHeadOid") != store.head_id(&request) {
        return refused("Head sha didn't match expected head oid.");
    }
    match merge_state(&request, store) {
        "BLOCKED" => {}
        status => return refused(&format!("Pull request Pull request is in {} status", status.to_lowercase())),
    }
    let message = message(&request, text(input, "commitHeadline"), text(input, "commitBody"));
    let armed = Armed { merging: merging(text(input, "mergeMethod")), message };
    store.get_mut(number).expect("a request of this number").armed = Some(armed);
    data(FIELD, json!({ "pullRequest": { "autoMergeRequest": { "enabledAt": "2026-11-27T00:00:00Z" } } }))
}

/// Moves refs all or not at all, each only from where it must be.
fn update_refs(input: &Value, store: &Store) -> Response {
    let updates = input["refUpdates"].as_array().into_iter().flatten();
    let commands: String = updates
        .map(|update| {
            let (name, before, after) = (text(update, "name"), text(update, "beforeOid"), text(update, "afterOid"));
            format!("update {name} {after} {before}\n")
        })
        .collect();
    match store.remote.git(["update-ref", "--stdin"]).stdin(commands).run().code {
        Some(0) => data("updateRefs", json!({ "clientMutationId": null })),
        _ => errors("STALE_DATA", "updateRefs", "Ref update failed: a ref is not where it was expected to be"),
    }
}
