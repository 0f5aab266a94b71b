//! What order is asked with: the flags that count, and what only registries tell of builds.

use super::Build;
use crate::git::Remote;
use crate::image::ImageName;
use crate::message::{EntrySources, SourceCommit};
use crate::request::{OnDiverged, OnUnknownOrder, OrderBy, RepositoryRequest};

/// What is to be ordered, and how.
pub struct OrderContext<'a> {
    pub request: &'a RepositoryRequest,
    /// The repository that is released to; `None` if nothing leaves the checkout.
    pub remote: Option<&'a Remote>,
    /// The branch, as messages name it.
    pub branch: &'a str,
    pub by: OrderBy,
    pub on_diverged: OnDiverged,
    /// What the user wants if no order is known; `None` if that was not said.
    pub on_unknown: Option<OnUnknownOrder>,
    /// The commits that the new images were built from.
    pub sources: &'a EntrySources,
    /// Returns the commit that an image says that it was built from. It may cost requests.
    pub label_of: &'a dyn Fn(&Build) -> Result<Option<SourceCommit>, Unreachable>,
    /// Returns the digest that the tag of a build means now. It may cost a request.
    pub digest_of: &'a dyn Fn(&Build) -> Result<Option<String>, Unreachable>,
    /// Builds that were taken back where the new ones come from, by entry: to leave them is no step back.
    pub taken_back_at_source: &'a [(ImageName, Build)],
}

/// Why a registry could not tell something now, though it may tell it later.
#[derive(Debug)]
pub struct Unreachable(pub String);
