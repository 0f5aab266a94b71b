//! The author and the committer of a release, each from the first place that names one, the notes about them, and what signs
//! the commit. They are read once in a run, before anything is asked, so that what can never be signed fails at once.

use std::time::SystemTime;

use crate::flow::forges::remote_forge::{forge_address, forge_of};
use crate::flow::release_branch::branch::ReleaseBranch;
use crate::forge::{Forge, UnknownForge};
use crate::git::{Authorship, Identity, IdentityParts, Signing};
use crate::outcome::failure::Failure;
use crate::outcome::{Event, Listener};
use crate::request::{CommitRequest, CommitSigner, Delivery, Effect};

/// Who the commits of a run are by, and what signs them.
pub(super) struct Authors {
    author: Identity,
    committer: Identity,
    /// `None` for a commit that is not signed here.
    signing: Option<Signing>,
    /// The time that the user names for the commit, in seconds since 1970 (UTC).
    seconds: Option<i64>,
    /// What is to be told of the author and the committer with the commit.
    notes: Vec<String>,
}

impl Authors {
    /// Reads who commits are by. Flags beat the environment, which beats git's configuration, which beats the CI system's bot.
    /// The key that signs is not used: it may wait for a touch. It is a secret too, so that a dry run does not ask for it.
    ///
    /// # Errors
    /// git's configuration cannot be read, or a commit can never be signed as the user asks for: the forge signs none, or
    /// no key is named.
    pub(super) fn read(delivery: &Delivery, branch: &ReleaseBranch) -> Result<Self, Failure> {
        let bot = delivery.repository.run.bot.as_ref();
        let seconds = delivery.commit.seconds;
        let signed = match delivery.commit.signer {
            CommitSigner::Git(signed) => signed,
            CommitSigner::Forge => {
                let remote = branch.remote().ok_or(UnknownForge::Local)?;
                forge_address(remote, &delivery.repository)?.kind.check_signing()?;
                // The forge names the owner of its token. Ours goes into a tag, if there is one with a message.
                let tagger = bot.cloned().unwrap_or_else(default_author);
                let (author, committer) = (tagger.clone(), tagger);
                return Ok(Self { author, committer, signing: None, seconds, notes: Vec::new() });
            }
        };
        let (author, committer, notes) = identities(&delivery.commit, branch, bot)?;
        let signing = match delivery.effect {
            Effect::DryRun => None,
            Effect::Full => branch.signing(signed, &committer, delivery.repository.remote_options.timeout)?,
        };
        Ok(Self { author, committer, signing, seconds, notes })
    }

    /// Tells what the user should know of the author and the committer.
    pub(super) fn tell_notes(&self, listener: &mut Listener<'_>) {
        for note in &self.notes {
            listener(&Event::Noted(note.clone()));
        }
    }

    /// Returns them for a commit that is made now, or at the time that the user names.
    pub(super) fn authorship(&self) -> Authorship {
        let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs() as i64);
        Authorship {
            author: self.author.clone(),
            committer: self.committer.clone(),
            seconds: self.seconds.unwrap_or_else(now),
            signing: self.signing.clone(),
        }
    }
}

/// Returns the author and the committer, and notes: of an identity that cannot be used, and of a missing author.
fn identities(
    commit: &CommitRequest,
    branch: &ReleaseBranch,
    bot: Option<&Identity>,
) -> Result<(Identity, Identity, Vec<String>), Failure> {
    let mut notes = Vec::new();
    let (author, committer) = branch.identities()?;
    let identity = |of_environment: &IdentityParts, configured: IdentityParts| {
        let mut parts = of_environment.clone().or(configured);
        if parts.name.is_some() {
            parts.email = parts.email.or_else(|| commit.environment_email.clone());
        }
        parts.identity()
    };
    let of_author = identity(&commit.environment_author, author);
    let author = match (&commit.author, &of_author) {
        (Some(author), _) => author.clone(),
        (None, Ok(Some(author))) => author.clone(),
        (None, Ok(None)) => bot.cloned().unwrap_or_else(|| {
            let author = default_author();
            notes.push(format!("no author is configured, so the author is `{author}`; `--author` names another one"));
            author
        }),
        (None, Err(why)) => {
            let author = bot.cloned().unwrap_or_else(default_author);
            notes.push(format!("the author in git's configuration {why}, so the author is `{author}`"));
            author
        }
    };
    let committer = match identity(&commit.environment_committer, committer) {
        Ok(Some(committer)) => committer,
        Ok(None) => bot.cloned().unwrap_or_else(|| author.clone()),
        Err(why) => {
            let committer = bot.cloned().unwrap_or_else(|| author.clone());
            // Of the author it was told already.
            if of_author != Err(why) {
                notes.push(format!("the committer in git's configuration {why}, so the committer is `{committer}`"));
            }
            committer
        }
    };
    Ok((author, committer, notes))
}

/// Returns the forge that makes the commit and signs it; `None` if no forge does.
pub(super) fn signing_forge(delivery: &Delivery, branch: &ReleaseBranch) -> Result<Option<Forge>, Failure> {
    match delivery.commit.signer {
        CommitSigner::Git(_) => Ok(None),
        CommitSigner::Forge => forge_of(branch.remote().ok_or(UnknownForge::Local)?, &delivery.repository).map(Some),
    }
}

/// Returns the author of a commit if none is configured.
fn default_author() -> Identity {
    Identity { name: "tagship".to_owned(), email: "tagship@localhost".to_owned() }
}
