//! Pull requests are opened once, changed if they say something else, and found again.

use std::time::Duration;

use tagship::forge::{Forge, ForgeAddress, ForgeError, Operation, Proposal, RequestState};

use super::{HEAD, PROPOSAL, address_of, api_of, connection, github, token_of};
use crate::support::forge::{FORMER_OWNER, Fault, OWNER, RequestState as State, Rights, Store, TOKEN};
use crate::support::http::Response;
use crate::support::login::Login;

/// What opens a request.
const PULLS: &str = "POST /api/v3/repos/org/gitops/pulls";

/// Makes the head branch equal to its base.
fn empty_the_branch(store: &Store) {
    let base = store.remote.tip("main").unwrap();
    store.remote.git(["branch", "--force", HEAD, &base]).run().success();
}

#[test]
fn a_request_is_opened_then_left_then_changed() {
    let github = github();
    let api = api_of(&github);
    let (opened, operation) = api.propose(&PROPOSAL).unwrap();
    assert_eq!((opened.number, operation), (1, Operation::Opened));
    assert_eq!(opened.url, "https://github.example/org/gitops/pull/1");
    assert_eq!(github.short_call_lines(), ["GET /pulls 200", "POST /pulls 201"]);

    let (same, operation) = api.propose(&PROPOSAL).unwrap();
    assert_eq!((same.number, operation), (1, Operation::Unchanged));
    assert_eq!(github.short_call_lines(), ["GET /pulls 200"]);

    let (_, operation) = api.propose(&Proposal { title: "Release web:v3", ..PROPOSAL }).unwrap();
    assert_eq!(operation, Operation::Updated);
    assert_eq!(github.short_call_lines(), ["GET /pulls 200", "PATCH /pulls/1 200"]);
    let store = github.store();
    assert_eq!((store.only().title.as_str(), store.only().body.as_str()), ("Release web:v3", PROPOSAL.body));
}

/// GitHub redirects what is asked below the name of an earlier owner. Its filter of head branches wants the owner of now.
#[test]
fn a_request_is_found_after_a_transfer() {
    let github = github();
    let (opened, _) = api_of(&github).propose(&PROPOSAL).unwrap();
    let address = address_of(&github);
    let project = address.project.replace(OWNER, FORMER_OWNER);
    let token = token_of(&Login::new("x-token-auth", TOKEN));
    let former = Forge::new(ForgeAddress { project, ..address }, connection(token, Duration::from_secs(20))).unwrap();
    let (found, operation) = former.propose(&PROPOSAL).unwrap();
    assert_eq!((found.number, operation), (opened.number, Operation::Unchanged));
    // A request of another branch is none of ours.
    assert_eq!(former.newest_request("tagship/main/other", "main"), Ok(None));
}

#[test]
fn requests_of_other_branches_do_not_count() {
    let github = github();
    let api = api_of(&github);
    api.propose(&PROPOSAL).unwrap();
    assert_eq!(api.newest_request("tagship/main/other", "main").unwrap(), None);
    assert_eq!(api.newest_request(HEAD, "staging").unwrap(), None);
    assert_eq!(api.newest_request(HEAD, "main").unwrap().unwrap().number, 1);
}

#[test]
fn a_lost_answer_is_not_a_second_request() {
    let github = github();
    github.inject(PULLS, 1, Fault::LoseAnswer);
    let (request, operation) = api_of(&github).propose(&PROPOSAL).unwrap();
    assert_eq!((request.number, operation), (1, Operation::Opened));
    assert_eq!(github.short_call_lines(), ["GET /pulls 200", "POST /pulls 201", "GET /pulls 200"]);
    github.store().only();
}

#[test]
fn an_answer_that_is_lost_before_the_effect_is_told() {
    let github = github();
    github.inject(PULLS, 1, Fault::Drop);
    let error = api_of(&github).propose(&PROPOSAL).unwrap_err();
    assert!(matches!(error, ForgeError::NoAnswer { .. }), "{error:?}");
    assert!(github.store().requests.is_empty());
}

#[test]
fn another_run_may_open_the_request_first() {
    let github = github();
    let open = |store: &mut Store| {
        store.add(HEAD, "main", "Release web:v1");
    };
    github.inject(PULLS, 1, Fault::meanwhile(open));
    let (request, operation) = api_of(&github).propose(&PROPOSAL).unwrap();
    assert_eq!((request.number, operation), (1, Operation::Updated));
    assert_eq!(github.store().only().title, PROPOSAL.title);
}

#[test]
fn a_request_that_was_closed_by_hand_is_told_and_another_one_opened() {
    let github = github();
    let api = api_of(&github);
    api.propose(&PROPOSAL).unwrap();
    github.store().close(1);
    let closed = api.newest_request(PROPOSAL.head, PROPOSAL.base).unwrap().unwrap();
    assert_eq!((closed.number, closed.state), (1, RequestState::Closed));
    let (request, operation) = api.propose(&PROPOSAL).unwrap();
    assert_eq!((request.number, operation), (2, Operation::Opened));
    // The open one counts, and not the one that is closed.
    let open = api.newest_request(PROPOSAL.head, PROPOSAL.base).unwrap().unwrap();
    assert_eq!((open.number, open.state), (2, RequestState::Open));
    let (request, operation) = api.propose(&PROPOSAL).unwrap();
    assert_eq!((request.number, operation), (2, Operation::Unchanged));
}

#[test]
fn a_setting_that_forbids_requests_is_named() {
    let github = github();
    let words = "GitHub Actions is not permitted to create or approve pull requests.";
    let refusal = Response::json(403, &serde_json::json!({ "message": words, "status": "403" }));
    github.inject(PULLS, 1, Fault::Answer(refusal));
    let error = api_of(&github).propose(&PROPOSAL).unwrap_err();
    let ForgeError::Forbidden { needs, words, .. } = &error else { panic!("{error:?}") };
    assert!(needs.contains("`pull_requests: write`"), "{needs}");
    assert!(needs.contains("Allow GitHub Actions to create and approve pull requests"), "{needs}");
    assert_eq!(words.lines, ["GitHub Actions is not permitted to create or approve pull requests."]);
    assert_eq!(error.to_string(), "GitHub does not allow this login to open a pull request");
}

#[test]
fn a_token_that_may_only_read_is_told_what_it_lacks() {
    let github = github();
    github.set_rights(Rights::ReadApi);
    let error = api_of(&github).propose(&PROPOSAL).unwrap_err();
    let ForgeError::Forbidden { words, .. } = &error else { panic!("{error:?}") };
    assert_eq!(words.lines, ["Resource not accessible by integration"]);
}

#[test]
fn a_branch_without_commits_of_its_own_is_refused_in_the_servers_words() {
    let github = github();
    empty_the_branch(&github.store());
    let error = api_of(&github).propose(&PROPOSAL).unwrap_err();
    let ForgeError::Rejected { words, .. } = &error else { panic!("{error:?}") };
    assert_eq!(words.lines, ["Validation Failed", &format!("No commits between main and {HEAD}")]);
}

#[test]
fn a_request_whose_branch_equals_its_base_is_closed_by_the_server() {
    let github = github();
    api_of(&github).propose(&PROPOSAL).unwrap();
    empty_the_branch(&github.store());
    assert_eq!(github.store().only().state, State::Closed);
}

#[test]
fn the_page_from_which_a_person_can_open_it() {
    let github = github();
    let expected = format!("{}/org/gitops/compare/main...{HEAD}?expand=1", github.origin());
    assert_eq!(api_of(&github).compare_url("main", HEAD), expected);
}
