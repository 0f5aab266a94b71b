//! Bitbucket Cloud, by its REST API 2.0. It has no merge that waits for checks, so none can be armed.

use reqwest::header::HeaderValue;
use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::address::{ForgeAddress, ForgeKind};
use super::api_token::ApiToken;
use super::error::ForgeError;
use super::json_client::{ForgeConnection, Repeat};
use super::proposal::{AutoMerge, Proposal, PullRequest, RequestState, WantedMerge};
use super::pull_request_api::{LISTED, ListedPage, PullRequestApi, newest_own};
use super::rest_api::{ApiAction, RestApi};

const FIND: ApiAction =
    ApiAction { what: "list pull requests", needs: "the scope `pullrequest` (\"Pull requests: Read\")" };
const OPEN: ApiAction =
    ApiAction { what: "open a pull request", needs: "the scope `pullrequest:write` (\"Pull requests: Write\")" };
const CHANGE: ApiAction = ApiAction { what: "change the pull request", needs: OPEN.needs };

/// The users of git's login for an access token of a repository, a project or a workspace: Bitbucket's, and the one that a
/// token has without a user.
const ACCESS_TOKEN: [&str; 3] = ["x-token-auth", "x-access-token", ""];
/// The user of git's login for an API token of a person, which the API knows by the person's e-mail address alone.
const API_TOKEN: &str = "x-bitbucket-api-token-auth";

/// A repository at Bitbucket Cloud.
pub(super) struct BitbucketApi {
    api: RestApi,
}

impl BitbucketApi {
    pub(super) fn new(address: &ForgeAddress, connection: ForgeConnection) -> Result<Self, ForgeError> {
        let (workspace, name) = address.project.split_once('/').unwrap_or(("", &address.project));
        if connection.token.user() == API_TOKEN {
            return Err(ForgeError::Unsupported {
                kind: ForgeKind::Bitbucket,
                what: "tell from this login whose API token it is",
                why: "use an access token of the repository, or give the e-mail address of the token's owner as \
                      `TAGSHIP_GIT_USERNAME`",
            });
        }
        let authorization = authorization(&connection.token);
        let api = RestApi::new(address, &["repositories", workspace, name], authorization, connection)?;
        Ok(Self { api })
    }

    fn read(&self, request: &Value) -> Result<PullRequest, ForgeError> {
        let text = |key: &str| request[key].as_str().map(str::to_owned);
        let state = match request["state"].as_str() {
            Some("OPEN") => Some(RequestState::Open),
            Some("DECLINED" | "SUPERSEDED") => Some(RequestState::Closed),
            Some("MERGED") => Some(RequestState::Merged),
            _ => None,
        };
        let body = request["description"].as_str().or_else(|| request["summary"]["raw"].as_str());
        let read = || {
            let number = request["id"].as_u64()?;
            Some(PullRequest {
                number,
                url: self.api.page_told(&request["links"]["html"]["href"], &["pull-requests", &number.to_string()]),
                state: state?,
                head_id: request["source"]["commit"]["hash"].as_str().unwrap_or_default().to_owned(),
                is_armed: Some(false),
                title: text("title")?,
                body: body.unwrap_or_default().to_owned(),
                id: String::new(),
            })
        };
        read().ok_or_else(|| self.api.invalid("it is no pull request"))
    }
}

/// Returns whether a request comes from the repository that it is for, which may have another name by now; that of a fork may be
/// deleted.
fn is_own(request: &Value) -> bool {
    let repository = |side: &str| request[side]["repository"]["full_name"].as_str();
    repository("source").is_some_and(|source| Some(source) == repository("destination"))
}

/// Returns the page that a link to one names.
fn page_of(link: &str) -> Option<String> {
    let url = Url::parse(link).ok()?;
    url.query_pairs().find(|(name, _)| name == "page").map(|(_, page)| page.into_owned())
}

impl PullRequestApi for BitbucketApi {
    fn newest_request(&self, head: &str, base: &str) -> Result<Option<PullRequest>, ForgeError> {
        let quoted = |branch: &str| branch.replace('\\', "\\\\").replace('"', "\\\"");
        let branches =
            format!("source.branch.name=\"{}\" AND destination.branch.name=\"{}\"", quoted(head), quoted(base));
        let is_own = |request: &Value| {
            request["source"]["branch"]["name"] == head
                && request["destination"]["branch"]["name"] == base
                && is_own(request)
        };
        // Its manual wants clients to take the next page from the answer. Only the page is taken: the token goes nowhere else.
        let mut next: Option<String> = None;
        newest_own(ForgeKind::Bitbucket, |_| {
            let mut url = self.api.url(&["pullrequests"]);
            for state in ["OPEN", "MERGED", "DECLINED", "SUPERSEDED"] {
                url.query_pairs_mut().append_pair("state", state);
            }
            url.query_pairs_mut()
                .append_pair("q", &branches)
                .append_pair("sort", "-created_on")
                .append_pair("pagelen", &LISTED.to_string())
                .extend_pairs(next.iter().map(|page| ("page", page)));
            let document = self.api.accepted(self.api.get(url)?, FIND)?;
            let listed = document["values"].as_array();
            let listed = listed.ok_or_else(|| self.api.invalid("it is no list of pull requests"))?;
            next = document["next"].as_str().and_then(page_of);
            let page = ListedPage::of(listed, is_own, |request| self.read(request))?;
            Ok(ListedPage { is_last: next.is_none(), ..page })
        })
    }

    fn open(&self, proposal: &Proposal<'_>) -> Result<PullRequest, ForgeError> {
        let Proposal { base, head, title, body, .. } = proposal;
        let document = json!({
            "type": "pullrequest",
            "title": title,
            "description": body,
            "source": { "branch": { "name": head } },
            "destination": { "branch": { "name": base } },
        });
        self.read(&self.api.sent(Method::POST, &["pullrequests"], document, Repeat::IfNotTaken, OPEN)?)
    }

    fn change(&self, request: &PullRequest, proposal: &Proposal<'_>) -> Result<PullRequest, ForgeError> {
        let document = json!({ "type": "pullrequest", "title": proposal.title, "description": proposal.body });
        let number = request.number.to_string();
        self.read(&self.api.sent(Method::PUT, &["pullrequests", &number], document, Repeat::Safe, CHANGE)?)
    }

    fn merge_when_ready(&self, _wanted: &WantedMerge<'_>) -> Result<AutoMerge, ForgeError> {
        Err(ForgeKind::Bitbucket.cannot_wait_for_checks())
    }

    fn disarm(&self, _request: &PullRequest) -> Result<bool, ForgeError> {
        Ok(false)
    }

    fn compare_url(&self, base: &str, head: &str) -> String {
        let mut url = self.api.page(&["pull-requests", "new"]);
        url.query_pairs_mut().append_pair("source", head).append_pair("dest", base);
        url.to_string()
    }
}

/// Returns the header for a token: an access token goes as it is, and that of a person with the person's name.
fn authorization(token: &ApiToken) -> Option<HeaderValue> {
    if ACCESS_TOKEN.contains(&token.user()) { token.authorization("Bearer") } else { Some(token.basic()) }
}
