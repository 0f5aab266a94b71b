//! `set` as meant.

use std::path::PathBuf;

use super::images::Images;
use super::registry::RegistryRequest;
use super::values::{Effect, effect, listed};
use crate::cli::{Environment, SetArguments};
use crate::outcome::failure::Failure;

pub struct SetRequest {
    pub images: Images,
    pub kustomizations: Vec<PathBuf>,
    pub add: bool,
    /// Where the digest that the registry has is to be written beside the tag.
    pub pin_digest: Option<RegistryRequest>,
    pub effect: Effect,
}

impl SetRequest {
    pub(super) fn new(arguments: &SetArguments, environment: &Environment) -> Result<Self, Failure> {
        let images = Images::parse(&arguments.images)?;
        let asks = || RegistryRequest::new(&arguments.registry, None, &images.registries(), environment);
        let pin_digest = arguments.pin_digest.then(asks).transpose()?;
        Ok(Self {
            images,
            kustomizations: listed("--kustomization", &arguments.kustomization.kustomizations)?
                .iter()
                .map(PathBuf::from)
                .collect(),
            add: arguments.kustomization.add,
            pin_digest,
            effect: effect(arguments.kustomization.dry_run),
        })
    }
}
