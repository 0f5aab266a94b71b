//! INPUTS as meant: everything that was typed, parsed into values that are valid by themselves. No server is asked. Of what is
//! on disk, only trusted keys are read, and whether a folder is there.
//!
//! A file here is a command. What several commands share is in folders: `repository` (where), `image_options` (what), and
//! `release_options` (how); `run` and `values` are for all.

mod check;
mod guard;
mod image_options;
mod log;
mod promote;
mod release;
mod release_options;
mod repository;
mod rollback;
mod run;
mod set;
mod status;
mod values;

use crate::cli::{Command, Environment};
use crate::outcome::failure::Failure;

pub use check::CheckRequest;
// Choices mean what was typed.
pub use crate::cli::{
    Began, MERGE_QUEUE, OnDiverged, OnOwnCommit, OnSuperseded, OnUnknownOrder, OrderBy, PinDigest, Unmerged,
};
pub use guard::GuardRequest;
pub use image_options::comment::CommentRequest;
pub use image_options::images::Images;
pub use image_options::registry::RegistryRequest;
pub use log::LogRequest;
pub use promote::PromoteRequest;
pub use release::ReleaseRequest;
pub use release_options::commit::{CommitRequest, CommitSigner};
pub use release_options::delivery::{Delivery, NewBranch, OrderRequest};
pub use release_options::notification::webhook;
pub use release_options::route::{AutoMergeMethod, ProposalRequest, Route};
pub use repository::repository_request::{Repository, RepositoryRequest};
pub use repository::target_file::{TargetFile, TargetKind};
pub use rollback::{Earlier, RollbackRequest};
pub use run::Run;
pub use set::SetRequest;
pub use status::{Shown, StatusRequest};
pub use values::Effect;

/// What to do.
pub enum Request {
    Release(Box<ReleaseRequest>),
    Guard(GuardRequest),
    Check(Box<CheckRequest>),
    Set(SetRequest),
    Log(LogRequest),
    Status(StatusRequest),
    Rollback(Box<RollbackRequest>),
    Promote(Box<PromoteRequest>),
}

impl Request {
    pub fn new(command: &Command, environment: &Environment) -> Result<Self, Failure> {
        match command {
            Command::Release(arguments) => ReleaseRequest::new(arguments, environment).map(Box::new).map(Self::Release),
            Command::Guard(arguments) => GuardRequest::new(arguments, environment).map(Self::Guard),
            Command::Check(arguments) => CheckRequest::new(arguments, environment).map(Box::new).map(Self::Check),
            Command::Set(arguments) => SetRequest::new(arguments, environment).map(Self::Set),
            Command::Log(arguments) => LogRequest::new(arguments, environment).map(Self::Log),
            Command::Status(arguments) => StatusRequest::new(arguments, environment).map(Self::Status),
            Command::Rollback(arguments) => {
                RollbackRequest::new(arguments, environment).map(Box::new).map(Self::Rollback)
            }
            Command::Promote(arguments) => PromoteRequest::new(arguments, environment).map(Box::new).map(Self::Promote),
        }
    }
}
