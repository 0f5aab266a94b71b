//! Merges at GitLab, Gitea and Azure DevOps: once the rules allow it, by our message, and only the commit that was proposed.
//! Bitbucket has no such merge.

use std::time::Duration;

use tagship::forge::{AutoMerge, Forge, ForgeError, ForgeKind, MergeMethod, PullRequest, WantedMerge};

use super::{HEAD, PROPOSAL, api_of, api_with, forge_of};
use crate::support::forge::{self, ALWAYS, Armed, Fault, Kind, Merging, RequestState, Rights, TOKEN};
use crate::support::http::Response;
use crate::support::repository::File;

const MESSAGE: &str = "Release web:v2\n\nSource: org/web@1\n\nTagship-Image: web:v2";

const THAT_MERGE: [Kind; 3] = [Kind::GitLab, Kind::Gitea, Kind::Azure];

/// Returns a forge with an open request.
fn proposed(kind: Kind) -> (forge::Forge, Forge, PullRequest) {
    let forge = forge_of(kind);
    let api = api_of(&forge);
    let (request, _) = api.propose(&PROPOSAL).unwrap();
    forge.calls();
    (forge, api, request)
}

fn tip(forge: &forge::Forge) -> String {
    forge.store().remote.tip(HEAD).unwrap()
}

/// Has the commit merged that is proposed now.
fn merge(
    api: &Forge,
    request: &PullRequest,
    method: MergeMethod,
    forge: &forge::Forge,
) -> Result<AutoMerge, ForgeError> {
    api.merge_when_ready(&WantedMerge { request, method, head_id: &tip(forge), message: MESSAGE })
}

/// Pushes to the proposed branch, as another release does.
fn push(forge: &forge::Forge) {
    forge.store().remote.commit(HEAD, "Release web:v3", &[File::new("web.yaml", "v3\n")]);
}

/// Returns what merges a request.
fn merging(kind: Kind) -> &'static str {
    match kind {
        Kind::GitLab => "PUT /api/v4/projects/org%2Fgitops/merge_requests/1/merge",
        Kind::Gitea => "POST /api/v1/repos/org/gitops/pulls/1/merge",
        Kind::Azure => "PATCH /org/project/_apis/git/repositories/gitops/pullrequests/1",
        Kind::GitHub | Kind::Bitbucket => unreachable!("tested elsewhere"),
    }
}

#[test]
fn a_merge_is_armed_with_our_message() {
    for kind in THAT_MERGE {
        let (forge, api, request) = proposed(kind);
        forge.store().waits = true;
        let armed = merge(&api, &request, MergeMethod::Squash, &forge);
        assert_eq!(armed, Ok(AutoMerge::Armed), "{kind:?}");
        assert_eq!(forge.calls().len(), if kind == Kind::Azure { 2 } else { 1 }, "{kind:?}");
        assert_eq!(forge.store().remote.number_of_commits("main"), 1, "{kind:?}");
        forge.store().pass_checks();
        assert_eq!(forge.store().only().state, RequestState::Merged, "{kind:?}");
        assert_eq!(forge.store().remote.log("main")[0].message.trim_end(), MESSAGE, "{kind:?}");
    }
}

/// A merge whose answer never comes may still take effect, or may be asked for again: no person has to merge by hand.
#[test]
fn a_merge_without_an_answer_is_no_refusal() {
    for kind in THAT_MERGE {
        let (forge, _, request) = proposed(kind);
        forge.inject(merging(kind), ALWAYS, Fault::Hang);
        let api = api_with(&forge, TOKEN, Duration::from_millis(400));
        let error = merge(&api, &request, MergeMethod::Squash, &forge).unwrap_err();
        assert!(matches!(error, ForgeError::NoAnswer { .. }), "{kind:?}: {error:?}");
    }
}

#[test]
fn each_method_is_merged_if_nothing_is_waited_for() {
    for kind in THAT_MERGE {
        for (method, parents) in [(MergeMethod::Merge, 2), (MergeMethod::Squash, 1), (MergeMethod::Rebase, 1)] {
            let (forge, api, request) = proposed(kind);
            // At GitLab, that is a setting of the project.
            forge.store().merging = (method == MergeMethod::Rebase).then_some(Merging::Rebase);
            // Gitea and Azure merge right after their answer.
            let expected = if kind == Kind::GitLab { AutoMerge::Merged } else { AutoMerge::Armed };
            let merged = merge(&api, &request, method, &forge);
            assert_eq!(merged, Ok(expected), "{kind:?} {method:?}");
            let newest = forge.store().remote.log("main").swap_remove(0);
            assert_eq!(
                (newest.parents.len(), newest.subject.as_str()),
                (parents, "Release web:v2"),
                "{kind:?} {method:?}"
            );
        }
    }
}

