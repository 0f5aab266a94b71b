//! Asks both services of a remote for their first answers at once: neither depends on the other one, and a release reads and
//! pushes. Over HTTP these are two connections, over ssh the two logins that a release needs anyhow.

use std::thread;

use super::error::GitError;
use super::objects::name::BranchName;
use super::push::{Pusher, RefsKept};
use super::reader::Reader;
use super::remote::Remote;

/// Begins a push to `branch`, and with it a conversation about `read`, which is read from the same remote. If git's helpers may
/// have to be asked for a login, the push alone is begun: they are asked once, and what they tell serves both.
///
/// # Errors
/// If both fail, the error is that of the push; most often there is one reason for both.
pub fn open_both<'r>(
    remote: &'r Remote,
    branch: &BranchName,
    kept: RefsKept<'_>,
    read: &BranchName,
) -> Result<(Pusher<'r>, Option<Reader<'r>>), GitError> {
    if remote.may_ask_for_a_login() {
        return Ok((Pusher::open(remote, branch, kept)?, None));
    }
    thread::scope(|scope| {
        let reader = scope.spawn(|| Reader::open(remote, Some(read)));
        let pusher = Pusher::open(remote, branch, kept);
        let reader = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((pusher?, Some(reader?)))
    })
}
