//! Gitea and Forgejo, whose APIs are the same here. A merge that is to wait is not held to a commit, and keeps the message
//! that it was scheduled with; so one that another release scheduled is cancelled first, if the head is ours.

use std::time::Duration;

use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::address::{ForgeAddress, ForgeKind};
use super::draft::draft_mark;
use super::error::ForgeError;
use super::json_client::{ApiAnswer, ForgeConnection, Repeat};
use super::proposal::{AutoMerge, MergeMethod, Proposal, PullRequest, RequestState, WantedMerge};
use super::pull_request_api::{LISTED, ListedPage, PullRequestApi, merge_pauses, newest_of, newest_own};
use super::rest_api::{ApiAction, RestApi, extend};

const FIND: ApiAction = ApiAction { what: "read pull requests", needs: "the scope `read:repository`" };
const OPEN: ApiAction = ApiAction {
    what: "open a pull request",
    needs: "the scope `write:repository`, and the right to write to the repository",
};
const CHANGE: ApiAction = ApiAction { what: "change the pull request", needs: OPEN.needs };
const MERGE: ApiAction = ApiAction {
    what: "merge the pull request",
    needs: "the scope `write:repository`, and in the branch protection of the base \"Enable Merge\" for this user",
};

const TURN_OFF: ApiAction = ApiAction {
    what: "turn off the auto-merge of the pull request",
    needs: "the scope `write:repository`, and for a merge that another user scheduled the rights of an administrator of the repository",
};

/// A repository at Gitea.
pub(super) struct GiteaApi {
    api: RestApi,
}

impl GiteaApi {
    pub(super) fn new(address: &ForgeAddress, connection: ForgeConnection) -> Result<Self, ForgeError> {
        let (owner, name) = address.project.split_once('/').unwrap_or(("", &address.project));
        let authorization = connection.token.authorization("token");
        let api = RestApi::new(address, &["repos", owner, name], authorization, connection)?;
        Ok(Self { api })
    }

    fn read(&self, request: &Value) -> Result<PullRequest, ForgeError> {
        let text = |key: &str| request[key].as_str().map(str::to_owned);
        let state = match (request["state"].as_str(), request["merged"].as_bool()) {
            (_, Some(true)) => Some(RequestState::Merged),
            (Some("open"), _) => Some(RequestState::Open),
            (Some("closed"), _) => Some(RequestState::Closed),
            _ => None,
        };
        let read = || {
            let number = request["number"].as_u64()?;
            Some(PullRequest {
                number,
                url: self.api.page_told(&request["html_url"], &["pulls", &number.to_string()]),
                state: state?,
                head_id: request["head"]["sha"].as_str().unwrap_or_default().to_owned(),
                is_armed: None,
                title: text("title")?,
                body: text("body").unwrap_or_default(),
                id: String::new(),
            })
        };
        read().ok_or_else(|| self.api.invalid("it is no pull request"))
    }

    /// Returns one of the requests to bring `head` into `base`, whatever became of it: of several, Gitea names the oldest.
    fn any_request(&self, head: &str, base: &str) -> Result<Option<PullRequest>, ForgeError> {
        let mut url = self.api.url(&["pulls", base]);
        // The rest of the path is the head, slashes and all.
        extend(&mut url, &head.split('/').collect::<Vec<_>>());
        let answer = self.api.get(url)?;
        match answer.status {
            404 => Ok(None),
            _ => self.read(&self.api.accepted(answer, FIND)?).map(Some),
        }
    }

    /// Returns a page of the list of requests, which counts from 0; an administrator may allow fewer on one than are asked for.
    fn listed(&self, state: &str, page: usize, head: &str, base: &str) -> Result<ListedPage, ForgeError> {
        let mut url = self.api.url(&["pulls"]);
        url.query_pairs_mut()
            .append_pair("state", state)
            .append_pair("sort", "recentupdate")
            .append_pair("limit", &LISTED.to_string())
            .append_pair("page", &(page + 1).to_string());
        let listed = self.api.accepted(self.api.get(url)?, FIND)?;
        let listed = listed.as_array().ok_or_else(|| self.api.invalid("it is no list of pull requests"))?;
        let is_own = |request: &Value| {
            request["head"]["ref"] == head
                && request["base"]["ref"] == base
                && request["head"]["repo_id"] == request["base"]["repo_id"]
        };
        let page = ListedPage::of(listed, is_own, |request| self.read(request))?;
        Ok(ListedPage { is_last: listed.is_empty(), ..page })
    }

    /// Returns a request that has ended with the commit that it ended with: its own document names the branch's tip of now.
    fn ended(&self, request: PullRequest) -> Result<PullRequest, ForgeError> {
        let mut url = self.api.url(&["pulls", &request.number.to_string(), "commits"]);
        url.query_pairs_mut()
            .append_pair("limit", "1")
            .append_pair("files", "false")
            .append_pair("verification", "false");
        let commits = self.api.accepted(self.api.get(url)?, FIND)?;
        Ok(PullRequest { head_id: commits[0]["sha"].as_str().unwrap_or_default().to_owned(), ..request })
    }