#[test]
fn another_commit_than_ours_is_not_merged() {
    for kind in THAT_MERGE {
        let (forge, api, request) = proposed(kind);
        forge.store().waits = true;
        let ours = tip(&forge);
        push(&forge);
        // Another release armed the request with its own commit and message.
        let theirs = Armed { merging: Merging::Merge, message: "Release web:v3".to_owned() };
        forge.store().requests[0].armed = Some(theirs.clone());
        let refused = api.merge_when_ready(&WantedMerge {
            request: &request,
            method: MergeMethod::Merge,
            head_id: &ours,
            message: MESSAGE,
        });
        assert_eq!(refused, Err(ForgeError::HeadMoved), "{kind:?}");
        assert_eq!(forge.store().only().armed, Some(theirs), "{kind:?}");
    }
}

#[test]
fn an_older_release_leaves_no_message_behind() {
    for kind in THAT_MERGE {
        let (forge, api, request) = proposed(kind);
        forge.store().waits = true;
        let older = Armed { merging: Merging::Squash, message: "Release web:v1".to_owned() };
        forge.store().requests[0].armed = Some(older);
        let armed = merge(&api, &request, MergeMethod::Squash, &forge);
        assert_eq!(armed, Ok(AutoMerge::Armed), "{kind:?}");
        forge.store().pass_checks();
        assert_eq!(forge.store().remote.log("main")[0].message.trim_end(), MESSAGE, "{kind:?}");
    }
}

/// GitLab does not tell which message a merge is armed with.
#[test]
fn what_an_older_release_armed_at_gitlab_is_not_taken_for_ours() {
    let refusal = |status| Fault::Answer(Response::json(status, &serde_json::json!({ "message": "No" })));
    for fault in [Fault::Drop, refusal(409), refusal(422), refusal(500)] {
        let (forge, api, request) = proposed(Kind::GitLab);
        forge.store().waits = true;
        forge.store().requests[0].armed =
            Some(Armed { merging: Merging::Squash, message: "Release web:v1".to_owned() });
        forge.inject(merging(Kind::GitLab), 1, fault);
        assert_eq!(merge(&api, &request, MergeMethod::Squash, &forge), Ok(AutoMerge::Armed));
        forge.store().pass_checks();
        assert_eq!(forge.store().remote.log("main")[0].message.trim_end(), MESSAGE);
    }
}

#[test]
fn what_the_forge_does_not_know_yet_is_asked_again() {
    for kind in [Kind::GitLab, Kind::Gitea] {
        let (forge, api, request) = proposed(kind);
        forge.store().unsettled = 2;
        let merged = merge(&api, &request, MergeMethod::Merge, &forge);
        assert!(merged.is_ok(), "{kind:?}: {merged:?}");
        assert_eq!(forge.store().only().state, RequestState::Merged, "{kind:?}");
    }
}

#[test]
fn a_lost_answer_is_looked_up() {
    for kind in THAT_MERGE {
        for waits in [true, false] {
            let (forge, api, request) = proposed(kind);
            forge.store().waits = waits;
            forge.inject(merging(kind), 1, Fault::LoseAnswer);
            let end = merge(&api, &request, MergeMethod::Merge, &forge);
            if waits {
                assert_eq!(end, Ok(AutoMerge::Armed), "{kind:?}");
                forge.store().pass_checks();
            } else {
                assert_eq!(end, Ok(AutoMerge::Merged), "{kind:?}");
            }
            let log = forge.store().remote.log("main");
            assert_eq!((log.len(), log[0].message.trim_end()), (3, MESSAGE), "{kind:?}");
        }
    }
}

#[test]
fn what_is_not_armed_is_told_with_the_reason() {
    for (kind, method, setting) in [
        (Kind::Gitea, MergeMethod::Squash, Some("Create squash commit")),
        (Kind::Gitea, MergeMethod::Merge, Some("Create merge commit")),
        (Kind::GitLab, MergeMethod::Rebase, Some("Fast-forward merge")),
        (Kind::Azure, MergeMethod::Squash, None),
    ] {
        let (forge, api, request) = proposed(kind);
        forge.store().may_arm = false;
        if kind == Kind::Gitea {
            let other = if method == MergeMethod::Squash { Merging::Merge } else { Merging::Squash };
            forge.store().merging = Some(other);
        }
        let error = merge(&api, &request, method, &forge).unwrap_err();
        let ForgeError::NotArmed { setting: told, .. } = &error else { panic!("{kind:?}: {error:?}") };
        assert_eq!(*told, setting, "{kind:?}");
        assert_eq!(forge.store().only().state, RequestState::Open, "{kind:?}");
    }
}

