//! Signs a commit, if git's configuration (`commit.gpgSign`) or the user asks for it: with the format, the program (gpg, gpgsm
//! or ssh-keygen) and the key of the configuration.

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use gix::Repository;
use gix::config::tree::{Committer, User};
use gix::objs::signature::sign::Options;
use gix::objs::{Commit, WriteTo as _};

use super::default_key::default_key;
use super::identity::Identity;
use super::signer::Signer;
use crate::git::checkout::Checkout;
use crate::git::configuration::{permissions, user_configuration};
use crate::git::error::GitError;

/// How commits are signed.
#[derive(Clone)]
pub struct Signing {
    signer: Signer,
    /// How long the signer may take.
    limit: Duration,
}

/// The header of a commit that has its signature.
const SIGNATURE: &str = "gpgsig";

/// The setting by which git signs every commit.
const SIGN: &str = "commit.gpgSign";

/// Which commits are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// Those that git's configuration asks to sign.
    AsConfigured,
    Always,
}

/// Removes the temporary files of a signature that is not waited for.
pub fn remove_temporary_files() {
    gix::tempfile::registry::cleanup_tempfiles();
}

impl Signing {
    /// Returns how `committer` signs, by the checkout's configuration, else by the user's and the system's; `None` if commits
    /// are not signed.
    pub fn read(
        checkout: Option<&Checkout>,
        signed: Signed,
        committer: &Identity,
        limit: Duration,
    ) -> Result<Option<Self>, GitError> {
        let signing = |signer: Option<Options>| signer.map(|options| Self { signer: Signer(options), limit });
        if let Some(checkout) = checkout {
            return options(checkout.repository().clone(), signed, committer, limit).map(signing);
        }
        if signed == Signed::AsConfigured && !is_configured(&user_configuration()?)? {
            return Ok(None);
        }
        // gix reads the configuration for signing from a repository only. An empty one has the user's and the system's.
        let failed = |error: anyhow::Error| GitError::unexpected("a temporary repository cannot be made", error);
        let folder = tempfile::tempdir().map_err(|error| failed(error.into()))?;
        let repository = empty_repository(folder.path()).map_err(failed)?;
        options(repository, signed, committer, limit).map(signing)
    }

    /// Returns the commit with its signature.
    pub(super) fn sign(&self, mut commit: Commit) -> Result<Commit, GitError> {
        let mut payload = Vec::new();
        commit.write_to(&mut payload).map_err(|error| GitError::unexpected("the commit cannot be written", error))?;
        let signature = self.signer.signature(payload, self.limit)?;
        commit.extra_headers.push((SIGNATURE.into(), signature.into()));
        Ok(commit)
    }
}

/// Makes the least that counts as a repository. What gix makes of a folder has the examples of hooks too (30 kB of the program).
fn empty_repository(folder: &Path) -> anyhow::Result<Repository> {
    fs::create_dir(folder.join("objects"))?;
    fs::create_dir(folder.join("refs"))?;
    fs::File::create_new(folder.join("HEAD"))?.write_all(b"ref: refs/heads/main\n")?;
    Ok(gix::open_opts(folder, gix::open::Options::default().permissions(permissions()))?)
}

/// Returns whether git's configuration asks to sign. What is neither true nor false is refused, as by git: taken for false, it
/// would leave commits unsigned.
fn is_configured(config: &gix::config::File) -> Result<bool, GitError> {
    let configured = config.boolean(SIGN).map_err(|error| GitError::setting(SIGN, error))?;
    Ok(configured.unwrap_or_default())
}

fn options(
    mut repository: Repository,
    signed: Signed,
    committer: &Identity,
    limit: Duration,
) -> Result<Option<Options>, GitError> {
    if signed == Signed::AsConfigured && !is_configured(repository.config_snapshot().plumbing())? {
        return Ok(None);
    }
    let failed = |error: gix::Error| GitError::SigningSettings { source: error.into() };
    let key = default_key(&repository, limit)?;
    // If no key is named, the key of this committer is used, and not that of the configured one.
    let mut config = repository.config_snapshot_mut();
    config.set_value(&Committer::NAME, committer.name.as_str()).map_err(failed)?;
    config.set_value(&Committer::EMAIL, committer.email.as_str()).map_err(failed)?;
    if let Some(key) = &key {
        config.set_value(&User::SIGNING_KEY, key.as_str()).map_err(failed)?;
    }
    config.commit().map_err(failed)?;
    let mut options = repository.commit_signing_options().map_err(failed)?;
    let name = Path::new(&options.program).file_name().unwrap_or_default();
    if name.to_string_lossy().starts_with("gpg") {
        // Else gpg would prompt for the key's password at the terminal, and wait.
        options.program_arguments.push(OsString::from("--pinentry-mode=error"));
    }
    Ok(Some(options))
}
