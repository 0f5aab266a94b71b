//! `release` as meant.

use super::commit::CommitRequest;
use super::delivery::{Delivery, push_options};
use super::images::Images;
use super::registry::RegistryRequest;
use super::target::TargetRequest;
use super::values::{effect, listed};
use crate::cli::{Environment, ReleaseArguments};
use crate::failure::Failure;

pub struct ReleaseRequest {
    pub images: Images,
    pub delivery: Delivery,
}

impl ReleaseRequest {
    pub(super) fn new(arguments: &ReleaseArguments, environment: &Environment) -> Result<Self, Failure> {
        let images = Images::parse(&arguments.images.images)?;
        let required = Some(&arguments.requirements);
        let asks = || RegistryRequest::new(&arguments.registry, required, &images.registries(), environment);
        let registry = (!arguments.no_check).then(asks).transpose()?;
        let delivery = Delivery {
            target: TargetRequest::new(&arguments.repository, &arguments.registry.timeout, environment)?,
            kustomizations: listed("--kustomization", &arguments.kustomization.kustomizations)?,
            add: arguments.kustomization.add,
            registry,
            pin_digest: arguments.pin_digest,
            on_superseded: arguments.on_superseded,
            create_branch: arguments.commit.create_branch,
            message: CommitRequest::new(&arguments.commit, environment)?,
            push_options: push_options(&arguments.commit.push_options)?,
            attempts: arguments.commit.attempts,
            effect: effect(&arguments.kustomization),
        };
        Ok(Self { images, delivery })
    }
}
