//! A POST of a result to a system that wants to know of it: signed, within a limit of time, and to no other place than the one
//! that was named. The URL may be a secret, so errors name neither it nor what the server says.

use std::time::{Duration, Instant};

use reqwest::Url;
use reqwest::blocking::Client;
use reqwest::header::CONTENT_TYPE;
use ring::hmac;

use super::connection::{ConnectionError, ConnectionProblem};
use super::http::{Security, client, is_loopback};
use super::proxy::Proxies;
use super::proxy_route::ProxyRoute;
use super::tls::{Authorities, SystemAuthorities, TlsError, client_config};
use crate::system::backoff::Backoff;
use crate::system::hexadecimal::hexadecimal;

/// The limit of a delivery, its second attempt included; GitHub's own webhooks wait as long.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest pause before the second attempt.
const PAUSE: Duration = Duration::from_secs(1);

/// The header with the signature, as [`signature`] makes it.
const SIGNATURE: &str = "X-Tagship-Signature-256";

/// Where a result is sent, and how. It has no `Debug`, because it holds secrets.
pub struct Webhook {
    pub url: Url,
    /// The key of the signature.
    pub secret: Option<String>,
    pub proxies: Proxies,
    pub authorities: SystemAuthorities,
}

/// Why a result was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error(transparent)]
    NoAnswer(#[from] ConnectionError),
    #[error("it redirects ({0}), which is not followed")]
    Redirected(u16),
    #[error("it answered {0}")]
    Refused(u16),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("the HTTP client cannot be used: {0}")]
    Client(reqwest::Error),
}

impl Webhook {
    /// Sends a JSON object. If the server was not reached, it is tried once more.
    ///
    /// # Errors
    /// There was no answer within 10 s, or one that is no success.
    pub fn deliver(&self, body: &str) -> Result<(), WebhookError> {
        let client = self.client()?;
        let deadline = Instant::now() + TIMEOUT;
        let mut backoff = Backoff::new(2, PAUSE, PAUSE).until(deadline);
        loop {
            match self.post(&client, body, deadline) {
                Err(WebhookError::NoAnswer(error)) if was_not_reached(&error) && backoff.wait(Duration::ZERO) => {}
                ended => return ended,
            }
        }
    }

    fn post(&self, client: &Client, body: &str, deadline: Instant) -> Result<(), WebhookError> {
        let time_left = deadline.saturating_duration_since(Instant::now());
        let mut request = client.post(self.url.clone()).timeout(time_left).header(CONTENT_TYPE, "application/json");
        if let Some(secret) = &self.secret {
            request = request.header(SIGNATURE, signature(secret, body));
        }
        let response = request.body(body.to_owned()).send().map_err(|error| {
            let error = ConnectionError::of(&error.without_url());
            error.through(self.proxy().as_ref(), deadline)
        })?;
        match response.status().as_u16() {
            407 if self.proxy().is_some() => {
                Err(ConnectionError::proxy_login().through(self.proxy().as_ref(), deadline).into())
            }
            200..=299 => Ok(()),
            status @ 300..=399 => Err(WebhookError::Redirected(status)),
            status => Err(WebhookError::Refused(status)),
        }
    }

    /// Returns the way through the proxy; loopback has none, because it would be the proxy's own.
    fn proxy(&self) -> Option<ProxyRoute> {
        if is_loopback(&self.url) { None } else { self.proxies.route(&self.url) }
    }

    fn client(&self) -> Result<Client, WebhookError> {
        let security = if self.url.scheme() == "https" { Security::Tls } else { Security::Plain };
        let mut builder = client(security, TIMEOUT);
        if security == Security::Tls {
            builder = builder.tls_backend_preconfigured(client_config(
                Authorities::SystemAndGiven(&self.authorities),
                Vec::new(),
                None,
            )?);
        }
        if self.proxy().is_some() {
            builder = self.proxies.used_by(builder);
        }
        builder.build().map_err(|error| WebhookError::Client(error.without_url()))
    }
}

/// Returns whether the server cannot have the request.
fn was_not_reached(error: &ConnectionError) -> bool {
    matches!(error.problem, ConnectionProblem::NameNotResolved | ConnectionProblem::Refused | ConnectionProblem::Proxy)
}

/// Returns the HMAC-SHA256 of `body` under `secret`, as GitHub's webhooks write it.
fn signature(secret: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!("sha256={}", hexadecimal(hmac::sign(&key, body.as_bytes()).as_ref()))
}

#[cfg(test)]
mod tests {
    use super::signature;

    /// As Python's `hmac` computes it.
    #[test]
    fn signatures_are_those_of_another_program() {
        let expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(signature("It's a Secret to Everybody", "Hello, World!"), expected);
    }
}
