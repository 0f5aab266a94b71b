//! The registry check: is this image really there, who says no, and what is its digest? A client of the one question a
//! release asks, in the fewest requests: `HEAD` first, and a login only where the registry wants one.
//!
//! It knows no git, no files of the project and no command line; where credentials lie, which hosts speak plain HTTP and
//! how long a check may take comes in [`ClientOptions`]. What a registry is expected to say is a [`Verdict`]; [`CheckError`] is
//! for what nobody planned. What an image must be beside being there is a list of [`Requirement`]s, each with its own
//! [`Finding`]. It leaves out pulling and pushing, layers, mirrors and signatures.

mod auth;
mod client;
mod context;
mod descriptor;
mod endpoint;
mod error;
mod fetch;
mod http;
mod inspection;
mod limits;
mod manifest;
mod requirement;
mod verdict;

pub use auth::login::LoginSource;
pub use auth::login_sources::{Credentials, GivenLogin, LoginSources};
pub use auth::secret::Secret;
pub use client::{CheckedImage, Client, ClientOptions};
pub use descriptor::{Descriptor, MediaType};
pub use error::{AuthorityProblem, CheckError, ConfigProblem, HelperProblem, InvalidResponse, LocationError};
pub use fetch::Detail;
pub use http::error_response::ErrorResponse;
pub use http::trust::Trust;
pub use requirement::{Finding, Part, Requirement, Revision};
pub use verdict::{Outage, Verdict};
