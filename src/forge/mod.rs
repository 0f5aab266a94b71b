//! What only a forge's API can do: open a pull request, get it merged, and make a commit that the forge signs. Reading the
//! branch and moving it stay with git's own protocol.
//!
//! [`ForgeAddress`] tells which forge a remote is at, and `abilities` what the forges of a kind can never do. [`Forge`] is its
//! API, with one file or folder for each kind. `pull_request_api` is what all of them do with pull requests, with `draft` for
//! marks in titles, and `rest_api` what their APIs have in common. `json_client` makes the requests, `kept_file` those for files
//! elsewhere, `api_token` is what they show, and `server_words` reads what a refusal says.

mod abilities;
mod address;
mod any_forge;
mod api_token;
mod azure;
mod bitbucket;
mod comparison_page;
mod draft;
mod error;
mod gitea;
mod github;
mod gitlab;
mod json_client;
mod kept_file;
mod proposal;
mod pull_request_api;
mod rest_api;
mod server_words;
mod signing;

pub use address::{CiServer, ForgeAddress, ForgeHints, ForgeKind, UnknownForge};
pub use any_forge::Forge;
pub use api_token::ApiToken;
pub use comparison_page::comparison_page;
pub use error::ForgeError;
pub use github::KeptBundle;
pub use gitlab::{MergeRequestByPush, ToldByPush};
pub use json_client::ForgeConnection;
pub use proposal::{AutoMerge, Heads, Known, MergeMethod, Operation, Proposal, PullRequest, RequestState, WantedMerge};
pub use server_words::ServerWords;
pub use signing::{FileToCommit, RefMove, SignedCommit, UnsignedCommit};
