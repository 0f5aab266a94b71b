//! The registry check: is this image really there, who says no, and what is its digest? A client of the one question a
//! release asks, in the fewest requests: `HEAD` first, and a login only where the registry wants one.
//!
//! It knows no git, no files of the project and no command line; where credentials lie, which hosts speak plain HTTP and
//! how long a check may take comes in [`Options`]. What a registry is expected to say is a [`Verdict`]; [`CheckError`] is
//! for what nobody planned. What an image must be beside being there is a list of [`Requirement`]s, each with its own
//! [`Finding`]. It leaves out pulling and pushing, layers, mirrors and signatures.

mod address;
mod answer;
mod auth;
mod challenge;
mod client;
mod credentials;
mod docker_config;
mod document;
mod error;
mod helper;
mod inspection;
mod manifest;
mod requirement;
mod retry_after;
mod secret;
mod target;
mod token;
mod transport;
mod trust;
mod turn;
mod visit;

pub use answer::{Answer, Checked, Outage, Verdict};
pub use client::{Client, Detail, Options};
pub use credentials::{Credentials, GivenLogin, LoginSources, Source};
pub use error::{AuthorityProblem, CheckError, ConfigProblem, HelperProblem, Nonsense, Refusal};
pub use manifest::{Descriptor, MediaType};
pub use requirement::{Finding, Part, Requirement, Revision};
pub use secret::Secret;
pub use trust::Trust;
