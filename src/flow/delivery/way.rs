//! How the commit gets to the branch: by a commit in the checkout, by a push or by a pull request. If the server refuses the
//! push, a pull request may follow. Whether the forge can ever take a pull request is asked first of all, so that a dry run and
//! a release end alike.

use super::job::Job;
use crate::flow::forges::remote_forge::forge_address;
use crate::flow::release_branch::branch::ReleaseBranch;
use crate::flow::release_branch::branch_tip::{Aim, HeadBranch};
use crate::git::{PushRefusal, Remote};
use crate::guards::rules::PublishWay;
use crate::message::compose::Options;
use crate::outcome::failure::Failure;
use crate::outcome::{Event, Listener};
use crate::request::{CommitRequest, Delivery, ProposalRequest, RepositoryRequest, Route};

/// How the commit gets to the branch.
pub(super) enum Way<'a> {
    /// It is made in the checkout, and stays there.
    CommitOnly,
    Push(AfterRefusal<'a>),
    Propose {
        request: &'a ProposalRequest,
        /// Why it is not pushed to the branch, if that was tried.
        refused: Option<String>,
    },
}

/// What follows a push that the server refuses.
pub(super) enum AfterRefusal<'a> {
    /// The run fails.
    Nothing,
    Propose(&'a ProposalRequest),
    /// The run fails, although the user asks for a pull request: this is why there can be none.
    CannotPropose(Failure),
}

impl<'a> Way<'a> {
    /// Returns the way that a release takes first. Warns if what the user wants after a refused push can never be: the push may
    /// work.
    ///
    /// # Errors
    /// The release can never take that way.
    pub(super) fn of(
        delivery: &'a Delivery,
        branch: &ReleaseBranch,
        listener: &mut Listener<'_>,
    ) -> Result<Self, Failure> {
        // A pull request cannot be asked for then.
        let Some(remote) = branch.remote() else { return Ok(Self::CommitOnly) };
        Ok(match &delivery.route {
            Route::Push => Self::Push(AfterRefusal::Nothing),
            Route::Propose(request) => {
                require_able_forge(request, remote, &delivery.repository)?;
                Self::Propose { request, refused: None }
            }
            Route::PushElsePropose(request) => {
                Self::Push(match require_able_forge(request, remote, &delivery.repository) {
                    Ok(()) => AfterRefusal::Propose(request),
                    Err(why) => {
                        let told = Failure { message: cannot_follow(&why), ..why.clone() };
                        listener(&Event::Warned(told.on_one_line()));
                        AfterRefusal::CannotPropose(why)
                    }
                })
            }
        })
    }

    /// Returns the way to go on after the server refused the push to the branch, which has not moved. Tells it.
    ///
    /// # Errors
    /// There is no other way.
    pub(super) fn after_refusal(
        self,
        branch: &str,
        refusal: &PushRefusal,
        listener: &mut Listener<'_>,
    ) -> Result<Self, Failure> {
        let failure = Failure::refused(branch, refusal);
        let request = match self {
            Self::Push(AfterRefusal::Propose(request)) => request,
            Self::Push(AfterRefusal::CannotPropose(why)) => {
                return Err(Failure { hint: why.hint.clone(), ..failure.detail(cannot_follow(&why)) });
            }
            Self::Push(AfterRefusal::Nothing) | Self::CommitOnly | Self::Propose { .. } => return Err(failure),
        };
        let refused = [failure.message].into_iter().chain(failure.details).collect::<Vec<_>>().join("; ");
        // One remark: a server may frame its words by lines that are the same, and no remark is told twice.
        listener(&Event::Noted(format!("the release goes on by a pull request, because {refused}")));
        Ok(Self::Propose { request, refused: Some(refused) })
    }

    /// Returns what gets the commit.
    pub(super) fn aim(&self, job: &'a Job<'_>) -> Aim<HeadBranch<'a>> {
        let delivery = job.delivery;
        let head = |request| HeadBranch {
            repository: &delivery.repository,
            request,
            files: &delivery.files,
            entries: &job.named_in_head,
        };
        match self {
            Self::Push(AfterRefusal::Propose(request)) => Aim::BranchElseHead(head(request)),
            Self::CommitOnly | Self::Push(AfterRefusal::Nothing | AfterRefusal::CannotPropose(_)) => {
                if delivery.commit.git_tag.is_some() { Aim::BranchAndTag } else { Aim::Branch }
            }
            Self::Propose { request, .. } => Aim::Head(head(request)),
        }
    }

    /// Returns what the user says of the pull request; `None` if this way never comes to one.
    pub(super) fn proposal(&self) -> Option<&'a ProposalRequest> {
        match self {
            Self::Push(AfterRefusal::Propose(request)) | Self::Propose { request, .. } => Some(request),
            Self::CommitOnly | Self::Push(AfterRefusal::Nothing | AfterRefusal::CannotPropose(_)) => None,
        }
    }

    /// Returns what a commit says that goes this way.
    pub(super) fn options<'c>(&self, commit: &'c CommitRequest) -> &'c Options {
        match self {
            Self::CommitOnly | Self::Push(_) => &commit.message,
            Self::Propose { .. } => &commit.proposed,
        }
    }

    /// Returns the way as rules on the branch call it.
    pub(super) fn publish_way(&self) -> PublishWay {
        match self {
            Self::CommitOnly => PublishWay::CommitOnly,
            Self::Push(_) => PublishWay::Push,
            Self::Propose { .. } => PublishWay::PullRequest,
        }
    }

    /// Returns what is pushed to, for a message.
    pub(super) fn place(&self, branch: &str) -> String {
        match self {
            Self::CommitOnly | Self::Push(_) => branch.to_owned(),
            Self::Propose { .. } => format!("the head branch of a pull request to {branch}"),
        }
    }

    /// Returns why the commit is not pushed to the branch, if that was tried.
    pub(super) fn refused(&self) -> Option<String> {
        match self {
            Self::Propose { refused, .. } => refused.clone(),
            Self::CommitOnly | Self::Push(_) => None,
        }
    }
}

/// Fails if the forge can never open the pull request, or never merge it as the user wants. No login is needed to know that.
fn require_able_forge(
    request: &ProposalRequest,
    remote: &Remote,
    repository: &RepositoryRequest,
) -> Result<(), Failure> {
    let forge = forge_address(remote, repository)?;
    match request.auto_merge {
        Some(_) => Ok(forge.kind.check_auto_merge()?),
        None => Ok(()),
    }
}

fn cannot_follow(why: &Failure) -> String {
    format!("no pull request can follow a push that is refused: {}", why.message)
}
