//! Signing a commit, where git's configuration says that commits are signed (`commit.gpgSign`): with the program and the
//! key that it names, gpg, gpgsm or ssh-keygen.

use std::ffi::OsString;

use gix::objs::Commit;
use gix::objs::signature::sign::Options;

use super::checkout::Checkout;
use super::error::GitError;

/// How commits are signed.
#[derive(Clone)]
pub struct Signing(Options);

impl Checkout {
    /// Returns how commits are signed here; `None` where they are not. A program that another user's checkout names is
    /// run under the same condition as its other programs.
    pub fn signing(&self, run_programs_of_others: bool) -> Result<Option<Signing>, GitError> {
        let options = self.repository().commit_signing_options_if_enabled();
        let Some(mut options) =
            options.map_err(|error| GitError::unexpected("the configuration for signing cannot be read", error))?
        else {
            return Ok(None);
        };
        if !self.may_name_programs(run_programs_of_others) {
            let why = "the repository belongs to another user, whose programs are not run";
            return Err(GitError::unexpected("the commit cannot be signed", anyhow::Error::msg(why)));
        }
        if options.program.to_string_lossy().contains("gpg") {
            // gpg would ask for the key's password at the terminal, and wait.
            options.program_arguments.push(OsString::from("--pinentry-mode=error"));
        }
        Ok(Some(Signing(options)))
    }
}

impl Signing {
    pub(super) fn sign(&self, commit: Commit) -> Result<Commit, GitError> {
        commit.sign(self.0.clone()).map_err(|error| GitError::unexpected("the commit cannot be signed", error))
    }
}
