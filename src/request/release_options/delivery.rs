//! What all commands share that commit to the release branch.

use super::commit::CommitRequest;
use super::route::Route;
use crate::cli::{
    CommitArguments, DeliveryArguments, Environment, ForgeChoice, OnDiverged, OnSuperseded, OnUnknownOrder,
    OrderArguments, OrderBy, PinDigest,
};
use crate::git::{BranchName, RemoteUse};
use crate::message::skip_ci::SkipCi;
use crate::outcome::failure::Failure;
use crate::request::image_options::comment::CommentRequest;
use crate::request::image_options::registry::RegistryRequest;
use crate::request::repository::forge_hints::forge_hints;
use crate::request::repository::repository_request::RepositoryRequest;
use crate::request::repository::target_file::TargetFile;
use crate::request::repository::typed_again::quoted_command;
use crate::request::values::{Effect, branch, listed};

pub struct Delivery {
    pub repository: RepositoryRequest,
    /// The files to write.
    pub files: Vec<TargetFile>,
    /// Whether an entry is appended if there is none.
    pub add: bool,
    /// What happens to the comment behind a changed value.
    pub comment: CommentRequest,
    /// `None`: the registry is not asked.
    pub registry: Option<RegistryRequest>,
    pub pin_digest: PinDigest,
    pub new_branch: NewBranch,
    pub route: Route,
    /// Whether to release although a hold is on the branch.
    pub override_hold: bool,
    pub order: OrderRequest,
    pub commit: CommitRequest,
    pub push_options: Vec<String>,
    pub attempts: u32,
    pub effect: Effect,
}

/// How "newer" is told, and what follows.
pub struct OrderRequest {
    pub by: OrderBy,
    pub on_superseded: OnSuperseded,
    pub on_diverged: OnDiverged,
    pub on_unknown: Option<OnUnknownOrder>,
}

impl OrderRequest {
    /// That of a rollback: an older release is what was asked for.
    pub(in crate::request) const ANY: Self = Self {
        by: OrderBy::Nothing,
        on_superseded: OnSuperseded::Allow,
        on_diverged: OnDiverged::Fail,
        on_unknown: None,
    };

    pub(in crate::request) fn new(on_superseded: OnSuperseded, arguments: &OrderArguments) -> Self {
        let OrderArguments { order, on_diverged, on_unknown_order } = *arguments;
        let by = match on_superseded {
            // What is newer stops nothing, so it need not be told.
            OnSuperseded::Allow => OrderBy::Nothing,
            OnSuperseded::Skip | OnSuperseded::Fail => order,
        };
        Self { by, on_superseded, on_diverged, on_unknown: on_unknown_order }
    }
}

impl Delivery {
    /// Returns what the shared flags mean, without a file yet.
    pub(in crate::request) fn new(
        arguments: &DeliveryArguments,
        order: OrderRequest,
        effect: Effect,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        let DeliveryArguments { checking, comment, repository, commit, proposal } = arguments;
        let required = Some((&checking.requirements, &checking.verification));
        let asks = || RegistryRequest::new(&checking.registry, required, environment);
        let request = CommitRequest::new(commit, environment)?;
        let pin_digest = checking.pin.pin_digest.unwrap_or(PinDigest::Keep);
        let forge = forge_hints(proposal.forge.map(ForgeChoice::word), proposal.forge_url.as_deref(), environment)?;
        let mut repository =
            RepositoryRequest { forge, ..RepositoryRequest::new(repository, &checking.registry.timeout, environment)? };
        if effect == Effect::Full {
            repository.remote_options.remote_use = RemoteUse::Push;
        }
        Ok(Self {
            repository,
            files: Vec::new(),
            add: false,
            comment: CommentRequest::new(comment)?,
            registry: (!checking.no_check).then(asks).transpose()?,
            pin_digest,
            override_hold: commit.override_hold,
            order,
            new_branch: NewBranch::new(commit)?,
            route: Route::new(proposal, commit)?,
            push_options: push_options(&commit.push_options, &request.message.skip_ci)?,
            commit: request,
            attempts: commit.attempts,
            effect,
        })
    }

    /// Returns another command of ours for the files of this run, as a hint names it.
    pub fn typed_again(&self, command: &str, names: &[&str]) -> String {
        quoted_command(command, &self.files, &self.repository.flags, names)
    }

    /// Fails if digests are wanted that only the registry has, and it is not asked. A rollback may find them in the history.
    pub(in crate::request) fn require_pinnable(&self) -> Result<(), Failure> {
        match (self.pin_digest, &self.registry) {
            (PinDigest::Always, None) => Err(Failure::usage(
                "`--pin-digest` cannot be used with `--no-check`, because the registry has the digest",
            )),
            _ => Ok(()),
        }
    }
}

/// What to do if the release branch does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewBranch {
    /// Fail.
    Refused,
    /// Start it from the default branch.
    AtDefault,
    /// Start it from this branch.
    At(BranchName),
}

impl NewBranch {
    fn new(arguments: &CommitArguments) -> Result<Self, Failure> {
        match &arguments.base {
            _ if !arguments.create_branch => Ok(Self::Refused),
            Some(base) => Ok(Self::At(branch("--base", base)?)),
            None => Ok(Self::AtDefault),
        }
    }
}

/// The push option that keeps GitLab from starting a pipeline.
const SKIP: &str = "ci.skip";

fn push_options(options: &[String], skip_ci: &SkipCi) -> Result<Vec<String>, Failure> {
    let mut options = listed("--push-option", options)?;
    if *skip_ci == SkipCi::PushOption && !options.iter().any(|option| option == SKIP) {
        options.push(SKIP.to_owned());
    }
    match options.iter().find(|option| option.contains(char::is_control) || option.len() > 60_000) {
        Some(option) => Err(Failure::usage(format!("`{option}` is not a push option"))),
        None => Ok(options),
    }
}
