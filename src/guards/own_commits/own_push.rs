//! OWN COMMIT: finds the push that started this run, and its commits: in a checkout, else in the repository that the CI
//! system builds. It asks for nothing that is clear without: an ordinary commit in the checkout costs no request, and a
//! release cannot have started a run that builds another repository.

use std::path::Path;

use super::merged_request::{PushedTo, look_at, may_be_retitled};
use crate::git::{Checkout, CommitId, CommitRecord, GitError, ObjectSource, Remote};
use crate::guards::own_commits::own_commit::{self, MAX_COMMITS_OF_A_PUSH, Push, PushJudgement, Pushed, judge};
use crate::outcome::failure::{Failure, FailureKind};
use crate::request::{Began, Repository, RepositoryRequest};

/// Releases that started this run, and nothing else did.
pub(crate) struct OwnPush {
    /// The last one.
    pub(crate) commit: CommitId,
    pub(crate) commits: usize,
}

/// What started a run.
pub(crate) enum StartedBy {
    Releases(OwnPush),
    /// Something else, or nothing tells.
    Other,
    /// A commit that may be a squashed request of ours, which nothing proves.
    MaybeSquash(CommitId),
}

/// Returns what started this run.
pub(crate) fn started_by(request: &RepositoryRequest) -> Result<StartedBy, Failure> {
    let request = &request.to_read();
    let Some((branch, mut push)) = push_to_the_branch(request) else {
        return Ok(StartedBy::Other);
    };
    let mut checkouts = checkouts(request).into_iter();
    let found = checkouts.find_map(|(checkout, name)| Some((checkout.record(push.commit)?, checkout, name)));
    let released_to = released_to(request)?;
    // It is sent to the repository of the release alone, which nothing names.
    let is_token_kept_back =
        released_to.is_none() && request.remote_options.logins.iter().any(|login| login.server.is_none());
    let (checkout, remote) = match found {
        Some((record, checkout, _))
            if !own_commit::may_be_ours(&record) && !may_be_retitled(&record, Some(&checkout)) =>
        {
            return Ok(StartedBy::Other);
        }
        Some((_, checkout, name)) => {
            let beside = released_to.as_ref().map(|remote| request.beside(remote));
            let remote = checkout.remote(&name, &beside.as_ref().unwrap_or(request).remote_options)?;
            // The commit shows that the run builds this checkout's repository, which releases may not go to.
            let is_same = |released_to: &Remote| {
                released_to.is(&remote) || request.run.builds(released_to, None, &request.remote_options) == Some(true)
            };
            if !released_to.as_ref().is_none_or(is_same) {
                return Ok(StartedBy::Other);
            }
            (Some(checkout), remote)
        }
        None => match built_repository(request, released_to)? {
            Some(remote) => (None, remote),
            None => return Ok(StartedBy::Other),
        },
    };
    let is_guessed = checkout.is_none() && request.run.repository_url.is_none();
    let mut snapshot = match ObjectSource::new(&remote, checkout.as_ref(), None).commits(push.commit) {
        // Nothing names the repository that is built. This one lacks the commit, so it is another one.
        Err(error) if is_guessed && error.lacks(&push.commit.to_string()) => return Ok(StartedBy::Other),
        read => read.map_err(|error| unread(error, is_token_kept_back))?,
    };
    let mut pushed = Vec::new();
    loop {
        match judge(push, &pushed) {
            PushJudgement::Own => {
                let commits = pushed.iter().filter(|commit| own_commit::is_ours(commit)).count();
                return Ok(StartedBy::Releases(OwnPush { commit: push.commit, commits }));
            }
            PushJudgement::Foreign => return Ok(foreign(&pushed)),
            PushJudgement::Next(id) => {
                // The commit comes with its parents; the others of a push come together.
                if !pushed.is_empty() {
                    snapshot.history(MAX_COMMITS_OF_A_PUSH + 1)?;
                }
                pushed.push(look_at(&mut snapshot, id, PushedTo { branch, checkout: checkout.as_ref() })?);
                if let ([merge], Began::Merge { commits }) = (&pushed[..], request.run.began) {
                    push.before = before_the_merge(&merge.record, commits);
                }
            }
        }
    }
}

