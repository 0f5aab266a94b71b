//! Azure DevOps, by its REST API 7.1. A merge that comes by itself is not held to a commit there: that the head is ours is looked
//! at right before.

use std::borrow::Cow;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::address::{ForgeAddress, ForgeKind};
use super::api_token::ApiToken;
use super::error::ForgeError;
use super::json_client::{ApiAnswer, ForgeConnection, Repeat};
use super::proposal::{AutoMerge, MergeMethod, Proposal, PullRequest, RequestState, WantedMerge};
use super::pull_request_api::{LISTED, ListedPage, PullRequestApi, merge_pauses, newest_own, shortened};
use super::rest_api::{ApiAction, RestApi, extend};

const FIND: ApiAction =
    ApiAction { what: "list pull requests", needs: "the scope `vso.code` and the permission \"Read\"" };
const OPEN: ApiAction = ApiAction {
    what: "open a pull request",
    needs: "the permission \"Contribute to pull requests\" on the repository, and for a personal token the scope \"Code (Read & write)\"",
};
const CHANGE: ApiAction = ApiAction { what: "change the pull request", needs: OPEN.needs };
const MERGE: ApiAction = ApiAction {
    what: "complete the pull request by itself",
    needs: "the permissions \"Contribute\" and \"Contribute to pull requests\" on the repository",
};

const TURN_OFF: ApiAction = ApiAction { what: "turn off the auto-complete of the pull request", needs: MERGE.needs };

/// The address of the cloud, where organisations are a part of the path.
const CLOUD: &str = "https://dev.azure.com";

/// The id of no identity: auto-complete that is set by this one is not set.
const NO_IDENTITY: &str = "00000000-0000-0000-0000-000000000000";

/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 4_000;

/// A repository at Azure DevOps.
pub(super) struct AzureApi {
    api: RestApi,
    page: Url,
}

/// Where a repository is, in the parts of its path, which are encoded as they were given.
#[derive(Debug, PartialEq, Eq)]
struct ProjectPlace<'a> {
    /// What is before the project: organisation or collection.
    above: &'a [&'a str],
    project: &'a str,
    name: &'a str,
}

impl<'a> ProjectPlace<'a> {
    /// Reads the parts of a path: `ORG/PROJECT/_git/NAME`, or `v3/ORG/PROJECT/NAME` for ssh. `_git/NAME` alone is the
    /// repository that is called as its project. Without an organisation before it, what comes first is the project.
    fn of(parts: &'a [&'a str], first: First) -> Option<Self> {
        if let ["v3", above, project, name] = parts {
            return Some(Self { above: std::slice::from_ref(above), project, name });
        }
        let git = parts.iter().position(|part| *part == "_git")?;
        let (before, [_, name]) = parts.split_at(git) else { return None };
        match (before, first) {
            ([], _) | ([_], First::Organisation) => Some(Self { above: before, project: name, name }),
            ([above @ .., project], _) => Some(Self { above, project, name }),
        }
    }
}

/// What a path begins with.
#[derive(Debug, Clone, Copy)]
enum First {
    /// At `dev.azure.com`.
    Organisation,
    /// At a host of the organisation's own, `ORG.visualstudio.com`, or below the address of a collection.
    Project,
}

impl First {
    fn of(address: &ForgeAddress) -> Self {
        if address.web == CLOUD { Self::Organisation } else { Self::Project }
    }
}

/// Returns the page of a repository; `None` if its path is not that of one.
pub(super) fn page_of(address: &ForgeAddress) -> Option<String> {
    let parts: Vec<&str> = address.project.split('/').collect();
    let ProjectPlace { above, project, name } = ProjectPlace::of(&parts, First::of(address))?;
    Some([&[address.web.as_str()], above, &[project, "_git", name]].concat().join("/"))
}

impl AzureApi {
    pub(super) fn new(address: &ForgeAddress, connection: ForgeConnection) -> Result<Self, ForgeError> {
        let parts: Vec<&str> = address.project.split('/').collect();
        let Some(ProjectPlace { above, project, name }) = ProjectPlace::of(&parts, First::of(address)) else {
            let why = format!("`{}` is not the path of a repository", address.project);
            return Err(ForgeError::InvalidAnswer { host: address.web.clone(), why });
        };
        let api = [&[address.api.as_str()], above, &[project, "_apis/git/repositories", name]].concat().join("/");
        let authorization = authorization(&connection.token);
        let api = RestApi::new(&ForgeAddress { api, ..address.clone() }, &[], authorization, connection)?;
        let page = page_of(address).and_then(|page| Url::parse(&page).ok());
        let page = page.ok_or_else(|| api.invalid("its address is no URL"))?;
        Ok(Self { api, page })
    }

