//! How the commit gets to the branch: by a push or by a pull request. A push that is refused may turn into the other.

use super::job::Job;
use crate::flow::release_branch::branch_tip::{Aim, HeadAim};
use crate::git::{PushRefusal, RefsKept};
use crate::guards::rules::PublishWay;
use crate::message::compose::Options;
use crate::outcome::failure::Failure;
use crate::outcome::{Event, Listener, Outcome};
use crate::request::{CommitRequest, ProposalRequest, Route};

/// How the commit gets to the branch.
pub(super) enum Way<'a> {
    Push,
    Propose {
        request: &'a ProposalRequest,
        /// Why it is not pushed to the branch, if that was tried.
        refused: Option<String>,
    },
}

impl<'a> Way<'a> {
    pub(super) fn of(route: &'a Route) -> Self {
        match route {
            Route::Push | Route::PushElsePropose(_) => Self::Push,
            Route::Propose(request) => Self::Propose { request, refused: None },
        }
    }

    /// Returns the way to go on after the server refused the push to the branch, which has not moved. Tells it.
    ///
    /// # Errors
    /// There is no other way.
    pub(super) fn after_refusal(
        route: &'a Route,
        branch: &str,
        refusal: &PushRefusal,
        listener: &mut Listener<'_>,
    ) -> Result<Self, Failure> {
        let failure = Failure::refused(branch, refusal);
        let Route::PushElsePropose(request) = route else { return Err(failure) };
        listener(&Event::Noted(format!("{}; the release goes on by a pull request", failure.message)));
        for line in &failure.details {
            listener(&Event::Noted(line.clone()));
        }
        let refused = [failure.message].into_iter().chain(failure.details).collect::<Vec<_>>().join("; ");
        Ok(Self::Propose { request, refused: Some(refused) })
    }

    /// Returns what gets the commit.
    pub(super) fn aim(&self, job: &'a Job<'_>) -> Aim<'a> {
        let delivery = job.delivery;
        let head =
            |request| HeadAim { target: &delivery.target, request, files: &delivery.files, entries: &job.released };
        match self {
            Self::Push if delivery.commit.git_tag.is_some() => Aim::Branch(RefsKept::BranchAndTags),
            Self::Push => match &delivery.route {
                Route::PushElsePropose(request) => Aim::BranchElseHead(head(request)),
                Route::Push | Route::Propose(_) => Aim::Branch(RefsKept::Branch),
            },
            Self::Propose { request, .. } => Aim::Head(head(request)),
        }
    }

    /// Returns what a commit says that goes this way.
    pub(super) fn options<'c>(&self, commit: &'c CommitRequest) -> &'c Options {
        match self {
            Self::Push => &commit.message,
            Self::Propose { .. } => &commit.proposed,
        }
    }

    /// Returns the way as rules on the branch call it.
    pub(super) fn publish_way(&self) -> PublishWay {
        match self {
            Self::Push => PublishWay::Push,
            Self::Propose { .. } => PublishWay::PullRequest,
        }
    }

    /// Returns what is pushed to, for a message.
    pub(super) fn place(&self, branch: &str) -> String {
        match self {
            Self::Push => branch.to_owned(),
            Self::Propose { .. } => format!("the head branch of a pull request to {branch}"),
        }
    }

    /// Adds to an outcome why this way was taken.
    pub(super) fn told(self, outcome: Outcome) -> Outcome {
        match self {
            Self::Propose { refused: Some(refused), .. } => Outcome { reason: Some(refused), ..outcome },
            Self::Push | Self::Propose { refused: None, .. } => outcome,
        }
    }
}