/// A person closes it when its state is known already.
#[test]
fn a_request_that_was_closed_is_told() {
    for kind in THAT_MERGE {
        let (forge, api, request) = proposed(kind);
        forge.inject(merging(kind), 1, Fault::meanwhile(|store| store.close(1)));
        let error = merge(&api, &request, MergeMethod::Merge, &forge).unwrap_err();
        let ForgeError::NotArmed { why, .. } = &error else { panic!("{kind:?}: {error:?}") };
        assert!(why == "it was closed" || why == "it was abandoned", "{kind:?}: {why}");
    }
}

/// GitLab reads a pushed branch a moment later, and shows the commit before until then, and the merge that was armed for it.
#[test]
fn a_head_that_gitlab_has_not_read_yet_is_waited_for() {
    for (state, expected) in [("opened", Ok(AutoMerge::Merged)), ("merged", Err(ForgeError::HeadMoved))] {
        let (forge, api, request) = proposed(Kind::GitLab);
        push(&forge);
        let refusal = serde_json::json!({ "message": "SHA does not match HEAD of source branch" });
        forge.inject(merging(Kind::GitLab), 2, Fault::Answer(Response::json(409, &refusal)));
        let shown = serde_json::json!({
            "iid": 1, "state": state, "sha": request.head_id, "detailed_merge_status": "checking",
            "merge_when_pipeline_succeeds": true,
        });
        let page = "GET /api/v4/projects/org%2Fgitops/merge_requests/1";
        forge.inject(page, 2, Fault::Answer(Response::json(200, &shown)));
        let merged = merge(&api, &request, MergeMethod::Squash, &forge);
        assert_eq!(merged, expected, "{state}");
    }
}

/// A page of something before the forge, such as one to sign in at.
#[test]
fn an_answer_of_another_server_is_no_merge() {
    let (forge, api, request) = proposed(Kind::Gitea);
    forge.store().waits = true;
    forge.inject(merging(Kind::Gitea), 1, Fault::Answer(Response::text(200, "<html>Sign in")));
    let armed = merge(&api, &request, MergeMethod::Merge, &forge);
    assert_eq!(armed, Ok(AutoMerge::Armed));
    assert!(forge.store().only().armed.is_some());
}

#[test]
fn a_conflict_is_told() {
    for kind in [Kind::GitLab, Kind::Gitea] {
        let (forge, _, request) = proposed(kind);
        forge.store().remote.commit("main", "By hand", &[File::new("web.yaml", "v9\n")]);
        // Gitea does not tell a conflict from a state that it does not know yet.
        let api = api_with(&forge, TOKEN, Duration::from_secs(2));
        match merge(&api, &request, MergeMethod::Merge, &forge) {
            Err(ForgeError::NotArmed { words: Some(words), .. }) if kind == Kind::Gitea => {
                assert_eq!(words.status, 405);
            }
            Err(ForgeError::Conflicts) if kind == Kind::GitLab => {}
            other => panic!("{kind:?}: {other:?}"),
        }
    }
}

#[test]
fn a_missing_permission_is_named() {
    for kind in THAT_MERGE {
        let (forge, api, request) = proposed(kind);
        forge.set_rights(Rights::ReadApi);
        let error = merge(&api, &request, MergeMethod::Merge, &forge).unwrap_err();
        assert!(matches!(error, ForgeError::Forbidden { .. }), "{kind:?}: {error:?}");
    }
    // GitLab means the merge by 401.
    let (forge, api, request) = proposed(Kind::GitLab);
    let refusal = Response::json(401, &serde_json::json!({ "message": "401 Unauthorized" }));
    forge.inject(merging(Kind::GitLab), 1, Fault::Answer(refusal));
    let error = merge(&api, &request, MergeMethod::Merge, &forge).unwrap_err();
    assert!(matches!(error, ForgeError::Forbidden { needs, .. } if needs.contains("Allowed to merge")), "{error:?}");
}

#[test]
fn bitbucket_has_no_merge_that_waits() {
    let (forge, api, request) = proposed(Kind::Bitbucket);
    for refused in [api.kind().check_auto_merge().err(), merge(&api, &request, MergeMethod::Merge, &forge).err()] {
        assert!(matches!(refused, Some(ForgeError::Unsupported { .. })), "{refused:?}");
    }
    assert_eq!(forge.calls().len(), 0);
    assert_eq!(ForgeKind::GitLab.check_auto_merge(), Ok(()));
}
