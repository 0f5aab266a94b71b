//! The forge that a remote is at, with the login that git has for it.

use reqwest::Url;

use crate::forge::{
    ApiToken, Forge, ForgeAddress, ForgeConnection, ForgeError, MergeMethod, MergeRequestByPush, UnknownForge,
};
use crate::git::{Remote, ServerApi};
use crate::outcome::failure::Failure;
use crate::request::{AutoMergeMethod, RepositoryRequest};

/// Returns the forge of `remote`, by its API. A login that git has to ask for is known once a push has begun.
pub(in crate::flow) fn forge_of(remote: &Remote, request: &RepositoryRequest) -> Result<Forge, Failure> {
    FoundForge::of(remote, request)?.forge(request)
}

/// Returns what makes the forge of `remote` later. Without a login by then, git's credential helpers are asked for one, so that
/// none is asked without a need.
pub(in crate::flow) fn forge_on_demand(
    remote: &Remote,
    request: &RepositoryRequest,
) -> Box<dyn FnOnce() -> Result<Forge, Failure> + Send> {
    let (found, request) = (FoundForge::of(remote, request), request.clone());
    Box::new(move || {
        let mut found = found?;
        let told = || ApiToken::of_authorization(&found.reached.ask_helpers()?);
        found.token = found.token.or_else(told);
        found.forge(&request)
    })
}

/// Returns where the forge of `remote` is, which is known without a request.
pub(in crate::flow) fn forge_address(remote: &Remote, request: &RepositoryRequest) -> Result<ForgeAddress, Failure> {
    let url = remote.url().ok_or(UnknownForge::Local)?;
    Ok(ForgeAddress::of(&url, &request.forge)?)
}

/// How pull requests are opened at a remote.
pub(in crate::flow) enum Opener {
    Api(Box<Forge>),
    /// The push opens it, because its login does not open the API.
    ByPush(MergeRequestByPush),
}

impl Opener {
    /// Returns how pull requests are opened at `remote`. A login that git has to ask for is known once a push has begun.
    pub(in crate::flow) fn of(remote: &Remote, request: &RepositoryRequest) -> Result<Self, Failure> {
        let found = FoundForge::of(remote, request)?;
        match MergeRequestByPush::instead_of_api(&found.address, found.token.as_ref()) {
            Some(by_push) => Ok(Self::ByPush(by_push)),
            None => Ok(Self::Api(Box::new(found.forge(request)?))),
        }
    }

    /// Returns how a request that is opened so is merged. By push options, a squash would lose our trailers, so the default is a
    /// merge commit.
    pub(in crate::flow) fn merge_method(&self, asked: AutoMergeMethod) -> MergeMethod {
        match (asked, self) {
            (AutoMergeMethod::Named(method), _) => method,
            (AutoMergeMethod::Usual, Self::Api(_)) => MergeMethod::Squash,
            (AutoMergeMethod::Usual, Self::ByPush(_)) => MergeMethod::Merge,
        }
    }
}

/// A forge, and what there is to show to its API.
struct FoundForge {
    address: ForgeAddress,
    reached: ServerApi,
    token: Option<ApiToken>,
}

impl FoundForge {
    fn of(remote: &Remote, request: &RepositoryRequest) -> Result<Self, Failure> {
        let address = forge_address(remote, request)?;
        let parsed = |text: &str| Url::parse(text).map_err(|_unparsed| UnknownForge::Host(text.to_owned()));
        let (web, api) = (parsed(&address.web)?, parsed(&address.api)?);
        let reached = remote.server_api(&web, &api, &request.remote_options)?;
        let token = reached.authorization.as_ref().and_then(ApiToken::of_authorization);
        Ok(Self { address, reached, token })
    }

    fn forge(self, request: &RepositoryRequest) -> Result<Forge, Failure> {
        let Self { address, reached: ServerApi { client, proxy, .. }, token } = self;
        let token = token.ok_or_else(|| ForgeError::NoToken { host: address.api_host() })?;
        let connection = ForgeConnection { client, token, timeout: request.remote_options.timeout, proxy };
        Ok(Forge::new(address, connection)?)
    }
}
