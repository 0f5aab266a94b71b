//! The key that `gpg.ssh.defaultKeyCommand` tells, for a configuration that names none. gix runs that program too, but waits
//! for it without a limit and gives it our logins.

use std::process::Command;
use std::time::{Duration, Instant};

use gix::Repository;
use gix::bstr::ByteSlice as _;
use gix::config::tree::{User, gpg};

use super::signer::literal_key;
use crate::git::error::GitError;
use crate::system::processes::program_run::run;

/// Returns the key for signatures of ssh, as the program wrote it; `None` if no program is asked.
///
/// # Errors
/// The program fails, takes longer than `limit`, or tells no key.
pub(super) fn default_key(repository: &Repository, limit: Duration) -> Result<Option<String>, GitError> {
    let config = repository.config_snapshot();
    let is_ssh = config.string("gpg.format").is_some_and(|format| *format == *b"ssh");
    let is_named = config.string(User::SIGNING_KEY).is_some_and(|key| !key.is_empty());
    if !is_ssh || is_named {
        return Ok(None);
    }
    let failed = |error: gix::Error| GitError::setting("gpg.ssh.defaultKeyCommand", error);
    let Some(program) = config.trusted_program(gpg::Ssh::DEFAULT_KEY_COMMAND).map_err(failed)? else {
        return Ok(None);
    };
    let without_key = |how: String, details| GitError::SignerFailed {
        program: program.display().to_string(),
        how: format!("(git's `gpg.ssh.defaultKeyCommand`) {how}"),
        details,
    };
    let mut command: Command =
        gix::command::prepare(&program).command_may_be_shell_script().try_into().map_err(failed)?;
    let finished = run(&mut command, Vec::new(), Instant::now() + limit)
        .map_err(|error| without_key(format!("cannot be started: {error}"), Vec::new()))?
        .ok_or_else(|| without_key(format!("did not end within {limit:?}"), Vec::new()))?;
    if !finished.status.success() {
        return Err(without_key(format!("failed ({})", finished.status), finished.error_lines()));
    }
    let key = finished.stdout.lines().next().unwrap_or_default().trim().to_str_lossy();
    match literal_key(&key) {
        Some(_) => Ok(Some(key.into_owned())),
        None => Err(without_key(
            "wrote no key: its first line begins with neither `key::` nor `ssh-`".to_owned(),
            Vec::new(),
        )),
    }
}
