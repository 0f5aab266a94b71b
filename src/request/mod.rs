//! INPUTS as meant: everything that was typed, parsed into values that are valid by themselves. Nothing is looked up yet, so
//! every failure here is a usage error.

mod check;
mod comment;
mod commit;
mod delivery;
mod forge_hints;
mod guard;
mod images;
mod log;
mod logins;
mod notification;
mod promote;
mod registry;
mod release;
mod required_claims;
mod rollback;
mod route;
mod run;
mod set;
mod skip_ci;
mod status;
mod target;
mod target_file;
mod typed_again;
mod values;
mod version;

use crate::cli::{Command, Environment};
use crate::outcome::failure::Failure;

pub use check::CheckRequest;
// Choices mean what was typed.
pub use crate::cli::{Began, OnDiverged, OnOwnCommit, OnSuperseded, OnUnknownOrder, OrderBy, PinDigest};
pub use comment::CommentRequest;
pub use commit::{CommitRequest, CommitSigner};
pub use delivery::{Delivery, NewBranch, OrderRequest};
pub use guard::GuardRequest;
pub use images::Images;
pub use log::LogRequest;
pub use notification::webhook;
pub use promote::PromoteRequest;
pub use registry::RegistryRequest;
pub use release::ReleaseRequest;
pub use rollback::{Earlier, RollbackRequest};
pub use route::{AutoMergeMethod, ProposalRequest, Route};
pub use run::Run;
pub use set::SetRequest;
pub use status::{Shown, StatusRequest};
pub use target::{Repository, TargetRequest};
pub use target_file::TargetFile;
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
