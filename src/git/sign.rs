//! Signing a commit, where git's configuration says that commits are signed (`commit.gpgSign`): with the program and the
//! key that it names, gpg, gpgsm or ssh-keygen.

use std::ffi::OsString;
use std::path::Path;

use gix::objs::Commit;
use gix::objs::signature::sign::Options;

use super::checkout::Checkout;
use super::error::GitError;

/// How commits are signed.
#[derive(Clone)]
pub struct Signing(Options);

impl Checkout {
    /// Returns how commits are signed here; `None` where they are not.
    pub fn signing(&self) -> Result<Option<Signing>, GitError> {
        let options = self.repository().commit_signing_options_if_enabled();
        let Some(mut options) =
            options.map_err(|error| GitError::unexpected("the configuration for signing cannot be read", error))?
        else {
            return Ok(None);
        };
        let name = Path::new(&options.program).file_name().unwrap_or_default();
        if name.to_string_lossy().starts_with("gpg") {
            // gpg would ask for the key's password at the terminal, and wait.
            options.program_arguments.push(OsString::from("--pinentry-mode=error"));
        }
        Ok(Some(Signing(options)))
    }
}

/// Removes what signing writes for its programs, where that is not waited for.
pub fn remove_temporary_files() {
    gix::tempfile::registry::cleanup_tempfiles();
}

impl Signing {
    pub(super) fn sign(&self, commit: Commit) -> Result<Commit, GitError> {
        commit.sign(self.0.clone()).map_err(|error| GitError::unexpected("the commit cannot be signed", error))
    }
}
