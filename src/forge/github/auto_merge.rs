//! Has a pull request merged: GitHub does it once its rules allow it, or at once if it waits for nothing. GitHub refuses to
//! arm a merge that waits for nothing, in several wordings; so the request's state decides what to do, and no wording.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::api::GitHubApi;
use crate::forge::address::ForgeKind;
use crate::forge::error::ForgeError;
use crate::forge::json_client::Repeat;
use crate::forge::proposal::{AutoMerge, MergeMethod, PullRequest, WantedMerge};
use crate::forge::pull_request_api::merge_pauses;
use crate::forge::rest_api::ApiAction;

const MERGE: ApiAction =
    ApiAction { what: "merge the pull request", needs: "`contents: write` and `pull_requests: write`" };

const TURN_OFF: ApiAction = ApiAction { what: "turn off the auto-merge of the pull request", needs: MERGE.needs };

const ARM: &str = "mutation($input:EnablePullRequestAutoMergeInput!){enablePullRequestAutoMerge(input:$input)\
                   {pullRequest{autoMergeRequest{enabledAt}}}}";

const DISARM: &str = "mutation($input:DisablePullRequestAutoMergeInput!){disablePullRequestAutoMerge(input:$input)\
                      {pullRequest{number}}}";

const STATE: &str = "query($id:ID!){node(id:$id){... on PullRequest{state headRefOid mergeStateStatus \
                     autoMergeRequest{mergeMethod commitHeadline commitBody} \
                     repository{autoMergeAllowed mergeCommitAllowed squashMergeAllowed rebaseMergeAllowed}}}}";

impl MergeMethod {
    /// Returns its name in REST; GraphQL has it in capitals.
    fn name(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Squash => "squash",
            Self::Rebase => "rebase",
        }
    }

    /// Returns the setting of the repository that allows it, as the API and as the page calls it.
    fn setting(self) -> (&'static str, &'static str) {
        match self {
            Self::Merge => ("mergeCommitAllowed", "Allow merge commits"),
            Self::Squash => ("squashMergeAllowed", "Allow squash merging"),
            Self::Rebase => ("rebaseMergeAllowed", "Allow rebase merging"),
        }
    }
}

/// What to do with a request.
enum Step {
    Arm,
    /// A merge is armed with another message or method.
    ArmAnew,
    Merge,
    /// GitHub does not know yet what the request waits for.
    Wait,
}

/// What the state of a request tells.
enum Next {
    Done(AutoMerge),
    Go(Step),
    /// No retry helps until this is changed.
    Never(String, Option<&'static str>),
    Conflicts,
    /// It has another commit: ours is not there yet, or not any more.
    OtherHead,
}

impl GitHubApi {
    pub(super) fn arm_or_merge(&self, wanted: &WantedMerge<'_>) -> Result<AutoMerge, ForgeError> {
        let mut backoff = merge_pauses(self.rest.deadline());
        let mut step = Step::Arm;
        let mut refusal = None;
        loop {
            match self.take(&step, wanted) {
                Ok(Some(end)) => return Ok(end),
                Ok(None) => {}
                Err(error) if error.is_told_by_the_state() => refusal = Some(error),
                Err(error) => return Err(error),
            }
            let is_other_head = match wanted.next(&self.state(wanted.request)?) {
                Next::Done(end) => return Ok(end),
                Next::Conflicts => return Err(ForgeError::Conflicts),
                Next::Never(why, setting) => {
                    let words = refusal.as_ref().and_then(ForgeError::words).cloned();
                    return Err(ForgeError::NotArmed { why, setting, words });
                }
                Next::Go(Step::Merge) if !matches!(step, Step::Merge) => {
                    step = Step::Merge;
                    continue;
                }
                Next::Go(next) => {
                    step = next;
                    false
                }
                Next::OtherHead => {
                    step = Step::Wait;
                    true
                }
            };
            if !backoff.wait(Duration::ZERO) {
                return Err(match refusal {
                    _ if is_other_head => ForgeError::HeadMoved,
                    Some(refusal) if refusal.is_unsettled() || !matches!(step, Step::Wait) => refusal,
                    refusal => ForgeError::NotYet {
                        kind: ForgeKind::GitHub,
                        words: refusal.as_ref().and_then(ForgeError::words).cloned(),
                    },
                });
            }
        }
    }

