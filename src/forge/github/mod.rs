//! GitHub, and GitHub Enterprise Server, by REST API version 2022-11-28 and GraphQL.

mod api;
mod attestations;
mod auto_merge;
mod pull_requests;
mod signed_commit;

pub(super) use api::GitHubApi;
pub(super) use attestations::Bundles;
pub use attestations::KeptBundle;
