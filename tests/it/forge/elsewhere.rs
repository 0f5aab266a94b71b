//! Pull requests at GitLab, Gitea, Azure DevOps and Bitbucket: the same as at GitHub, by the calls of each forge.

use std::time::Duration;

use serde_json::{Value, json};
use tagship::forge::{Forge, ForgeError, Known, MergeRequestByPush, Operation, Proposal, RequestState};

use super::{HEAD, PROPOSAL, address_of, api_of, api_with, connection, forge_of, token_of};
use crate::support::forge::{self, ALWAYS, Fault, Kind, OWNER, Rights, Store, TOKEN};
use crate::support::http::Response;
use crate::support::login::Login;
use crate::support::repository::File;

const ELSEWHERE: [Kind; 4] = [Kind::GitLab, Kind::Gitea, Kind::Azure, Kind::Bitbucket];

const EVERYWHERE: [Kind; 5] = [Kind::GitHub, Kind::GitLab, Kind::Gitea, Kind::Azure, Kind::Bitbucket];

/// Returns what opens a request.
fn opening(kind: Kind) -> &'static str {
    match kind {
        Kind::GitHub => "POST /api/v3/repos/org/gitops/pulls",
        Kind::GitLab => "POST /api/v4/projects/org%2Fgitops/merge_requests",
        Kind::Gitea => "POST /api/v1/repos/org/gitops/pulls",
        Kind::Azure => "POST /org/project/_apis/git/repositories/gitops/pullrequests",
        Kind::Bitbucket => "POST /2.0/repositories/org/gitops/pullrequests",
    }
}

/// Returns the methods of the calls since the last time.
fn methods(forge: &forge::Forge) -> Vec<String> {
    forge.calls().into_iter().map(|call| format!("{} {}", call.head.method, call.status)).collect()
}

#[test]
fn a_request_is_opened_then_left_then_changed() {
    for kind in ELSEWHERE {
        let forge = forge_of(kind);
        let api = api_of(&forge);
        let (opened, operation) = api.propose(&PROPOSAL).unwrap();
        assert_eq!((opened.number, operation), (1, Operation::Opened), "{kind:?}");
        assert!(forge.store().remote.tip(HEAD).unwrap().starts_with(&opened.head_id), "{kind:?}");
        let found = if kind == Kind::Gitea { "GET 404" } else { "GET 200" };
        assert_eq!(methods(&forge), [found, "POST 201"], "{kind:?}");

        let (same, operation) = api.propose(&PROPOSAL).unwrap();
        assert_eq!((same.number, operation), (1, Operation::Unchanged), "{kind:?}");
        assert_eq!(methods(&forge), ["GET 200"], "{kind:?}");

        let (_, operation) = api.propose(&Proposal { title: "Release web:v3", ..PROPOSAL }).unwrap();
        assert_eq!(operation, Operation::Updated, "{kind:?}");
        assert_eq!(methods(&forge).len(), 2, "{kind:?}");
        let store = forge.store();
        assert_eq!((store.only().title.as_str(), store.only().body.as_str()), ("Release web:v3", PROPOSAL.body));
    }
}

#[test]
fn what_is_known_spares_the_search() {
    for kind in ELSEWHERE {
        let forge = forge_of(kind);
        let api = api_of(&forge);
        let (request, _) = api.propose(&Proposal { known: Known::NoneOpen, ..PROPOSAL }).unwrap();
        assert_eq!(methods(&forge), ["POST 201"], "{kind:?}");
        let known = Known::WasOpen(&request);
        let (changed, operation) = api.propose(&Proposal { known, title: "Release web:v3", ..PROPOSAL }).unwrap();
        assert_eq!((operation, methods(&forge).len()), (Operation::Updated, 1), "{kind:?}");
        // It was merged in the meantime, and the branch has something else to propose.
        forge.store().requests[0].state = forge::RequestState::Merged;
        let known = Known::WasOpen(&changed);
        let newer = Proposal { known, title: "Release web:v4", body: "Newer", ..PROPOSAL };
        let error = api.propose(&newer).unwrap_err();
        assert!(matches!(error, ForgeError::NoLongerOpen { number: 1 }), "{kind:?}: {error:?}");
        // What was merged says what it brought.
        let store = forge.store();
        assert_eq!(
            (store.only().title.as_str(), store.only().body.as_str()),
            ("Release web:v3", PROPOSAL.body),
            "{kind:?}"
        );
    }
}