    fn take(&self, step: &Step, wanted: &WantedMerge<'_>) -> Result<Option<AutoMerge>, ForgeError> {
        Ok(match step {
            Step::Wait => None,
            Step::Merge => self.merge(wanted)?.then_some(AutoMerge::Merged),
            Step::Arm => self.arm(wanted)?.then_some(AutoMerge::Armed),
            Step::ArmAnew => {
                self.disarm_merge(wanted.request)?;
                self.arm(wanted)?.then_some(AutoMerge::Armed)
            }
        })
    }

    /// Turns off the merge that is armed. GitHub refuses that if none is.
    pub(super) fn disarm_merge(&self, request: &PullRequest) -> Result<(), ForgeError> {
        let input = json!({ "input": { "pullRequestId": request.id } });
        self.graphql(DISARM, input, Repeat::Safe, TURN_OFF).map(drop)
    }

    /// Returns whether the answer tells so.
    fn arm(&self, wanted: &WantedMerge<'_>) -> Result<bool, ForgeError> {
        let mut input = json!({
            "pullRequestId": wanted.request.id,
            "mergeMethod": wanted.method.name().to_ascii_uppercase(),
            "expectedHeadOid": wanted.head_id,
        });
        if wanted.method != MergeMethod::Rebase {
            let (title, body) = wanted.title_and_body();
            input["commitHeadline"] = title.into();
            input["commitBody"] = body.into();
        }
        let data = self.graphql(ARM, json!({ "input": input }), Repeat::IfNotTaken, MERGE)?;
        Ok(data["enablePullRequestAutoMerge"].is_object())
    }

    /// Returns whether the answer tells so.
    fn merge(&self, wanted: &WantedMerge<'_>) -> Result<bool, ForgeError> {
        let mut document = json!({ "sha": wanted.head_id, "merge_method": wanted.method.name() });
        if wanted.method != MergeMethod::Rebase {
            let (title, body) = wanted.title_and_body();
            document["commit_title"] = title.into();
            document["commit_message"] = body.into();
        }
        let number = wanted.request.number.to_string();
        let answer = self.rest.sent(Method::PUT, &["pulls", &number, "merge"], document, Repeat::IfNotTaken, MERGE)?;
        Ok(answer["merged"] == true)
    }

    /// Returns the request as GraphQL has it, with what its repository allows.
    fn state(&self, request: &PullRequest) -> Result<Value, ForgeError> {
        let mut answer = self.graphql(STATE, json!({ "id": request.id }), Repeat::Safe, MERGE)?;
        let node = answer["node"].take();
        if node.is_object() { Ok(node) } else { Err(self.rest.invalid("it has no pull request")) }
    }
}

impl WantedMerge<'_> {
    fn next(&self, state: &Value) -> Next {
        let text = |key: &str| state[key].as_str().unwrap_or_default();
        let allows = |setting: &str| state["repository"][setting].as_bool() != Some(false);
        let is_head = text("headRefOid") == self.head_id;
        let (method, method_setting) = self.method.setting();
        match (text("state"), is_head) {
            ("MERGED", true) => return Next::Done(AutoMerge::Merged),
            ("OPEN", true) => {}
            ("CLOSED", _) => return Next::Never("it was closed".to_owned(), None),
            _ => return Next::OtherHead,
        }
        if state["autoMergeRequest"].is_object() {
            return if self.is_armed(&state["autoMergeRequest"]) {
                Next::Done(AutoMerge::Armed)
            } else {
                Next::Go(Step::ArmAnew)
            };
        }
        match text("mergeStateStatus") {
            "DIRTY" => Next::Conflicts,
            "DRAFT" => Next::Never("it is a draft".to_owned(), None),
            _ if !allows(method) => {
                Next::Never(format!("the repository does not allow to {}", self.method.name()), Some(method_setting))
            }
            // Nothing that is required is waited for.
            "CLEAN" | "HAS_HOOKS" | "UNSTABLE" => Next::Go(Step::Merge),
            "UNKNOWN" => Next::Go(Step::Wait),
            _ if !allows("autoMergeAllowed") => {
                Next::Never("the repository does not allow auto-merge".to_owned(), Some("Allow auto-merge"))
            }
            _ => Next::Go(Step::Arm),
        }
    }

    /// Returns whether a merge is armed as it is wanted.
    fn is_armed(&self, armed: &Value) -> bool {
        let text = |key: &str| armed[key].as_str().unwrap_or_default();
        let is_method = text("mergeMethod").eq_ignore_ascii_case(self.method.name());
        let is_message = (text("commitHeadline"), text("commitBody").trim()) == self.title_and_body();
        is_method && (self.method == MergeMethod::Rebase || is_message)
    }
}
