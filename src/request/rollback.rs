//! `rollback` as meant.

use super::delivery::Delivery;
use super::values::effect;
use crate::cli::{Environment, OnSuperseded, RollbackArguments};
use crate::image::ImageName;
use crate::outcome::failure::Failure;

pub struct RollbackRequest {
    pub name: ImageName,
    pub to: Earlier,
    pub delivery: Delivery,
}

/// What an entry is to become again.
pub enum Earlier {
    /// What it was so many releases ago.
    Steps(usize),
    /// What it was in the release of this tag, this commit, or this source commit.
    Named(String),
}

impl RollbackRequest {
    pub(super) fn new(arguments: &RollbackArguments, environment: &Environment) -> Result<Self, Failure> {
        let kustomizations = vec![arguments.one.kustomization.clone()];
        let delivery = Delivery::new(&arguments.delivery, environment)?;
        Ok(Self {
            name: super::images::name(arguments.name.trim())?,
            to: match &arguments.to {
                Some(text) => Earlier::Named(text.clone()),
                None => Earlier::Steps(arguments.steps as usize),
            },
            // An older release is what was asked for.
            delivery: Delivery {
                kustomizations,
                effect: effect(arguments.dry_run),
                on_superseded: OnSuperseded::Allow,
                ..delivery
            },
        })
    }
}