#[test]
fn a_lost_answer_is_not_a_second_request() {
    for kind in ELSEWHERE {
        let forge = forge_of(kind);
        forge.inject(opening(kind), 1, Fault::LoseAnswer);
        let (request, operation) = api_of(&forge).propose(&PROPOSAL).unwrap();
        assert_eq!((request.number, operation), (1, Operation::Opened), "{kind:?}");
        forge.store().only();
        let forge = forge_of(kind);
        forge.inject(opening(kind), 1, Fault::Drop);
        let error = api_of(&forge).propose(&PROPOSAL).unwrap_err();
        assert!(matches!(error, ForgeError::NoAnswer { .. }), "{kind:?}: {error:?}");
        assert!(forge.store().requests.is_empty(), "{kind:?}");
    }
}

#[test]
fn another_run_may_open_the_request_first() {
    for kind in ELSEWHERE {
        let forge = forge_of(kind);
        let open = |store: &mut Store| {
            store.add(HEAD, "main", "Release web:v1");
        };
        forge.inject(opening(kind), 1, Fault::meanwhile(open));
        let (request, _) = api_of(&forge).propose(&PROPOSAL).unwrap();
        assert_eq!(request.number, 1, "{kind:?}");
        assert_eq!(forge.store().only().title, PROPOSAL.title, "{kind:?}");
    }
}

#[test]
fn a_request_that_was_closed_by_hand_is_told_and_another_one_opened() {
    for kind in ELSEWHERE {
        let forge = forge_of(kind);
        let api = api_of(&forge);
        forge.store().add(HEAD, "main", PROPOSAL.title);
        forge.store().close(1);
        let closed = api.newest_request(HEAD, "main").unwrap().unwrap();
        assert_eq!((closed.number, closed.state), (1, RequestState::Closed), "{kind:?}");
        let (opened, operation) = api.propose(&PROPOSAL).unwrap();
        assert_eq!((opened.number, operation), (2, Operation::Opened), "{kind:?}");
    }
}

/// As many of forks are open as no page lists.
#[test]
fn an_open_request_is_found_beside_those_that_ended_and_those_of_forks() {
    for kind in EVERYWHERE {
        let forge = forge_of(kind);
        let api = api_of(&forge);
        forge.store().add(HEAD, "main", "Release web:v1");
        forge.store().close(1);
        forge.store().add(HEAD, "main", "Release web:v1.1");
        let mut other = forge.store().requests[1].clone();
        other.is_from_fork = true;
        for number in 3..123 {
            other.number = number;
            forge.store().requests.push(other.clone());
        }
        assert_eq!(api.newest_request(HEAD, "main").unwrap().unwrap().number, 2, "{kind:?}");
        let (request, operation) = api.propose(&PROPOSAL).unwrap();
        assert_eq!((request.number, operation), (2, Operation::Updated), "{kind:?}");
    }
}

/// Every page is full, and has none of ours: that there is none is not known.
#[test]
fn a_search_that_is_given_up_is_no_answer() {
    for (kind, list) in [
        (Kind::GitHub, "GET /api/v3/repos/org/gitops/pulls?"),
        (Kind::GitLab, "GET /api/v4/projects/org%2Fgitops/merge_requests?"),
        (Kind::Gitea, "GET /api/v1/repos/org/gitops/pulls?"),
        (Kind::Azure, "GET /org/project/_apis/git/repositories/gitops/pullrequests?"),
        (Kind::Bitbucket, "GET /2.0/repositories/org/gitops/pullrequests?"),
    ] {
        let forge = forge_of(kind);
        forge.store().add(HEAD, "main", PROPOSAL.title);
        forge.store().close(1);
        let others = Value::Array(vec![json!({}); 50]);
        let page = match kind {
            Kind::GitHub | Kind::GitLab | Kind::Gitea => others,
            Kind::Azure => json!({ "value": others }),
            Kind::Bitbucket => {
                let others = vec![json!({ "type": "pullrequest" }); 50];
                json!({ "values": others, "next": "http://127.0.0.1/?page=2" })
            }
        };
        forge.inject(list, ALWAYS, Fault::Answer(Response::json(200, &page)));
        let error = api_of(&forge).newest_request(HEAD, "main").unwrap_err();
        let ForgeError::Unsupported { why, .. } = &error else { panic!("{kind:?}: {error:?}") };
        assert!(error.to_string().ends_with(" cannot tell whether there is a pull request"), "{kind:?}: {error}");
        assert!(why.contains("name another head branch with `--head`"), "{kind:?}: {why}");
        assert_eq!(forge.times_asked(list), 20, "{kind:?}");
    }
}

