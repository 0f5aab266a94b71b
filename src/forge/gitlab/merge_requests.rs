//! Finds, opens and changes the merge request of a branch: one request to find it, and one to open or to change it.

use std::borrow::Cow;

use reqwest::Method;
use serde_json::{Value, json};

use crate::forge::address::{ForgeAddress, ForgeKind};
use crate::forge::error::ForgeError;
use crate::forge::json_client::{ForgeConnection, Repeat};
use crate::forge::proposal::{AutoMerge, Proposal, PullRequest, RequestState, WantedMerge};
use crate::forge::pull_request_api::{LISTED, ListedPage, PullRequestApi, newest_own, shortened};
use crate::forge::rest_api::{ApiAction, RestApi};

const FIND: ApiAction = ApiAction { what: "list merge requests", needs: "the scope `api` and the role Reporter" };
const OPEN: ApiAction = ApiAction {
    what: "open a merge request",
    needs: "the scope `api` and the role Developer; a job's token (`CI_JOB_TOKEN`) cannot open one by the API",
};
const CHANGE: ApiAction =
    ApiAction { what: "change the merge request", needs: "the scope `api` and the role Developer" };

/// A repository at GitLab.
pub(in crate::forge) struct GitLabApi {
    pub(super) api: RestApi,
}

impl GitLabApi {
    pub(in crate::forge) fn new(address: &ForgeAddress, connection: ForgeConnection) -> Result<Self, ForgeError> {
        let authorization = connection.token.authorization("Bearer");
        // The project's path is one part of the URL, its slashes encoded.
        let api = RestApi::new(address, &["projects", &address.project], authorization, connection)?;
        Ok(Self { api })
    }

    pub(super) fn read(&self, request: &Value) -> Result<PullRequest, ForgeError> {
        let text = |key: &str| request[key].as_str().map(str::to_owned);
        let state = match request["state"].as_str() {
            // It is locked while it is merged.
            Some("opened" | "locked") => Some(RequestState::Open),
            Some("closed") => Some(RequestState::Closed),
            Some("merged") => Some(RequestState::Merged),
            _ => None,
        };
        let read = || {
            let number = request["iid"].as_u64()?;
            Some(PullRequest {
                number,
                url: self.api.page_told(&request["web_url"], &["-", "merge_requests", &number.to_string()]),
                state: state?,
                head_id: text("sha").unwrap_or_default(),
                is_armed: request["merge_when_pipeline_succeeds"].as_bool(),
                title: text("title")?,
                body: text("description").unwrap_or_default(),
                id: String::new(),
            })
        };
        read().ok_or_else(|| self.api.invalid("it is no merge request"))
    }
}

impl PullRequestApi for GitLabApi {
    fn newest_request(&self, head: &str, base: &str) -> Result<Option<PullRequest>, ForgeError> {
        let is_own = |request: &Value| {
            request["source_branch"] == head
                && request["target_branch"] == base
                && request["source_project_id"] == request["target_project_id"]
        };
        newest_own(ForgeKind::GitLab, |page| {
            let mut url = self.api.url(&["merge_requests"]);
            url.query_pairs_mut()
                .append_pair("state", "all")
                .append_pair("source_branch", head)
                .append_pair("target_branch", base)
                .append_pair("order_by", "created_at")
                .append_pair("per_page", &LISTED.to_string())
                .append_pair("page", &(page + 1).to_string());
            let listed = self.api.accepted(self.api.get(url)?, FIND)?;
            let listed = listed.as_array().ok_or_else(|| self.api.invalid("it is no list of merge requests"))?;
            ListedPage::of(listed, is_own, |request| self.read(request))
        })
    }

    fn open(&self, proposal: &Proposal<'_>) -> Result<PullRequest, ForgeError> {
        let Proposal { base, head, title, body, .. } = proposal;
        let document = json!({ "source_branch": head, "target_branch": base, "title": title, "description": body });
        self.read(&self.api.sent(Method::POST, &["merge_requests"], document, Repeat::IfNotTaken, OPEN)?)
    }

    fn change(&self, request: &PullRequest, proposal: &Proposal<'_>) -> Result<PullRequest, ForgeError> {
        let document = json!({ "title": proposal.title, "description": proposal.body });
        let number = request.number.to_string();
        self.read(&self.api.sent(Method::PUT, &["merge_requests", &number], document, Repeat::Safe, CHANGE)?)
    }

    fn merge_when_ready(&self, wanted: &WantedMerge<'_>) -> Result<AutoMerge, ForgeError> {
        self.arm(wanted)
    }

    fn disarm(&self, request: &PullRequest) -> Result<bool, ForgeError> {
        self.disarm_merge(request)
    }

    fn compare_url(&self, base: &str, head: &str) -> String {
        let mut url = self.api.page(&["-", "merge_requests", "new"]);
        url.query_pairs_mut()
            .append_pair("merge_request[source_branch]", head)
            .append_pair("merge_request[target_branch]", base);
        url.to_string()
    }

    /// A line that begins with a slash would be a command to GitLab, such as `/merge`.
    fn body<'a>(&self, body: &'a str) -> Cow<'a, str> {
        let body = shortened(body, 60_000);
        if !body.lines().any(|line| line.trim_start().starts_with('/')) {
            return body;
        }
        let escaped = |line: &str| match line.trim_start() {
            command if command.starts_with('/') => format!("\\{command}\n"),
            _ => format!("{line}\n"),
        };
        Cow::Owned(body.lines().map(escaped).collect())
    }
}
