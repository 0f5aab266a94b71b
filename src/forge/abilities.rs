//! What a forge can never do, whatever its settings and the rights of a token are. The kind alone tells, so a release that wants
//! it ends before anything is asked, and so does a dry run, whose token need not be allowed to do it.

use super::address::ForgeKind;
use super::error::ForgeError;

impl ForgeKind {
    /// Fails if the forge cannot make commits that it signs.
    pub fn check_signing(self) -> Result<(), ForgeError> {
        match self {
            Self::GitHub => Ok(()),
            Self::GitLab | Self::Gitea | Self::Azure | Self::Bitbucket => Err(self.cannot_sign()),
        }
    }

    /// Fails if the forge can never merge a pull request by itself.
    pub fn check_auto_merge(self) -> Result<(), ForgeError> {
        match self {
            Self::GitHub | Self::GitLab | Self::Gitea | Self::Azure => Ok(()),
            Self::Bitbucket => Err(self.cannot_wait_for_checks()),
        }
    }

    pub(super) fn cannot_sign(self) -> ForgeError {
        let why = match self {
            Self::GitHub | Self::GitLab | Self::Gitea => {
                "sign with a key of your own (`--sign=git`): its API makes no commit without moving a branch"
            }
            Self::Azure | Self::Bitbucket => {
                "sign with a key of your own (`--sign=git`): its API makes commits without a signature"
            }
        };
        ForgeError::Unsupported { kind: self, what: "sign the commit", why }
    }

    pub(super) fn cannot_wait_for_checks(self) -> ForgeError {
        ForgeError::Unsupported {
            kind: self,
            what: "merge a pull request once its checks pass",
            why: "leave `--auto-merge` out: its API can only merge at once, past the checks that still run",
        }
    }

    /// Returns the error of a search among more requests than are looked at.
    pub(super) fn lists_too_many(self) -> ForgeError {
        ForgeError::Unsupported {
            kind: self,
            what: "tell whether there is a pull request",
            why: "name another head branch with `--head`: too many requests of others were opened, such as from branches of \
                  this name in forks",
        }
    }
}