/// A release that was pushed and not proposed would be taken for the one that a person has closed.
#[test]
fn a_request_that_ended_has_the_commit_that_it_ended_with() {
    for kind in [Kind::GitLab, Kind::Gitea, Kind::Azure] {
        let forge = forge_of(kind);
        forge.store().add(HEAD, "main", PROPOSAL.title);
        let ended_with = forge.store().remote.tip(HEAD).unwrap();
        forge.store().close(1);
        forge.store().remote.commit(HEAD, "Release web:v3", &[File::new("web.yaml", "v3\n")]);
        let closed = api_of(&forge).newest_request(HEAD, "main").unwrap().unwrap();
        assert!(!closed.head_id.is_empty() && ended_with.starts_with(&closed.head_id), "{kind:?}: {closed:?}");
    }
}

/// A request that has ended is refused a change too, but this one is open: a retry would get the same answer.
#[test]
fn a_change_that_is_refused_is_told() {
    for (kind, change) in [
        (Kind::GitHub, "PATCH /api/v3/repos/org/gitops/pulls/1"),
        (Kind::GitLab, "PUT /api/v4/projects/org%2Fgitops/merge_requests/1"),
        (Kind::Gitea, "PATCH /api/v1/repos/org/gitops/pulls/1"),
        (Kind::Azure, "PATCH /org/project/_apis/git/repositories/gitops/pullrequests/1"),
        (Kind::Bitbucket, "PUT /2.0/repositories/org/gitops/pullrequests/1"),
    ] {
        let forge = forge_of(kind);
        let api = api_of(&forge);
        let (request, _) = api.propose(&PROPOSAL).unwrap();
        let refusal = Response::json(400, &json!({ "message": "the title has a word that is not allowed" }));
        forge.inject(change, 2, Fault::Answer(refusal));
        for known in [Known::WasOpen(&request), Known::IsOpen(&request)] {
            let proposal = Proposal { known, title: "Release web:v3", ..PROPOSAL };
            let error = api.propose(&proposal).unwrap_err();
            assert!(matches!(error, ForgeError::Rejected { .. }), "{kind:?}: {error:?}");
        }
    }
}

/// Its author could write into our request, or have us believe that there is one.
#[test]
fn a_request_from_a_fork_is_not_ours() {
    for kind in EVERYWHERE {
        let forge = forge_of(kind);
        forge.store().add_from_fork(HEAD, "main");
        let api = api_of(&forge);
        assert_eq!(api.newest_request(HEAD, "main").unwrap(), None, "{kind:?}");
        let (request, operation) = api.propose(&PROPOSAL).unwrap();
        assert_eq!((request.number, operation), (2, Operation::Opened), "{kind:?}");
        assert_eq!(forge.store().requests[0].title, "Let us in", "{kind:?}");
        forge.store().close(1);
        assert_eq!(api.newest_request(HEAD, "main").unwrap().unwrap().number, 2, "{kind:?}");
    }
}

#[test]
fn what_cannot_be_opened_is_told_in_the_forges_words() {
    for (kind, status, words) in [
        (Kind::GitLab, 422, "nothing to merge"),
        (Kind::Gitea, 422, "There are no changes between the head and the base"),
        (Kind::Azure, 409, "nothing to merge"),
        (Kind::Bitbucket, 400, "There are no changes to be pulled"),
    ] {
        let forge = forge_of(kind);
        let base = forge.store().remote.tip("main").unwrap();
        forge.store().remote.git(["branch", "--force", HEAD, &base]).run().success();
        let error = api_of(&forge).propose(&PROPOSAL).unwrap_err();
        let ForgeError::Rejected { what, words: said, .. } = &error else { panic!("{kind:?}: {error:?}") };
        assert_eq!(*what, if kind == Kind::GitLab { "open a merge request" } else { "open a pull request" });
        assert_eq!(said.status, status, "{kind:?}");
        assert!(said.to_string().contains(words), "{kind:?}: {said}");
    }
}

