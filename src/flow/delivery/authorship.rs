//! The author and the committer of a release, each from the first place that names one, the notes about them, and what signs
//! the commit. That it can be signed at all is required first: the configuration and the kind of the forge tell.

use std::time::SystemTime;

use crate::flow::release_branch::branch::ReleaseBranch;
use crate::flow::remote_forge::{forge_address, forge_of};
use crate::forge::{Forge, UnknownForge};
use crate::git::{Authorship, Identity, IdentityParts};
use crate::outcome::failure::Failure;
use crate::request::{CommitSigner, Delivery, Effect};

/// Returns the author and the committer, and the time of the commit. Flags beat the environment, which beats git's configuration,
/// which beats the CI system's bot. An identity that cannot be used is told, and so is that there is none.
pub(super) fn authorship(
    delivery: &Delivery,
    branch: &ReleaseBranch,
    note: &mut impl FnMut(String),
) -> Result<Authorship, Failure> {
    let commit = &delivery.commit;
    let bot = delivery.target.run.bot();
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs() as i64);
    let seconds = commit.seconds.unwrap_or_else(now);
    let signed = match commit.signer {
        CommitSigner::Git(signed) => signed,
        CommitSigner::Forge => {
            // The forge names the owner of its token. Ours goes into a tag, if there is one with a message.
            let tagger = bot.cloned().unwrap_or_else(default_author);
            return Ok(Authorship { author: tagger.clone(), committer: tagger, seconds, signing: None });
        }
    };
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
            note(format!("no author is configured, so the author is `{author}`; `--author` names another one"));
            author
        }),
        (None, Err(why)) => {
            let author = bot.cloned().unwrap_or_else(default_author);
            note(format!("the author in git's configuration {why}, so the author is `{author}`"));
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
                note(format!("the committer in git's configuration {why}, so the committer is `{committer}`"));
            }
            committer
        }
    };
    let signing = branch.signing(signed, &committer, delivery.target.timeout)?;
    Ok(Authorship { author, committer, seconds, signing })
}

/// Fails if a commit can never be signed as the user asks for: the forge signs none, or git's configuration names no key. The key
/// is not used: it may wait for a touch. It is a secret too, which a dry run does not have.
pub(super) fn require_signer(delivery: &Delivery, branch: &ReleaseBranch) -> Result<(), Failure> {
    match delivery.commit.signer {
        CommitSigner::Git(_) if delivery.effect == Effect::DryRun => Ok(()),
        CommitSigner::Git(_) => authorship(delivery, branch, &mut |_told_with_the_commit| {}).map(drop),
        CommitSigner::Forge => {
            let remote = branch.remote().ok_or(UnknownForge::Local)?;
            Ok(forge_address(remote, &delivery.target)?.kind.check_signing()?)
        }
    }
}

/// Returns the forge that makes the commit and signs it; `None` if no forge does.
pub(super) fn signing_forge(delivery: &Delivery, branch: &ReleaseBranch) -> Result<Option<Forge>, Failure> {
    match delivery.commit.signer {
        CommitSigner::Git(_) => Ok(None),
        CommitSigner::Forge => forge_of(branch.remote().ok_or(UnknownForge::Local)?, &delivery.target).map(Some),
    }
}

/// Returns the author of a commit if none is configured.
fn default_author() -> Identity {
    Identity { name: "tagship".to_owned(), email: "tagship@localhost".to_owned() }
}
