//! Finds, opens and changes the pull request of a branch: one request to find it, and one to open or to change it.

use reqwest::Method;
use serde_json::{Value, json};

use super::api::{Asked, GitHubApi};
use crate::forge::error::ForgeError;
use crate::forge::json_client::Repeat;
use crate::forge::proposal::{IfClosed, Known, Operation, Proposal, PullRequest, RequestState};

const FIND: Asked = Asked { what: "list pull requests", needs: "`pull_requests: read`" };

const OPEN: Asked = Asked {
    what: "open a pull request",
    needs: "`pull_requests: write`, and for the token of a job the setting \"Allow GitHub Actions to create and approve pull \
            requests\"",
};

const CHANGE: Asked = Asked { what: "change the pull request", needs: "`pull_requests: write`" };

/// How many requests of the same branches are looked at: one is open at most, and the newest closed one counts.
const LISTED: &str = "5";

impl GitHubApi {
    pub(in crate::forge) fn newest_request(&self, head: &str, base: &str) -> Result<Option<PullRequest>, ForgeError> {
        let (owner, _) = self.owner_and_name();
        let mut url = self.url(&["pulls"]);
        url.query_pairs_mut()
            .append_pair("state", "all")
            .append_pair("head", &format!("{owner}:{head}"))
            .append_pair("base", base)
            .append_pair("per_page", LISTED);
        let answer = self.get(url)?;
        if !answer.is_success() {
            return Err(self.refused(&answer, FIND));
        }
        let listed = answer.body.as_array().ok_or_else(|| self.invalid("it is no list of pull requests"))?;
        // A server that does not know the filters would list the requests of other branches.
        let of_these = |request: &&Value| request["head"]["ref"] == head && request["base"]["ref"] == base;
        let requests = listed.iter().filter(of_these).map(|request| self.read(request));
        let requests = requests.collect::<Result<Vec<_>, _>>()?;
        let open = requests.iter().find(|request| request.state == RequestState::Open);
        Ok(open.or_else(|| requests.iter().max_by_key(|request| request.number)).cloned())
    }

    pub(in crate::forge) fn propose(&self, proposal: &Proposal<'_>) -> Result<(PullRequest, Operation), ForgeError> {
        let newest = match proposal.known {
            Known::WasOpen(request) => Some(request.clone()),
            Known::NoneOpen => None,
            Known::Nothing => self.newest_request(proposal.head, proposal.base)?,
        };
        match newest {
            Some(request) if request.state == RequestState::Open => self.change(request, proposal),
            Some(request) if request.state == RequestState::Closed && proposal.if_closed == IfClosed::Leave => {
                Ok((request, Operation::LeftClosed))
            }
            Some(_) | None => self.open(proposal),
        }
    }

    fn open(&self, proposal: &Proposal<'_>) -> Result<(PullRequest, Operation), ForgeError> {
        let Proposal { base, head, title, body, .. } = proposal;
        let document = json!({ "title": title, "head": head, "base": base, "body": body });
        let failed = match self.send(Method::POST, &["pulls"], document, Repeat::IfNotTaken) {
            Ok(answer) if answer.is_success() => return Ok((self.read(&answer.body)?, Operation::Opened)),
            Ok(answer) if answer.status == 422 => self.refused(&answer, OPEN),
            Ok(answer) => return Err(self.refused(&answer, OPEN)),
            Err(error) if error.is_unsettled() => error,
            Err(error) => return Err(error),
        };
        // The request may be there: another run opened it at the same time, or the answer was lost.
        match self.newest_request(head, base)? {
            Some(request) if request.state == RequestState::Open => {
                let (request, operation) = self.change(request, proposal)?;
                let is_ours = failed.is_unsettled() && operation == Operation::Unchanged;
                Ok((request, if is_ours { Operation::Opened } else { operation }))
            }
            Some(_) | None => Err(failed),
        }
    }

    fn change(&self, request: PullRequest, proposal: &Proposal<'_>) -> Result<(PullRequest, Operation), ForgeError> {
        // The server may store other line ends.
        let same = |one: &str, other: &str| one.lines().eq(other.trim_end().lines());
        let is_open = !matches!(proposal.known, Known::WasOpen(_));
        if is_open && request.title == proposal.title && same(request.body.trim_end(), proposal.body) {
            return Ok((request, Operation::Unchanged));
        }
        let document = json!({ "title": proposal.title, "body": proposal.body });
        let answer = self.send(Method::PATCH, &["pulls", &request.number.to_string()], document, Repeat::Safe)?;
        if !answer.is_success() {
            return Err(self.refused(&answer, CHANGE));
        }
        match self.read(&answer.body)? {
            request if request.state == RequestState::Open => Ok((request, Operation::Updated)),
            // It was merged or closed before the head branch moved, so it does not propose what is there now.
            request => Err(ForgeError::NoLongerOpen { number: request.number }),
        }
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
            Some(PullRequest {
                number: request["number"].as_u64()?,
                url: text("html_url")?,
                state: state?,
                head_id: request["head"]["sha"].as_str()?.to_owned(),
                title: text("title")?,
                body: text("body").unwrap_or_default(),
                id: text("node_id")?,
            })
        };
        read().ok_or_else(|| self.invalid("it is no pull request"))
    }

    pub(in crate::forge) fn compare_url(&self, base: &str, head: &str) -> String {
        let Ok(mut url) = reqwest::Url::parse(&self.page()) else { return self.page() };
        if let Ok(mut path) = url.path_segments_mut() {
            // GitHub reads the slashes of a branch as they are.
            path.push("compare").extend(format!("{base}...{head}").split('/'));
        }
        url.set_query(Some("expand=1"));
        url.to_string()
    }
}
