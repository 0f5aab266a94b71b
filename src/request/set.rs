//! `set` as meant.

use std::path::PathBuf;

use super::image_options::comment::CommentRequest;
use super::image_options::images::Images;
use super::image_options::registry::RegistryRequest;
use super::repository::target_file::TargetFile;
use super::run::Run;
use super::values::{Effect, effect};
use crate::cli::{Environment, PinDigest, SetArguments};
use crate::message::SourceCommit;
use crate::outcome::failure::Failure;

pub struct SetRequest {
    pub images: Images,
    pub files: Vec<TargetFile>,
    pub add: bool,
    /// What happens to the comment behind a changed value.
    pub comment: CommentRequest,
    pub pin_digest: PinDigest,
    /// The commit that the CI system builds.
    pub source: Option<SourceCommit>,
    /// `None`: the registry is not asked, because no digest is to be pinned.
    pub registry: Option<RegistryRequest>,
    /// What the CI system calls its workspace, which no link may lead out of.
    pub workspace: Option<PathBuf>,
    pub effect: Effect,
}

impl SetRequest {
    pub(super) fn new(arguments: &SetArguments, environment: &Environment) -> Result<Self, Failure> {
        let images = Images::parse(&arguments.images)?;
        let asks = || RegistryRequest::new(&arguments.registry, None, environment);
        // As with kustomize, what an argument does not name goes.
        let pin_digest = arguments.pin.pin_digest.unwrap_or(PinDigest::Never);
        let registry = (pin_digest != PinDigest::Never).then(asks).transpose()?;
        let files = TargetFile::all(&arguments.kustomization.kustomizations, &arguments.kustomization.files)?;
        if arguments.kustomization.add {
            TargetFile::require_places(&files)?;
        }
        Ok(Self {
            images,
            files,
            add: arguments.kustomization.add,
            comment: CommentRequest::new(&arguments.comment)?,
            source: Run::new(environment).source,
            pin_digest,
            registry,
            workspace: environment.workspace(),
            effect: effect(arguments.kustomization.dry_run),
        })
    }
}