#[test]
fn a_missing_permission_is_named_as_the_forge_names_it() {
    for (kind, needs, words) in [
        (Kind::GitLab, "the role Developer", "insufficient_scope"),
        (Kind::Gitea, "`write:repository`", "token does not have at least one of required scope(s)"),
        (Kind::Azure, "\"Contribute to pull requests\"", "TF401027"),
        (Kind::Bitbucket, "`pullrequest:write`", "lack one or more required privilege scopes"),
    ] {
        let forge = forge_of(kind);
        forge.set_rights(Rights::ReadApi);
        let error = api_of(&forge).propose(&PROPOSAL).unwrap_err();
        let ForgeError::Forbidden { needs: told, words: said, .. } = &error else { panic!("{kind:?}: {error:?}") };
        assert!(told.contains(needs), "{kind:?}: {told}");
        assert!(said.to_string().contains(words), "{kind:?}: {said}");
    }
}

#[test]
fn a_token_that_is_not_accepted_is_told() {
    for kind in ELSEWHERE {
        let forge = forge_of(kind);
        let error = api_with(&forge, "expired", Duration::from_secs(20)).propose(&PROPOSAL).unwrap_err();
        // Azure answers with a page to sign in at, as if it were a success.
        assert!(matches!(error, ForgeError::Unauthorized(_)), "{kind:?}: {error:?}");
        assert!(!format!("{error} {error:?}").contains("expired\""), "{kind:?}: {error:?}");
    }
}

#[test]
fn a_repository_that_is_not_there_is_told() {
    for kind in ELSEWHERE {
        let forge = forge_of(kind);
        let mut address = address_of(&forge);
        address.project = address.project.replace("gitops", "other");
        let token = token_of(&Login::new("x-token-auth", TOKEN));
        let api = Forge::new(address, connection(token, Duration::from_secs(20))).unwrap();
        let error = api.propose(&PROPOSAL).unwrap_err();
        assert!(
            matches!(&error, ForgeError::NotFound { project, .. } if project.contains("other")),
            "{kind:?}: {error:?}"
        );
    }
}

/// Gitea lists whole requests, those of others too, whose texts may be long.
#[test]
fn a_list_of_long_requests() {
    let forge = forge_of(Kind::Gitea);
    let api = api_of(&forge);
    let (request, _) = api.propose(&PROPOSAL).unwrap();
    let mut store = forge.store();
    store.requests[0].state = forge::RequestState::Merged;
    let tip = store.remote.tip("main").unwrap();
    for number in 0..50 {
        let branch = format!("renovate/{number}");
        store.remote.git(["update-ref", &format!("refs/heads/{branch}"), &tip]).run().success();
        store.remote.commit(&branch, "Update", &[File::new("noise", number.to_string())]);
        store.add(&branch, "main", "Update");
        store.requests.last_mut().unwrap().body = "<p>notes</p>\n".repeat(7_000);
    }
    drop(store);
    let found = api.newest_request(PROPOSAL.head, "main").unwrap();
    assert_eq!(found.map(|found| found.number), Some(request.number));
}

#[test]
fn a_limit_of_requests_is_waited_for() {
    for kind in ELSEWHERE {
        let forge = forge_of(kind);
        forge.inject("/", 1, Fault::too_many_requests());
        assert_eq!(api_of(&forge).propose(&PROPOSAL).unwrap().1, Operation::Opened, "{kind:?}");
        // Told before any permission is doubted.
        let limit = Response::json(403, &json!({ "message": "slow down" })).header("Retry-After", "3600");
        forge.inject("/", 1, Fault::Answer(limit));
        let error = api_of(&forge).propose(&PROPOSAL).unwrap_err();
        assert!(matches!(error, ForgeError::RateLimited { .. }), "{kind:?}: {error:?}");
    }
}