    fn url(&self, parts: &[&str]) -> Url {
        let mut url = self.api.url(&["pullrequests"]);
        extend(&mut url, parts);
        url.query_pairs_mut().append_pair("api-version", "7.1");
        url
    }

    /// Returns the document of a success. To a token that it does not know, Azure answers with a page to sign in at (203).
    fn accepted(&self, answer: ApiAnswer, asked: ApiAction) -> Result<Value, ForgeError> {
        match answer.status {
            203 => Err(ForgeError::Unauthorized(answer.words)),
            _ => self.api.accepted(answer, asked),
        }
    }

    fn read(&self, request: &Value) -> Result<PullRequest, ForgeError> {
        let text = |key: &str| request[key].as_str().map(str::to_owned);
        let state = match request["status"].as_str() {
            Some("active") => Some(RequestState::Open),
            Some("abandoned") => Some(RequestState::Closed),
            Some("completed") => Some(RequestState::Merged),
            _ => None,
        };
        let read = || {
            let number = request["pullRequestId"].as_u64()?;
            let mut page = self.page.clone();
            extend(&mut page, &["pullrequest", &number.to_string()]);
            Some(PullRequest {
                number,
                url: page.to_string(),
                state: state?,
                head_id: request["lastMergeSourceCommit"]["commitId"].as_str().unwrap_or_default().to_owned(),
                is_armed: Some(is_armed(request)),
                title: text("title")?,
                body: text("description").unwrap_or_default(),
                id: String::new(),
            })
        };
        read().ok_or_else(|| self.api.invalid("it is no pull request"))
    }

    fn state(&self, request: &PullRequest) -> Result<Value, ForgeError> {
        self.accepted(self.api.get(self.url(&[&request.number.to_string()]))?, FIND)
    }

    fn patch(&self, request: &PullRequest, document: Value, asked: ApiAction) -> Result<Value, ForgeError> {
        let url = self.url(&[&request.number.to_string()]);
        self.accepted(self.api.send(Method::PATCH, url, Some(document), Repeat::Safe)?, asked)
    }
}

impl PullRequestApi for AzureApi {
    fn newest_request(&self, head: &str, base: &str) -> Result<Option<PullRequest>, ForgeError> {
        let (head, base) = (full(head), full(base));
        let is_own = |request: &Value| {
            request["sourceRefName"] == head && request["targetRefName"] == base && request["forkSource"].is_null()
        };
        newest_own(ForgeKind::Azure, |page| {
            let mut url = self.url(&[]);
            url.query_pairs_mut()
                .append_pair("searchCriteria.status", "all")
                .append_pair("searchCriteria.sourceRefName", &head)
                .append_pair("searchCriteria.targetRefName", &base)
                .append_pair("$top", &LISTED.to_string())
                .append_pair("$skip", &(page * LISTED).to_string());
            let listed = self.accepted(self.api.get(url)?, FIND)?;
            let listed =
                listed["value"].as_array().ok_or_else(|| self.api.invalid("it is no list of pull requests"))?;
            ListedPage::of(listed, is_own, |request| self.read(request))
        })
    }

    fn open(&self, proposal: &Proposal<'_>) -> Result<PullRequest, ForgeError> {
        let Proposal { base, head, title, body, .. } = proposal;
        let document = json!({
            "sourceRefName": full(head), "targetRefName": full(base), "title": title, "description": body,
        });
        let answer = self.api.send(Method::POST, self.url(&[]), Some(document), Repeat::IfNotTaken)?;
        self.read(&self.accepted(answer, OPEN)?)
    }

    fn change(&self, request: &PullRequest, proposal: &Proposal<'_>) -> Result<PullRequest, ForgeError> {
        let document = json!({ "title": proposal.title, "description": proposal.body });
        self.read(&self.patch(request, document, CHANGE)?)
    }

