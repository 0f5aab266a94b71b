//! The program that makes signatures, called as git calls it: gpg or gpgsm with the commit on its stdin, ssh-keygen with a
//! file. gix knows the program and the key; here it runs, because gix waits for it without a limit.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use gix::objs::signature::Format;
use gix::objs::signature::sign::Options;

use crate::git::error::GitError;
use crate::system::disk::bounded_file;
use crate::system::processes::program_run::{Finished, run};
use crate::system::processes::programs::command;

/// What gpg says once it has made a signature.
const CREATED: &str = "[GNUPG:] SIG_CREATED ";

/// A signing program and its key.
#[derive(Clone)]
pub(super) struct Signer(pub(super) Options);

type TemporaryFile = gix::tempfile::Handle<gix::tempfile::handle::Writable>;

impl Signer {
    /// Returns the signature of `payload`.
    pub(super) fn signature(&self, payload: Vec<u8>, limit: Duration) -> Result<Vec<u8>, GitError> {
        if self.0.signing_key.is_empty() {
            return Err(GitError::Unsigned { source: anyhow::Error::msg("no signing key is named") });
        }
        let signature = match self.0.format {
            Format::OpenPgp | Format::X509 => self.by_gpg(payload, limit)?,
            Format::Ssh => self.by_ssh(&payload, limit)?,
        };
        let text = String::from_utf8_lossy(&signature).replace("\r\n", "\n");
        Ok(text.into_bytes())
    }

    fn by_gpg(&self, payload: Vec<u8>, limit: Duration) -> Result<Vec<u8>, GitError> {
        let mut command = self.command();
        command.args(["--status-fd=2", "-bsau"]).arg(&self.0.signing_key);
        let finished = self.finish(&mut command, payload, limit)?;
        if !finished.error_lines().iter().any(|line| line.starts_with(CREATED)) {
            return Err(self.failed("made no signature", &finished));
        }
        Ok(finished.stdout)
    }

    fn by_ssh(&self, payload: &[u8], limit: Duration) -> Result<Vec<u8>, GitError> {
        let temporary = |error: std::io::Error| GitError::unexpected("the commit cannot be written to sign it", error);
        let literal = self.0.signing_key.to_str().and_then(literal_key);
        let key_file = literal.map(|key| temporary_file(key.as_bytes())).transpose().map_err(temporary)?;
        let (_payload_file, path) = temporary_file(payload).map_err(temporary)?;
        let key = key_file.as_ref().map_or_else(|| self.0.signing_key.clone(), |(_, path)| path.clone().into());
        let mut command = self.command();
        command.args(["-Y", "sign", "-n", "git", "-f"]).arg(argument(&key));
        command.args(literal.map(|_| "-U")).arg(&path);
        let finished = self.finish(&mut command, Vec::new(), limit)?;
        let mut made = path.into_os_string();
        made.push(".sig");
        let read = bounded_file::read(Path::new(&made));
        // The file that it was made for is gone with its handle; what cannot be removed is a signature, and no secret.
        std::fs::remove_file(&made).ok();
        read.map_err(|_unread| self.failed("made no signature", &finished))
    }

    fn command(&self) -> Command {
        let mut command = command(&self.0.program);
        command.args(&self.0.program_arguments);
        command.envs(self.0.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    fn finish(&self, command: &mut Command, input: Vec<u8>, limit: Duration) -> Result<Finished, GitError> {
        let not_started = |error| GitError::Unsigned {
            source: anyhow::Error::from(error).context(format!("cannot start `{}`", self.0.program.display())),
        };
        match run(command, input, Instant::now() + limit).map_err(not_started)? {
            None => Err(GitError::SignerFailed {
                program: self.program(),
                how: format!("did not end within {limit:?}"),
                details: Vec::new(),
            }),
            Some(finished) if !finished.status.success() => {
                Err(self.failed(&format!("failed ({})", finished.status), &finished))
            }
            Some(finished) => Ok(finished),
        }
    }

    fn failed(&self, how: &str, finished: &Finished) -> GitError {
        let said = finished.error_lines().into_iter().filter(|line| !line.starts_with("[GNUPG:]"));
        GitError::SignerFailed { program: self.program(), how: how.to_owned(), details: said.collect() }
    }

    fn program(&self) -> String {
        self.0.program.display().to_string()
    }
}

/// Returns a key that is written in place of the path of one, as git takes it.
pub(super) fn literal_key(key: &str) -> Option<&str> {
    key.strip_prefix("key::").or_else(|| key.starts_with("ssh-").then_some(key))
}

/// Returns a path that no program takes for an option.
fn argument(path: &OsString) -> PathBuf {
    match path.to_string_lossy().starts_with('-') {
        true => Path::new(".").join(path),
        false => PathBuf::from(path),
    }
}

/// Returns a file of these bytes, which a signal removes too.
fn temporary_file(bytes: &[u8]) -> std::io::Result<(TemporaryFile, PathBuf)> {
    let gone = || std::io::Error::other("the file was removed by a signal");
    let mut file = gix::tempfile::new(
        std::env::temp_dir(),
        gix::tempfile::ContainingDirectory::Exists,
        gix::tempfile::AutoRemove::Tempfile,
    )?;
    let path = file.with_mut(|file| {
        file.write_all(bytes)?;
        Ok::<_, std::io::Error>(file.path().to_owned())
    });
    Ok((file, path.map_err(|_gone| gone())??))
}
