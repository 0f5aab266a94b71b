//! The API of a forge, whichever it is.

use std::time::Duration;

use reqwest::blocking::Client;

use super::address::{ForgeAddress, ForgeKind};
use super::api_token::ApiToken;
use super::error::ForgeError;
use super::github::GitHubApi;
use super::proposal::{AutoMerge, MergeMethod, Operation, Proposal, PullRequest};

/// How the API of a forge is reached.
pub struct ForgeConnection {
    /// It must not follow redirects by itself.
    pub client: Client,
    pub token: ApiToken,
    /// The limit of one call, with its retries.
    pub timeout: Duration,
    /// The proxy that the API is reached through, as it is shown.
    pub proxy: Option<String>,
}

/// A repository at a forge, by the forge's API.
pub struct Forge {
    address: ForgeAddress,
    api: Api,
}

enum Api {
    GitHub(GitHubApi),
}

impl Forge {
    /// # Errors
    /// The forge has no API here, or the token cannot be sent.
    pub fn new(address: ForgeAddress, connection: ForgeConnection) -> Result<Self, ForgeError> {
        let api = match address.kind {
            ForgeKind::GitHub => Api::GitHub(GitHubApi::new(&address, connection)?),
            kind => {
                let (what, why) = ("open pull requests for tagship", "its API is not spoken yet");
                return Err(ForgeError::Unsupported { kind, what, why });
            }
        };
        Ok(Self { address, api })
    }

    pub fn kind(&self) -> ForgeKind {
        self.address.kind
    }

    /// Returns the newest request to bring `head` into `base`: the open one, else the last one that was closed or merged.
    pub fn newest_request(&self, head: &str, base: &str) -> Result<Option<PullRequest>, ForgeError> {
        match &self.api {
            Api::GitHub(github) => github.newest_request(head, base),
        }
    }

    /// Opens a request, or changes the one that is open. It is found again if an answer is lost.
    pub fn propose(&self, proposal: &Proposal<'_>) -> Result<(PullRequest, Operation), ForgeError> {
        match &self.api {
            Api::GitHub(github) => github.propose(proposal),
        }
    }

    /// Has a request merged as soon as the forge's rules allow it, at once if nothing is waited for. Only the commit
    /// `head_id` is merged. `message` is that of the merge commit, or of the squash.
    pub fn merge_when_ready(
        &self,
        request: &PullRequest,
        method: MergeMethod,
        head_id: &str,
        message: &str,
    ) -> Result<AutoMerge, ForgeError> {
        match &self.api {
            Api::GitHub(github) => github.merge_when_ready(request, method, head_id, message),
        }
    }

    /// Returns the page from which a person can open the request.
    pub fn compare_url(&self, base: &str, head: &str) -> String {
        match &self.api {
            Api::GitHub(github) => github.compare_url(base, head),
        }
    }
}