/// Each document has what the forge's manual names, and nothing else.
#[test]
fn documents() {
    for (kind, opened, changed) in [
        (
            Kind::GitLab,
            json!({ "source_branch": HEAD, "target_branch": "main", "title": "A", "description": "B" }),
            json!({ "title": "C", "description": "B" }),
        ),
        (
            Kind::Gitea,
            json!({ "head": HEAD, "base": "main", "title": "A", "body": "B" }),
            json!({ "title": "C", "body": "B" }),
        ),
        (
            Kind::Azure,
            json!({ "sourceRefName": format!("refs/heads/{HEAD}"), "targetRefName": "refs/heads/main", "title": "A",
                "description": "B" }),
            json!({ "title": "C", "description": "B" }),
        ),
        (
            Kind::Bitbucket,
            json!({ "type": "pullrequest", "title": "A", "description": "B",
                "source": { "branch": { "name": HEAD } }, "destination": { "branch": { "name": "main" } } }),
            json!({ "type": "pullrequest", "title": "C", "description": "B" }),
        ),
    ] {
        let forge = forge_of(kind);
        let api = api_of(&forge);
        api.propose(&Proposal { title: "A", body: "B", ..PROPOSAL }).unwrap();
        api.propose(&Proposal { title: "C", body: "B", ..PROPOSAL }).unwrap();
        let bodies: Vec<Value> =
            forge.calls().into_iter().map(|call| call.body).filter(|body| !body.is_null()).collect();
        assert_eq!(bodies, [opened, changed], "{kind:?}");
    }
}

#[test]
fn a_page_for_a_person_who_opens_the_request() {
    for (kind, page) in [
        (
            Kind::GitLab,
            "/org/gitops/-/merge_requests/new?merge_request%5Bsource_branch%5D=tagship%2Fmain%2Fweb&\
             merge_request%5Btarget_branch%5D=main",
        ),
        (Kind::Gitea, "/org/gitops/compare/main...tagship/main/web"),
        (Kind::Azure, "/org/project/_git/gitops/pullrequestcreate?sourceRef=tagship%2Fmain%2Fweb&targetRef=main"),
        (Kind::Bitbucket, "/org/gitops/pull-requests/new?source=tagship%2Fmain%2Fweb&dest=main"),
    ] {
        let forge = forge_of(kind);
        assert_eq!(api_of(&forge).compare_url("main", HEAD), format!("{}{page}", forge.origin()), "{kind:?}");
    }
}

#[test]
fn branches_of_any_name_are_found() {
    const BASE: &str = "release/1.x \"?&#%";
    const NAME: &str = "tagship/release/ä&b=c%2F#d";
    let (base, name) = (BASE.replace([' ', '?'], ""), NAME);
    for kind in ELSEWHERE {
        let forge = forge_of(kind);
        let first = forge.store().remote.tip("main").unwrap();
        for branch in [base.as_str(), name] {
            forge.store().remote.git(["branch", branch, &first]).run().success();
        }
        forge.store().remote.commit(name, "Release web:v2", &[File::new("web.yaml", "v2\n")]);
        let api = api_of(&forge);
        let proposal = Proposal { base: &base, head: name, ..PROPOSAL };
        // Bitbucket's fixture does not know how a quote is written in its queries.
        let proposal = if kind == Kind::Bitbucket { Proposal { base: "main", ..proposal } } else { proposal };
        assert_eq!(api.propose(&proposal).unwrap().1, Operation::Opened, "{kind:?}");
        assert_eq!(api.propose(&proposal).unwrap().1, Operation::Unchanged, "{kind:?}");
    }
}

/// Azure takes 4,000 characters, and counts them.
#[test]
fn a_text_is_cut_to_what_the_forge_takes() {
    let forge = forge_of(Kind::Azure);
    let api = api_of(&forge);
    let long = "ä".repeat(5_000);
    let proposal = Proposal { body: &long, title: &long, ..PROPOSAL };
    assert_eq!(api.propose(&proposal).unwrap().1, Operation::Opened);
    assert_eq!(api.propose(&proposal).unwrap().1, Operation::Unchanged);
    let store = forge.store();
    assert_eq!((store.only().body.chars().count(), store.only().title.chars().count()), (4_000, 250));
}

#[test]
fn gitlab_takes_no_line_for_a_command() {
    let forge = forge_of(Kind::GitLab);
    let api = api_of(&forge);
    let proposal = Proposal { body: "Text\n  /merge\n/assign @me\na/b\n", ..PROPOSAL };
    api.propose(&proposal).unwrap();
    assert_eq!(forge.store().only().body, "Text\n\\/merge\n\\/assign @me\na/b\n");
    assert_eq!(api.propose(&proposal).unwrap().1, Operation::Unchanged);
}