    fn merge_when_ready(&self, wanted: &WantedMerge<'_>) -> Result<AutoMerge, ForgeError> {
        let WantedMerge { request, method, head_id, message } = *wanted;
        let mut pauses = merge_pauses(self.api.deadline());
        let state = loop {
            let state = self.state(request)?;
            // Azure reads the pushed branch a moment later.
            if state["lastMergeSourceCommit"]["commitId"] == head_id {
                break state;
            }
            if !pauses.wait(Duration::ZERO) {
                return Err(ForgeError::HeadMoved);
            }
        };
        let not = |why: &str| ForgeError::NotArmed { why: why.to_owned(), setting: None, words: None };
        let ended = |state: &Value| match state["status"].as_str() {
            Some("completed") => Some(Ok(AutoMerge::Merged)),
            Some("abandoned") => Some(Err(not("it was abandoned"))),
            _ => None,
        };
        if let Some(ended) = ended(&state) {
            return ended;
        }
        if state["mergeStatus"] == "conflicts" {
            return Err(ForgeError::Conflicts);
        }
        let document = json!({
            "autoCompleteSetBy": { "id": state["createdBy"]["id"] },
            "completionOptions": {
                "mergeStrategy": strategy(method),
                "mergeCommitMessage": message,
                "deleteSourceBranch": false,
            },
        });
        let armed = match self.patch(request, document, MERGE) {
            // It may be completed already, by a request whose answer was lost, or abandoned by a person.
            Err(error @ ForgeError::Rejected { .. }) => return ended(&self.state(request)?).unwrap_or(Err(error)),
            armed => armed?,
        };
        match ended(&armed) {
            Some(ended) => ended,
            None if is_armed(&armed) => Ok(AutoMerge::Armed),
            None => Err(not("Azure DevOps did not set auto-complete; a policy of the branch may not allow it")),
        }
    }

    fn disarm(&self, request: &PullRequest) -> Result<bool, ForgeError> {
        let document = json!({ "autoCompleteSetBy": { "id": NO_IDENTITY } });
        match self.read(&self.patch(request, document, TURN_OFF)?)?.is_armed {
            Some(true) => Err(self.api.invalid("auto-complete is still set")),
            _ => Ok(true),
        }
    }

    fn compare_url(&self, base: &str, head: &str) -> String {
        let mut page = self.page.clone();
        extend(&mut page, &["pullrequestcreate"]);
        page.query_pairs_mut().append_pair("sourceRef", head).append_pair("targetRef", base);
        page.to_string()
    }

    fn body<'a>(&self, body: &'a str) -> Cow<'a, str> {
        shortened(body, MAX_DESCRIPTION)
    }
}

/// Returns the header for a token: a job's is a JWT, which goes as it is; a personal one is a password.
fn authorization(token: &ApiToken) -> Option<HeaderValue> {
    if token.is_jwt() { token.authorization("Bearer") } else { Some(token.basic()) }
}

fn is_armed(request: &Value) -> bool {
    request["autoCompleteSetBy"]["id"].as_str().is_some_and(|id| id != NO_IDENTITY)
}

fn full(branch: &str) -> String {
    format!("refs/heads/{branch}")
}

fn strategy(method: MergeMethod) -> &'static str {
    match method {
        MergeMethod::Merge => "noFastForward",
        MergeMethod::Squash => "squash",
        MergeMethod::Rebase => "rebase",
    }
}

#[cfg(test)]
mod tests {
    use super::{First, ProjectPlace};

    #[test]
    fn where_a_repository_is() {
        use First::{Organisation, Project};
        for (path, first, expected) in [
            ("org/project/_git/app", Organisation, Some("org | project | app")),
            ("v3/org/project/app", Organisation, Some("org | project | app")),
            ("org/_git/app", Organisation, Some("org | app | app")),
            ("project/_git/app", Project, Some(" | project | app")),
            ("_git/app", Project, Some(" | app | app")),
            ("DefaultCollection/project/_git/app", Project, Some("DefaultCollection | project | app")),
            (
                "tfs/DefaultCollection/My%20project/_git/app",
                Project,
                Some("tfs/DefaultCollection | My%20project | app"),
            ),
            ("org/project/app", Organisation, None),
            ("org/project/_git", Organisation, None),
            ("org/project/_git/app/more", Organisation, None),
        ] {
            let parts: Vec<&str> = path.split('/').collect();
            let found = ProjectPlace::of(&parts, first);
            let found = found.map(|it| format!("{} | {} | {}", it.above.join("/"), it.project, it.name));
            assert_eq!(found.as_deref(), expected, "{path}");
        }
    }
}
