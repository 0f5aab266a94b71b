//! `set` as meant.

use std::path::PathBuf;

use super::images::Images;
use super::pinning::Pinning;
use super::registry::RegistryRequest;
use super::values::{Effect, effect, listed};
use crate::cli::{Environment, SetArguments};
use crate::outcome::failure::Failure;

pub struct SetRequest {
    pub images: Images,
    pub kustomizations: Vec<PathBuf>,
    pub add: bool,
    pub pinning: Pinning,
    /// `None`: the registry is not asked, because no digest is to be pinned.
    pub registry: Option<RegistryRequest>,
    pub effect: Effect,
}

impl SetRequest {
    pub(super) fn new(arguments: &SetArguments, environment: &Environment) -> Result<Self, Failure> {
        let images = Images::parse(&arguments.images)?;
        let asks = || RegistryRequest::new(&arguments.registry, None, &images.registries(), environment);
        // As with kustomize, what an argument does not name goes.
        let pinning = Pinning::new(&arguments.pin, Pinning::Never);
        let registry = (pinning != Pinning::Never).then(asks).transpose()?;
        Ok(Self {
            images,
            kustomizations: listed("--kustomization", &arguments.kustomization.kustomizations)?
                .iter()
                .map(PathBuf::from)
                .collect(),
            add: arguments.kustomization.add,
            pinning,
            registry,
            effect: effect(arguments.kustomization.dry_run),
        })
    }
}
