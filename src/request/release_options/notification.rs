//! Where the result is sent when a command has ended.

use reqwest::Url;

use crate::cli::{Arguments, Environment};
use crate::outcome::failure::Failure;
use crate::request::image_options::logins;
use crate::system::network::http::is_loopback;
use crate::system::network::webhook::Webhook;

/// Returns where the result is sent; `None` if it is sent nowhere. A dry run changes nothing that another system should know.
///
/// # Errors
/// The URL is not one of `https`, or of `http` to this machine.
pub fn webhook(arguments: &Arguments, environment: &Environment) -> Result<Option<Webhook>, Failure> {
    let Some(text) = arguments.output.notify.as_deref() else { return Ok(None) };
    let is_safe = |url: &Url| url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url));
    let url = Url::parse(text.trim()).ok().filter(Url::has_host).filter(is_safe);
    // The text is not quoted, because it may be a secret.
    let url = url.ok_or_else(|| {
        Failure::usage("`--notify` is not an `https` URL")
            .hint("write it as `https://HOST/PATH`; plain HTTP is for this machine alone")
    })?;
    if arguments.command.is_dry_run() {
        return Ok(None);
    }
    let secret = environment.text("TAGSHIP_NOTIFY_SECRET").map(|text| text.trim().to_owned());
    Ok(Some(Webhook {
        url,
        secret: secret.filter(|text| !text.is_empty()),
        proxies: logins::proxies(environment)?,
        authorities: logins::system_authorities(environment),
    }))
}