    fn merge(&self, wanted: &WantedMerge<'_>) -> Result<ApiAnswer, ForgeError> {
        let (title, body) = wanted.title_and_body();
        let document = json!({
            "Do": style(wanted.method).0,
            "MergeTitleField": title,
            "MergeMessageField": body,
            "head_commit_id": wanted.head_id,
            "merge_when_checks_succeed": true,
        });
        self.api.send(Method::POST, self.merge_url(wanted.request), Some(document), Repeat::IfNotTaken)
    }

    fn merge_url(&self, request: &PullRequest) -> Url {
        self.api.url(&["pulls", &request.number.to_string(), "merge"])
    }
}

impl PullRequestApi for GiteaApi {
    fn newest_request(&self, head: &str, base: &str) -> Result<Option<PullRequest>, ForgeError> {
        let Some(oldest) = self.any_request(head, base)? else { return Ok(None) };
        if oldest.state == RequestState::Open {
            return Ok(Some(oldest));
        }
        if let Some(open) = newest_own(ForgeKind::Gitea, |page| self.listed("open", page, head, base))? {
            return Ok(Some(open));
        }
        let newest = newest_of(self.listed("closed", 0, head, base)?.own);
        self.ended(newest.unwrap_or(oldest)).map(Some)
    }

    fn open(&self, proposal: &Proposal<'_>) -> Result<PullRequest, ForgeError> {
        let Proposal { base, head, title, body, .. } = proposal;
        let document = json!({ "title": title, "head": head, "base": base, "body": body });
        self.read(&self.api.sent(Method::POST, &["pulls"], document, Repeat::IfNotTaken, OPEN)?)
    }

    fn change(&self, request: &PullRequest, proposal: &Proposal<'_>) -> Result<PullRequest, ForgeError> {
        let document = json!({ "title": proposal.title, "body": proposal.body });
        let number = request.number.to_string();
        self.read(&self.api.sent(Method::PATCH, &["pulls", &number], document, Repeat::Safe, CHANGE)?)
    }

    fn merge_when_ready(&self, wanted: &WantedMerge<'_>) -> Result<AutoMerge, ForgeError> {
        let WantedMerge { request, method, head_id, .. } = *wanted;
        let mut pauses = merge_pauses(self.api.deadline());
        loop {
            let refusal = match self.merge(wanted) {
                Ok(answer) if answer.status == 201 => return Ok(AutoMerge::Armed),
                // Its state tells whether it was merged at once, or closed (404).
                Ok(answer) if matches!(answer.status, 200 | 404 | 405 | 409) => self.api.refused(&answer, MERGE),
                Ok(answer) => return Err(self.api.refused(&answer, MERGE)),
                Err(error) if error.is_unsettled() => error,
                Err(error) => return Err(error),
            };
            let found = self.api.get(self.api.url(&["pulls", &request.number.to_string()]))?;
            let found = self.api.accepted(found, FIND)?;
            let (PullRequest { state, title, .. }, head) = (self.read(&found)?, found["head"]["sha"].as_str());
            let (style, allowed) = style(method);
            let not = |why: &str, setting| ForgeError::NotArmed {
                why: why.to_owned(),
                setting,
                words: refusal.words().cloned(),
            };
            match state {
                _ if head != Some(head_id) => return Err(ForgeError::HeadMoved),
                RequestState::Merged => return Ok(AutoMerge::Merged),
                RequestState::Closed => return Err(not("it was closed", None)),
                RequestState::Open if !draft_mark(&title).is_empty() => return Err(not("it is a draft", None)),
                RequestState::Open => {}
            }
            if found["base"]["repo"][allowed] == false {
                return Err(not(
                    &format!("the repository does not allow the merge style `{style}`"),
                    Some(style_setting(method)),
                ));
            }
            // A merge with the message of an older release.
            self.disarm(request)?;
            if !pauses.wait(Duration::ZERO) {
                if refusal.is_unsettled() {
                    return Err(refusal);
                }
                return Err(not("Gitea does not take the merge", None));
            }
        }
    }

    /// Cancels the merge that is scheduled, if one is.
    fn disarm(&self, request: &PullRequest) -> Result<bool, ForgeError> {
        let answer = self.api.send(Method::DELETE, self.merge_url(request), None, Repeat::Safe)?;
        match answer.status {
            // Before 1.17, no merge could be scheduled.
            404 | 405 => Ok(false),
            204 => Ok(true),
            // A gateway before Gitea may have answered.
            _ => Err(self
                .api
                .accepted(answer, TURN_OFF)
                .err()
                .unwrap_or_else(|| self.api.invalid("it cancels no merge"))),
        }
    }

    fn compare_url(&self, base: &str, head: &str) -> String {
        let mut url = self.api.page(&["compare"]);
        extend(&mut url, &format!("{base}...{head}").split('/').collect::<Vec<_>>());
        url.to_string()
    }
}

/// Returns the merge style, and the field of a repository that allows it.
fn style(method: MergeMethod) -> (&'static str, &'static str) {
    match method {
        MergeMethod::Merge => ("merge", "allow_merge_commits"),
        MergeMethod::Squash => ("squash", "allow_squash_merge"),
        MergeMethod::Rebase => ("rebase", "allow_rebase"),
    }
}

/// Returns the setting that allows it, as the repository's page calls it.
fn style_setting(method: MergeMethod) -> &'static str {
    match method {
        MergeMethod::Merge => "Create merge commit",
        MergeMethod::Squash => "Create squash commit",
        MergeMethod::Rebase => "Rebase then fast-forward",
    }
}
