//! `release` as meant.

use super::image_options::images::Images;
use super::release_options::delivery::{Delivery, OrderRequest};
use super::repository::target_file::TargetFile;
use super::values::{effect, filled};
use crate::cli::{Environment, OnOwnCommit, PinDigest, ReleaseArguments};
use crate::image::{Field, ImageArgument};
use crate::message::SourceCommit;
use crate::outcome::failure::Failure;

pub struct ReleaseRequest {
    pub images: Images,
    pub delivery: Delivery,
    pub on_own_commit: OnOwnCommit,
    /// The commit that the images were built from, if it was named.
    pub source: Option<SourceCommit>,
}

impl ReleaseRequest {
    pub(super) fn new(arguments: &ReleaseArguments, environment: &Environment) -> Result<Self, Failure> {
        let kustomization = &arguments.kustomization;
        let images = Images::parse(&arguments.images)?;
        let order = OrderRequest::new(arguments.superseded.on_superseded, &arguments.order);
        let shared = Delivery::new(&arguments.delivery, order, effect(kustomization.dry_run), environment)?;
        shared.require_pinnable()?;
        let keeps_digest = |argument: &ImageArgument| argument.change.digest == Field::Keep;
        if let (PinDigest::Never, Some(kept)) =
            (shared.pin_digest, images.arguments.iter().find(|one| keeps_digest(one)))
        {
            let name = &kept.name;
            let message = format!("`--pin-digest=never` cannot be used with `@*`, which keeps the digest of `{name}`");
            return Err(Failure::usage(message));
        }
        if arguments.no_push {
            shared.route.require_no_proposal()?;
            shared.commit.signer.require_git()?;
        }
        let files = TargetFile::all(&kustomization.kustomizations, &kustomization.files)?;
        if kustomization.add {
            TargetFile::require_places(&files)?;
        }
        let delivery = Delivery {
            repository: if arguments.no_push { shared.repository.without_remote()? } else { shared.repository },
            files,
            add: kustomization.add,
            ..shared
        };
        let source = arguments.source.as_deref().map(source).transpose()?;
        Ok(Self { images, delivery, on_own_commit: arguments.own_commit.on_own_commit, source })
    }
}

/// Reads `OWNER/REPO@SHA`. A variable of a pipeline that is empty leaves a part of it out.
fn source(text: &str) -> Result<SourceCommit, Failure> {
    let refused = |what| {
        Failure::usage(format!("`{text}` does not name {what}"))
            .hint("write `--source OWNER/REPO@SHA`, with the whole commit id of 40 digits")
    };
    let source = SourceCommit::parse(filled("--source", text)?).ok_or_else(|| refused("a commit"))?;
    match source.repository.as_deref().is_some_and(is_repository) {
        true => Ok(source),
        false => Err(refused("a repository with its owner")),
    }
}

/// Returns whether a path may be that of a repository at a forge: `owner/repo`, with the groups before it that GitLab has.
fn is_repository(path: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "-_.~%+".contains(c);
    let is_name = |name: &str| !name.trim_matches('.').is_empty() && name.chars().all(is_plain);
    path.contains('/') && path.split('/').all(is_name)
}
