//! Finds, opens and changes the pull request of a branch: one request to find it, and one to open or to change it.

use reqwest::Method;
use serde_json::{Value, json};

use super::api::GitHubApi;
use crate::forge::address::ForgeKind;
use crate::forge::error::ForgeError;
use crate::forge::json_client::{ApiAnswer, Repeat};
use crate::forge::proposal::{AutoMerge, Proposal, PullRequest, RequestState, WantedMerge};
use crate::forge::pull_request_api::{LISTED, ListedPage, PullRequestApi, newest_own};
use crate::forge::rest_api::{ApiAction, extend};

const FIND: ApiAction = ApiAction { what: "list pull requests", needs: "`pull_requests: read`" };

const OPEN: ApiAction = ApiAction {
    what: "open a pull request",
    needs: "`pull_requests: write`, and for the token of a job the setting \"Allow GitHub Actions to create and approve pull \
            requests\"",
};

const CHANGE: ApiAction = ApiAction { what: "change the pull request", needs: "`pull_requests: write`" };

impl PullRequestApi for GitHubApi {
    fn newest_request(&self, head: &str, base: &str) -> Result<Option<PullRequest>, ForgeError> {
        // A server that does not know the filters would list the requests of other branches. The owner may have a fork beside.
        let is_own = |request: &Value| {
            request["head"]["ref"] == head
                && request["base"]["ref"] == base
                && request["head"]["repo"]["full_name"] == request["base"]["repo"]["full_name"]
        };
        let mut filter = Some(format!("{}:{head}", self.owner));
        newest_own(ForgeKind::GitHub, |page| {
            let mut answer = self.list(filter.as_deref(), base, page)?;
            if answer.was_redirected && filter.take().is_some() {
                // The filter wants the owner of now, whom the earlier address does not name.
                answer = self.list(None, base, page)?;
            }
            let document = self.rest.accepted(answer, FIND)?;
            let listed = document.as_array().ok_or_else(|| self.rest.invalid("it is no list of pull requests"))?;
            ListedPage::of(listed, is_own, |request| self.read(request))
        })
    }

    fn open(&self, proposal: &Proposal<'_>) -> Result<PullRequest, ForgeError> {
        let Proposal { base, head, title, body, .. } = proposal;
        let document = json!({ "title": title, "head": head, "base": base, "body": body });
        self.read(&self.rest.sent(Method::POST, &["pulls"], document, Repeat::IfNotTaken, OPEN)?)
    }

    fn change(&self, request: &PullRequest, proposal: &Proposal<'_>) -> Result<PullRequest, ForgeError> {
        let document = json!({ "title": proposal.title, "body": proposal.body });
        let number = request.number.to_string();
        self.read(&self.rest.sent(Method::PATCH, &["pulls", &number], document, Repeat::Safe, CHANGE)?)
    }

    fn merge_when_ready(&self, wanted: &WantedMerge<'_>) -> Result<AutoMerge, ForgeError> {
        self.arm_or_merge(wanted)
    }

    fn disarm(&self, request: &PullRequest) -> Result<bool, ForgeError> {
        self.disarm_merge(request).map(|()| true)
    }

    fn compare_url(&self, base: &str, head: &str) -> String {
        // GitHub reads the slashes of a branch as they are.
        let branches = format!("{base}...{head}");
        let mut url = self.rest.page(&["compare"]);
        extend(&mut url, &branches.split('/').collect::<Vec<_>>());
        url.set_query(Some("expand=1"));
        url.to_string()
    }
}

impl GitHubApi {
    /// Asks for a page of the requests into `base`, the newest first; with a filter, of those from `OWNER:BRANCH` alone.
    fn list(&self, filter: Option<&str>, base: &str, page: usize) -> Result<ApiAnswer, ForgeError> {
        let mut url = self.rest.url(&["pulls"]);
        url.query_pairs_mut()
            .append_pair("state", "all")
            .extend_pairs(filter.map(|head| ("head", head)))
            .append_pair("base", base)
            .append_pair("per_page", &LISTED.to_string())
            .append_pair("page", &(page + 1).to_string());
        self.rest.get(url)
    }

    /// Reads a pull request as the API has it.
    fn read(&self, request: &Value) -> Result<PullRequest, ForgeError> {
        let text = |key: &str| request[key].as_str().map(str::to_owned);
        let state = match (request["state"].as_str(), request["merged_at"].as_str()) {
            (Some("open"), _) => Some(RequestState::Open),
            (Some("closed"), None) => Some(RequestState::Closed),
            (Some("closed"), Some(_)) => Some(RequestState::Merged),
            _ => None,
        };
        let read = || {
            let number = request["number"].as_u64()?;
            Some(PullRequest {
                number,
                url: self.rest.page_told(&request["html_url"], &["pull", &number.to_string()]),
                state: state?,
                head_id: request["head"]["sha"].as_str()?.to_owned(),
                is_armed: Some(request["auto_merge"].is_object()),
                title: text("title")?,
                body: text("body").unwrap_or_default(),
                id: text("node_id")?,
            })
        };
        read().ok_or_else(|| self.rest.invalid("it is no pull request"))
    }
}
