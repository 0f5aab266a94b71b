//! The registry check: is this image in its registry, and what is its digest? It asks in the fewest requests: `HEAD` first,
//! and a login only if the registry wants one.
//!
//! It knows no git, no files of the project and no command line; which places may have logins, which hosts speak plain HTTP and
//! how long a check may take comes in [`ClientOptions`]. What a registry is expected to say is a [`Verdict`]; [`CheckError`] is
//! for what is not expected. What an image must be beside being there is a list of [`Requirement`]s, each with its own
//! [`Finding`]. What is signed is found by `attached`, verified by [`signature`], and judged by `signed_image`. It leaves out
//! pulling and pushing, layers and mirrors.

mod artifact;
mod attached;
mod attestation_type;
mod auth;
mod claim_judge;
mod client;
mod context;
mod descriptor;
mod early_end;
mod endpoint;
mod error;
mod fetch;
mod http;
mod inspection;
mod limits;
mod manifest;
mod offered_bundles;
mod provenance;
mod read_parts;
mod requirement;
mod revision;
pub mod signature;
mod signed_image;
mod signer_claim;
mod verdict;

pub use artifact::Artifact;
pub use attestation_type::{AttestationType, NoAttestationType};
pub use auth::login::{LoginSource, NotShown};
pub use auth::login_sources::{Credentials, GivenLogin, LoginSources};
pub use auth::secret::Secret;
pub use client::{CheckedImage, Client, ClientOptions};
pub use descriptor::{Descriptor, DigestEvidence, MediaType};
pub use error::{AuthorityProblem, CheckError, ConfigProblem, HelperProblem, InvalidResponse, LocationError};
pub use fetch::Detail;
pub use http::error_response::ErrorResponse;
pub use http::trust::Trust;
pub use inspection::BuiltFrom;
pub use provenance::{BuildSource, ExpectedSource, Provenance, SourceNaming};
pub use requirement::{Finding, ImagePart, ImagePlatform, Requirement, RevisedImages};
pub use revision::Revision;
pub use signer_claim::{Claim, ProvedClaim, ProvedKind, RejectedClaim, RequiredClaim, Unoffered};
pub use verdict::{Outage, Verdict};

pub use crate::system::network::proxy::Proxies;
pub use crate::system::network::tls::SystemAuthorities;

/// What the fuzz targets call of readers that are private otherwise.
#[cfg(fuzzing)]
pub mod fuzzing {
    pub use super::auth::challenge::fuzz as challenge;
    pub use super::auth::docker_config::fuzz as docker_config;
    pub use super::manifest::fuzz as manifest;
}
