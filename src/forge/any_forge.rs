//! The API of a forge, whichever it is.

use super::address::{ForgeAddress, ForgeKind};
use super::azure::AzureApi;
use super::bitbucket::BitbucketApi;
use super::error::ForgeError;
use super::gitea::GiteaApi;
use super::github::{Bundles, GitHubApi};
use super::gitlab::GitLabApi;
use super::json_client::ForgeConnection;
use super::proposal::{AutoMerge, Operation, Proposal, PullRequest, WantedMerge};
use super::pull_request_api::{PullRequestApi, disarm, propose};
use super::signing::{RefMove, SignedCommit, UnsignedCommit};

/// A repository at a forge, by the forge's API.
pub struct Forge {
    address: ForgeAddress,
    api: Api,
}

enum Api {
    GitHub(GitHubApi),
    GitLab(GitLabApi),
    Gitea(GiteaApi),
    Azure(AzureApi),
    Bitbucket(BitbucketApi),
}

impl Api {
    fn pull_requests(&self) -> &dyn PullRequestApi {
        match self {
            Self::GitHub(api) => api,
            Self::GitLab(api) => api,
            Self::Gitea(api) => api,
            Self::Azure(api) => api,
            Self::Bitbucket(api) => api,
        }
    }
}

impl Forge {
    /// # Errors
    /// The forge has no API here, or the token cannot be sent.
    pub fn new(address: ForgeAddress, connection: ForgeConnection) -> Result<Self, ForgeError> {
        let api = match address.kind {
            ForgeKind::GitHub => Api::GitHub(GitHubApi::new(&address, connection)?),
            ForgeKind::GitLab => Api::GitLab(GitLabApi::new(&address, connection)?),
            ForgeKind::Gitea => Api::Gitea(GiteaApi::new(&address, connection)?),
            ForgeKind::Azure => Api::Azure(AzureApi::new(&address, connection)?),
            ForgeKind::Bitbucket => Api::Bitbucket(BitbucketApi::new(&address, connection)?),
        };
        Ok(Self { address, api })
    }

    pub fn kind(&self) -> ForgeKind {
        self.address.kind
    }

    /// Returns the newest request to bring `head` into `base`: the open one, else the last one that was closed or merged.
    pub fn newest_request(&self, head: &str, base: &str) -> Result<Option<PullRequest>, ForgeError> {
        self.api.pull_requests().newest_request(head, base)
    }

    /// Opens a request, or changes the one that is open. It is found again if an answer is lost.
    pub fn propose(&self, proposal: &Proposal<'_>) -> Result<(PullRequest, Operation), ForgeError> {
        propose(self.api.pull_requests(), proposal)
    }

    /// Turns off the merge that an open request from `head` into `base` is armed with, if one is. Returns whether one was.
    pub fn disarm(&self, request: &PullRequest, head: &str, base: &str) -> Result<bool, ForgeError> {
        disarm(self.api.pull_requests(), request, head, base)
    }

    /// Has a request merged as soon as the forge's rules allow it, at once if nothing is waited for.
    pub fn merge_when_ready(&self, wanted: &WantedMerge<'_>) -> Result<AutoMerge, ForgeError> {
        self.api.pull_requests().merge_when_ready(wanted)
    }

    /// Makes a commit that the forge signs, and moves no ref.
    ///
    /// # Errors
    /// The commit is not of the tree, the parent and the message that it was asked for, or it is not verified. Forges other
    /// than GitHub are not asked.
    pub fn sign_commit(&self, commit: &UnsignedCommit<'_>) -> Result<SignedCommit, ForgeError> {
        match &self.api {
            Api::GitHub(api) => api.sign_commit(commit),
            _ => Err(self.kind().cannot_sign()),
        }
    }

    /// Moves a ref, if it is where it must be.
    pub fn move_ref(&self, moved: &RefMove<'_>) -> Result<(), ForgeError> {
        match &self.api {
            Api::GitHub(api) => api.move_ref(moved),
            _ => Err(self.kind().cannot_sign()),
        }
    }

    /// Returns the attestations (bundles of Sigstore, the JSON of each) that the forge keeps about what has this digest, the
    /// newest first, each read when the iterator reaches it. Only GitHub keeps any.
    pub fn attestations(&self, digest: &str) -> Result<Bundles<'_>, ForgeError> {
        match &self.api {
            Api::GitHub(api) => api.attestations(digest),
            Api::GitLab(_) | Api::Gitea(_) | Api::Azure(_) | Api::Bitbucket(_) => Ok(Box::new(std::iter::empty())),
        }
    }

    /// Returns the page from which a person can open the request.
    pub fn compare_url(&self, base: &str, head: &str) -> String {
        self.api.pull_requests().compare_url(base, head)
    }
}