/// Returns why the commit cannot be read.
fn unread(error: GitError, is_token_kept_back: bool) -> Failure {
    let failure = Failure::from(error);
    if !is_token_kept_back || failure.kind != FailureKind::Unauthorized {
        return failure;
    }
    let why = "`TAGSHIP_GIT_TOKEN` was not sent: it is for the repository of the release, which `--repo` names";
    Failure { message: format!("{}; {why}", failure.message), ..failure }
}

/// Returns where the base was before a request of so many commits was merged as `merge`; `None` if it may have been rebased as
/// several commits.
fn before_the_merge(merge: &CommitRecord, commits: Option<usize>) -> Option<CommitId> {
    merge.parents.first().copied().filter(|_| commits == Some(1) || merge.parents.len() > 1)
}

/// Returns what a push was whose commits are not all known as releases.
fn foreign(pushed: &[Pushed]) -> StartedBy {
    let unproved = pushed.last().filter(|commit| own_commit::is_like_a_squash(commit));
    unproved.map_or(StartedBy::Other, |commit| StartedBy::MaybeSquash(commit.record.id))
}

/// Returns the push of commits that started this run; `None` if it went to another branch than that of the release, or if a tag,
/// an open pull request, a schedule or a person started the run. Such a run is never skipped.
fn push_to_the_branch(request: &RepositoryRequest) -> Option<(&str, Push)> {
    // What is not pushed starts nothing.
    if matches!(request.repository, Repository::Checkout { .. }) {
        return None;
    }
    let run = &request.run;
    let branch = run.branch.as_ref()?;
    let is_released_to = request.branch.as_ref().is_none_or(|release| release == branch);
    if !is_released_to || !run.may_be_of_a_push() {
        return None;
    }
    Some((branch.as_str(), Push { commit: run.commit?, before: run.before }))
}

/// Returns the checkouts in which the commit may be, each with the name of its remote.
fn checkouts(request: &RepositoryRequest) -> Vec<(Checkout, String)> {
    let mut places = Vec::new();
    if let Repository::Remote { folder, name } = &request.repository {
        places.push((folder.as_path(), name.as_str()));
    }
    if !places.iter().any(|(folder, _)| *folder == request.here) {
        places.push((&request.here, "origin"));
    }
    let open = |(folder, remote): (&Path, &str)| {
        Some((
            Checkout::discover(folder, &request.repository_variables, &request.trusted_owner).ok()?,
            remote.to_owned(),
        ))
    };
    places.into_iter().filter_map(open).collect()
}

/// Returns the repository that is released to, if it can be told.
fn released_to(request: &RepositoryRequest) -> Result<Option<Remote>, Failure> {
    let options = &request.remote_options;
    Ok(match &request.repository {
        Repository::Url(url) => Some(Remote::at(url, options)?),
        Repository::Remote { folder, name } => {
            let checkout = Checkout::discover(folder, &request.repository_variables, &request.trusted_owner).ok();
            checkout.and_then(|checkout| checkout.remote(name, options).ok())
        }
        Repository::Checkout { .. } => None,
    })
}

/// Returns the repository that the CI system builds; `None` if releases go to another one.
fn built_repository(request: &RepositoryRequest, released_to: Option<Remote>) -> Result<Option<Remote>, Failure> {
    let Some(url) = request.run.repository_url.as_deref() else {
        return Ok(released_to);
    };
    // Only the CI system's variables name this repository, so a login that was given for the release's own does not go there.
    let mut options = request.remote_options.clone();
    options.logins.retain(|login| login.server.is_some());
    let built = Remote::at(url, &options)?;
    Ok(match released_to {
        // The same by name, and this one has the login.
        Some(released_to) if released_to.is(&built) => Some(released_to),
        Some(_) => None,
        None => Some(built),
    })
}
