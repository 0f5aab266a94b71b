//! The attestations that the forge of the source keeps, as GitHub does for its workflows: they need not be in the registry.

use std::sync::LazyLock;

use super::checks::Checks;
use super::forge_attestations::Keeper;
use crate::flow::forges::remote_forge::{forge_address, forge_on_demand};
use crate::forge::ForgeKind;
use crate::git::Remote;
use crate::guards::order::repository_beside;
use crate::message::SourceCommit;
use crate::request::RepositoryRequest;

/// Adds the forges of the `sources` that images are built from to those that the checks may ask, if claims are required of the
/// images. `released_to` is the remote of the release branch.
pub(in crate::flow) fn add_forges_if_claims_are_required<'s>(
    checks: &mut Checks,
    request: &RepositoryRequest,
    released_to: Option<&Remote>,
    sources: impl IntoIterator<Item = &'s SourceCommit>,
) {
    if checks.requires_claims() {
        add_forges(checks, request, released_to, sources);
    }
}

/// Adds the forges of the `sources` to those that the checks may ask.
pub(in crate::flow) fn add_forges<'s>(
    checks: &mut Checks,
    request: &RepositoryRequest,
    released_to: Option<&Remote>,
    sources: impl IntoIterator<Item = &'s SourceCommit>,
) {
    for repository in sources.into_iter().filter_map(|source| source.repository.as_deref()) {
        checks.ask_forge_of(repository, || keeper(request, released_to, repository));
    }
}

/// Returns the forge that keeps attestations for the repository. Its login is that of the release branch, if it is the same
/// repository, else one of the environment.
fn keeper(request: &RepositoryRequest, released_to: Option<&Remote>, repository: &str) -> Keeper {
    let url = repository_beside(&request.run, released_to, repository)?;
    let beside = released_to.map_or_else(|| request.clone(), |remote| request.beside(remote));
    let remote = match Remote::at(&url, &beside.remote_options) {
        Ok(remote) => remote,
        Err(error) => return Some(LazyLock::new(Box::new(|| Err(error.into())))),
    };
    let (remote, request) = match released_to.filter(|here| here.is(&remote)) {
        Some(here) => (here, request),
        None => (&remote, &beside),
    };
    let address = forge_address(remote, request).ok()?;
    (address.kind == ForgeKind::GitHub).then(|| LazyLock::new(forge_on_demand(remote, request)))
}
