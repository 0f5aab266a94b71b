//! Asks both services of a remote for their first answers at once: neither depends on the other one, and a release reads and
//! pushes. Over HTTP these are two connections, over ssh the two logins that a release needs anyhow.

use std::sync::mpsc;
use std::thread::{self, ScopedJoinHandle};

use super::advertised_refs::{AdvertisedRefs, RefsKept};
use super::push::Pusher;
use crate::git::error::GitError;
use crate::git::objects::name::BranchName;
use crate::git::reading::reader::Reader;
use crate::git::reading::tips::Tips;
use crate::git::remotes::remote::Remote;

/// Begins a push to `branch`, and with it a conversation about `read`, which is read from the same remote. If the first
/// answer may change the login, the push alone is begun: helpers of git are asked once, and what they tell serves both.
///
/// # Errors
/// If both fail, the error is that of the push, unless a read is refused as well; most often there is one reason for both.
pub fn open_both<'r>(
    remote: &'r Remote,
    branch: &BranchName,
    kept: RefsKept<'_>,
    read: &BranchName,
) -> Result<(Pusher<'r>, Option<Reader<'r>>), GitError> {
    if remote.may_change_its_login() {
        return Ok((Pusher::open(remote, branch, kept)?, None));
    }
    thread::scope(|scope| {
        let reader = scope.spawn(|| Reader::open(remote, Some(read)));
        let pusher = Pusher::open(remote, branch, kept);
        match (pusher, joined(reader)) {
            // What may not be read either is not only closed to a push.
            (Err(GitError::NoPush { .. }), Err(reading @ GitError::NoAccess { .. })) => Err(reading),
            (pusher, reader) => Ok((pusher?, Some(reader?))),
        }
    })
}

/// Begins a push to the default branch, and with it a conversation about that. The other service tells which branch it is while
/// the push is begun, and `refs` what the push keeps of the server's refs. If the first answer may change the login, one
/// service is asked after the other.
///
/// # Errors
/// If both fail, the error is that of the push.
pub fn open_both_at_default<E: From<GitError> + Send>(
    remote: &Remote,
    refs: impl FnOnce(Tips) -> Result<AdvertisedRefs, E>,
) -> Result<(Pusher<'_>, Option<Reader<'_>>), E> {
    let read = || -> Result<_, E> {
        let mut reader = Reader::open(remote, None)?;
        let refs = refs(reader.tips()?)?;
        Ok((reader, refs))
    };
    if remote.may_change_its_login() {
        let (reader, refs) = read()?;
        return Ok((Pusher::open_when_known(remote, || Ok::<_, E>(refs.clone()))?, Some(reader)));
    }
    thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        let unread = |closed| Err(GitError::unexpected("the default branch was not read", closed).into());
        let pusher = scope.spawn(move || Pusher::open_when_known(remote, || told.recv().unwrap_or_else(unread)));
        let (reader, refs) = match read() {
            Ok((reader, refs)) => (Some(reader), Ok(refs)),
            Err(error) => (None, Err(error)),
        };
        // If the push has failed already, there is no receiver any more.
        tell.send(refs).ok();
        Ok((joined(pusher)?, reader))
    })
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
