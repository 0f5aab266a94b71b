//! What becomes of a checkout once a commit of ours is made. It follows if it stood at the commit's parent and has no
//! uncommitted changes in the way; else it stays as it is, and that is told.

use std::io;

use crate::git::{
    Checkout, CommitOnTip, FastForward, FastForwardError, FileOnDisk, Message, NewCommit, NotTracked, RemoteBranch,
};
use crate::outcome::failure::{Failure, FailureKind};
use crate::outcome::{Event, Listener};
use crate::system::disk::files::{self, FileLocation, Replacement};

/// Brings the checkout forward to a commit that was pushed. The release is done already, so nothing here makes it fail.
pub(crate) fn bring_forward(checkout: &Checkout, remote: &str, commit: &CommitOnTip, listener: &mut Listener<'_>) {
    let pushed_to = RemoteBranch { remote, branch: &commit.lease().branch };
    let told = match checkout.prepare_fast_forward(commit.new_commit(), Some(pushed_to)) {
        Ok(fast_forward) => match follow(fast_forward) {
            Ok(None) => Event::Aside(format!("the checkout is at {} now", commit.id().short())),
            Ok(Some(not_tracked)) => Event::Noted(not_tracked.to_string()),
            Err(not) => Event::Noted(not.note()),
        },
        Err(error @ FastForwardError::Elsewhere) => Event::Aside(NotFollowed::from(error).to_string()),
        Err(error) => Event::Noted(NotFollowed::from(error).note()),
    };
    listener(&told);
}

/// Why there is no commit in the checkout.
pub(super) enum NotCommitted {
    /// HEAD has moved since it was read.
    Moved,
    Failed(Failure),
}

/// Commits in the checkout alone. What is in the way fails it, before anything has changed.
pub(super) fn commit_here(
    checkout: &Checkout,
    commit: &NewCommit,
    message: &Message,
    listener: &mut Listener<'_>,
) -> Result<(), NotCommitted> {
    let fast_forward = checkout.prepare_fast_forward(commit, None).map_err(not_committed)?;
    // Without a push there is no remote-tracking branch to move.
    follow(fast_forward).map_err(|error| NotCommitted::Failed(error.into()))?;
    listener(&Event::Committed { id: commit.id(), title: &message.title });
    Ok(())
}

/// Fails if the checkout could not take `commit`. A dry run asks that, and leaves the checkout as it is.
pub(crate) fn require_ready(checkout: &Checkout, commit: &NewCommit) -> Result<(), Failure> {
    match checkout.require_fast_forward(commit).map_err(not_committed) {
        // What came since then is for another run.
        Ok(()) | Err(NotCommitted::Moved) => Ok(()),
        Err(NotCommitted::Failed(failure)) => Err(failure),
    }
}

fn not_committed(error: FastForwardError) -> NotCommitted {
    let message = format!("the checkout cannot take the commit: {error}");
    let kind = match error {
        // It was there when it was read.
        FastForwardError::Elsewhere => return NotCommitted::Moved,
        FastForwardError::Locked(_) => FailureKind::Raced,
        FastForwardError::Failed { kind: Some(kind), .. } => {
            return NotCommitted::Failed(Failure::unwritable(io::Error::new(kind, message)));
        }
        FastForwardError::Failed { kind: None, .. } => FailureKind::Unexpected,
        _ => FailureKind::Target,
    };
    let failure = Failure::new(kind, message);
    NotCommitted::Failed(match error {
        FastForwardError::Changed(_) => failure.hint("commit these changes first, or put them away with `git stash`"),
        FastForwardError::Busy => failure.hint("finish it, or abort it"),
        FastForwardError::Filtered(_) => {
            failure.hint("leave out `--no-push`: git runs its filters if `git pull` brings the file")
        }
        FastForwardError::NoIndex => failure.hint("`git checkout` writes the files and the index"),
        FastForwardError::SparseIndex => {
            failure.hint("`git sparse-checkout reapply --no-sparse-index` writes a whole one")
        }
        FastForwardError::Replaced(_) => {
            failure.hint("`git replace --delete` ends that; without `--no-push`, the checkout stays as it is")
        }
        FastForwardError::BrokenIndex(_) => failure
            .hint("delete the index of the checkout, and let `git reset` write a new one; it forgets what is staged"),
        FastForwardError::Locked(_) => failure.hint("run the same command again"),
        _ => failure,
    })
}

/// How far a checkout got that did not follow.
#[derive(Debug, thiserror::Error)]
enum NotFollowed {
    #[error("the checkout was left as it is: {0}")]
    Stays(String),
    #[error("the checkout was left as it is: {0}")]
    Unwritable(io::Error),
    #[error("the commit's files are in the checkout, and are not staged: {0}")]
    Written(String),
    #[error("the commit is staged in the checkout, and HEAD did not move: {0}")]
    Staged(String),
}

impl NotFollowed {
    /// Returns it with what a person can do about the rights of the checkout, for the next release.
    fn note(self) -> String {
        let text = self.to_string();
        match Failure::from(self) {
            Failure { kind: FailureKind::Target, hint: Some(hint), .. } => format!("{text}; {hint}"),
            _ => text,
        }
    }
}

impl From<FastForwardError> for NotFollowed {
    fn from(error: FastForwardError) -> Self {
        match error {
            FastForwardError::Failed { told, kind: Some(kind) } => Self::Unwritable(io::Error::new(kind, told)),
            error => Self::Stays(error.to_string()),
        }
    }
}

impl From<NotFollowed> for Failure {
    fn from(error: NotFollowed) -> Self {
        match error {
            NotFollowed::Unwritable(error) => Self::unwritable(error),
            NotFollowed::Staged(_) => Self::unexpected(error)
                .hint("`git commit` commits it; `git restore --staged --worktree PATH` takes it back"),
            error => Self::unexpected(error),
        }
    }
}

/// Lets a checkout follow: its files, then its index, then HEAD. What cannot be staged is put back. Returns why the
/// remote-tracking branch did not follow.
fn follow(fast_forward: FastForward<'_>) -> Result<Option<NotTracked>, NotFollowed> {
    let files = fast_forward.files().map(|FileOnDisk { path, old, new }| {
        let place = FileLocation::at(path)?.prepared_in(fast_forward.workshop());
        Ok(Replacement { place, old, new })
    });
    let files = files.collect::<io::Result<Vec<_>>>().map_err(NotFollowed::Unwritable)?;
    let replaced = files::replace(&files).map_err(NotFollowed::Unwritable)?;
    let staged = match fast_forward.stage() {
        Ok(staged) => staged,
        Err(error) => {
            let error = FastForwardError::from(error);
            return Err(match replaced.undo() {
                Ok(()) => error.into(),
                Err(worse) => NotFollowed::Written(format!("{error}; and {worse}")),
            });
        }
    };
    staged.move_head().map_err(|error| NotFollowed::Staged(error.told()))
}