#[test]
fn a_login_shows_its_token_as_the_forge_wants_it() {
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJuYW1laWQiOiJ4In0.c2lnbmF0dXJl";
    let basic = |user: &str, password: &str| format!("Basic {}", Login::new(user, password).encoded());
    for (kind, user, token, expected) in [
        (Kind::GitLab, "oauth2", "t", "Bearer t".to_owned()),
        (Kind::Gitea, "me", "t", "token t".to_owned()),
        (Kind::Azure, "me", "t", basic("me", "t")),
        (Kind::Azure, "build", jwt, format!("Bearer {jwt}")),
        (Kind::Bitbucket, "x-token-auth", "t", "Bearer t".to_owned()),
        (Kind::Bitbucket, "x-access-token", "t", "Bearer t".to_owned()),
        (Kind::Bitbucket, "me@example.org", "t", basic("me@example.org", "t")),
    ] {
        let forge = forge_of(kind);
        let token = token_of(&Login::new(user, token));
        let api = Forge::new(address_of(&forge), connection(token, Duration::from_secs(20))).unwrap();
        drop(api.newest_request(HEAD, "main"));
        let sent = forge.calls();
        assert_eq!(sent[0].head.header("authorization"), Some(expected.as_str()), "{kind:?}");
    }
    let forge = forge_of(Kind::Bitbucket);
    let token = token_of(&Login::new("x-bitbucket-api-token-auth", "t"));
    let refused = Forge::new(address_of(&forge), connection(token, Duration::from_secs(20)));
    assert!(matches!(refused.err(), Some(ForgeError::Unsupported { .. })), "it does not tell the user");
}

#[test]
fn a_login_without_api_opens_merge_requests_by_its_push() {
    let forge = forge_of(Kind::GitLab);
    let address = address_of(&forge);
    let (job, person) = (token_of(&Login::new("gitlab-ci-token", "t")), token_of(&Login::new(OWNER, "t")));
    assert!(MergeRequestByPush::instead_of_api(&address, Some(&person)).is_none());
    assert!(MergeRequestByPush::instead_of_api(&address, None).is_some(), "a key of ssh");
    let by_push = MergeRequestByPush::instead_of_api(&address, Some(&job)).unwrap();
    assert_eq!(by_push.options(&PROPOSAL, None)[1], "merge_request.target=main");
    let said = format!("  {}/org/gitops/-/merge_requests/7", forge.origin());
    assert_eq!(by_push.told(&[said]).open.unwrap().0, 7);
    assert!(MergeRequestByPush::instead_of_api(&address_of(&forge_of(Kind::Gitea)), None).is_none());
}

/// Other steps open the page, and summaries link to it: what is no address of a page is replaced by where the forge has it.
#[test]
fn the_page_of_a_request_is_an_address() {
    for (kind, state, page) in [
        (Kind::GitHub, "open", "pull/7"),
        (Kind::GitLab, "opened", "-/merge_requests/7"),
        (Kind::Gitea, "open", "pulls/7"),
        (Kind::Bitbucket, "OPEN", "pull-requests/7"),
    ] {
        let forge = forge_of(kind);
        let composed = format!("{}/org/gitops/{page}", forge.origin());
        for (told, expected) in [
            ("https://forge.example/org/gitops/7?a=b#c", "https://forge.example/org/gitops/7?a=b#c"),
            ("javascript:alert(1)", &composed),
            ("https://forge.example/7\n::error::x", &composed),
            ("https://forge.example/7 \u{1b}[31m", &composed),
            ("https://forge.example/\u{202e}7", "https://forge.example/%E2%80%AE7"),
            ("https://user:secret@forge.example/7", &composed),
            ("/org/gitops/7", &composed),
        ] {
            let request = json!({
                "number": 7, "iid": 7, "id": 7, "node_id": "PR_7", "state": state, "title": "Release web:v2",
                "type": "pullrequest", "html_url": told, "web_url": told, "links": { "html": { "href": told } },
                "head": { "sha": "0" },
            });
            forge.inject(opening(kind), 1, Fault::Answer(Response::json(201, &request)));
            let (opened, _) = api_of(&forge).propose(&Proposal { known: Known::NoneOpen, ..PROPOSAL }).unwrap();
            assert_eq!(opened.url, expected, "{kind:?}");
        }
    }
}
