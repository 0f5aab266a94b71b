//! `promote` as meant.

use super::release_options::delivery::{Delivery, OrderRequest};
use super::repository::repository_request::RepositoryRequest;
use super::repository::target_file::{TargetFile, TargetKind};
use super::values::{effect, filled, listed};
use crate::cli::{Environment, PromoteArguments, RepositoryArguments};
use crate::image::ImageName;
use crate::outcome::failure::Failure;

pub struct PromoteRequest {
    /// The entries to promote; none: all that both files have.
    pub names: Vec<ImageName>,
    /// The file to promote from.
    pub from: TargetFile,
    /// Where that file is, if it is not on the release branch.
    pub from_repository: Option<RepositoryRequest>,
    pub delivery: Delivery,
}

impl PromoteRequest {
    pub(super) fn new(arguments: &PromoteArguments, environment: &Environment) -> Result<Self, Failure> {
        let order = OrderRequest::new(arguments.superseded.on_superseded, &arguments.order);
        let delivery = Delivery::new(&arguments.delivery, order, effect(arguments.dry_run), environment)?;
        delivery.require_pinnable()?;
        let elsewhere = arguments.from_repo.is_some() || arguments.from_branch.is_some();
        arguments.from_repo.as_deref().map(|repo| filled("--from-repo", repo)).transpose()?;
        let repository = RepositoryArguments {
            repo: arguments.from_repo.clone().or_else(|| arguments.delivery.repository.repo.clone()),
            remote: arguments.delivery.repository.remote.clone(),
            branch: arguments.from_branch.clone(),
            insecure_git: arguments.delivery.repository.insecure_git,
        };
        let timeout = &arguments.delivery.checking.registry.timeout;
        let mut from_repository =
            elsewhere.then(|| RepositoryRequest::new(&repository, timeout, environment)).transpose()?;
        let is_here = |from: &RepositoryRequest| from.branch.is_some() && from.branch == delivery.repository.branch;
        if arguments.from_repo.is_none() && from_repository.as_ref().is_some_and(is_here) {
            from_repository = None;
        }
        if let Some(from) = &mut from_repository {
            from.repository_flag = if arguments.from_repo.is_some() { "--from-repo" } else { "--repo" };
            from.branch_flag = "--from-branch";
            // What the connections of a run tell is told once.
            from.remote_options.notices = delivery.repository.remote_options.notices.clone();
        }
        let names = listed("NAME", &arguments.names)?;
        Ok(Self {
            names: names.iter().map(|name| super::image_options::images::name(name)).collect::<Result<_, _>>()?,
            from: TargetFile::new(TargetKind::Either, &arguments.from).without_pattern()?,
            from_repository,
            delivery: Delivery {
                files: vec![TargetFile::new(TargetKind::Either, &arguments.to).without_pattern()?],
                add: arguments.add,
                ..delivery
            },
        })
    }
}
