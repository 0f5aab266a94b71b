//! Has a merge request merged: GitLab does it once its checks pass, or at once if it waits for nothing. Whether a request can be
//! merged takes GitLab a while to know (`detailed_merge_status`), and until then it refuses (405, 422).

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::merge_requests::GitLabApi;
use crate::forge::address::ForgeKind;
use crate::forge::error::ForgeError;
use crate::forge::json_client::{ApiAnswer, Repeat};
use crate::forge::proposal::{AutoMerge, MergeMethod, PullRequest, WantedMerge};
use crate::forge::pull_request_api::merge_pauses;
use crate::forge::rest_api::ApiAction;

const MERGE: ApiAction = ApiAction {
    what: "merge the merge request",
    needs: "the scope `api`, and \"Allowed to merge\" in the protection of the target branch",
};

const TURN_OFF: ApiAction = ApiAction { what: "turn off the auto-merge of the merge request", needs: MERGE.needs };

const READ_PROJECT: ApiAction = ApiAction { what: "read the project", needs: "the scope `api` and the role Reporter" };

/// The merge method of a project that makes no merge commit, as its settings call it.
const FAST_FORWARD: &str = "Fast-forward merge";

impl GitLabApi {
    pub(super) fn arm(&self, wanted: &WantedMerge<'_>) -> Result<AutoMerge, ForgeError> {
        let WantedMerge { request, method, head_id, .. } = *wanted;
        if method == MergeMethod::Rebase {
            self.check_fast_forward()?;
        }
        let mut pauses = merge_pauses(self.api.deadline());
        loop {
            let (state, mut refusal) = match self.merge(wanted) {
                Ok(merged) => (merged, None),
                Err(error) if error.is_told_by_the_state() => (self.state(request)?, Some(error)),
                Err(error) => return Err(error),
            };
            match end(&state, head_id, &request.head_id) {
                // It may be armed since an earlier release, with the message of that one, which GitLab does not tell.
                Some(Ok(AutoMerge::Armed)) if refusal.is_some() => drop(self.disarm_merge(request)?),
                Some(Ok(end)) => return Ok(end),
                Some(Err(ForgeError::NotArmed { why, setting, .. })) => {
                    let words = refusal.as_ref().and_then(ForgeError::words).cloned();
                    return Err(ForgeError::NotArmed { why, setting, words });
                }
                Some(Err(error)) => return Err(error),
                None => {}
            }
            if !pauses.wait(Duration::ZERO) {
                if let Some(unsettled) = refusal.take_if(|refusal| refusal.is_unsettled()) {
                    return Err(unsettled);
                }
                if is_other_head(&state, head_id) {
                    return Err(ForgeError::HeadMoved);
                }
                let words = refusal.as_ref().and_then(ForgeError::words).cloned();
                let why = format!("GitLab does not take the merge (its state is `{}`)", status(&state));
                return Err(ForgeError::NotArmed { why, setting: None, words });
            }
        }
    }

    /// Asks for the merge: at once if nothing is waited for, else later. Both messages are ours, because a project may squash
    /// whatever is asked for, and may make a merge commit beside.
    fn merge(&self, wanted: &WantedMerge<'_>) -> Result<Value, ForgeError> {
        let WantedMerge { request, method, head_id, message } = wanted;
        let document = json!({
            "auto_merge": true,
            // Its name before GitLab 17.11.
            "merge_when_pipeline_succeeds": true,
            "sha": head_id,
            "squash": *method == MergeMethod::Squash,
            "merge_commit_message": message,
            "squash_commit_message": message,
        });
        let url = self.api.url(&["merge_requests", &request.number.to_string(), "merge"]);
        self.accepted_merge(self.api.send(Method::PUT, url, Some(document), Repeat::IfNotTaken)?, MERGE)
    }

