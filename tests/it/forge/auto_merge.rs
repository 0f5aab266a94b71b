//! A pull request is merged once its rules allow it, by our message, and only the commit that was proposed.

use std::time::Duration;

use tagship::forge::{AutoMerge, Forge, ForgeError, MergeMethod, PullRequest, WantedMerge};

use super::{HEAD, PROPOSAL, api_of, api_with, github};
use crate::support::forge::{self, Armed, Fault, Merging, RequestState, Store, TOKEN};
use crate::support::http::Response;
use crate::support::repository::File;

const MESSAGE: &str = "Release web:v2\n\nSource: org/web@1\n\nTagship-Image: web:v2\n";

/// Returns a GitHub with an open request.
fn proposed() -> (forge::Forge, Forge, PullRequest) {
    let github = github();
    let api = api_of(&github);
    let (request, _) = api.propose(&PROPOSAL).unwrap();
    github.short_call_lines();
    (github, api, request)
}

/// Returns the commit that is proposed.
fn tip(github: &forge::Forge) -> String {
    github.store().remote.tip(HEAD).unwrap()
}

/// Returns how many commits the base has.
fn commits(github: &forge::Forge) -> usize {
    github.store().remote.number_of_commits("main")
}

/// Pushes to the proposed branch, as another release does.
fn push(store: &mut Store) {
    store.remote.commit(HEAD, "By another release", &[File::new("web.yaml", "v3\n")]);
}

fn merge(github: &forge::Forge, api: &Forge, request: &PullRequest) -> Result<AutoMerge, ForgeError> {
    api.merge_when_ready(&WantedMerge { request, method: MergeMethod::Squash, head_id: &tip(github), message: MESSAGE })
}

#[test]
fn a_merge_is_armed_with_our_message() {
    let (github, api, request) = proposed();
    github.store().waits = true;
    assert_eq!(merge(&github, &api, &request), Ok(AutoMerge::Armed));
    assert_eq!(github.short_call_lines(), ["POST /graphql 200"]);
    assert_eq!(commits(&github), 1);
    let mut store = github.store();
    store.pass_checks();
    assert_eq!(store.only().state, RequestState::Merged);
    assert_eq!(store.remote.log("main")[0].message.trim_end(), MESSAGE.trim_end());
    assert_eq!(store.remote.file("main", "web.yaml"), b"v2\n");
}

#[test]
fn each_method_is_merged_at_once_if_nothing_is_waited_for() {
    for (method, parents) in [(MergeMethod::Merge, 2), (MergeMethod::Squash, 1), (MergeMethod::Rebase, 1)] {
        let (github, api, request) = proposed();
        let merged =
            api.merge_when_ready(&WantedMerge { request: &request, method, head_id: &tip(&github), message: MESSAGE });
        assert_eq!(merged, Ok(AutoMerge::Merged), "{method:?}");
        assert_eq!(github.short_call_lines(), ["POST /graphql 200", "POST /graphql 200", "PUT /pulls/1/merge 200"]);
        let newest = github.store().remote.log("main").swap_remove(0);
        assert_eq!((newest.parents.len(), newest.subject.as_str()), (parents, "Release web:v2"), "{method:?}");
    }
}

#[test]
fn what_github_does_not_know_yet_is_asked_again() {
    let (github, api, request) = proposed();
    github.store().unsettled = 3;
    assert_eq!(merge(&github, &api, &request), Ok(AutoMerge::Merged));
    let puts = github.short_call_lines().iter().filter(|line| line.starts_with("PUT")).count();
    assert_eq!(puts, 1, "nothing is merged before that");
}

/// A later run can know it.
#[test]
fn what_github_does_not_know_in_time_is_no_refusal() {
    let (github, _, request) = proposed();
    github.store().unsettled = usize::MAX;
    let api = api_with(&github, TOKEN, Duration::from_millis(400));
    let error = merge(&github, &api, &request).unwrap_err();
    assert!(matches!(error, ForgeError::NotYet { .. }), "{error:?}");
}

#[test]
fn another_merge_into_the_base_is_tried_again() {
    let (github, api, request) = proposed();
    let modified = "Base branch was modified. Review and try the merge again.";
    let refusal = Response::json(405, &serde_json::json!({ "message": modified, "status": "405" }));
    github.inject("PUT /", 2, Fault::Answer(refusal));
    assert_eq!(merge(&github, &api, &request), Ok(AutoMerge::Merged));
    assert_eq!(github.store().only().state, RequestState::Merged);
}

