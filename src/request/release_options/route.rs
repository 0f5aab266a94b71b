//! How a release gets to its branch: by a push, by a pull request, or by the second if the server refuses the first.

use crate::cli::{AutoMergeChoice, CommitArguments, OnRefused, ProposalArguments};
use crate::forge::MergeMethod;
use crate::git::BranchName;
use crate::outcome::failure::Failure;

/// The way of a release to its branch.
#[derive(Debug, Clone)]
pub enum Route {
    /// A push, which the server may refuse for good.
    Push,
    /// A push, and a pull request if the server refuses it.
    PushElsePropose(ProposalRequest),
    /// A pull request.
    Propose(ProposalRequest),
}

/// What the user says of the pull request.
#[derive(Debug, Clone)]
pub struct ProposalRequest {
    /// The branch that it comes from; `None`: one that is named after what is released.
    pub head: Option<BranchName>,
    /// How the forge merges it by itself; `None`: it does not.
    pub auto_merge: Option<AutoMergeMethod>,
}

/// How the forge merges a request by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoMergeMethod {
    /// By one that keeps the trailers of the release: that depends on how the request is opened.
    Usual,
    Named(MergeMethod),
}

impl Route {
    pub(super) fn new(arguments: &ProposalArguments, commit: &CommitArguments) -> Result<Self, Failure> {
        let ProposalArguments { pull_request, on_refused, head, auto_merge, .. } = arguments;
        let auto_merge = auto_merge.and_then(method);
        let named = [("--auto-merge", auto_merge.is_some()), ("--head", head.is_some())];
        let request = ProposalRequest { head: head.as_deref().map(str::parse).transpose()?, auto_merge };
        let route = match (pull_request, on_refused) {
            (true, _) => Self::Propose(request),
            (false, OnRefused::PullRequest) => Self::PushElsePropose(request),
            (false, OnRefused::Fail) => Self::Push,
        };
        match route {
            Self::Push => match named.iter().find(|(_, is_given)| *is_given) {
                Some((flag, _)) => {
                    Err(Failure::usage(format!("`{flag}` is about a pull request, and none is asked for"))
                        .hint("add `--pull-request`, or `--on-refused pull-request`"))
                }
                None => Ok(route),
            },
            Self::Propose(_) if commit.create_branch => Err(Failure::usage(
                "a pull request needs a branch to go to, and `--create-branch` begins one by a push",
            )
            .hint("leave `--create-branch` out; `--head` names the branch that the pull request comes from")),
            Self::Propose(_) | Self::PushElsePropose(_) if commit.git_tag.is_some() => Err(Failure::usage(
                "`--git-tag` cannot go with a pull request: the commit that is merged is not known yet",
            )
            .hint("tag the commit once the pull request is merged")),
            Self::Propose(_) | Self::PushElsePropose(_) => Ok(route),
        }
    }

    /// Requires a push, because the release is to stay in the checkout.
    pub(in crate::request) fn require_no_proposal(&self) -> Result<(), Failure> {
        match self {
            Self::Push => Ok(()),
            Self::PushElsePropose(_) | Self::Propose(_) => {
                Err(Failure::usage("`--no-push` pushes nothing, and a pull request needs a branch that is pushed")
                    .hint("leave out `--no-push`, or what asks for a pull request"))
            }
        }
    }
}

fn method(auto_merge: AutoMergeChoice) -> Option<AutoMergeMethod> {
    match auto_merge {
        AutoMergeChoice::Auto => Some(AutoMergeMethod::Usual),
        AutoMergeChoice::Merge => Some(AutoMergeMethod::Named(MergeMethod::Merge)),
        AutoMergeChoice::Squash => Some(AutoMergeMethod::Named(MergeMethod::Squash)),
        AutoMergeChoice::Rebase => Some(AutoMergeMethod::Named(MergeMethod::Rebase)),
        AutoMergeChoice::Never => None,
    }
}