    /// Turns off the merge that is armed, if one is. Returns whether one was.
    pub(super) fn disarm_merge(&self, request: &PullRequest) -> Result<bool, ForgeError> {
        let number = request.number.to_string();
        let url = self.api.url(&["merge_requests", &number, "cancel_merge_when_pipeline_succeeds"]);
        let answer = self.api.send(Method::POST, url, None, Repeat::Safe)?;
        if answer.status == 406 {
            return Ok(false);
        }
        let mut told = self.accepted_merge(answer, TURN_OFF)?;
        // A gateway before GitLab may have answered, and GitLab's versions answer with different documents.
        if told["merge_when_pipeline_succeeds"] != false {
            told = self.state(request)?;
        }
        match told["merge_when_pipeline_succeeds"].as_bool() {
            Some(false) => Ok(true),
            Some(true) => Err(self.api.invalid("auto-merge is still armed")),
            None => Err(self.api.invalid("it is no merge request")),
        }
    }

    fn accepted_merge(&self, answer: ApiAnswer, asked: ApiAction) -> Result<Value, ForgeError> {
        let ApiAction { what, needs } = asked;
        match answer.status {
            // With a token that it accepts, GitLab means the merge by it.
            401 => Err(ForgeError::Forbidden { kind: ForgeKind::GitLab, what, needs, words: answer.words }),
            _ => self.api.accepted(answer, asked),
        }
    }

    fn state(&self, request: &PullRequest) -> Result<Value, ForgeError> {
        let url = self.api.url(&["merge_requests", &request.number.to_string()]);
        self.api.accepted(self.api.get(url)?, MERGE)
    }

    /// The project decides whether there is a merge commit, and not the request.
    fn check_fast_forward(&self) -> Result<(), ForgeError> {
        let project = self.api.accepted(self.api.get(self.api.url(&[]))?, READ_PROJECT)?;
        match project["merge_method"].as_str() {
            Some("ff") => Ok(()),
            _ => Err(ForgeError::NotArmed {
                why: "the project makes merge commits".to_owned(),
                setting: Some(FAST_FORWARD),
                words: None,
            }),
        }
    }
}

fn status(state: &Value) -> &str {
    state["detailed_merge_status"].as_str().unwrap_or("unknown")
}

fn is_other_head(state: &Value, head_id: &str) -> bool {
    state["sha"].as_str().is_some_and(|head| head != head_id)
}

/// Returns how it ends by the state of the request; `None` if that may still change. `before` is the head that GitLab showed
/// after the push: it reads a pushed branch a moment later.
fn end(state: &Value, head_id: &str, before: &str) -> Option<Result<AutoMerge, ForgeError>> {
    let not = |why: &str| Some(Err(ForgeError::NotArmed { why: why.to_owned(), setting: None, words: None }));
    if is_other_head(state, head_id) {
        let is_unread = state["sha"] == before && state["state"] == "opened";
        return (!is_unread).then_some(Err(ForgeError::HeadMoved));
    }
    if state["state"] == "merged" {
        return Some(Ok(AutoMerge::Merged));
    }
    if state["merge_when_pipeline_succeeds"] == true {
        return Some(Ok(AutoMerge::Armed));
    }
    match status(state) {
        _ if state["state"] == "closed" => not("it was closed"),
        // A project may allow fast-forward merges only.
        "conflict" | "broken_status" | "need_rebase" => Some(Err(ForgeError::Conflicts)),
        "draft_status" => not("it is a draft"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{AutoMerge, ForgeError, end};
    use serde_json::json;

    const OURS: &str = "0123456789012345678901234567890123456789";

    #[test]
    fn what_a_state_means() {
        for (state, merge_status, armed, expected) in [
            ("merged", "not_open", false, Some(Some(AutoMerge::Merged))),
            ("opened", "ci_still_running", true, Some(Some(AutoMerge::Armed))),
            ("opened", "checking", false, None),
            ("opened", "unchecked", false, None),
            ("opened", "mergeable", false, None),
            ("opened", "ci_must_pass", false, None),
            ("opened", "a_status_of_the_future", false, None),
            ("opened", "conflict", false, Some(None)),
            ("opened", "draft_status", false, Some(None)),
            ("closed", "not_open", false, Some(None)),
        ] {
            let document = json!({ "state": state, "sha": OURS, "detailed_merge_status": merge_status,
                "merge_when_pipeline_succeeds": armed });
            assert_eq!(end(&document, OURS, OURS).map(Result::ok), expected, "{document}");
        }
        let moved = end(&json!({ "state": "merged", "sha": "f".repeat(40) }), OURS, OURS);
        assert_eq!(moved, Some(Err(ForgeError::HeadMoved)));
    }
}
