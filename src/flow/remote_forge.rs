//! The forge that a remote is at, with the login that git has for it.

use reqwest::Url;

use crate::forge::{ApiToken, Forge, ForgeAddress, ForgeConnection, ForgeError, UnknownForge};
use crate::git::Remote;
use crate::outcome::failure::Failure;
use crate::request::TargetRequest;

/// Returns the forge of `remote`. A login that git has to ask for is known once a push has begun.
#[expect(dead_code, reason = "the ways to publish that use it come next")]
pub(super) fn forge_of(remote: &Remote, request: &TargetRequest) -> Result<Forge, Failure> {
    let url = remote.url().ok_or(UnknownForge::Local)?;
    let address = ForgeAddress::of(&url, &request.forge)?;
    let parsed = |text: &str| Url::parse(text).map_err(|_unparsed| UnknownForge::Host(text.to_owned()));
    let (web, api) = (parsed(&address.web)?, parsed(&address.api)?);
    let reached = remote.server_api(&web, &api, &request.remote_options())?;
    let token = reached.authorization.as_ref().and_then(ApiToken::of_authorization);
    let token = token.ok_or_else(|| ForgeError::NoToken { host: address.api_host() })?;
    let connection = ForgeConnection { client: reached.client, token, timeout: request.timeout, proxy: reached.proxy };
    Ok(Forge::new(address, connection)?)
}