#[test]
fn a_repository_without_auto_merge_is_told_which_setting_is_missing() {
    let (github, api, request) = proposed();
    github.store().may_arm = false;
    github.store().waits = true;
    let error = merge(&github, &api, &request).unwrap_err();
    let ForgeError::NotArmed { setting, words: Some(words), .. } = &error else { panic!("{error:?}") };
    assert_eq!(*setting, Some("Allow auto-merge"));
    assert!(words.lines[0].contains("Auto merge is not allowed"), "{words:?}");
    assert_eq!(commits(&github), 1);
}

#[test]
fn without_auto_merge_what_waits_for_nothing_is_merged_all_the_same() {
    let (github, api, request) = proposed();
    github.store().may_arm = false;
    assert_eq!(merge(&github, &api, &request), Ok(AutoMerge::Merged));
}

#[test]
fn a_conflict_is_told() {
    let (github, api, request) = proposed();
    github.store().remote.commit("main", "By hand", &[File::new("web.yaml", "v9\n")]);
    assert_eq!(merge(&github, &api, &request), Err(ForgeError::Conflicts));
}

#[test]
fn only_the_commit_that_was_proposed_is_merged() {
    let (github, api, request) = proposed();
    let ours = tip(&github);
    push(&mut github.store());
    let merged = api.merge_when_ready(&WantedMerge {
        request: &request,
        method: MergeMethod::Squash,
        head_id: &ours,
        message: MESSAGE,
    });
    assert_eq!(merged, Err(ForgeError::HeadMoved));
    assert_eq!(commits(&github), 1);
}

/// The branch moves when the state is known already.
#[test]
fn a_branch_that_moves_at_the_last_moment_is_not_merged() {
    let (github, api, request) = proposed();
    github.inject("PUT /", 1, Fault::meanwhile(push));
    let merged = merge(&github, &api, &request);
    assert_eq!(merged, Err(ForgeError::HeadMoved));
    assert_eq!(commits(&github), 1);
}

#[test]
fn a_merge_that_is_armed_with_an_older_message_is_armed_anew() {
    let (github, api, request) = proposed();
    github.store().waits = true;
    let head = tip(&github);
    api.merge_when_ready(&WantedMerge {
        request: &request,
        method: MergeMethod::Merge,
        head_id: &head,
        message: "Release web:v1",
    })
    .unwrap();
    assert_eq!(merge(&github, &api, &request), Ok(AutoMerge::Armed));
    let armed = Armed { merging: Merging::Squash, message: MESSAGE.to_owned() };
    assert_eq!(github.store().only().armed, Some(armed));
    // A second time, it is armed as it should be.
    github.short_call_lines();
    assert_eq!(merge(&github, &api, &request), Ok(AutoMerge::Armed));
    assert_eq!(github.short_call_lines().len(), 2);
}

#[test]
fn a_lost_answer_is_found_in_the_state() {
    let (github, api, request) = proposed();
    github.store().waits = true;
    github.inject("POST /api/graphql", 1, Fault::LoseAnswer);
    assert_eq!(merge(&github, &api, &request), Ok(AutoMerge::Armed));

    let (github, api, request) = proposed();
    github.inject("PUT /", 1, Fault::LoseAnswer);
    assert_eq!(merge(&github, &api, &request), Ok(AutoMerge::Merged));
    assert_eq!(commits(&github), 2);
}

#[test]
fn a_request_that_was_closed_is_told() {
    let (github, api, request) = proposed();
    github.store().close(1);
    github.store().may_arm = false;
    let error = merge(&github, &api, &request).unwrap_err();
    assert!(error.to_string().ends_with("it was closed"), "{error}");
}

/// A page of something before the forge, such as one to sign in at, or a mutation without an effect.
#[test]
fn an_answer_that_tells_no_merge_is_none() {
    let (github, api, request) = proposed();
    github.inject("PUT /", 1, Fault::Answer(Response::text(200, "<html>Sign in")));
    assert_eq!(merge(&github, &api, &request), Ok(AutoMerge::Merged));
    assert_eq!(commits(&github), 2);

    let (github, api, request) = proposed();
    github.store().waits = true;
    let nothing = serde_json::json!({ "data": { "enablePullRequestAutoMerge": null } });
    github.inject("POST /api/graphql", 1, Fault::Answer(Response::json(200, &nothing)));
    assert_eq!(merge(&github, &api, &request), Ok(AutoMerge::Armed));
    assert!(github.store().only().armed.is_some());
}
