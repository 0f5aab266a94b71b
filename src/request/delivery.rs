//! What every command needs that commits to the release branch, whatever it writes there.

use super::commit::CommitRequest;
use super::registry::RegistryRequest;
use super::target::TargetRequest;
use super::values::{Effect, listed};
use crate::cli::OnSuperseded;
use crate::failure::Failure;

pub struct Delivery {
    pub target: TargetRequest,
    /// Where the kustomizations are, as typed: files or folders.
    pub kustomizations: Vec<String>,
    /// Whether an entry is appended where there is none.
    pub add: bool,
    /// `None`: the registry is not asked.
    pub registry: Option<RegistryRequest>,
    /// Whether the digest that the registry has is written beside the tag.
    pub pin_digest: bool,
    pub create_branch: bool,
    pub on_superseded: OnSuperseded,
    pub message: CommitRequest,
    pub push_options: Vec<String>,
    pub attempts: u32,
    pub effect: Effect,
}

pub(super) fn push_options(options: &[String]) -> Result<Vec<String>, Failure> {
    let options = listed("--push-option", options)?;
    match options.iter().find(|option| option.contains(char::is_control) || option.len() > 60_000) {
        Some(option) => Err(Failure::usage(format!("`{}` is not a push option", option.escape_debug()))),
        None => Ok(options),
    }
}
