//! `guard`, which is also the first step of every release: if a release started this run, it ends there, before
//! anything is asked of a registry. If nothing tells that, the run goes on with a warning, also under `--on-own-commit fail`: a
//! server that is away must not stop each pipeline, and the guess must be seen.

use super::release_branch::announcements::tell_connections;
use super::release_branch::rereads::Rereads;
use crate::guards::own_commits::own_push::{StartedBy, started_by};
use crate::outcome::failure::{Failure, FailureKind};
use crate::outcome::{Ending, Event, Listener, Outcome, StopKind, Stopped};
use crate::request::{GuardRequest, OnOwnCommit, RepositoryRequest};

/// Tells whether the pipeline may go on.
pub fn guard(request: &GuardRequest, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    let ended = ended_by_own_commit(&request.repository, request.on_own_commit, listener)?;
    Ok(ended.unwrap_or_else(|| Outcome::new(Ending::Proceed)))
}

/// Returns how a command ends if releases started this run; `None` if it goes on.
pub(super) fn ended_by_own_commit(
    repository: &RepositoryRequest,
    on_own_commit: OnOwnCommit,
    listener: &mut Listener<'_>,
) -> Result<Option<Outcome>, Failure> {
    if on_own_commit == OnOwnCommit::Ignore {
        return Ok(None);
    }
    let own = Rereads::new(repository.remote_options.timeout).run(listener, |_| started_by(repository));
    tell_connections(repository, listener);
    let own = match own {
        Ok(StartedBy::Releases(own)) => own,
        Ok(StartedBy::Other) => return Ok(None),
        Ok(StartedBy::MaybeSquash(commit)) => {
            listener(&Event::Warned(format!(
                "{} edits kustomizations alone and has the title of a request; nothing tells whether that was a release, so \
                 the run goes on (keep the commit's message when you squash)",
                commit.short()
            )));
            return Ok(None);
        }
        Err(failure) => {
            let guess = format!("cannot tell whether a release started this run, so it goes on: {}", failure.message);
            listener(&Event::Warned(guess));
            return Ok(None);
        }
    };
    let reason = match own.commits {
        1 => format!("this run was started by tagship's own commit {}", own.commit.short()),
        commits => format!("this run was started by tagship's own {commits} commits up to {}", own.commit.short()),
    };
    if on_own_commit == OnOwnCommit::Fail {
        return Err(Failure::new(FailureKind::Guarded, reason).hint("`--on-own-commit ignore` goes on all the same"));
    }
    Ok(Some(Outcome::new(Ending::Stopped(Stopped { kind: StopKind::Skipped, reason }))))
}
